# SPDX-License-Identifier: EUPL-1.2
"""
What websites may write where it will be shown (tests/data/hostile_values.json), and an archive that has it everywhere.

    archive_of(tmp_path, [one.value for one in VALUES])     each value a title, a text, a link, a part of an address,
    archive_of(tmp_path, TWINS)                             header fields, where a redirect leads, why something failed
                                                            the same archive, with words in their place

A page of the first has the elements that it has in the second, whatever stands in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from archiver.ledger import UrlOutcome
from index.urlkey import normalise
from tests.support.archive import Archive, Day, Lost, Reply, build

SITE = "https://www.example.org"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
FILE = Path(__file__).parents[1] / "data" / "hostile_values.json"


class Value(NamedTuple):
    """One of them: what it is called, why it is here, and itself."""

    name: str
    why: str
    value: str


def _read() -> Iterator[Value]:
    for one in json.loads(FILE.read_text(encoding="utf-8")):
        yield Value(one["name"], one["why"], one["value"] * one.get("times", 1))


VALUES = tuple(_read())
TWINS = tuple(f"plain words of number {number}" for number in range(len(VALUES)))


def sendable(value: str) -> str:
    """Return a value as UTF-8 can have it: halves of characters become question marks."""
    return value.encode("utf-8", "replace").decode()


def address(kind: str, number: int, value: str) -> str:
    """Return an address with as much of a value as addresses take: in its path, query and fragment."""
    folder = f"{SITE}/a/b/{kind}{number:03}"
    said = sendable(value[:200])
    found = normalise(f"{folder}/{said}?q={quote(said)}&r={said}")
    return found if found and found.startswith(f"{folder}/") else f"{folder}/?q={quote(said)}"


def page_of(number: int, value: str) -> str:
    """Return the address of the page of a value."""
    return address("p", number, value)


def file_of(number: int, value: str) -> str:
    """Return the address of the file of a value."""
    return address("f", number, value)


def field(value: str) -> str:
    """Return a value as the value of a header field, as bytes come over the wire."""
    return re.sub(r"[\r\n\0]", " ", sendable(value[:800])).encode().decode("latin-1").strip(" \t")


def _page(number: int, value: str, day: str) -> Reply:
    said = escape(value)
    markup = (
        f"<!doctype html><html lang=nl><title>{said}</title><h1>{said}</h1>"
        f"<p>Aanvraag {number}: op {int(day[6:8])} maart 2026 kost dit € {int(day[6:8])}00</p><p>{said}</p>"
        f'<p><a href="/a/b/elsewhere/{number}?{day}">{said}</a> <img src="/a/b/lost{number:03}.png" alt="{said}"></p>'
    )
    fields = (
        ("Content-Language", field(value)),
        ("Content-Disposition", f'inline; filename="{field(value)}"'),
        ("Server", field(value)),
        ("Last-Modified", field(value)),
        ("ETag", field(value)),
        ("Link", field(value)),
        ("Set-Cookie", field(value)),
    )
    return Reply(markup.encode("utf-8", "replace"), headers=fields)


def _file(value: str) -> Reply:
    own = "/" in value and not value.startswith("text/html")  # which would make a page of it
    mime = field(value) if own else f"application/{field(value)}"
    fields = (("Content-Disposition", f'attachment; filename="{field(value)}"'),)
    return Reply(b"%PDF-1.4 of this day", mime=mime, headers=fields)


def _day(values: Sequence[str], day: str) -> Day:
    answers: dict[str, Reply | Lost] = {f"{SITE}/": Reply("<title>Begin</title><p>Begin</p>")}
    for number, value in enumerate(values):
        answers[page_of(number, value)] = _page(number, value, day)
        answers[file_of(number, value)] = _file(value)
        if day == MONDAY:
            answers[address("g", number, value)] = _page(number, value, day)
        answers[address("r", number, value)] = Reply(
            f"to {number}", status=302, headers=(("Location", field(value)),)
        )
        reason = sendable(value[:2000])
        answers[f"{SITE}/a/b/lost{number:03}.png"] = Lost(UrlOutcome.NETWORK_ERROR, reason)
    return answers


@contextmanager
def archive_of(root: Path, values: Sequence[str], *, port: int = 8080) -> Iterator[Archive]:
    """Make the archive of two days that has these values."""
    days = {day: _day(values, day) for day in (MONDAY, TUESDAY)}
    with build(root, {"demo": days}, port=port) as archive:
        yield archive
