# SPDX-License-Identifier: EUPL-1.2
"""A day on which nothing changed but what says nothing is told as such, in both languages, and no other day is."""

from __future__ import annotations

import re

import pytest

from tests.support.daily import daily, html
from tests.support.sites import text
from tests.support.snapshots import SITE

ROBOTS = {"/robots.txt": text("User-agent: *\nAllow: /\n")}


def site(*, token, fee=350):
    """Return a site of a page with a token in it, and a page that says something."""
    return ROBOTS | {
        "/": html(f"<p>Welkom</p><p>Request ID: 77ab-{token}99aa</p>", "/fee"),
        "/fee": html(f"<p>Kosten {fee} euro</p>"),
    }


DAYS = [
    (site(token=11), "complete", 0),
    (site(token=22), "noise", 1),
    (site(token=22), "unchanged", 0),
    (site(token=33, fee=360), "complete", 1),
]
SAID = {
    "en": ("alike", "Complete, and unchanged but for dates and counters", "but for what says nothing"),
    "nl": ("eender", "Volledig, en ongewijzigd op datums en tellers na", "op wat niets zegt na"),
}


@pytest.fixture(scope="module")
def visited(tmp_path_factory):
    with daily(tmp_path_factory.mktemp("noise"), {}) as made:
        taken = [made.take(pages) for pages, _, _ in DAYS]
        yield taken, made.visitor()


def test_figures(visited):
    """A day keeps how many of its changes are noise alone, and the history and the folder agree on it."""
    taken, _ = visited
    assert [one.folder.package["daykeep"]["changed_noise"] for one in taken] == [noise for *_, noise in DAYS]
    assert [one.snapshot.noise for one in taken] == [noise for *_, noise in DAYS]


@pytest.mark.parametrize("language", SAID)
def test_told_in_words(visited, language):
    """The calendar has a word for such a day, and its page a heading and a sentence."""
    short, heading, sentence = SAID[language]
    taken, visitor = visited
    calendar = visitor.get(f"/{SITE}/", Accept_Language=language).text
    cell = r'<td class="(\w+)"><a href="([\d-]+)/"(?: class="shade-\d")?>\d+<i>(?:−\d+ )?([^<]+)</i>'
    cells = re.findall(cell, calendar)
    days = {day: (state, word) for state, day, word in cells}
    assert [days[one.snapshot.day][0] for one in taken] == [state for _, state, _ in DAYS]
    assert days[taken[1].snapshot.day] == ("noise", short)
    for one, (_, state, _) in zip(taken, DAYS, strict=True):
        page = visitor.get(f"/{SITE}/{one.snapshot.day}/", Accept_Language=language).text
        assert (heading in page, sentence in page) == (state == "noise", state == "noise")
