# SPDX-License-Identifier: EUPL-1.2
"""The history as the public sees it: whatever is decided, its answers agree with each other and with the whole."""

from __future__ import annotations

import random

import pytest

from archiver.ledger import UrlOutcome
from index.history import History
from index.lifeline import at
from index.model import Outcome
from index.online import State
from index.public import PublicHistory
from index.search import Filters, Search
from index.takedown import VERSION, Action, Decision, Register
from tests.support.archive import Lost, Reply, build

SITE = "https://www.example.org"
PATHS = ("/", "/a", "/a/b", "/a/b/c", "/A", "/a?x=1", "/brieven/1", "/brievenbus")
NAMES = [f"202603{day:02}023000" for day in range(2, 10)]
FAILED = NAMES[4]


def _days():
    """Return eight days: pages come, change, go and come back, one day saw nothing."""
    rng = random.Random(4)
    days = {}
    for number, name in enumerate(NAMES):
        if name == FAILED:
            days[name] = {f"{SITE}{path}": Lost(UrlOutcome.NETWORK_ERROR) for path in PATHS}
            continue
        there = [path for place, path in enumerate(PATHS) if place < 2 or (number + place) % 4]
        text = {path: f"woord tekst{rng.randrange(2)} op {path.strip('/') or 'begin'}" for path in there}
        days[name] = {f"{SITE}{path}": Reply(f"<title>{path}</title><p>{text[path]}</p>") for path in there}
    return days


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with build(tmp_path_factory.mktemp("public") / "data", {"demo": _days()}) as built:
        yield built


def _decisions(rng: random.Random) -> list[Decision]:
    bounds = ["", "", "2026-03-03", "2026-03-05", NAMES[2], NAMES[5]]
    return [
        Decision(
            takedowns=VERSION,
            action=rng.choice([Action.HIDE, Action.HIDE, Action.SHOW]),
            url=f"{SITE}{rng.choice([*PATHS, '/brieven/'])}",
            at="2026-03-10T08:00:00Z",
            prefix=rng.random() < 0.4,
            since=rng.choice(bounds),
            until=rng.choice(bounds),
            reason="een reden",
        )
        for _ in range(rng.randrange(1, 6))
    ]


def _public(archive, decisions: list[Decision], number: int = 1) -> tuple[PublicHistory, Register]:
    register = Register(decisions)
    return PublicHistory(archive.history, lambda: (number, register)), register


def _day(snapshot: str) -> str:
    return f"{snapshot[:4]}-{snapshot[4:6]}-{snapshot[6:8]}"


@pytest.mark.parametrize("seed", range(40))
def test_all_answers_agree(archive, seed):
    """Pages, their numbers, lifelines and search have on each day what the register leaves of that day."""
    public, register = _public(archive, _decisions(random.Random(seed)))
    whole: History = archive.history
    search = Search(public, archive.catalogue)
    counts = public.page_counts("demo")
    urls = [f"{SITE}{path}" for path in PATHS]
    told = {url: public.lifeline(url, "demo") for url in urls}
    assert public.lifelines(urls, "demo") == {url: some for url, some in told.items() if some} | {
        url: [] for url in urls if not told[url] and whole.lifeline(url, "demo")
    }
    for name in NAMES:
        shown = [
            page
            for page in whole.pages("demo", name, limit=1000)
            if register.withheld(page.url, name, _day) is None
        ]
        assert public.pages("demo", name, limit=1000) == shown
        assert [
            page
            for url in (None, *(one.url for one in shown))
            for page in public.pages("demo", name, after=url, limit=1)
        ] == shown
        assert public.count_pages("demo", name) == len(shown) == counts[name]
        assert public.count_pages("demo", name, contains="/a") == len(
            public.pages("demo", name, contains="/a")
        )
        assert {hit.url for hit in search.find("demo", "woord", name, limit=100).hits} == {
            one.url for one in shown
        }
        for url in urls:
            before = at(whole.lifeline(url, "demo"), name) if name != FAILED else None
            now = at(told[url], name) if name != FAILED else None
            hidden = register.withheld(url, name, _day) is not None
            assert (now is not None) == (before is not None and not hidden)
            if now and before:
                assert (now.content, now.document_id) == (before.content, before.document_id)


@pytest.mark.parametrize("seed", range(40))
def test_intervals_are_cut_where_days_are_withheld(archive, seed):
    """Each interval begins and ends on days that are shown, in order, and what is withheld is told beside them."""
    public, register = _public(archive, _decisions(random.Random(seed)))
    good = [one.timestamp for one in archive.history.snapshots("demo") if one.outcome is not Outcome.FAILED]
    for url in (f"{SITE}{path}" for path in PATHS):
        lifeline = public.lifeline(url, "demo")
        for one in lifeline:
            assert {one.first, one.last} <= set(good)
            assert (one.first_day, one.last_day) == (_day(one.first), _day(one.last))
            assert not one.still or one.last == good[-1]
        ends = [end for one in lifeline for end in (one.first, one.last)]
        assert ends == sorted(ends)
        hidden = {
            _day(name)
            for name in good
            if at(archive.history.lifeline(url, "demo"), name) and register.withheld(url, name, _day)
        }
        stretches = public.withheld(url, "demo") if archive.history.lifeline(url, "demo") else []
        assert {day for one in stretches for day in (one.first_day, one.last_day)} <= hidden
        assert all(any(one.first_day <= day <= one.last_day for one in stretches) for day in hidden)


@pytest.mark.parametrize("seed", range(20))
def test_changes_leave_out_what_either_day_withholds(archive, seed):
    """What differs between two days is told of addresses that both days may show."""
    public, register = _public(archive, _decisions(random.Random(seed)))
    for first, last in ((NAMES[0], NAMES[2]), (NAMES[1], NAMES[7]), (NAMES[3], NAMES[6])):
        whole = archive.history.changes("demo", first, last)
        shown = [
            one for one in whole if not any(register.withheld(one.url, day, _day) for day in (first, last))
        ]
        assert public.changes("demo", first, last) == shown


def test_nothing_hidden_is_the_history_itself(archive):
    """With an empty register, or one that shows all again, every answer is that of the history."""
    shown = Decision(takedowns=VERSION, action=Action.SHOW, url=f"{SITE}/a", at="2026-03-10T08:00:00Z")
    for decisions in ([], [shown]):
        public, _ = _public(archive, decisions)
        for url in (f"{SITE}{path}" for path in PATHS):
            assert public.lifeline(url) == archive.history.lifeline(url)
            assert public.alike(url) == archive.history.alike(url)
            assert public.withheld(url) == []
        assert public.page_counts("demo") == archive.history.page_counts("demo")


def test_states_are_told_apart(archive):
    """Whoever keeps what was found learns that other things are withheld now."""
    one, _ = _public(archive, [], 1)
    other, _ = _public(archive, [], 2)
    assert one.written() == one.written() != other.written()
    assert one.state("demo") == State(*archive.history.state("demo")[:3], view=1)
    assert other.state("demo").view == 2


def test_the_word_that_was_meant_is_one_that_is_shown(archive):
    """No word is proposed that stands in withheld pages alone."""
    hide = Decision(
        takedowns=VERSION, action=Action.HIDE, url=f"{SITE}/brievenbus", at="2026-03-10T08:00:00Z", reason="x"
    )
    whole = Search(archive.history, archive.catalogue)
    public = Search(_public(archive, [hide])[0], archive.catalogue)
    assert whole.find("demo", "brievenbuz", None, limit=5).suggestion == "brievenbus"
    assert public.find("demo", "brievenbuz", None, limit=5, filters=Filters()).suggestion == ""
