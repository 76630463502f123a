# SPDX-License-Identifier: EUPL-1.2
"""Four days of a small site, and everything that a catalogue can be asked about them."""

from __future__ import annotations

from index.changes import Kind
from index.search import Search
from tests.support.sites import text, to
from tests.support.snapshots import SITE, page

WORDS = ["vergunning", "tarief", "geduld", "nieuw", "beroep", "nergens"]
DAYS = [
    {
        "/": page("vergunning", "/a", "/b", "/c"),
        "/a": page("tarief 2025"),
        "/b": page("geduld"),
        "/c": to("/a"),
    },
    {"/": page("vergunning", "/a", "/b", "/c"), "/a": page("tarief 2026"), "/b": text("weg", status=410)},
    {
        "/": page("vergunning nieuw", "/a", "/b", "/c"),
        "/a": page("tarief 2026"),
        "/b": text("ai", status=503),
    },
    {
        "/": page("vergunning", "/a", "/b", "/d"),
        "/a": page("tarief 2025"),
        "/b": page("geduld"),
        "/d": page("beroep"),
    },
]


def answers(archive):
    """Return everything the catalogue can be asked."""
    history, shelves = archive.shelves.history, archive.shelves
    days = [snapshot.timestamp for snapshot in history.snapshots(SITE)]
    urls = sorted({one.url for day in archive.collection.snapshots(SITE) for one in day.index.captures()})
    return {
        "snapshots": history.snapshots(SITE),
        "lifelines": {url: history.lifeline(url) for url in urls},
        "pages": {day: history.pages(SITE, day) for day in days},
        "changes": {(a, b): history.changes(SITE, a, b, kinds=Kind) for a in days for b in days if a < b},
        "search": {(word, day): found(shelves, word, day) for word in WORDS for day in days},
    }


def found(shelves, word, day):
    history = shelves.history
    results = Search(history, shelves.catalogue).find(SITE, word, day, limit=10)
    return [(hit.url, history.documents([hit.id])[hit.id]) for hit in results.hits]
