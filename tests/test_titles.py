# SPDX-License-Identifier: EUPL-1.2
"""What finds a text on a day: its title and language of that day too, in whichever order days come."""

from __future__ import annotations

import os

import pytest

from archiver.cli.compose import shelves_below
from archiver.publish import publish_waiting
from archiver.rebuilding import rebuild_beside
from index.search import Search
from tests.support.command import configure, inside
from tests.support.daily import daily
from tests.support.daily import html as page
from tests.support.importing import (
    EXAMPLE,
    empty_archive,
    exchange,
    html,
    problems,
    revisit,
    sha1,
    take,
    write,
)
from tests.support.snapshots import HOST, SITE

OLD, NEW = "2020-01-01T10:00:00Z", "2020-02-02T10:00:00Z"


def found(archive, asked, timestamp):
    """Return path and title of each page found, with its score."""
    history, catalogue = archive.shelves.history, archive.shelves.catalogue
    hits = Search(history, catalogue).find(SITE, asked, timestamp, limit=20).hits
    documents = history.documents(hit.id for hit in hits)
    return [(hit.url.split("/", 3)[3], documents[hit.id].title, round(hit.score, 9)) for hit in hits]


def titles(archive, asked, timestamp):
    return [title for _, title, _ in found(archive, asked, timestamp)]


def test_another_title_from_a_day_on(tmp_path):
    """It is found, shown and listed by the title of the day; the text has been there since the first."""
    day = {"/": page("begin", "/a"), "/a": page("zelfde tekst", title="Oudetitel")}
    with daily(tmp_path, day) as site:
        days = [site.take(), site.take(day | {"/a": page("zelfde tekst", title="Nieuwetitel")}), site.take()]
        first, second, third = (one.snapshot.timestamp for one in days)
        history = site.archive.shelves.history
        for timestamp, title, other in (
            (first, "Oudetitel", "Nieuwetitel"),
            (third, "Nieuwetitel", "Oudetitel"),
        ):
            assert titles(site.archive, title, timestamp) == [title]
            assert titles(site.archive, other, timestamp) == []
            assert titles(site.archive, "zelfde tekst", timestamp) == [title]
            assert title in [one.title for one in history.pages(SITE, timestamp)]
        generation = site.archive.shelves.history.generation()
        assert len(site.archive.shelves.catalogue.documents(generation)) == 3
        assert [one.first for one in history.lifeline(f"{HOST}/a", SITE)] == [first, second]
        shown = site.visitor().get(f"/{SITE}/search?q=zelfde", Accept_Language="en").get_data(as_text=True)
        assert "<bdi>Nieuwetitel</bdi></a>" in shown
        assert "online since 2 Mar" in shown


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (html("permits verlening", title="Oudetitel"), html("permits verlening", title="Nieuwetitel")),
        (html("permits verlening"), html("permits verlening").replace(b'lang="nl"', b'lang="de"')),
        (html("permits verlening"), html("permits verlening").replace(b'lang="nl"', b'lang="en"')),
    ],
    ids=["title", "german", "english"],
)
def test_an_earlier_day_that_comes_later(tmp_path, old, new):
    """The catalogue is the one that a rebuild makes, to the score of each page."""
    with empty_archive(tmp_path / "d") as archive:
        for name, body, when in (("n", new, NEW), ("o", old, OLD)):
            take(archive, write(tmp_path / f"{name}.warc.gz", exchange("/a", body, when, ord(name))))
            publish_waiting(archive.collection, archive.shelves)

        def answered():
            days = [one.timestamp for one in archive.shelves.history.snapshots(SITE)]
            asked = ("oudetitel", "nieuwetitel", "permit", "permits", "verleningen")
            return {(words, day): found(archive, words, day) for words in asked for day in days}

        before = answered()
        assert len({tuple(one) for one in before.values()}) > 2
        rebuild_beside(archive.collection, shelves_below, lambda *_: None, _raise)
        assert answered() == before


def _raise(_folder, error):
    raise error


@pytest.mark.parametrize("texts", [True, False], ids=["read again", "read that day alone"])
def test_the_payload_of_another_address(tmp_path, texts):
    """A page that is a revisit of what another address had on an earlier day is found like that one was."""
    body = html("kruiselings woord")
    refers = {"WARC_Refers_To_Target_URI": f"{EXAMPLE}/a", "WARC_Refers_To_Date": OLD}
    with empty_archive(tmp_path / "d") as archive:
        first = [*exchange("/a", body, OLD, 1), *exchange("/b", html("eerst anders"), OLD, 2)]
        again = [*exchange("/c", html("anders"), NEW, 5), revisit("/b", NEW, 3, sha1(body), **refers)]
        take(archive, write(tmp_path / "1.warc.gz", first))
        take(archive, write(tmp_path / "2.warc.gz", again), texts=texts)
        one, two = (one.timestamp for one in archive.shelves.history.snapshots(SITE))
        paths = [[path for path, _, _ in found(archive, "kruiselings", day)] for day in (one, two)]
        assert paths == [["a"], ["b"]]
        assert [path for path, _, _ in found(archive, "eerst", one)] == ["b"]
        assert found(archive, "eerst", two) == []
        assert [one.url for one in archive.shelves.history.pages(SITE, two)] == [
            f"{EXAMPLE}/b",
            f"{EXAMPLE}/c",
        ]
        assert problems(archive) == []


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_text_that_cannot_be_read(tmp_path, damage):
    """Its page is among the results without an excerpt, and the others as ever."""
    day = {"/": page("begin", "/a", "/b"), "/a": page("paspoort een"), "/b": page("paspoort twee")}
    with daily(tmp_path, day) as site:
        first = site.take()
        site.take(day | {"/b": page("paspoort drie")})
        for path in first.folder.warcs:
            path.chmod(0o644)
            os.truncate(path, 100)
            if damage == "gone":
                path.parent.chmod(0o755)
                path.unlink()
        answer = site.visitor().get(f"/{SITE}/search?q=paspoort")
        shown = answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert (shown.count("<li>\n    <a href="), shown.count("<mark>")) == (2, 1)
        told = inside(configure(site.root, f"{HOST}/"), "search", SITE, "paspoort", "--json")
        assert (told.status, told.out.count('"hit": true')) == (0, 1)
