# SPDX-License-Identifier: EUPL-1.2
"""What a day changed."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from index.changes import Earlier, Kind, encode_changes, merge, reported, says, tally
from index.errors import DamagedError
from index.model import REVISIT, Capture, Original
from index.urlkey import urlkey

URL = "https://example.org/a"


def answer(status=200, digest="sha256:1", url=URL, **other):
    values = {
        "mime": "text/html",
        "filename": "x",
        "offset": 0,
        "length": 1,
        "timestamp": "20260302023000",
    } | other
    return Capture(urlkey=urlkey(url), url=url, status=status, digest=digest, **values)


def revisit(status, digest="sha256:1"):
    original = Original("20260301023000", "o", 0, 1, "text/html", 200, URL, "20260301023000")
    return replace(answer(status, digest), mime=REVISIT, original=original)


CUT = answer(digest="sha256:cut", truncated="disconnect")
KINDS = [
    (None, answer(), "new"),
    (None, answer(404), "unchanged"),
    (None, answer(503), "unavailable"),
    (answer(), answer(), "unchanged"),
    (answer(), revisit(304), "unchanged"),
    (answer(), revisit(200), "unchanged"),
    (revisit(304), revisit(304), "unchanged"),
    (answer(), answer(digest="sha256:2"), "changed"),
    (answer(), answer(301, redirect="https://example.org/b"), "changed"),
    (answer(301, redirect="https://example.org/b"), answer(301, redirect="https://example.org/c"), "changed"),
    (answer(), answer(403), "changed"),
    (answer(), answer(404), "removed"),
    (answer(), answer(410), "removed"),
    (answer(), answer(500), "unavailable"),
    (answer(), answer(429), "unavailable"),
    (answer(), None, "unavailable"),
    (answer(), CUT, "unavailable"),
    (answer(), answer(digest="sha256:big", truncated="length"), "changed"),
    (answer(404), answer(), "new"),
    (answer(404), answer(404, "sha256:2"), "unchanged"),
    (answer(404), answer(502), "unavailable"),
    (answer(404), None, "unchanged"),
    (answer(503), answer(), "new"),
    (CUT, answer(), "new"),
    (answer(503), answer(404), "unchanged"),
    (answer(503), answer(503), "unavailable"),
    (answer(503), None, "unavailable"),
]


@pytest.mark.parametrize(("before", "after", "kind"), KINDS)
def test_kind(before, after, kind):
    """What a URL answered on two days makes its kind."""
    [change] = merge([before] if before else [], [after] if after else [])
    assert (change.kind, change.url, change.before, change.after) == (kind, URL, before, after)


A, B, NO = answer(), answer(digest="sha256:2"), answer(404)
BRIDGED = [
    # the last day that says; the bad day; today
    (A, answer(503), A, "unchanged"),
    (A, answer(503), revisit(304), "unchanged"),
    (A, CUT, A, "unchanged"),
    (A, None, A, "unchanged"),
    (A, None, B, "changed"),
    (A, answer(429), B, "changed"),
    (A, None, NO, "removed"),
    (A, answer(500), NO, "removed"),
    (A, None, answer(503), "unavailable"),
    (A, answer(503), None, "unavailable"),
    (NO, None, NO, "unchanged"),
    (NO, answer(503), NO, "unchanged"),
    (NO, None, A, "new"),
    (NO, answer(503), A, "new"),
    (NO, answer(503), None, "unchanged"),
    (B, A, B, "changed"),
    (B, NO, B, "new"),
    (B, NO, NO, "unchanged"),
]


@pytest.mark.parametrize(("earlier", "before", "after", "kind"), BRIDGED)
def test_day_after_a_bad_one(earlier, before, after, kind):
    """Where yesterday does not say what a URL is, today is compared with the last day that does."""
    asked = []

    def look(url):
        asked.append(url)
        return Earlier("20260228023000", earlier)

    days = [[before] if before else [], [after] if after else []]
    [change] = merge(*days, look)
    assert (change.kind, change.before, change.after) == (kind, before, after)
    assert change.compared is (earlier if asked else before)
    assert asked == ([] if before in {A, NO} else [URL])
    [line] = [*encode_changes([change])] or [b"{}"]
    told = msgspec.json.decode(line)
    assert told.get("since") == ("20260228023000" if asked and told else None)
    assert not told or told["before"] == change.compared.digest


ANSWERS = st.sampled_from([None, A, A, B, NO, answer(503), answer(429), CUT, answer(403), answer(410)])


def plainly(days):
    """Return the kind of the last day by walking all days one by one; None where there is nothing to tell."""
    said = None
    for one in days[:-1]:
        if one is not None and not one.truncated and one.status < 500 and one.status != 429:
            said = one
    today, yesterday = days[-1], days[-2]
    was_there = said is not None and said.status not in {404, 410}
    if today is None:
        gone = said is not None and not was_there
        return None if yesterday is None else "unchanged" if gone else "unavailable"
    if today.truncated or today.status >= 500 or today.status == 429:
        return "unavailable"
    if today.status in {404, 410}:
        return "removed" if was_there else "unchanged"
    if not was_there:
        return "new"
    return "unchanged" if said.content == today.content else "changed"


@given(days=st.lists(ANSWERS, min_size=2, max_size=8))
def test_kinds_equal_a_plain_walk_over_all_days(days):
    """Two days and one look-up tell what walking through all days tells."""

    def look(_url):
        found = [one for one in days[:-2] if says(one)]
        return Earlier("20260228023000", found[-1]) if found else None

    changes = list(merge(*([one] if one else [] for one in days[-2:]), look))
    assert [str(one.kind) for one in changes] == ([found] if (found := plainly(days)) else [])


def test_same_is_stricter_than_the_kind():
    """An error page that differs is no news, and is kept all the same."""
    [change] = merge([answer(404)], [answer(404, "sha256:2")])
    assert change.kind is Kind.UNCHANGED
    assert not change.same
    [change] = merge([answer()], [revisit(304)])
    assert change.same


def test_urls_of_one_key_are_apart():
    """URLs that share a key each have their own change."""
    upper = URL.replace("/a", "/A")
    changes = list(merge([answer(), answer(url=upper)], [answer(digest="sha256:2"), answer(url=upper)]))
    assert [(one.url, one.kind) for one in changes] == [(upper, "unchanged"), (URL, "changed")]


def test_last_capture_of_a_day_counts():
    """A URL that failed and was asked again counts as its last answer."""
    [change] = merge([], [answer(503), answer(timestamp="20260302024000")])
    assert change.kind is Kind.NEW


def test_artefacts_are_left_out():
    """Text records of ours are no pages of the site."""
    text = answer(None, url="urn:text:https://example.org/a")
    assert list(merge([text], [answer(), text])) == list(merge([], [answer()]))


def test_disorder_is_told():
    """An index out of order is damage, not a day of removals."""
    with pytest.raises(DamagedError, match="not in order"):
        list(merge([], [answer(url="https://example.org/b"), answer()]))


def test_tally():
    """Changes are counted on their way through."""
    counts = Counter()
    old = [answer(url=f"https://example.org/{name}") for name in "abc"]
    new = [
        answer(url="https://example.org/a"),
        answer(404, url="https://example.org/b"),
        answer(url="https://example.org/d"),
    ]
    passed = list(tally(merge(old, new), counts))
    assert [one.kind for one in passed] == ["unchanged", "removed", "unavailable", "new"]
    assert counts == {"unchanged": 1, "removed": 1, "unavailable": 1, "new": 1}
    assert reported(counts) == 2


def test_lines_of_what_changed():
    """Each URL that is not as it was has a line, with its digests before and after and its status today."""
    old = [answer(), answer(url="https://example.org/b")]
    new = [answer(), answer(404, "sha256:no", url="https://example.org/b")]
    lines = [msgspec.json.decode(line) for line in encode_changes(merge(old, new))]
    assert lines == [
        {
            "kind": "removed",
            "url": "https://example.org/b",
            "before": "sha256:1",
            "after": "sha256:no",
            "status": 404,
        }
    ]
