# SPDX-License-Identifier: EUPL-1.2
"""
Sealed indexes made by hand, and a CDX server's answer found by looking at every line of them.

    days = write_days(tmp_path, {"demo": {"20260302023000": [capture(…), …]}})
    scan(days, [("url", "example.org/*"), ("limit", "3")])

`scan` shares no code with the server but the key of a URL. It reads what CDXJ 0.1.0 says with the standard library,
and does each thing to the whole list. Slow, and easy to believe.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from index.cdx_server.days import Day, Sealed, days_of
from index.cdxj import format_line
from index.model import REVISIT, Capture, Original
from index.urlkey import normalise, urlkey

SEVEN = ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"]
ALIASES = {"url": "original", "mime": "mimetype", "status": "statuscode"}


def capture(url: str, timestamp: str, letter: str = "a", **more: Any) -> Capture:
    """Return a capture; `letter` makes its digest, `same` is the Original of a revisit."""
    same: Original | None = more.pop("same", None)
    made_up = more.pop("made_up", False)
    known = {
        "mime": "text/html",
        "status": 200,
        "filename": "x.warc.gz",
        "offset": 333,
        "length": 1043,
    } | more
    mime = REVISIT if same else known.pop("mime")
    known.pop("mime", None)
    return Capture(
        urlkey(url),
        timestamp,
        url,
        mime,
        digest=f"sha256:{letter * 64}",
        original=same,
        made_up=made_up,
        **known,
    )


def original(url: str, timestamp: str, mime: str = "text/html", status: int = 200) -> Original:
    """Return where the payload of a revisit lies."""
    return Original(timestamp, "o.warc.gz", 7, 8, mime, status, url, timestamp)


def write_days(
    root: Path, sites: Mapping[str, Mapping[str, Iterable[Capture]]], imported: Container[str] = ()
) -> list[Day]:
    """
    Write an index for each snapshot of each site, and return the days in the order of their beginning.

    `imported` has the names of those that were imported.
    """
    days: list[Day] = []
    for site, snapshots in sites.items():
        named = []
        for timestamp, captures in sorted(snapshots.items()):
            path = root / site / timestamp / "index.cdxj"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(sorted(map(format_line, captures))))
            named.append(Sealed(timestamp, path, timestamp in imported))
        days += days_of(named)
    return sorted(days, key=lambda day: (day.since, day.timestamp))


def scan(days: Sequence[Day], asked: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Return the rows of an answer as lists of columns."""
    first = dict(reversed(asked))
    rows = [row for row in _all(days, first.get("resolveRevisits") == "true") if _meant(row, first)]
    rows = [
        row
        for row in rows
        if first.get("from", "").ljust(14, "0") <= row["timestamp"] <= first.get("to", "").ljust(14, "9")
    ]
    if "closest" in first:
        target = _moment(first["closest"] + "00000101000000"[len(first["closest"]) :])
        rows.sort(
            key=lambda row: (abs((_moment(row["timestamp"]) - target).total_seconds()), row["place"][1:])
        )
    elif first.get("sort") == "reverse":
        rows.reverse()
    for name, value in asked:
        if name == "filter":
            rows = [row for row in rows if _fits(row, value)]
    rows = _collapsed(rows, [value for name, value in asked if name == "collapse"])
    limit, offset = int(first.get("limit", "1000000")), int(first.get("offset", "0"))
    rows = rows[: len(rows) - offset][limit:] if limit < 0 else rows[offset:][:limit]
    fields = [ALIASES.get(name, name) for name in first.get("fl", ",".join(SEVEN)).split(",")]
    return [[row[field] for field in fields] for row in rows]


def _all(days: Sequence[Day], resolve: bool) -> list[dict[str, Any]]:
    rows = []
    for day in days:
        offset = 0
        for line in day.path.read_bytes().splitlines(keepends=True):
            key, timestamp, text = line.decode().split(" ", 2)
            told = json.loads(text)
            if "made_up" not in told:
                rows.append(
                    _row(key, timestamp, told, resolve) | {"place": (key, timestamp, day.timestamp, offset)}
                )
            offset += len(line)
    return sorted(rows, key=lambda row: row["place"])


def _row(key: str, timestamp: str, told: dict[str, str], resolve: bool) -> dict[str, Any]:
    mime, status = told["mime"], told["status"]
    if mime == REVISIT:
        status = "-"
        if resolve and "orig.mime" in told:
            mime = told["orig.mime"]
            status = told["orig.status"] if told["status"] == "304" else told["status"]
    return {
        "urlkey": key,
        "timestamp": timestamp,
        "original": told["url"],
        "mimetype": mime,
        "statuscode": status,
        "digest": told["digest"],
        "length": told["length"],
        "redirect": told.get("redirect", "-"),
    }


def _meant(row: dict[str, Any], first: Mapping[str, str]) -> bool:
    url, match = first["url"], first.get("matchType", "exact")
    if url.startswith("*."):
        url, match = url[2:], "domain"
    elif url.endswith("*"):
        url, match = url[:-1], "prefix"
    key = urlkey(normalise(url if "://" in url else f"http://{url}") or "")
    if match == "prefix":
        return row["urlkey"].startswith(key + ("/" if url.endswith("/") and not key.endswith("/") else ""))
    host, own = key.split(")")[0], row["urlkey"].split(")")[0]
    if match == "host":
        return own == host
    return own == host or own.startswith(f"{host},") if match == "domain" else row["urlkey"] == key


def _fits(row: dict[str, Any], text: str) -> bool:
    wanted = "!" not in text[:2]
    text = text.replace("!", "", 1)
    how = text[0] if text[0] in "=~" else ""
    field, pattern = text.lstrip("=~").split(":", 1)
    value = row[ALIASES.get(field, field)]
    if how == "=":
        return (value == pattern) is wanted
    found = re.search(pattern, value) if how else re.fullmatch(pattern, value)
    return (found is not None) is wanted


def _collapsed(rows: list[dict[str, Any]], collapse: list[str]) -> list[dict[str, Any]]:
    kept, before = [], None
    for row in rows:
        token = [_part(row, *one.split(":")) for one in collapse]
        if not collapse or token != before:
            kept.append(row)
        before = token
    return kept


def _part(row: dict[str, Any], field: str, length: str | None = None) -> str:
    return row[field][: int(length)] if length else row[field]


def _moment(timestamp: str) -> datetime:
    return datetime.strptime(timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
