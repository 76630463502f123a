# SPDX-License-Identifier: EUPL-1.2
"""
`/.well-known/web-archive.txt`: what this archive is and where programs ask it, in TOML.

The fields are those of https://github.com/overbrowsing/web-archive.txt, version 0.1, in their order. What is
known comes from the sites and their days; what only the operator can know comes from the table `[archive]`.
Fields that the form wants and nobody filled in say "unspecified": nothing is made up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from flask import Blueprint, Response

from archiver.settings import Settings

from ..current import holdings
from ..holdings import Holdings, title_of

pages = Blueprint("web_archive_txt", __name__)

VERSION = "0.1"
UNSPECIFIED = "unspecified"

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}[A-Za-z0-9]", re.ASCII)
_NOT_ID = re.compile(r"[^a-z0-9]+")

Table = tuple[str, dict[str, str | list[str] | dict[str, str]]]


@pages.get("/.well-known/web-archive.txt")
def web_archive_txt() -> Response:
    """Tell programs what this archive is."""
    response = Response(written(_tables(holdings())), content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def written(tables: Iterable[Table]) -> str:
    """Return tables as TOML, without the keys that have no value."""
    parts = []
    for name, values in tables:
        lines = [f"[{name}]"] if name else []
        lines += [f"{key} = {_toml(value)}" for key, value in values.items() if value]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _tables(held: Holdings) -> Iterator[Table]:
    first, last = _days(held)
    yield "", {"version": VERSION, "last_updated": last or held.today().isoformat()}
    base = held.settings.viewer.base_url.rstrip("/")
    yield from _about(held, base, first)
    yield from _interfaces(base)


def _about(held: Holdings, base: str, first: str) -> Iterator[Table]:
    settings = held.settings
    yield (
        "archive",
        {
            "id": settings.archive.id or _id_of(base),
            "name": settings.archive.name or f"Web archive of {', '.join(map(title_of, held.sites()))}"[:200],
            "established": first[:4],
            "website": settings.archive.website or f"{base}/",
            "email": _email(settings),
        },
    )
    yield (
        "archive.organisation",
        {
            "name": settings.archive.organisation or settings.operator or UNSPECIFIED,
            "type": settings.archive.organisation_type or UNSPECIFIED,
            "location": [*settings.archive.location],
            "website": settings.archive.organisation_website,
        },
    )
    authority = {"type": settings.archive.authority or UNSPECIFIED}
    if settings.archive.authority_document:
        authority["documentation"] = settings.archive.authority_document
    yield (
        "archive.scope",
        {
            "crawl": ["selective", "periodical"],
            "authority": authority,
            "coverage": f"{first}/.." if first else "",
            "domains": _hosts(settings),
        },
    )


def _interfaces(base: str) -> Iterator[Table]:
    yield "api", {"documentation": f"{base}/about"}
    yield (
        "api.memento",
        {
            "timemap": {"endpoint": f"{base}/timemap/link/{{url}}", "access": "online"},
            "timegate": {"endpoint": f"{base}/timegate/{{url}}", "access": "online"},
        },
    )
    yield "api.cdx", {"query": {"endpoint": f"{base}/cdx?url={{url}}", "access": "online"}}
    yield (
        "replay",
        {
            "rewritten": f"{base}/web/{{datetime}}/{{url}}",
            "raw": f"{base}/web/{{datetime}}id_/{{url}}",
        },
    )


def _days(held: Holdings) -> tuple[str, str]:
    """Return the first and the newest day of all sites; both empty where there is none."""
    days = [one.day for site in held.history.sites() for one in held.good_snapshots(site)]
    return min(days, default=""), max(days, default="")


def _id_of(base: str) -> str:
    host = urlsplit(base).hostname or ""
    return _NOT_ID.sub("", host.removeprefix("www."))[:6].ljust(2, "0")


def _email(settings: Settings) -> str:
    found = _EMAIL.search(settings.operator)
    return found[0] if found else ""


def _hosts(settings: Settings) -> list[str]:
    named = (urlsplit(seed).hostname or "" for site in settings.site for seed in site.seeds)
    return sorted({host for host in named if host})


def _toml(value: str | list[str] | dict[str, str]) -> str:
    if isinstance(value, str):
        # JSON escapes all that TOML wants escaped, but one character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[ {', '.join(map(_toml, value))} ]"
    return f"{{ {', '.join(f'{key} = {_toml(one)}' for key, one in value.items())} }}"
