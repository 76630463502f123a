# SPDX-License-Identifier: EUPL-1.2
"""Second tries that bring less than the first, and guesses that pages link to: what the ledger says of them."""

from __future__ import annotations

import pytest

from archiver.snapshot import StoppedError, take
from tests.support.daily import closed, cut, daily, hang_up, html, in_turn, script
from tests.support.sites import text, to
from tests.support.snapshots import HOST

RULES = {
    "/robots.txt": closed(text("User-agent: *\nAllow: /\n")),
    "/sitemap.xml": closed(text("<urlset/>", "text/xml")),
}
FINE = closed(html("<p>Daar zijn wij weer.</p>", title="Balie"))
BUSY = text("busy", status=503)


def of(busy):
    return RULES | {"/": closed(html("", "/balie")), "/balie": busy}


def test_cut_answer_outlives_a_lost_try(tmp_path):
    """Where the first try brought a part and the second nothing, the part stands for what it is: the day is partial."""
    with daily(tmp_path, of(in_turn(cut, hang_up)), retries=1, retry_wait=0.0) as site:
        day = site.take()
        assert (day["/balie"].outcome, day["/balie"].status) == ("truncated", 200)
        assert (day.snapshot.outcome, day.snapshot.lacking) == ("partial", 1)


@pytest.mark.parametrize(
    "answer", [text("x", status=500), text("x", status=408), text("x", status=522), cut],
    ids=["500", "408", "522", "cut"],
)  # fmt: skip
def test_stopped_before_another_try(tmp_path, answer):
    """Whatever deserves another try is asked for when a stopped crawl carries on."""
    with daily(tmp_path, of(in_turn(answer, FINE)), connections=1, retries=2, retry_wait=600.0) as site:

        def stop(progress):
            if progress.url == f"{HOST}/balie":
                site.archive.stop.set()

        with pytest.raises(StoppedError):
            take(site.archive, site.archive.settings.site[0], report=stop)
        site.archive.stop.clear()
        assert site.take(next_day=False)["/balie"].outcome == "captured"


def test_two_answers_within_a_second(tmp_path):
    """Of two answers within one second the last is shown."""
    with daily(tmp_path, of(in_turn(BUSY, FINE)), retries=1, retry_wait=0.0) as site:
        day = site.take()
        assert day["/balie"].outcome == "captured"
        assert day.payload("/balie") == FINE[2]


def test_confirmed_guess_gets_a_second_try(tmp_path):
    """A guess that a page links to, before it was asked for, is asked again as links are."""
    pages = RULES | {"/": html(script("/nl/kapot/"), "/b"), "/b": html("", "/nl/kapot/")}
    pages["/nl/kapot/"] = in_turn(BUSY, FINE)
    with daily(tmp_path, pages, connections=1, retries=1, retry_wait=0.0) as site:
        assert site.take()["/nl/kapot/"].outcome == "captured"


CONFIRMED = {
    "asked after it was linked to": {"/": html("", "/b") , "/b": html(script("/nl/oud/"), "/c"), "/c": html("", "/nl/oud/")},
    "asked before it was linked to": {"/": html(script("/nl/oud/"), "/b"), "/b": html("", "/c"), "/c": html("", "/d"), "/d": html("", "/nl/oud/")},
}  # fmt: skip


@pytest.mark.parametrize("when", CONFIRMED)
def test_where_a_confirmed_guess_leads(tmp_path, when):
    """Where a guess that a page links to redirects to, counts as where any link leads."""
    led = {"/nl/oud/": to("/nl/nieuw/"), "/nl/nieuw/": text("x", status=500)}
    with daily(tmp_path, RULES | CONFIRMED[when] | led, connections=1) as site:
        day = site.take()
        assert (day["/nl/oud/"].kind, day["/nl/nieuw/"].kind) == ("outlink", "outlink")
        assert (day.snapshot.outcome, day.snapshot.lacking) == ("partial", 1)
