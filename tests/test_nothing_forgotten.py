# SPDX-License-Identifier: EUPL-1.2
"""
What a site had once is asked for until the site itself says that it is gone: nothing is lost by a bad day.

A bad day is one that was stopped, was refused, had too little room, or came upon what fails once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import msgspec
import pytest

from tests.support.daily import closed, daily, day_before, hang_up, html, script, stop_at, tagged
from tests.support.sites import text
from tests.support.snapshots import FIRST, HOST, SITE, page

RULES = {
    "/robots.txt": closed(text("User-agent: *\nAllow: /\n")),
    "/sitemap.xml": closed(text("<urlset/>", "text/xml")),
}
OURS = set(RULES)
CLOSED = text("busy", status=503)
PNG = (200, {"Content-Type": "image/png"}, b"\x89PNG\r\n\x1a\n")
HERE = {"captured", "unchanged"}


def changed(site, **settings):
    """Go on with other settings of the site."""
    changed = msgspec.structs.replace(site.archive.settings.site[0], **settings)
    site.archive = replace(
        site.archive, settings=msgspec.structs.replace(site.archive.settings, site=(changed,))
    )


def here(day):
    """Return what is stored of a day, as paths."""
    return {path for path, entry in day.entries.items() if entry.outcome in HERE}


# A day that was stopped and sealed the day after

WHOLE = RULES | {
    "/": tagged(page("Welkom", "/a", "/oud")),
    "/a": tagged(html('<img src="http://cdn.test/a.png">', "/b")),
    "/b": tagged(page("Een bladzijde dieper")),
    "/los": tagged(page("Alleen in de sitemap van maandag")),
    "/sitemap.xml": text(f"<urlset><url><loc>{HOST}/los</loc></url></urlset>", "text/xml"),
    "cdn.test/a.png": PNG,
}
LATER = WHOLE | {"/sitemap.xml": RULES["/sitemap.xml"]}


@pytest.mark.parametrize("path", ["/", "/a"])
def test_day_that_was_stopped_keeps_what_was_known(tmp_path, path):
    """A day that is stopped and sealed the day after has an outcome for all that was known, and is partial."""
    with daily(tmp_path, WHOLE, connections=1) as site:
        monday = site.take()
        site.web.pages = LATER
        stop_at(site, path)
        site.take()
        tuesday = day_before(site)
        assert set(tuesday.entries) >= set(monday.entries)
        assert tuesday["/b"].outcome == tuesday["/los"].outcome == "not-reached"
        assert tuesday.snapshot.outcome == "partial"
        assert tuesday.judged["changes"]["removed"] == 0


@pytest.mark.parametrize("stops", [1, 2, 3])
@pytest.mark.parametrize("path", ["/", "/a"])
def test_day_after_one_that_was_stopped(tmp_path, path, stops):
    """After days that were stopped every page and part of before is there again, though nothing was read anew."""
    with daily(tmp_path, WHOLE, connections=1) as site:
        monday = site.take()
        site.web.pages = LATER
        for _ in range(stops):
            stop_at(site, path)
        last = site.take()
        assert last["/a"].status == 304
        assert here(last) == here(monday)
        assert last.snapshot.outcome == "complete"
        assert last.judged["changes"]["removed"] == 0


def test_page_that_went_while_days_were_stopped(tmp_path):
    """What is gone after a day that was stopped is asked for, and the ledger tells what the server said."""
    with daily(tmp_path, WHOLE, connections=1) as site:
        site.take()
        stop_at(site, "/")
        site.web.pages = {path: reply for path, reply in LATER.items() if path != "/los"}
        after = site.take()
        assert (after["/los"].status, after.snapshot.outcome) == (404, "complete")
        assert after["/los"].via == "yesterday"


def test_days_that_are_all_stopped_do_not_grow(tmp_path):
    """What was only ever refused is let go, however many days are stopped one after the other."""
    with daily(tmp_path, WHOLE, connections=1) as site:
        site.take()
        sizes = []
        for number in range(5):
            away = [f"http://elders.test/{number}/{link}" for link in range(20)]
            site.web.pages = LATER | {"/": page(f"Welkom {number}", "/a", *away)}
            stop_at(site, "/")
            if number:
                sizes.append(len(site.taken(site.archive.collection.snapshots(SITE)[-1].summary).entries))
        assert sizes[3] <= sizes[1]
        assert here(site.take()) >= {"/", "/a", "/b", "/los"}


# A day on which it was refused

ORPHANED = RULES | {"/": tagged(page("Welkom", "http://b.example.test/"))}
B = "http://b.example.test"
WITH_B = ORPHANED | {
    "b.example.test/": page("Een andere host", f"{B}/wees"),
    "b.example.test/wees": page("Straks nergens meer genoemd"),
}
WITHOUT_LINK = WITH_B | {"b.example.test/": page("Een andere host, zonder verwijzing")}


@pytest.mark.parametrize("days", [1, 2, 3])
def test_robots_that_failed_for_some_days(tmp_path, days):
    """A page that nothing links to is asked for again when its host's robots.txt answers again."""
    with daily(tmp_path, WITH_B, scope="domain") as site:
        site.take()
        for _ in range(days):
            refused = site.take(WITHOUT_LINK | {"b.example.test/robots.txt": CLOSED})
            assert refused[f"{B}/wees"].outcome == "robots"
        assert site.take(WITHOUT_LINK)[f"{B}/wees"].outcome == "unchanged"
        gone = site.take({path: reply for path, reply in WITHOUT_LINK.items() if "wees" not in path})
        assert gone[f"{B}/wees"].status == 404


