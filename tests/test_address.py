# SPDX-License-Identifier: EUPL-1.2
"""Tests replay addresses and the viewer's own paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import ConfigurationError
from index.urlkey import Origin
from viewer.addresses.address import ReplayAddresses, WebAddress, earliest, format_web_path, parse_web_path

T = "20261123023000"
LOCAL = ReplayAddresses("http://{label}.localhost:8080")
PUBLIC = ReplayAddresses("https://{label}.replay.example.nl")
IND = Origin("https", "www.ind.nl", 443)

MAPPED = [
    ("https://www.ind.nl/a?b=c#d", f"http://{T}-www-ind-nl.localhost:8080/a?b=c#d"),
    ("https://www.ind.nl", f"http://{T}-www-ind-nl.localhost:8080"),
    ("https://www.ind.nl?q", f"http://{T}-www-ind-nl.localhost:8080?q"),
    ("https://www.ind.nl/a b/%zz/é", f"http://{T}-www-ind-nl.localhost:8080/a b/%zz/é"),
    ("HTTP://WWW.IND.NL:80/A", f"http://{T}h-www-ind-nl.localhost:8080/A"),
    ("http://127.0.0.1:8081/", f"http://{T}hp8081-127-0-0-1.localhost:8080/"),
    ("https://user:pw@www.ind.nl:443/x#y", f"http://{T}-www-ind-nl.localhost:8080/x#y"),
    ("https://bücher.example/ü", f"http://{T}-xn----bcher--kva-example.localhost:8080/%C3%BC"),
    ("https:\\\\www.ind.nl\\a", f"http://{T}-www-ind-nl.localhost:8080/a"),
    ("https://www.ind.nl./a", f"http://{T}-www-ind-nl.localhost:8080/a"),
]

WEB = [
    (f"/web/{T}/https://www.ind.nl/a?b=c", WebAddress(T, "", "https://www.ind.nl/a?b=c")),
    ("/web/2026-11-23/https://www.ind.nl/", WebAddress("2026-11-23", "", "https://www.ind.nl/")),
    (f"/web/{T}id_/https://www.ind.nl/", WebAddress(T, "id_", "https://www.ind.nl/")),
    ("/web/2026-11-23id_/http://www.ind.nl", WebAddress("2026-11-23", "id_", "http://www.ind.nl/")),
    ("/web/*/https://www.ind.nl/", WebAddress("*", "", "https://www.ind.nl/")),
    ("/web/2026-11-23/www.ind.nl/x", WebAddress("2026-11-23", "", "https://www.ind.nl/x")),
    ("/web/2026-11-23/https:/www.ind.nl/x", WebAddress("2026-11-23", "", "https://www.ind.nl/x")),
    (
        "/web/2026-11-23/https%3A%2F%2Fwww.ind.nl%2Fa%20b",
        WebAddress("2026-11-23", "", "https://www.ind.nl/a%20b"),
    ),
    ("/web/2026/https://www.ind.nl/", WebAddress("2026", "", "https://www.ind.nl/")),
    ("/web/202602id_/https://www.ind.nl/", WebAddress("202602", "id_", "https://www.ind.nl/")),
    ("/web/202611230230/www.ind.nl", WebAddress("202611230230", "", "https://www.ind.nl/")),
    ("/web/2026-11-23/https://www.ind.nl/a%2Fb", WebAddress("2026-11-23", "", "https://www.ind.nl/a%2Fb")),
]

NOT_WEB = [
    "/", "/web/", "/web/202/https://a/", "/web/20261/https://a/", "/web/202613/https://a/", "/web/20260230/https://a/",
    "/web/0999/https://a/", "/web/9999/https://a/", "/web/2026022324/https://a/", "/web/20261323023000/https://a/", "/web/2026-13-01/https://a/",
    f"/web/{T}ID_/https://a/", f"/web/{T}/", f"/web/{T}/https://", f"/web/{T}/https://a b/", "/web/**/https://a/",
]  # fmt: skip


@pytest.mark.parametrize(("url", "expected"), MAPPED)
def test_url(url: str, expected: str) -> None:
    """An archived URL keeps its path, query and fragment on its replay origin."""
    assert LOCAL.url(T, url) == expected


@pytest.mark.parametrize(
    "url", ["", "/a", "//a/b", "mailto:x@y", "https://", "https://a b/", "data:,x", "http://\ud800/"]
)
def test_not_a_url(url: str) -> None:
    """What is not an absolute http or https URL is refused."""
    with pytest.raises(ValueError, match=r"not an absolute|surrogates"):
        LOCAL.url(T, url)


@pytest.mark.parametrize(("written", "meant"), [
    ("https:x", "https://www.example.org/a/x"), ("https:/x", "https://www.example.org/x"), ("HTTPS:\\x", "https://www.example.org/x"),
    ("http:x/y", "http://x/y"), ("http:/x/y", "http://x/y"), (" http:\\x/y", "http://x/y"), ("https:?q", "https://www.example.org/a/b?q"),
    ("http:", "http:"), ("http:..", "http:.."),
])  # fmt: skip
def test_slashes_that_are_missing(written, meant):
    """One scheme is relative to the page that has it, the other is absolute (URL section 4.4)."""
    mapper = LOCAL.mapper(T, "https://www.example.org/a/b")
    assert mapper(written) == (mapper(meant) if "//" in meant else written)
    assert mapper(meant) != meant or "//" not in meant


def test_controls_around_an_address_are_none_of_it() -> None:
    """As URL parsers have it, so that what they find is what is mapped."""
    mapper = LOCAL.mapper(T, "http://a.nl/")
    assert {mapper(f"{one}//b.nl/x{one}") for one in map(chr, range(0x21))} == {mapper("http://b.nl/x")}


@given(st.text() | st.text("htps:/\\.@# ?[]%a1\t").map("http://".__add__))
def test_mapper_never_raises(text: str) -> None:
    """Whatever stands in a page, the mapper answers with an address on a replay host, or as it was."""
    mapped = LOCAL.mapper(T, "http://a.nl/")(text)
    host = mapped.removeprefix("http://").partition("/")[0].partition("?")[0].partition("#")[0]
    assert mapped == text or LOCAL.label_of(host) is not None


@pytest.mark.parametrize(("page", "label"), [("http://a.nl/", f"{T}h-b-nl"), ("https://a.nl/", f"{T}-b-nl")])
def test_mapper_takes_scheme_of_page(page: str, label: str) -> None:
    """A protocol-relative address has the scheme of the page it stands in."""
    assert LOCAL.mapper(T, page)(" //b.nl/x\n") == f"http://{label}.localhost:8080/x"


HOSTS = [
    (LOCAL, f"{T}-www-ind-nl.localhost:8080", IND),
    (LOCAL, f"{T}-WWW-IND-NL.LocalHost:8080", IND),
    (LOCAL, f"{T}-www-ind-nl.localhost", None),
    (LOCAL, f"{T}-www-ind-nl.localhost:80801", None),
    (LOCAL, f"{T}-www-ind-nl.localhost:8080.evil", None),
    (LOCAL, f"evil.{T}-www-ind-nl.localhost:8080", None),
    (LOCAL, "localhost:8080", None),
    (LOCAL, "www.localhost:8080", None),
    (LOCAL, f"{T}-www-ind-nl.localhost:8080\n", None),
    (PUBLIC, f"{T}-www-ind-nl.replay.example.nl", IND),
    (PUBLIC, f"{T}-www-ind-nl.replay.example.nl:443", IND),
    (PUBLIC, f"{T}-www-ind-nl.replay.example.nl:80", None),
    (PUBLIC, f"{T}-www-ind-nl.replayxexample.nl", None),
]


@pytest.mark.parametrize(("addresses", "host", "expected"), HOSTS)
def test_label_of(addresses: ReplayAddresses, host: str, expected: Origin | None) -> None:
    """Only a Host of exactly the pattern is a replay host."""
    label = addresses.label_of(host)
    assert (label and label.origin) == expected


def test_sources() -> None:
    """A snapshot's origins become source expressions, each once; the wildcard covers them all."""
    assert PUBLIC.source(T, [IND, IND, Origin("http", "a.nl", 80)]) == [
        f"https://{T}-www-ind-nl.replay.example.nl",
        f"https://{T}h-a-nl.replay.example.nl",
    ]
    assert LOCAL.wildcard() == "http://*.localhost:8080"


