# SPDX-License-Identifier: EUPL-1.2
"""On which days a passage stood on a page, and between which days a version changed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver import dating
from archiver.texts import text_of
from index.history import History
from index.lifeline import Between, Interval, chained
from index.passage import Dated, Span, Standing, fold, spans_of, standing_of
from tests.support.days import Answer, digest, publish, snapshot, stamp
from tests.support.normalised import counted
from tests.support.snapshots import HOST, SITE, build_days, page

URL = "https://example.org/a"
THERE, NOT, UNKNOWN = Standing.THERE, Standing.NOT_THERE, Standing.NOT_KNOWN
OLD, NEW = Answer("Leges 40 euro."), Answer("Leges 45 euro.")
BAD, GONE, CUT = Answer("kapot", status=503), Answer("weg", status=404), Answer("ai", status=429)
MOVED = Answer("", status=301, redirect="https://example.org/b")
PICTURE = Answer("plaatje", mime="image/png")


def day(number):
    return (date(2026, 3, 1) + timedelta(days=number)).isoformat()


def lifeline_of(path, days):
    """Return lifeline, snapshots and what the documents of a page's days say, each day as the daily job has it."""
    with History(path) as history:
        publish(history, [None if one is None else {} if one == {} else {URL: one} for one in days])
        texts = {}
        for one in history.lifeline(URL):
            # published days have a document for every answer; only a page has a text
            if one.mime == "text/html" and one.status == 200:
                texts[one.document_id] = next(a.text for a in days if a and digest(a) == one.digest)
        return history.lifeline(URL), history.snapshots("demo"), texts


def dated(path, days, passage):
    lifeline, snapshots, texts = lifeline_of(path, days)
    wanted = fold(passage)
    holding = {name: wanted in fold(text) for name, text in texts.items()}
    spans = spans_of(lifeline, snapshots, lambda one: standing_of(one, holding.get))
    return Dated("demo", URL, spans)


BETWEEN = [
    ([OLD, NEW], [None, None], "no day is missing"),
    ([OLD, None, NEW], [None, Between(day(0), day(2))], "a day without a snapshot"),
    ([OLD, {}, NEW], [None, Between(day(0), day(2))], "a snapshot without the page"),
    ([OLD, BAD, NEW], [None, None, Between(day(0), day(2))], "an answer that does not say"),
    ([OLD, {}, OLD], [None, None], "the same afterwards: nothing changed"),
    ([OLD, BAD, OLD, NEW], [None, None, None, None], "the same after an error, and the next day another"),
    ([OLD, None, None, GONE], [None, Between(day(0), day(3))], "gone in the meantime"),
    ([BAD, None, NEW], [None, None], "nothing is known of before"),
    ([None, OLD], [None], "the first snapshot"),
]


@pytest.mark.parametrize(("days", "began", "why"), BETWEEN)
def test_between(tmp_path, days, began, why):
    """Where no day saw the one version and the next day the other, both days are told."""
    lifeline, *_ = lifeline_of(tmp_path / "h.sqlite", days)
    assert [one.began for one in lifeline] == began, why
    assert [one.ended for one in lifeline if one.ended] == [one for one in began if one], why


def test_sites_are_not_chained():
    """Where one site's lifeline ends, that of another does not go on."""
    interval = Interval(
        "a", URL, 200, "1", None, "text/html", None, None, stamp(0), stamp(0), day(0), day(0), still=False
    )
    other = Interval(
        "b", URL, 200, "2", None, "text/html", None, None, stamp(5), stamp(5), day(5), day(5), still=True
    )
    assert chained([interval, other]) == [interval, other]


