# SPDX-License-Identifier: EUPL-1.2
"""A day after the first asks by condition, stores what changed, and stands on what earlier days stored."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from archiver import ledger
from archiver.checking.verify import verify
from archiver.collection import finder
from archiver.pages import read_pages
from archiver.records import iterate
from archiver.responses import open_response
from archiver.snapshot import take
from tests.support.sites import Web, text, to
from tests.support.snapshots import FIRST, HOST, SITE, HandClock, opened

NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
SAME_PAYLOAD = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
DATED = {"Last-Modified": "Mon, 02 Mar 2026 01:00:00 GMT"}


def tagged(body, mime="text/html", **more):
    """Return a page that answers 304 to whoever has it, as nginx does."""
    fields = {"Content-Type": mime, "ETag": f'"{hash(body) & 0xFFFFFF:x}"', **more}

    def answer(handler):
        handler.server.conditions.append((handler.path, handler.headers.get("If-None-Match")))
        same = handler.headers.get("If-None-Match") == fields["ETag"]
        same = same or handler.headers.get("If-Modified-Since") == fields.get("Last-Modified", "-")
        handler._answer(304, {**fields, "Content-Length": "0"}, b"") if same else handler._answer(
            200, fields, body.encode()
        )

    return answer


def html(title, *links, embeds=(), words="The same words every day."):
    anchors = "".join(f'<a href="{link}">x</a>' for link in links)
    images = "".join(f'<img src="{embed}">' for embed in embeds)
    return tagged(f'<!doctype html><html lang="nl"><title>{title}</title><p>{words}</p>{anchors}{images}')


SITE_OF_MONDAY = {
    "/": html("Home", "/a", "/b", "/gone", "/old", "http://other.test/", embeds=["http://cdn.test/x.png"]),
    "/a": html("A", "/deep"),
    "/b": html("B", words="Twenty-three euro."),
    "/deep": html("Deep"),
    "/gone": html("Gone tomorrow"),
    "/old": to("/a"),
    "/untagged": text("always sent"),
    "cdn.test/x.png": tagged("PNG", "image/png"),
    "/sitemap.xml": text(f"<urlset><url><loc>{HOST}/untagged</loc></url></urlset>", "text/xml"),
}


class Days:
    """An archive of one site whose pages a test changes from day to day."""

    def __init__(self, root, web, archive, clock):
        self.root, self.web, self.archive, self.clock = root, web, archive, clock
        self.count = 0

    def take(self, **changes):
        """Archive the next day, with these paths changed, and return its folder and its ledger by path."""
        self.web.pages |= changes
        self.web.asked.clear()
        self.web.conditions.clear()
        self.clock.set(FIRST + timedelta(days=self.count))
        self.count += 1
        taken = take(self.archive, self.archive.settings.site[0])
        folder = self.archive.collection.at(SITE, taken.timestamp)
        assert list(verify(folder, finder(self.archive.collection, SITE))) == []
        entries = list(ledger.read(folder.ledger_path))
        assert taken.known == len(entries) == sum(taken.counts.values())
        return folder, {entry.url.removeprefix(HOST): entry for entry in entries}

    def payload(self, folder, path):
        """Return what the archive answers for a path on the day of a folder."""
        url = path if path.startswith("http") else HOST + path
        capture = folder.index.find(url)
        with open_response(finder(self.archive.collection, SITE), folder.timestamp, capture) as response:
            return b"".join(response.body)


@pytest.fixture
def days(tmp_path, request):
    more = getattr(request, "param", {})
    clock = HandClock()
    with Web(SITE_OF_MONDAY) as web, opened(tmp_path, web, clock, **more) as archive:
        web.conditions = []
        yield Days(
            tmp_path, web, replace(archive, resolve=lambda _host, _port: [("127.0.0.1", web.port)]), clock
        )


def records(folder, kind):
    return [
        dict(record.fields) for path in folder.warcs for _, record in iterate(path) if record.kind == kind
    ]


def test_asks_by_condition(days):
    """What has a validator is asked by it and not sent again; what has none is sent, and not stored again."""
    days.take()
    _, second = days.take()
    asked = dict(days.web.conditions)
    assert asked
    assert None not in asked.values()
    assert {
        path: (one.outcome.value, one.status) for path, one in second.items() if one.status == 304
    } == dict.fromkeys(("/", "/a", "/b", "/deep", "/gone", "http://cdn.test/x.png"), ("unchanged", 304))
    assert (second["/untagged"].outcome.value, second["/untagged"].status) == ("unchanged", 200)


def test_revisit_records(days):
    """Both kinds of revisit name their profile, and which record they refer to, when and of what address."""
    first, _ = days.take()
    second, _ = days.take()
    ids = {one["WARC-Record-ID"]: one for one in records(first, "response")}
    profiles = {}
    for revisit in records(second, "revisit"):
        original = ids[revisit["WARC-Refers-To"]]
        assert (
            revisit["WARC-Refers-To-Target-URI"] == original["WARC-Target-URI"] == revisit["WARC-Target-URI"]
        )
        assert revisit["WARC-Refers-To-Date"] == original["WARC-Date"]
        assert revisit["WARC-Payload-Digest"] == original["WARC-Payload-Digest"]
        profiles[revisit["WARC-Target-URI"].removeprefix(HOST)] = revisit["WARC-Profile"]
    assert profiles["/"] == profiles["http://cdn.test/x.png"] == NOT_MODIFIED
    assert profiles["/untagged"] == profiles["/sitemap.xml"] == SAME_PAYLOAD


def test_answers_of_an_unchanged_day(days):
    """An unchanged day answers for every address what the day before did, and lists the same pages."""
    first, before = days.take()
    second, after = days.take()
    third, _ = days.take()
    for path, entry in before.items():
        if entry.outcome.value == "captured":
            assert days.payload(first, path) == days.payload(second, path) == days.payload(third, path)
    listed = [
        [(page.url, page.title, page.language) for page in read_pages(day.pages_path)]
        for day in (first, third)
    ]
    assert listed[0] == listed[1]
    assert set(before) == set(after)
    assert second.summary.changed == 0


def test_nothing_known_is_forgotten(days):
    """What only an unread page links to stays known: parts on other hosts are asked for, addresses out of scope told."""
    days.take()
    _, second = days.take()
    assert second["http://cdn.test/x.png"].outcome.value == "unchanged"
    assert (second["http://other.test/"].outcome.value, second["http://other.test/"].via) == (
        "out-of-scope",
        f"{HOST}/",
    )
    assert second["/old"].outcome.value == "redirect"


def test_changes_are_seen(days):
    """A changed page is stored anew, a removed one asked for and recorded as removed."""
    days.take()
    changed = html("B", "/new", words="Thirty-five euro.")
    second, entries = days.take(**{"/b": changed, "/gone": text("no more", status=410), "/new": html("New")})
    assert entries["/b"].outcome.value == entries["/new"].outcome.value == "captured"
    assert (entries["/gone"].outcome.value, entries["/gone"].status) == ("http-error", 410)
    assert b"Thirty-five" in days.payload(second, "/b")
    third, entries = days.take()
    assert b"Thirty-five" in days.payload(third, "/b")
    assert "/gone" in entries, "a page still links to it"


@pytest.mark.parametrize("days", [{"full": "always"}], indirect=True)
def test_full_days_stand_alone(days):
    """A full day asks without conditions, stores everything, and answers with every other snapshot removed."""
    first, _ = days.take()
    second, entries = days.take()
    assert set(dict(days.web.conditions).values()) == {None}
    assert records(second, "revisit") == []
    shutil.rmtree(first.path)
    for path, entry in entries.items():
        if entry.outcome.value == "captured":
            assert days.payload(second, path)


def test_lost_records_are_asked_for_anew(days):
    """Where the record that a condition stands on has gone, the page is asked for in full and stored again."""
    first, _ = days.take()
    for path in first.warcs:
        path.parent.chmod(0o755)
        path.unlink()
    second, entries = days.take()
    assert entries["/a"].outcome.value == "captured"
    assert b"The same words" in days.payload(second, "/a")


def test_304_that_nobody_asked_for(days):
    """A 304 to a request without a condition is an error of the server's, and stored as that."""
    _, entries = days.take(**{"/b": (304, {"ETag": '"x"'}, b"")})
    assert (entries["/b"].outcome.value, entries["/b"].status) == ("http-error", 304)


def test_last_modified_alone(days):
    """A date serves where there is no entity tag, exactly as the server gave it."""

    def dated(handler):
        days.web.conditions.append((handler.path, handler.headers.get("If-Modified-Since")))
        known = handler.headers.get("If-Modified-Since") == DATED["Last-Modified"]
        handler._answer(
            304 if known else 200, DATED | {"Content-Type": "text/html"}, b"" if known else b"<p>dated"
        )

    days.take(**{"/b": dated})
    second, entries = days.take()
    assert ("/b", DATED["Last-Modified"]) in days.web.conditions
    assert entries["/b"].status == 304
    assert days.payload(second, "/b") == b"<p>dated"


def test_after_a_bad_day(days):
    """A page that failed yesterday is asked with the validator of the day before it."""
    days.take()
    good = days.web.pages["/b"]
    days.take(**{"/b": text("oops", status=503)})
    third, entries = days.take(**{"/b": good})
    assert entries["/b"].status == 304
    assert b"Twenty-three" in days.payload(third, "/b")