def test_robots_that_failed_and_a_stop(tmp_path):
    """A page that was refused one day, and not come to on the next, is asked for on the third."""
    with daily(tmp_path, WITH_B, scope="domain", connections=1) as site:
        site.take()
        site.take(WITHOUT_LINK | {"b.example.test/robots.txt": CLOSED})
        stop_at(site, "/")
        assert site.take(WITHOUT_LINK)[f"{B}/wees"].outcome == "unchanged"


def test_max_urls_that_was_too_small(tmp_path):
    """A page that nothing links to is asked for again when `max_urls` has room for it again."""
    links = [f"/{number}" for number in range(5)]
    pages = RULES | {"/": page("Welkom", *links, "/wees"), "/wees": page("Wees")}
    pages |= {link: page(f"Over {link}") for link in links}
    with daily(tmp_path, pages) as site:
        site.take()
        site.web.pages["/"] = page("Welkom", *links)
        changed(site, max_urls=len(links) + 3)
        small = site.take()
        assert (small["/wees"].outcome, small.snapshot.outcome) == ("over-limit", "partial")
        changed(site, max_urls=1000)
        assert site.take()["/wees"].outcome == "unchanged"


NEVER = ["/geheim", "http://elders.test/", f"{B}/geheim"]


def test_what_was_only_ever_refused(tmp_path):
    """Addresses that were refused whenever they were found are forgotten with the link, and do not pile up."""
    rules = {"/robots.txt": text("User-agent: *\nDisallow: /geheim\n")}
    with daily(tmp_path, RULES | rules, scope="domain", max_urls=6) as site:
        sizes = []
        for number in range(5):
            links = [f"{link}{number}" for link in NEVER] + [f"/meer/{number}/{more}" for more in range(9)]
            pages = {"/": page(f"Dag {number}", *links)}
            day = site.take(RULES | rules | pages)
            assert day[f"/geheim{number}"].outcome == "robots"
            sizes.append(len(day.entries))
            assert f"/geheim{number - 1}" not in day.entries
        assert sizes[4] <= sizes[1]


# A guess that was right

GUESSED = RULES | {
    "/": tagged(html("<p>Welkom</p>" + script("/api/lijst.json", "/nl/over-ons/"))),
    "/api/lijst.json": closed(text('{"a":1}', "application/json")),
    "/nl/over-ons/": closed(page("Over ons")),
}
GUESSES = ("/api/lijst.json", "/nl/over-ons/")
FAILS = [(CLOSED, "http-error"), (hang_up, "network-error")]


@pytest.mark.parametrize(("answer", "outcome"), FAILS, ids=["503", "silent"])
def test_right_guess_that_fails_once(tmp_path, answer, outcome):
    """A guess that was right is none any more: where it fails the day is partial, and it is asked for the next day."""
    with daily(tmp_path, GUESSED) as site:
        assert site.take().outcomes(*GUESSES) == dict.fromkeys(GUESSES, "captured")
        lost = site.take(GUESSED | dict.fromkeys(GUESSES, answer))
        assert lost.outcomes(*GUESSES) == dict.fromkeys(GUESSES, outcome)
        assert (lost["/"].status, lost.snapshot.outcome, lost.snapshot.lacking) == (304, "partial", 2)
        again = site.take(GUESSED)
        assert again["/"].status == 304
        assert again.outcomes(*GUESSES) == dict.fromkeys(GUESSES, "unchanged")
        assert again.snapshot.outcome == "complete"


