# SPDX-License-Identifier: EUPL-1.2
"""Four days of a small site, and everything that a catalogue can be asked about them."""

from __future__ import annotations

from itertools import product

from archiver.dating import date_passage
from index.changes import Kind
from index.search import Filters, Search
from tests.support.sites import text, to
from tests.support.snapshots import SITE, page

WORDS = ["vergunning", "tarief", "geduld", "nieuw", "beroep", "nergens"]
ASKED = [
    *WORDS,
    "vergunningen",
    "permit",
    "genehmigung",
    "coordinatie",
    "oudetitel",
    "nieuwetitel",
    "tarief 2026",
    '"zelfde tekst"',
    '"tekst zelfde"',
    "a -tarief",
    "vergunnink",
]
"""In other forms, languages and accents too; phrases, two words, one that must not be there, one mistyped."""
FILTERS = [
    Filters(),
    Filters(kind="html"),
    Filters(kind="pdf"),
    Filters(year="2026"),
    Filters(year="1999"),
    Filters(prefix="example.test/a"),
]
FILTERED = ["a -tarief", "tarief", "vergunnink"]
PASSAGES = ["tarief 2026", "Zelfde  tekst", "nergens"]
ALL = ("/a", "/b", "/c", "/t", "/en", "/de")
SAME = "zelfde tekst over coördinatie"
PERMITS, GENEHMIGUNG = "permits in English", "Genehmigungen auf Deutsch"
OTHERS = {
    "/t": page(SAME, title="Oudetitel"),
    "/en": page(PERMITS, language="en"),
    "/de": page(GENEHMIGUNG, language="de"),
}
RENAMED = OTHERS | {"/t": page(SAME, title="Nieuwetitel"), "/en": page(PERMITS, language="fr")}
DAYS = [
    {
        "/": page("vergunning", *ALL),
        "/a": page("tarief 2025"),
        "/b": page("geduld"),
        "/c": to("/a"),
        **OTHERS,
    },
    {"/": page("vergunning", *ALL), "/a": page("tarief 2026"), "/b": text("weg", status=410), **RENAMED},
    {"/": page("vergunning nieuw", *ALL), "/a": page("tarief 2026"), "/b": text("ai", status=503), **RENAMED},
    {
        "/": page("vergunning", *ALL, "/d"),
        "/a": page("tarief 2025"),
        "/b": page("geduld"),
        "/d": page("beroep"),
        **OTHERS,
    },
]
"""The text of a page changes and comes back; so do a title and a language, the text as it was."""


def answers(archive):
    """Return everything the catalogue can be asked."""
    history, shelves = archive.shelves.history, archive.shelves
    days = [snapshot.timestamp for snapshot in history.snapshots(SITE)]
    urls = sorted({one.url for day in archive.collection.snapshots(SITE) for one in day.index.captures()})
    lifelines = {url: history.lifeline(url) for url in urls}
    search = Search(history, shelves.catalogue)
    return {
        "snapshots": history.snapshots(SITE),
        "lifelines": lifelines,
        "pages": {day: (history.pages(SITE, day), history.count_pages(SITE, day)) for day in days},
        "changes": {(a, b): history.changes(SITE, a, b, kinds=Kind) for a in days for b in days if a < b},
        "search": {one: answered(history, search, *one) for one in searches(days)},
        "passages": {
            (url, passage): date_passage(archive.collection, history, lifelines[url], passage)
            for url, passage in product(urls, PASSAGES)
            if lifelines[url]
        },
    }


def searches(days):
    """Return what is asked of each day: everything as it is, some of it with filters."""
    return [*product(ASKED, days, FILTERS[:1]), *product(FILTERED, days, FILTERS[1:])]


def answered(history, search, asked, day, filters):
    """Return all of a search: what is found with its score and all that is known of it, and what is counted."""
    results = search.find(SITE, asked, day, limit=10, filters=filters)
    documents = history.documents(hit.id for hit in results.hits)
    hits = [(hit.url, hit.kind, hit.year, round(hit.score, 9), documents[hit.id]) for hit in results.hits]
    return hits, results.total, results.kinds, results.years, results.suggestion


def found(shelves, word, day):
    history = shelves.history
    results = Search(history, shelves.catalogue).find(SITE, word, day, limit=10)
    return [(hit.url, history.documents([hit.id])[hit.id]) for hit in results.hits]
