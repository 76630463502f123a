# SPDX-License-Identifier: EUPL-1.2
"""The day as a whole: walls, maintenance and shrinking."""

from __future__ import annotations

import msgspec
import pytest

from archiver.suspicion import Kind, Suspicion
from archiver.verdict import Day, DayFigures, Thresholds, judge_day, shrunk, worse
from index.model import Outcome

COMPLETE, PARTIAL, FAILED = Outcome.COMPLETE, Outcome.PARTIAL, Outcome.FAILED


@pytest.mark.parametrize(
    ("counts", "outcome"),
    [
        ({}, COMPLETE),
        ({Kind.BOT_WALL: 10}, COMPLETE),
        ({Kind.BOT_WALL: 11}, PARTIAL),
        ({Kind.BOT_WALL: 6, Kind.MAINTENANCE: 5}, PARTIAL),
        ({Kind.BOT_WALL: 500}, PARTIAL),
        ({Kind.BOT_WALL: 501}, FAILED),
        ({Kind.MAINTENANCE: 1000}, FAILED),
        ({Kind.BOT_WALL: 251, Kind.MAINTENANCE: 250}, FAILED),
        ({Kind.PARKED: 11}, PARTIAL),
        ({Kind.DEFAULT_PAGE: 1000}, PARTIAL),
        ({Kind.SOFT_404: 100}, COMPLETE),
        ({Kind.SOFT_404: 1000}, PARTIAL),
        ({Kind.LOGIN: 500}, COMPLETE),
        ({Kind.LOGIN: 501}, PARTIAL),
    ],
)
def test_shares_decide(counts: dict[Kind, int], outcome: Outcome):
    """Of a thousand answers, so many of a kind make the day partial or failed."""
    verdict = judge_day(Day(examined=1000, suspicions=counts))
    assert verdict.outcome is outcome
    assert bool(verdict.reasons) is (outcome is not COMPLETE)


@pytest.mark.parametrize("kind", list(Kind))
def test_the_front_page_decides(kind: Kind):
    """A wall or maintenance at the front fails the day, whatever the rest; other strange fronts make it partial."""
    verdict = judge_day(Day(examined=1000, front=Suspicion(kind, "seen so")))
    assert verdict.outcome is (FAILED if kind in {Kind.BOT_WALL, Kind.MAINTENANCE} else PARTIAL)
    assert verdict.reasons == (f"the front page is not the site's ({kind}): seen so",)
    assert (
        judge_day(Day(examined=1000, front=Suspicion(kind, "")), (), Thresholds(ignore=(kind,))).reasons == ()
    )


def test_nothing_examined_is_no_verdict():
    """A day without answers is judged by what it lacks, not here."""
    assert judge_day(Day(examined=0)).outcome is COMPLETE


def test_reasons_have_figures_and_stand_worst_first():
    """Each reason is one sentence with its figures."""
    day = Day(
        examined=100,
        suspicions={Kind.SOFT_404: 20, Kind.BOT_WALL: 60, Kind.MAINTENANCE: 1},
        figures=DayFigures(40),
    )
    verdict = judge_day(day, [DayFigures(100)])
    assert verdict.outcome is FAILED
    assert verdict.reasons == (
        "60 bot walls and 1 maintenance pages among 100 answers",
        "20 pages that say 'not found' with a status of success among 100 answers",
        "the site has shrunk: 40 pages, the day before had 100",
    )


@pytest.mark.parametrize(
    ("pages", "today", "sentence"),
    [
        ([], 0, None),
        ([100], 50, None),
        ([100], 49, "the site has shrunk: 49 pages, the day before had 100"),
        ([9], 0, None),
        ([10], 4, "the site has shrunk: 4 pages, the day before had 10"),
        ([100, 100, 100, 100, 40], 40, "the site has shrunk: 40 pages, the median of 5 days had 100"),
        ([100, 100, 40, 40, 40], 40, None),
        ([40, 40, 40, 40, 100], 40, "the site has shrunk: 40 pages, the day before had 100"),
        ([1000] * 20 + [100] * 7, 90, None),
        ([100], 5000, None),
    ],
)
def test_fewer_pages(pages: list[int], today: int, sentence: str | None):
    """A site that loses most of its pages overnight has shrunk, and after some days it is a smaller site."""
    assert shrunk([DayFigures(number) for number in pages], DayFigures(today), Thresholds()) == sentence


@pytest.mark.parametrize(
    ("before", "today", "sentence"),
    [
        (DayFigures(50, 1_000_000), DayFigures(50, 300_000), None),
        (
            DayFigures(50, 1_000_000),
            DayFigures(50, 299_999),
            "the site has shrunk: 299999 bytes, the day before had 1000000",
        ),
        (DayFigures(50, 99_999), DayFigures(50, 1), None),
        (DayFigures(50, None), DayFigures(50, 1), None),
        (DayFigures(50, 1_000_000), DayFigures(50, None), None),
        (DayFigures(50, front=5000), DayFigures(50, front=500), None),
        (
            DayFigures(50, front=5000),
            DayFigures(50, front=499),
            "the site has shrunk: 499 characters of text on the front page, the day before had 5000",
        ),
        (DayFigures(50, front=199), DayFigures(50, front=0), None),
    ],
)
def test_less_in_them(before: DayFigures, today: DayFigures, sentence: str | None):
    """Bytes and the front page's text are compared where both are known and there was something to lose."""
    assert shrunk([before], today, Thresholds()) == sentence


def test_thresholds_can_be_set():
    """Each threshold is the operator's to set, and 0 turns it off."""
    off = Thresholds(pages=0, bytes=0, front=0)
    assert shrunk([DayFigures(1000, 10**9, 9999)], DayFigures(0, 0, 0), off) is None
    strict = judge_day(Day(examined=1000, suspicions={Kind.BOT_WALL: 1}), (), Thresholds(partial=0))
    assert strict.outcome is PARTIAL


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ({"pages": 1.5}, "pages"),
        ({"days": 0}, "days"),
        ({"ignore": ["bots"]}, "ignore"),
        ({"page": 0.5}, "page"),
    ],
)
def test_wrong_thresholds_are_refused(table: dict[str, object], wrong: str):
    """A table with a key or value that makes no sense is refused by name."""
    with pytest.raises(msgspec.ValidationError, match=wrong):
        msgspec.convert(table, Thresholds)


def test_thresholds_from_toml():
    """The table of the configuration fits the struct as it is."""
    table = {"pages": 0.25, "ignore": ["soft-404"]}
    assert msgspec.convert(table, Thresholds) == Thresholds(pages=0.25, ignore=(Kind.SOFT_404,))


def test_the_worse_outcome_stands():
    """Of two judgements the worse is the day's."""
    assert [worse(COMPLETE, PARTIAL), worse(FAILED, PARTIAL), worse(COMPLETE, COMPLETE)] == [
        PARTIAL,
        FAILED,
        COMPLETE,
    ]