@pytest.mark.parametrize(("answer", "outcome"), FAILS, ids=["503", "silent"])
def test_right_guess_that_fails_though_the_page_is_read(tmp_path, answer, outcome):
    """The same where the page that names it was read again today."""
    with daily(tmp_path, GUESSED) as site:
        site.take()
        front = tagged(html("<p>Welkom terug</p>" + script(*GUESSES)))
        lost = site.take(GUESSED | dict.fromkeys(GUESSES, answer) | {"/": front})
        assert lost.outcomes(*GUESSES) == dict.fromkeys(GUESSES, outcome)
        assert (lost.snapshot.outcome, lost.snapshot.lacking) == ("partial", 2)


def test_right_guess_and_a_stop(tmp_path):
    """A guess that was right is asked for after a day that was stopped before it."""
    with daily(tmp_path, GUESSED, connections=1) as site:
        site.take()
        stop_at(site, "/")
        again = site.take()
        assert again.outcomes(*GUESSES) == dict.fromkeys(GUESSES, "unchanged")
        assert again.snapshot.outcome == "complete"


def test_guess_that_failed_from_the_first(tmp_path):
    """A guess that nobody answered is made once more the next day, and does not count until it was right."""
    with daily(tmp_path, GUESSED | {GUESSES[0]: CLOSED, GUESSES[1]: CLOSED}) as site:
        assert site.take().snapshot.outcome == "complete"
        again = site.take(GUESSED)
        assert again["/"].status == 304
        assert again.outcomes(*GUESSES) == dict.fromkeys(GUESSES, "captured")


# Dates that are no validators


def of_date(modified: datetime, body: str, *, etag: str = ""):
    """Return what answers as servers do that compare the date of a file with If-Modified-Since."""

    def reply(handler):
        fields = {"Last-Modified": format_datetime(modified, usegmt=True)} | ({"ETag": etag} if etag else {})
        since, tag = handler.headers.get("If-Modified-Since"), handler.headers.get("If-None-Match")
        same = tag == etag if tag else bool(since) and modified <= parsedate_to_datetime(since)
        status, more, data = page(body)
        handler._answer(304 if same else status, {**more, **fields}, b"" if same else data)

    return reply


AHEAD = FIRST + timedelta(days=3650)


def test_date_ahead_is_no_condition(tmp_path):
    """A page that was said to have changed in the future is sent whole the next day, and its change is seen."""
    pages = RULES | {"/": page("Welkom", "/a"), "/a": of_date(AHEAD, "Zoals het was")}
    with daily(tmp_path, pages) as site:
        site.take()
        day = site.take(pages | {"/a": of_date(FIRST + timedelta(days=1), "Zoals het is")})
        assert (day["/a"].outcome, day["/a"].status) == ("captured", 200)
        assert b"Zoals het is" in day.payload("/a")
        assert day.judged["changes"]["changed"] == 1


def test_tag_beside_a_date_ahead_is_a_condition(tmp_path):
    """Beside such a date an ETag is a condition all the same, and it alone is sent."""
    asked = []

    def noted(handler):
        asked.append((handler.headers.get("If-None-Match"), handler.headers.get("If-Modified-Since")))
        of_date(AHEAD, "Gelijk", etag='"a1"')(handler)

    with daily(tmp_path, RULES | {"/": page("Welkom", "/a"), "/a": noted}) as site:
        days = [site.take(), site.take(), site.take()]
        assert [day["/a"].status for day in days] == [200, 304, 304]
        assert asked == [(None, None), ('"a1"', None), ('"a1"', None)]
        assert b"Gelijk" in days[2].payload("/a")


def test_date_of_before_is_a_condition(tmp_path):
    """A date of the past, and one a few seconds ahead by a clock of the server's, are conditions."""
    with daily(tmp_path, RULES) as site:
        for modified in (FIRST - timedelta(days=9), FIRST + timedelta(seconds=30)):
            pages = RULES | {"/": page("Welkom", "/a"), "/a": of_date(modified, f"Van {modified}")}
            site.take(pages)
            assert site.take()["/a"].status == 304
