# SPDX-License-Identifier: EUPL-1.2
"""Session ids and tracking parameters go; nothing else of an address does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import ConfigurationError
from index.parameters import SESSION, TRACKING, Tidy
from index.urlkey import MAX_URL, normalise
from tests.support.tables import cases

BUILT_IN = Tidy.of()
PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "utm_source=a",
                "gclid=",
                "jsessionid=1A",
                ";jsessionid=1A",
                "(S(lit3py55t21z5v55vlm25s55))",
                "..",
                "%2e%2e",
                ".",
                "/",
                "?",
                "&",
                ";",
                "=",
            ]
        ),
        st.text("ab1%;&=?/().", max_size=5),
    ),
    max_size=12,
)


@pytest.mark.parametrize(("found", "asked"), cases("urls.md", "found", "asked as"))
def test_built_in_rules(found: str, asked: str):
    """The cases of the documentation come out as it says."""
    assert BUILT_IN(found) == asked
    assert BUILT_IN(asked) == asked


@pytest.mark.parametrize(
    ("tracking", "session", "expected"),
    [
        ((), (), "/p;jsessionid=1?utm_source=a&own=b&jsessionid=2&sort=c"),
        (("default",), (), "/p;jsessionid=1?own=b&jsessionid=2&sort=c"),
        ((), ("default",), "/p?utm_source=a&own=b&sort=c"),
        (("own",), (), "/p;jsessionid=1?utm_source=a&jsessionid=2&sort=c"),
        (("default", "OWN"), ("default",), "/p?sort=c"),
        (("default", "o*"), ("default", "s*=C"), "/p"),
        ((), (";js*",), "/p?utm_source=a&own=b&jsessionid=2&sort=c"),
        ((), ("sort=[a-b]", "own=B"), "/p;jsessionid=1?utm_source=a&jsessionid=2&sort=c"),
    ],
    ids=range(8),
)
def test_rules_of_a_site(tracking: tuple[str, ...], session: tuple[str, ...], expected: str):
    """Patterns of a site come beside or instead of the built-in ones, and an empty list has none."""
    url = "https://a.example/p;jsessionid=1?utm_source=a&own=b&jsessionid=2&sort=c"
    assert Tidy.of(tracking, session)(url) == f"https://a.example{expected}"


@pytest.mark.parametrize(
    "pattern", ["", "*", ";", ";*", "=x", "a*b", "a&b", "a/b", "a b", "a=(", "a=*", "a=[[x"]
)
def test_senseless_patterns_are_refused(pattern: str):
    """A pattern that could name nothing or everything is refused, and the message has it."""
    with pytest.raises(ConfigurationError, match=re.escape(repr(pattern))):
        Tidy.of((pattern,))


def test_built_in_patterns_make_sense():
    """Each built-in pattern is accepted by itself, and none stands there twice."""
    for pattern in (*TRACKING, *SESSION):
        Tidy.of((pattern,), ())
    assert len({*TRACKING, *SESSION}) == len(TRACKING) + len(SESSION)


@given(PIECES)
def test_what_is_left_is_normal_and_in_order(pieces: list[str]):
    """Taking parameters out twice changes nothing more, leaves a normal URL, and only takes away."""
    url = normalise(f"http://a.example/{''.join(pieces)}")
    if url is not None:
        tidy = BUILT_IN(url)
        assert BUILT_IN(tidy) == tidy
        assert normalise(tidy) == tidy
        left = iter(url)
        assert all(letter in left for letter in tidy)


@given(st.text("ab1%;&=?/().", max_size=40))
def test_what_no_rule_names_stays(tail: str):
    """Without a rule that fits, every byte stays."""
    url = f"http://a.example/{tail}"
    assert Tidy.of((), ())(url) == url


@pytest.mark.parametrize("piece", [";", "&", "=", "/(S(", "(", "utm_", ";jsessionid=", "&sid=0", "%"])
def test_longest_addresses(piece: str):
    """The longest addresses, made of separators, only ever become shorter."""
    for start in ("http://a.example/", "http://a.example/?"):
        url = f"{start}{piece * MAX_URL}"[:MAX_URL]
        assert url.startswith(BUILT_IN(url)[: len("http://a.example/")])
        assert len(BUILT_IN(url)) <= MAX_URL