SPANS = [
    ([OLD, OLD, NEW], [(THERE, 0, 1), (NOT, 2, 2)], (None, None)),
    ([NEW, OLD, NEW, OLD], [(NOT, 0, 0), (THERE, 1, 1), (NOT, 2, 2), (THERE, 3, 3)], (None, None)),
    ([OLD, None, OLD], [(THERE, 0, 2)], (None, None)),
    ([OLD, {}, OLD], [(THERE, 0, 0), (UNKNOWN, 1, 1), (THERE, 2, 2)], (None, None)),
    ([OLD, None, None, NEW], [(THERE, 0, 0), (UNKNOWN, 1, 2), (NOT, 3, 3)], (None, (0, 3))),
    ([NEW, None, BAD, None, OLD], [(NOT, 0, 0), (UNKNOWN, 1, 3), (THERE, 4, 4)], ((0, 4), None)),
    ([NEW, CUT, OLD, BAD, GONE], [(NOT, 0, 0), (UNKNOWN, 1, 1), (THERE, 2, 2), (UNKNOWN, 3, 3), (NOT, 4, 4)], ((0, 2), (2, 4))),
    ([OLD, MOVED], [(THERE, 0, 0), (NOT, 1, 1)], (None, None)),
    ([PICTURE, OLD], [(UNKNOWN, 0, 0), (THERE, 1, 1)], (None, None)),
    ([{}, OLD, {}], [(THERE, 1, 1), (UNKNOWN, 2, 2)], (None, None)),
    ([NEW, NEW], [(NOT, 0, 1)], (None, None)),
]  # fmt: skip


@pytest.mark.parametrize(("days", "spans", "edges"), SPANS)
def test_days_of_a_passage(tmp_path, days, spans, edges):
    """A passage was there, was not, or that is not known; the edges of what is not known are told."""
    found = dated(tmp_path / "h.sqlite", days, "leges  40\nEURO")
    assert [(one.standing, one.first_day, one.last_day) for one in found.spans] == [
        (standing, day(first), day(last)) for standing, first, last in spans
    ]
    told = [(one.after, one.by) if one else None for one in (found.came, found.went)]
    assert told == [(day(edge[0]), day(edge[1])) if edge else None for edge in edges]
    there = [one for one in spans if one[0] is THERE]
    assert found.first_day == (day(there[0][1]) if there else None)
    assert found.last_day == (day(there[-1][2]) if there else None)
    assert found.still == (spans[-1][0] is THERE)


FOLDED = [
    ("Leges\u00a040  euro", "leges 40 euro"),
    ("STRASSE Straße", "strasse strasse"),
    ("re\u0301gime", "r\u00e9gime"),
    ("\n een\ttwee ", "een twee"),
    ("\ufeffverblijfs\u00advergunning co\u200bde", "verblijfsvergunning code"),
]


@pytest.mark.parametrize(("text", "folded"), FOLDED)
def test_fold(text, folded):
    """White space, case and the way an accent is written make no difference."""
    assert fold(text) == folded


def test_a_cut_page_shows_what_it_shows():
    """A body cut by a fault may show a passage; that it has none, it does not say."""
    interval = Interval(
        "a", URL, 200, "1", None, "text/html", "time", "d", stamp(0), stamp(0), day(0), day(0), still=False
    )
    assert [standing_of(interval, {"d": held}.get) for held in (True, False)] == [THERE, UNKNOWN]


def test_two_snapshots_of_one_day():
    """A passage that went within one day has that day twice, and no days between."""
    interval = Interval(
        "a", URL, 200, "1", None, "text/html", None, "d", stamp(0), stamp(0), day(0), day(0), still=False
    )
    noon = day(0).replace("-", "") + "120000"
    later = Interval("a", URL, 200, "2", None, "text/html", None, "e", noon, noon, day(0), day(0), still=True)
    snapshots = [snapshot(0), snapshot(0).__class__("a", noon, day(0), snapshot(0).outcome)]
    spans = spans_of([interval, later], snapshots, lambda one: THERE if one is interval else NOT)
    assert spans == (
        Span(THERE, day(0), day(0), stamp(0), stamp(0)),
        Span(NOT, day(0), day(0), noon, noon),
    )
    assert Dated("a", URL, spans).went is None


ANSWERS = st.sampled_from([OLD, OLD, NEW, BAD, GONE, MOVED, PICTURE, None, {}])


def slow(days):
    """Return the standing of every day since the page was first captured, looked at one by one."""
    told = {OLD: THERE, NEW: NOT, GONE: NOT, MOVED: NOT}
    known = [None if one is None else UNKNOWN if one == {} else told.get(one, UNKNOWN) for one in days]
    first = next((number for number, one in enumerate(days) if one), len(days))
    last = max((number for number, one in enumerate(days) if one is not None), default=-1)
    found = {}
    for number in range(first, last + 1):
        if known[number] is not None:
            found[number] = known[number]
            continue
        before = next(known[n] for n in range(number, -1, -1) if known[n] is not None)
        after = next(known[n] for n in range(number, last + 1) if known[n] is not None)
        found[number] = before if before is after else UNKNOWN
    return {day(number): standing for number, standing in found.items()}


