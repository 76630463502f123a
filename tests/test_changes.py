# SPDX-License-Identifier: EUPL-1.2
"""What a day changed."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from msgspec.structs import replace

from index.changes import Kind, encode_changes, merge, reported, tally
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
    (answer(503), answer(), "changed"),
    (CUT, answer(), "changed"),
    (answer(503), answer(404), "removed"),
    (answer(503), answer(503), "unavailable"),
    (answer(503), None, "unavailable"),
]


@pytest.mark.parametrize(("before", "after", "kind"), KINDS)
def test_kind(before, after, kind):
    """What a URL answered on two days makes its kind."""
    [change] = merge([before] if before else [], [after] if after else [])
    assert (change.kind, change.url, change.before, change.after) == (kind, URL, before, after)


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
