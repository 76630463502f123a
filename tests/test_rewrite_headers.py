# SPDX-License-Identifier: EUPL-1.2
"""Tests what of an archived header reaches the visitor."""

from __future__ import annotations

import pytest

from tests.support.bounded import ends
from viewer.addresses.address import ReplayAddresses
from viewer.rewriting.headers import RULES, Rule, rewrite_headers, security_headers

T = "20261123023000"
MAPPER = ReplayAddresses("http://{label}.localhost:8080").mapper(T, "https://www.ind.nl/")
IND = f"http://{T}-www-ind-nl.localhost:8080"

MAPPED = [
    ("Location", "https://www.ind.nl/a?b#c", f"{IND}/a?b#c"),
    ("location", "//www.ind.nl/a", f"{IND}/a"),
    ("Location", "/a", "/a"),
    ("Location", "a?u=https://www.ind.nl/", "a?u=https://www.ind.nl/"),
    ("Location", "javascript:alert(1)", "javascript:alert(1)"),
    ("Refresh", "5; url=https://www.ind.nl/a", f"5; url={IND}/a"),
    ("Refresh", "0;URL='https://www.ind.nl/a'", f"0;URL='{IND}/a'"),
    ("Refresh", "0,https://www.ind.nl/a", f"0,{IND}/a"),
    ("Refresh", "5", "5"),
    ("Refresh", "5; url=/a", "5; url=/a"),
    ("Access-Control-Allow-Origin", "*", "*"),
    ("Access-Control-Allow-Origin", "null", "null"),
    ("Access-Control-Allow-Origin", "https://www.ind.nl", IND),
    ("Timing-Allow-Origin", "https://www.ind.nl, *", f"{IND}, *"),
]

LESSON = [
    "content-security-policy",
    "x-frame-options",
    "strict-transport-security",
    "set-cookie",
    "cross-origin-opener-policy",
    "cross-origin-embedder-policy",
    "cross-origin-resource-policy",
    "clear-site-data",
    "service-worker-allowed",
    "link",
    "report-to",
    "nel",
    "alt-svc",
    "permissions-policy",
    "speculation-rules",
    "www-authenticate",
    "origin-agent-cluster",
    "connection",
    "transfer-encoding",
    "x-accel-redirect",
    "x-sendfile",
]


@pytest.mark.parametrize(("name", "rule"), RULES.items())
def test_table(name: str, rule: Rule) -> None:
    """Every row of the table holds, whatever the case of the name."""
    found = rewrite_headers([(name.title(), "x")], MAPPER)
    assert found == ([] if rule is Rule.DROP else [(name.title(), "x")])
    assert name == name.lower()


@pytest.mark.parametrize("name", [*LESSON, "x-unknown", "sec-future-policy", ""])
def test_dropped(name: str) -> None:
    """Policies and state of the live origin are dropped, and so is any header that nobody judged."""
    assert rewrite_headers([(name, "https://www.ind.nl/")], MAPPER) == []


@pytest.mark.parametrize(("name", "value", "expected"), MAPPED)
def test_mapped(name: str, value: str, expected: str) -> None:
    """Absolute addresses in headers lead to replay; relative ones already do."""
    assert rewrite_headers([(name, value)], MAPPER) == [(name, expected)]


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x", "a\0", "\u20ac", "\x7f"])
def test_unsendable(value: str) -> None:
    """A value that could split or break the answer is dropped."""
    assert rewrite_headers([("Content-Type", value), ("Allow", "GET")], MAPPER) == [("Allow", "GET")]


def test_order_and_repeats() -> None:
    """Kept headers stay in their order, repeated ones too."""
    headers = [("Allow", "GET"), ("Content-Language", "nl"), ("Allow", "HEAD")]
    assert rewrite_headers(headers, MAPPER) == headers


def test_hostile_refresh() -> None:
    """A refresh value of a million spaces stays, and is read to its end, which by its square would be minutes."""
    headers = [("Refresh", "0;" + " " * 1_000_000 + "url")]
    assert ends(lambda: rewrite_headers(headers, MAPPER))
    assert rewrite_headers(headers, MAPPER) == headers


def _policy(own: list[str]) -> dict[str, list[str]]:
    policy = dict(security_headers(own, "http://localhost:8080"))["Content-Security-Policy"]
    return {words[0]: words[1:] for words in (part.split() for part in policy.split("; "))}


def test_policy() -> None:
    """The policy names the page's own origin, the snapshot's origins, and the viewer only as who may frame."""
    policy = _policy([IND, IND])
    assert policy["default-src"] == ["'self'", "data:", "blob:", "'unsafe-inline'", "'unsafe-eval'", IND]
    assert policy["frame-src"] == ["'self'", "blob:", IND]
    assert policy["frame-ancestors"] == ["'self'", "http://localhost:8080", IND]
    for name in ("object-src", "base-uri", "form-action"):
        assert policy[name] == ["'self'", IND]
    assert [name for name, words in policy.items() if "http://localhost:8080" in words] == ["frame-ancestors"]
    assert "allow-top-navigation" not in policy["sandbox"]
    assert "allow-popups" not in policy["sandbox"]


def test_policy_of_nothing() -> None:
    """A snapshot without origins still has a whole policy."""
    assert _policy([])["object-src"] == ["'self'"]


def test_added_headers() -> None:
    """What replay adds is never also passed through from the archive."""
    names = [name.lower() for name, _ in security_headers([], "http://localhost")]
    assert len(set(names)) == len(names)
    assert all(RULES[name] is Rule.DROP for name in names)