@settings(max_examples=60, deadline=None)
@given(days=st.lists(ANSWERS, min_size=1, max_size=9))
def test_spans_equal_days_looked_at_one_by_one(tmp_path_factory, days):
    """Spans cover every day from the first capture on, each once, as looking at each day by itself has it."""
    found = dated(tmp_path_factory.mktemp("days") / "h.sqlite", days, "40 euro")
    each = {}
    for span in found.spans:
        at = date.fromisoformat(span.first_day)
        while at <= date.fromisoformat(span.last_day):
            assert at.isoformat() not in each
            each[at.isoformat()] = span.standing
            at += timedelta(days=1)
    assert each == slow(days)


def test_texts_are_read_once_and_no_further_than_asked(tmp_path, monkeypatch):
    """Each text of a page is read once, the newest first; what was not read is not known, and that is told."""
    days = [
        {"/": page(text)} for text in ("Leges 40 euro", "Leges 45 euro", "Leges 40 euro", "Leges 50 euro")
    ]
    read = []
    monkeypatch.setattr(dating, "text_of", lambda *given: read.append(given[1].id) or text_of(*given))
    with build_days(tmp_path, days) as archive:
        history = archive.shelves.history
        lifeline = history.lifeline(f"{HOST}/")
        [whole] = dating.date_passage(archive.collection, history, lifeline, "40 EURO")
        assert (len(read), len(set(read)), whole.complete) == (3, 3, True)
        assert [one.standing for one in whole.spans] == [THERE, NOT, THERE, NOT]
        [part] = dating.date_passage(archive.collection, history, lifeline, "40 EURO", most=dating.LEAST + 1)
        assert (read[3:], part.complete) == ([lifeline[3].document_id, lifeline[2].document_id], False)
        assert [one.standing for one in part.spans] == [THERE, UNKNOWN, THERE, NOT]
        for warc in archive.collection.snapshots(SITE)[1].warcs:
            warc.chmod(0o644)
            warc.write_bytes(b"")
        [damaged] = dating.date_passage(archive.collection, history, lifeline, "45 euro")
        assert [one.standing for one in damaged.spans] == [NOT, UNKNOWN, NOT]


@pytest.mark.parametrize("passage", ["", " \n", "x" * (dating.MAX_PASSAGE + 1)])
def test_what_is_no_passage(passage):
    """A passage without a word, or of more than is looked for, is refused before anything is read."""
    with pytest.raises(ValueError, match="one to 1000 characters"):
        dating.date_passage(None, None, [], passage)


def test_marks_without_end():
    """A letter with thousands of marks, in a page or in what is looked for, is less work than its length."""
    text = "Leges " + "a" + "\u0301\u0316" * 5_000 + " EURO"
    with counted() as steps:
        assert fold(text).endswith(" euro")
    assert 0 < sum(steps) < len(text)


@pytest.mark.parametrize(
    ("days", "throughout"),
    [
        ([OLD], THERE),
        ([NEW, OLD, None, OLD, NEW], THERE),
        ([OLD, NEW, OLD], NOT),
        ([OLD, BAD, OLD, NEW], UNKNOWN),
        ([OLD, BAD, NEW, OLD, BAD], NOT),
        ([NEW, NEW], THERE),
    ],
)
def test_throughout(tmp_path, days, throughout):
    """That it was there from one day to another is said only where it was there on the days between."""
    assert dated(tmp_path / "h.sqlite", days, "40 euro").throughout is throughout


def test_looking_for_a_text_counts_however_short_it_is(tmp_path):
    """Of a page that said another word every day, no more texts are looked for than may be."""
    with build_days(tmp_path, [{"/": page(f"Dag {number}")} for number in range(5)]) as archive:
        history = archive.shelves.history
        lifeline = history.lifeline(f"{HOST}/")
        [part] = dating.date_passage(archive.collection, history, lifeline, "dag", most=2 * dating.LEAST)
    assert not part.complete
    assert [one.standing for one in part.spans] == [UNKNOWN, THERE]
    assert (part.first_day, part.last_day) == (lifeline[3].first_day, lifeline[4].first_day)
