# SPDX-License-Identifier: EUPL-1.2
"""When a host or an address is asked again, and when it is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.retry import (
    MAX_RETRY_AFTER,
    TREATMENTS,
    Answer,
    Backoff,
    Kind,
    deserves_another,
    kind_of,
    retry_after,
)

NOW = datetime(1994, 11, 6, 8, 48, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("+5", 5.0),
        ("1.5", 1.5),
        ("30s", 30.0),
        ("30, 30", 30.0),
        ("-1", 0.0),
        ("99999999999999999999999999", MAX_RETRY_AFTER),
        ("9" * 5000, None),
        ("٣", None),
        ("soon", None),
        ("NaN", None),
        ("inf", None),
        ("1e9", None),
        ("0x10", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 60.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 60.0),
        ("Sun Nov  6 08:49:37 1994", 60.0),
        ("Sun, 06 Nov 1994 10:49:37 +0200", 60.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 +9999", None),
        ("Thu, 01 Jan 1970 00:00:00", 0.0),
    ],
)
def test_retry_after(value: str | None, seconds: float | None):
    """Seconds and all three formats of a date are read; what is negative or absurd is bounded."""
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=70))
def test_retry_after_never_raises(value: str):
    """Whatever a server puts there, the wait is none or within a day."""
    seconds = retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER


@given(st.integers(min_value=1, max_value=int(MAX_RETRY_AFTER)))
def test_a_date_is_as_many_seconds(seconds: int):
    """A date some seconds away and the number of those seconds ask for the same."""
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after(date, NOW) == retry_after(str(seconds), NOW) == seconds


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(200), Kind.FINAL),
        (Answer(304), Kind.FINAL),
        (Answer(403), Kind.FINAL),
        (Answer(404, retry_after=10), Kind.FINAL),
        (Answer(408), Kind.FAILING),
        (Answer(429), Kind.REFUSED),
        (Answer(500), Kind.FAILING),
        (Answer(500, retry_after=10), Kind.FAILING),
        (Answer(501), Kind.FINAL),
        (Answer(502), Kind.FAILING),
        (Answer(503), Kind.FAILING),
        (Answer(503, retry_after=0), Kind.UNAVAILABLE),
        (Answer(504), Kind.FAILING),
        (Answer(522), Kind.FAILING),
        (Answer(), Kind.SILENT),
        (Answer(outcome="timeout"), Kind.SILENT),
        (Answer(outcome="out-of-scope"), Kind.FINAL),
        (Answer(200, truncated="length"), Kind.FINAL),
        (Answer(200, truncated="disconnect"), Kind.FAILING),
        (Answer(200, truncated="time"), Kind.FAILING),
        (Answer(429, truncated="length"), Kind.REFUSED),
    ],
)
def test_kinds_of_answers(answer: Answer, kind: Kind):
    """Every answer is of one kind, and all but the final ones deserve another try the same day."""
    assert kind_of(answer) is kind
    assert deserves_another(answer) is (kind is not Kind.FINAL)


def in_turn(backoff: Backoff, answers: list[Answer]) -> list[float]:
    """Return the rest after each answer, where each is asked for once the rest before it is over."""
    now, rests = 0.0, []
    for answer in answers:
        backoff.take(answer, now, now + 1)
        rests.append(backoff.rest(now + 1))
        now += 1 + rests[-1]
    return rests


@pytest.mark.parametrize(
    ("answers", "rests"),
    [
        ([Answer(200)], [0]),
        ([Answer(404)], [0]),
        ([Answer(429)], [5]),
        ([Answer(429)] * 4, [5, 10, 20, 40]),
        ([Answer(429, retry_after=60)], [60]),
        ([Answer(429, retry_after=0)], [0]),
        ([Answer(429, retry_after=86_400)], [300]),
        ([Answer(429, retry_after=200)] * 3, [200, 100, 0]),
        ([Answer(503, retry_after=7)] * 2, [7, 7]),
        ([Answer(503, retry_after=3600)] * 3, [300, 0, 0]),
        ([Answer(503)] * 4, [0, 0, 0, 0]),
        ([Answer()] * 3, [0, 0, 0]),
        ([Answer(429), Answer(200), Answer(429)], [5, 0, 5]),
        ([Answer(429), Answer(500), Answer(429)], [5, 0, 10]),
        ([Answer(429)] * 8, [5, 10, 20, 40, 80, 145, 0, 0]),
    ],
)
def test_rests(answers: list[Answer], rests: list[float]):
    """A host rests as long as it asks for, or longer each time in a row, and so long in all and no longer."""
    assert in_turn(Backoff(), answers) == rests


@pytest.mark.parametrize(
    ("answers", "given_up"),
    [
        ([Answer(429)] * 4, False),
        ([Answer(429)] * 5, True),
        ([Answer(429)] * 4 + [Answer(200)] + [Answer(429)] * 4, False),
        ([Answer(503, retry_after=3600)] * 500, False),
        ([Answer()] * 49, False),
        ([Answer()] * 50, True),
        ([Answer(500)] * 500, False),
        ([Answer(429), Answer(500)] * 4, False),
    ],
)
def test_giving_up(answers: list[Answer], given_up: bool):
    """A host that refuses or fails many times in a row is given up for the day, and the sentence says why."""
    backoff = Backoff()
    in_turn(backoff, answers)
    assert bool(backoff.given_up) is given_up


def test_the_reason_names_the_last_answer():
    """The sentence for the ledger has what the server said last."""
    backoff = Backoff()
    in_turn(backoff, [Answer(429, retry_after=7200)] * 5)
    assert backoff.given_up == (
        "the host refused 5 times in a row, last with status 429, which asked for 7200 seconds; given up for today"
    )


def test_a_burst_counts_once():
    """Refusals of requests that were on their way together are one refusal, and the longest wait counts."""
    backoff = Backoff()
    for number in range(64):
        backoff.take(Answer(429, retry_after=float(number)), asked=0.0, now=1.0)
    assert backoff.given_up == ""
    assert backoff.rest(1.0) == 63


def test_rest_passes():
    """Once the rest is over, the host may be asked."""
    backoff = Backoff()
    backoff.take(Answer(429, retry_after=10), asked=0, now=1)
    assert [backoff.rest(now) for now in (1, 6, 11, 100)] == [10, 5, 0, 0]


def test_every_kind_has_a_treatment():
    """The table is whole."""
    assert set(TREATMENTS) == set(Kind)