@pytest.mark.parametrize(
    "base",
    [
        "http://localhost:8080",
        "http://{label}.x/p",
        "{label}.x",
        "ftp://{label}.x",
        "http://x{label}.y",
        "http://{label}",
    ],
)
def test_bad_pattern(base: str) -> None:
    """A pattern that cannot make replay origins is a fault of the configuration."""
    with pytest.raises(ConfigurationError, match="replay_url"):
        ReplayAddresses(base)


def test_default_port_left_out() -> None:
    """The pattern is what a browser writes: the default port is left out."""
    assert ReplayAddresses("https://{label}.x.nl:443/").pattern == "https://{label}.x.nl"


@pytest.mark.parametrize(("target", "expected"), WEB)
def test_parse_web_path(target: str, expected: WebAddress) -> None:
    """Each form of the docstring is read as it says."""
    assert parse_web_path(target) == expected


@pytest.mark.parametrize("target", NOT_WEB)
def test_not_a_web_path(target: str) -> None:
    """Anything else is refused with the reason."""
    with pytest.raises(ValueError, match=r"."):
        parse_web_path(target)


@pytest.mark.parametrize(
    ("moment", "first"),
    [
        ("2026", "20260101000000"),
        ("202602", "20260201000000"),
        ("20260228", "20260228000000"),
        ("2026022823", "20260228230000"),
        ("202602282359", "20260228235900"),
        (T, T),
    ],
)
def test_earliest(moment: str, first: str) -> None:
    """The beginning of a timestamp stands for a stretch of time, of which this is the first second."""
    assert earliest(moment) == first
    assert WebAddress(moment, "", "https://a/").beginning == (moment != T)


@pytest.mark.parametrize("modifier", ["", "id_"])
@pytest.mark.parametrize("moment", [T, "2026-11-23", "*"])
def test_web_path_round_trip(moment: str, modifier: str) -> None:
    """What is written is read back."""
    address = WebAddress(moment, modifier, "https://www.ind.nl/a?b=c%20d")
    assert parse_web_path(format_web_path(moment, address.url, modifier)) == address
