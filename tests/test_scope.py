# SPDX-License-Identifier: EUPL-1.2
"""Which URLs belong to a site: one line per case."""

from __future__ import annotations

import socket

import pytest

from archiver.scope import excluded, same_domain, scope_of
from archiver.settings import Site

SEED = "https://www.example.nl/docs/index.html?a=/b"
CASES = [
    ("page", SEED, True),
    ("page", "https://www.example.nl/docs/", False),
    ("prefix", SEED, True),
    ("prefix", "https://www.example.nl/docs/", True),
    ("prefix", "https://www.example.nl/docs/deep/er?x=1", True),
    ("prefix", "http://www.example.nl/docs/", True),
    ("prefix", "http://www.example.nl:443/docs/", True),
    ("prefix", "https://www.example.nl:8443/docs/", False),
    ("prefix", "https://www.example.nl/Docs/", False),
    ("prefix", "https://example.nl/docs/", False),
    ("prefix", "https://www.example.nl/", False),
    ("prefix", "https://www.example.nl/docs", False),
    ("prefix", "https://www.example.nl.evil.example/docs/", False),
    ("host", "https://www.example.nl/", True),
    ("host", "http://www.example.nl/x", True),
    ("host", "https://www.example.nl:80/", True),
    ("host", "https://www.example.nl:8443/", False),
    ("host", "https://www.example.nl.evil.example/", False),
    ("host", "https://example.nl/", False),
    ("host", "https://a.www.example.nl/", False),
    ("host", "https://other.nl/?https://www.example.nl/", False),
    ("domain", "https://example.nl/", True),
    ("domain", "http://a.b.example.nl:8080/", True),
    ("domain", "https://notexample.nl/", False),
    ("domain", "https://example.nl.evil.com/", False),
]


def site(seed=SEED, **keys):
    return Site(name="a", seeds=(seed,), **keys)


@pytest.mark.parametrize(("scope", "url", "inside"), CASES)
def test_scope(scope, url, inside):
    """Each scope takes in what the configuration says, and no more."""
    assert scope_of(site(scope=scope))(url) is inside


DOMAINS = [
    ("https://www.gov.uk/", "https://www.hackney.gov.uk/", False),
    ("https://www.hackney.gov.uk/", "https://maps.hackney.gov.uk/", True),
    ("https://me.github.io/", "https://you.github.io/", False),
    ("https://me.github.io/", "https://www.me.github.io/", True),
    ("http://127.0.0.1/", "http://127.0.0.1:8080/", True),
    ("http://127.0.0.1/", "http://10.127.0.0.1.example/", False),
    ("http://[::1]/", "http://[::1]:99/", True),
    ("http://intranet/", "http://www.intranet/", True),
    ("https://xn--bcher-kva.example/", "https://www.xn--bcher-kva.example/", True),
]


@pytest.mark.parametrize(("seed", "url", "inside"), DOMAINS)
def test_registrable_domain(seed, url, inside):
    """A domain ends where somebody else's may begin: below a public suffix, private ones included."""
    assert scope_of(site(seed, scope="domain"))(url) is inside


PORTS = [
    ("host", "http://a.example:8080/", "http://a.example:8080/x", True),
    ("host", "http://a.example:8080/", "https://a.example:8080/x", True),
    ("host", "http://a.example:8080/", "http://a.example/x", False),
    ("host", "http://a.example:8080/", "http://a.example:80801/x", False),
    ("host", "http://[::1]:8080/", "http://[::1]:8080/x", True),
    ("host", "http://[::1]/", "https://[::1]/x", True),
    ("host", "http://[::1]/", "https://[::11]/x", False),
    ("prefix", "http://a.example:8080/d/", "https://a.example:8080/d/x", True),
    ("prefix", "http://a.example/d/?x=/y/", "https://a.example/d/x", True),
    ("prefix", "http://a.example", "https://a.example/x", True),
]


@pytest.mark.parametrize(("scope", "seed", "url", "inside"), PORTS)
def test_a_port_of_its_own_is_a_place_of_its_own(scope, seed, url, inside):
    """Either scheme leads to one place, on their own ports and on another that both seeds and links name."""
    assert scope_of(site(seed, scope=scope))(url) is inside


def test_domain_needs_no_network(monkeypatch):
    """The list of public suffixes is the one that was installed; nobody is asked for another."""

    def refused(*_arguments):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    assert scope_of(site(scope="domain"))("https://example.nl/")


PATTERNS = [
    ({"include": [r"^https://cdn\.example/"]}, "https://cdn.example/x", True),
    ({"include": [r"^https://cdn\.example/"]}, "https://cdn.example.evil/x", False),
    ({"exclude": [r"/print/"]}, "https://www.example.nl/print/1", False),
    ({"exclude": [r"/print/"]}, "https://www.example.nl/page", True),
    ({"include": ["cdn"], "exclude": ["cdn"]}, "https://cdn.example/", False),
    ({"exclude": [".*"]}, SEED, True),
]


@pytest.mark.parametrize(("keys", "url", "inside"), PATTERNS)
def test_include_and_exclude(keys, url, inside):
    """`exclude` wins over `include`, `include` over the scope, and a seed is always in."""
    assert scope_of(site(**{name: tuple(value) for name, value in keys.items()}))(url) is inside


@pytest.mark.parametrize(
    ("url", "left_out"),
    [
        ("https://www.example.nl/print/1", True),
        ("https://cdn.example/print/1", True),
        ("https://www.example.nl/", False),
        (SEED, False),
    ],
)
def test_excluded_by_name(url, left_out):
    """What `exclude` names is left out as a part of a page too, wherever it is."""
    assert excluded(site(exclude=("/print/", "^ftp:")), url) is left_out
    assert excluded(site(), url) is False


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.example.nl/", "http://example.nl:8080/x", True),
        ("https://www.example.nl/", "https://example.be/", False),
        ("https://www.gov.uk/", "https://www.hackney.gov.uk/", False),
        ("http://127.0.0.1/", "http://127.0.0.2/", False),
    ],
)
def test_same_domain(one, other, same):
    """Two hosts are of one domain where one owner has registered it."""
    assert same_domain(one, other) is same


def test_several_seeds():
    """What belongs to any seed belongs to the site, however the seed was spelled."""
    both = Site(name="a", seeds=("HTTPS://A.example:443", "http://b.example/x"), scope="host")
    assert [scope_of(both)(f"https://{host}.example/y") for host in "abc"] == [True, True, False]
