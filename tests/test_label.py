# SPDX-License-Identifier: EUPL-1.2
"""Tests the DNS label of a snapshot and an archived origin."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.urlkey import Origin
from viewer.addresses.label import MAX_LABEL, Label, make, parse, resolve

T = "20261123023000"
LDH = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")

ports = st.sampled_from([80, 443, 8080]) | st.integers(1, 65535)
hosts = st.from_regex(r"[a-z0-9._-]{1,70}", fullmatch=True) | st.from_regex(r"[ab.-]{1,6}", fullmatch=True)
origins = st.builds(Origin, st.sampled_from(["http", "https"]), hosts | st.just("[2001:db8::1]"), ports)

WRITTEN = [
    ("https", "www.ind.nl", 443, "-www-ind-nl"),
    ("http", "www.ind.nl", 80, "h-www-ind-nl"),
    ("http", "127.0.0.1", 8080, "hp8080-127-0-0-1"),
    ("https", "www.ind.nl", 80, "p80-www-ind-nl"),
    ("https", "a-b.example", 443, "-a--b-example"),
    ("https", "xn--bcher-kva.example", 443, "-xn----bcher--kva-example"),
    ("https", "a_b.example", 443, "--s2nuuwdtyy7nj7c44uv5avqcji"),
    ("https", "localhost", 443, "-localhost"),
]

REFUSED = [
    "", "www", T, f"{T}-", f"{T}--", f"{T}-a---b", f"{T}-a-", f"{T}--a", f"{T}p443-a", f"{T}hp80-a", f"{T}p0-a",
    f"{T}p08-a", f"{T}p65536-a", f"{T}H-a", f"{T}-A", f"{T}-a.b", f"{T}-a_b", "20261323023000-a", "2026112302300-a",
    f"{T}--{'A' * 26}", f"{T}--{'a' * 25}", f"{T}--{'1' * 26}", f"{T}-{'a' * 49}", f"x{T}-a",
]  # fmt: skip


@pytest.mark.parametrize(("scheme", "host", "port", "label"), WRITTEN)
def test_written(scheme: str, host: str, port: int, label: str) -> None:
    """Each form of the docstring is written as it says."""
    assert make(T, Origin(scheme, host, port)) == T + label


@pytest.mark.parametrize("label", REFUSED)
def test_refused(label: str) -> None:
    """Anything that is not written by `make` is refused."""
    with pytest.raises(ValueError, match=r"label|timestamp|does not match|unconverted|must be in"):
        parse(label)


@given(origins)
def test_round_trip(origin: Origin) -> None:
    """A label leads back to its origin: by itself, or among the snapshot's origins."""
    label = parse(make(T, origin))
    assert label.timestamp == T
    assert (label.origin is None) != (label.hashed is None)
    assert resolve(label, [Origin("https", "other.example", 443), origin]) == origin


@given(origins)
def test_valid_label(origin: Origin) -> None:
    """Every label fits in DNS: letters, digits and hyphens, none at an edge, 63 octets at most."""
    label = make(T, origin)
    assert len(label) <= MAX_LABEL
    assert LDH.fullmatch(label)


@given(origins, origins)
def test_no_collision(one: Origin, other: Origin) -> None:
    """Two origins have two labels."""
    assert (make(T, one) == make(T, other)) == (one == other)


@pytest.mark.parametrize(("one", "other"), [("a-.b", "a.-b"), ("a..b", "a-b"), ("-a", ".a"), ("a.", "a-")])
def test_hosts_that_read_alike(one: str, other: str) -> None:
    """Hosts whose dots and hyphens would run together are known by their hash."""
    assert make(T, Origin("https", one, 443)) != make(T, Origin("https", other, 443))


def test_unknown_hash() -> None:
    """A hash that no origin of the snapshot has leads nowhere."""
    label = parse(make(T, Origin("https", "a_b", 443)))
    assert label == Label(T, None, label.hashed)
    assert resolve(label, [Origin("http", "a_b", 80)]) is None
