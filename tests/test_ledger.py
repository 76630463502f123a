# SPDX-License-Identifier: EUPL-1.2
"""The ledger: written and read back, counted, judged, and what it hands on to the next day."""

from __future__ import annotations

import json
import re

import msgspec
import pytest

from archiver.ledger import GOOD, LACKING, Entry, UrlOutcome, count, judge, read, write_lines
from index.errors import DamagedError
from index.model import Outcome

O = UrlOutcome  # noqa: E741  a column of the tables below


def entry(outcome=O.CAPTURED, status=200, url="http://a.example/é"):
    return Entry(url, outcome, status, "a reason", "seed", 12, "20260302023001", 3)


def test_lines_are_read_back(tmp_path):
    """What is written is read back the same."""
    entries = [entry(outcome, None) for outcome in UrlOutcome]
    (tmp_path / "l").write_bytes(b"".join(write_lines(entries)))
    assert list(read(tmp_path / "l")) == entries


def test_format_of_a_line():
    """A line is one JSON object with the keys in the documented order."""
    [line] = write_lines([entry()])
    assert line.endswith(b"}\n")
    assert list(json.loads(line).items()) == [
        ("url", "http://a.example/é"),
        ("outcome", "captured"),
        ("status", 200),
        ("reason", "a reason"),
        ("via", "seed"),
        ("bytes", 12),
        ("timestamp", "20260302023001"),
        ("depth", 3),
        ("kind", "outlink"),
        ("borrowed", False),
        ("flag", ""),
    ]


BROKEN = [b"{", b"{}", b'{"url": 1}', b"\xff\xff", b"[]", b"\n", b'{"x":' + b"[" * 100_000]


@pytest.mark.parametrize("line", BROKEN)
def test_broken_line_is_named(tmp_path, line):
    """A line that is no entry is named by file and number."""
    (tmp_path / "l").write_bytes(b"".join(write_lines([entry()])) + line)
    with pytest.raises(DamagedError, match=re.escape(f"{tmp_path / 'l'} line 2 is not a ledger entry")):
        list(read(tmp_path / "l"))


def test_missing_ledger_is_a_sentence(tmp_path):
    """A ledger that is not there is a sentence."""
    with pytest.raises(DamagedError, match="cannot be read: No such file"):
        list(read(tmp_path / "none"))


def test_counts_add_up():
    """Every URL is counted once, under its outcome; outcomes that did not occur are left out."""
    counts = count([entry(), entry(), entry(O.ROBOTS, None)])
    assert counts == {"captured": 2, "robots": 1}
    assert list(count(entry(outcome) for outcome in reversed(UrlOutcome))) == [
        one.value for one in UrlOutcome
    ]


JUDGED = [
    ({}, 0, Outcome.FAILED),
    ({"http-error": 3}, 0, Outcome.FAILED),
    ({"network-error": 1}, 0, Outcome.FAILED),
    ({"captured": 1}, 0, Outcome.COMPLETE),
    ({"unchanged": 1}, 0, Outcome.COMPLETE),
    ({"redirect": 1}, 0, Outcome.FAILED),
    ({"redirect": 1, "captured": 1}, 0, Outcome.COMPLETE),
    ({"captured": 1, "http-error": 9, "robots": 1, "out-of-scope": 1}, 0, Outcome.COMPLETE),
    ({"captured": 1, "http-error": 9}, 1, Outcome.PARTIAL),
    *(({"captured": 9, outcome.value: 1}, 0, Outcome.PARTIAL) for outcome in sorted(LACKING)),
]


@pytest.mark.parametrize(("counts", "server_errors", "outcome"), JUDGED)
def test_judgement_of_a_day(counts, server_errors, outcome):
    """A day is complete, partial or failed by what it lacks."""
    assert judge(counts, server_errors) is outcome


@pytest.mark.parametrize(
    ("outcome", "missed"), [(O.CAPTURED, False), (O.REDIRECT, False), (O.HTTP_ERROR, True)]
)
def test_hints_that_missed(outcome, missed):
    """A guess that was wrong is told from a link that is dead."""
    assert msgspec.structs.replace(entry(outcome, 500), kind="hint").missed_hint is missed
    assert not entry(outcome, 500).missed_hint


def test_outcomes_are_those_of_the_contract():
    """The words of the ledger are what outsiders rely on."""
    words = "captured unchanged redirect http-error network-error timeout truncated robots out-of-scope over-limit not-reached"
    assert [outcome.value for outcome in UrlOutcome] == words.split()
    assert not GOOD & LACKING


def test_outcomes_that_are_passed_over(tmp_path):
    """Lines of outcomes that are not asked for are passed over, but none that only speaks of such an outcome."""
    entries = [entry(outcome, None) for outcome in UrlOutcome]
    entries.append(msgspec.structs.replace(entry(O.TIMEOUT), reason='"outcome":"captured"'))
    (tmp_path / "l").write_bytes(b"".join(write_lines(entries)))
    left = [one for one in entries if one.outcome not in {O.CAPTURED, O.UNCHANGED}]
    assert list(read(tmp_path / "l", but=(O.CAPTURED, O.UNCHANGED))) == left
