# SPDX-License-Identifier: EUPL-1.2
"""One URL, one spelling; and the key under which captures are sorted."""

from __future__ import annotations

import re

import ada_url
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.urlkey import MAX_URL, Origin, normalise, origin, urlkey
from tests.support.tables import cases

WRITTEN = cases("urls.md", "written", "becomes")
REFERENCES = cases("urls.md", "on the page", "written", "becomes")
LONG = [
    ("http://example.org/" + "a" * (MAX_URL - 19), "http://example.org/" + "a" * (MAX_URL - 19)),
    ("http://example.org/./" + "a" * (MAX_URL - 19), "http://example.org/" + "a" * (MAX_URL - 19)),
    ("http://example.org/" + "a" * (MAX_URL - 18), None),
    ("http://example.org/" + "é" * 1000, None),
    ("http://" + "a" * 63 + ".org/", "http://" + "a" * 63 + ".org/"),
    ("http://" + "a" * 64 + ".org/", None),
]
ODD = [
    ("", None),
    ("http://example.org/\ud800", None),
    ("http://example.org/\x00\x7f", "http://example.org/%00%7F"),
    ("urn:text:http://example.org/", None),
    ("http://a.%2e/", None),
]
# The grammar of RFC 3986 appendix A for what may stand in WARC-Target-URI.
_PCHAR = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_HOST = r"(?:\[[0-9a-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)"
_RFC3986 = re.compile(rf"https?://{_HOST}(?::\d+)?/(?:{_PCHAR}|/)*(?:\?(?:{_PCHAR}|[/?])*)?")
# As the Internet Archive's own tool keys them.
KEYS = [
    ("http://archive.org/", "org,archive)/"),
    ("http://archive.org/goo/", "org,archive)/goo"),
    ("http://archive.org/goo/?", "org,archive)/goo"),
    ("http://archive.org/goo/?b&a", "org,archive)/goo?a&b"),
    ("http://archive.org/goo/?a=2&b&a=1", "org,archive)/goo?a=1&a=2&b"),
    ("http://archive.org/GOO/?A=B", "org,archive)/goo?a=b"),
    ("http://www.archive.org/goo", "org,archive)/goo"),
    ("https://www2.archive.org/goo", "org,archive)/goo"),
    ("http://wwwx.archive.org/", "org,archive,wwwx)/"),
    ("http://archive.org:8080/goo", "org,archive:8080)/goo"),
    ("http://xn--bcher-kva.ch:8080/", "ch,xn--bcher-kva:8080)/"),
    (
        "http://archive.org/index.php?PHPSESSID=0123456789abcdefghijklemopqrstuv&action=profile;u=4221",
        "org,archive)/index.php?action=profile;u=4221",
    ),
    ("http://archive.org/a;jsessionid=1A2B3C.node1?x=1", "org,archive)/a;jsessionid=1a2b3c.node1?x=1"),
    (
        "http://archive.org/(a(4hqa0555fwsecu455xqckv45)S(4hqa0555fwsecu455xqckv45))/a.aspx?b",
        "org,archive)/a.aspx?b",
    ),
    ("http://archive.org/?p=1&p2=3", "org,archive)/?p=1&p2=3"),
    ("http://archive.org/?p-=1&p=2", "org,archive)/?p=2&p-=1"),
    ("http://archive.org//a///b//", "org,archive)/a/b"),
    ("http://archive.org/a%2F%2Fb", "org,archive)/a/b"),
    ("http://archive.org/a/%252E%252e/b", "org,archive)/b"),
    ("http://archive.org:0/", "org,archive)/"),
    ("http://archive.org/a%20b", "org,archive)/a%20b"),
    ("http://archive.org/a%2520b", "org,archive)/a%20b"),
    ("http://archive.org/%C3%A9", "org,archive)/%c3%a9"),
    ("http://192.168.1.254/info/", "254,1,168,192)/info"),
    ("http://[::1]:8000/", "::1:8000)/"),
    ("urn:text:http://archive.org/", "urn:text:http://archive.org/"),
]
ORIGINS = [
    ("http://example.org/x", Origin("http", "example.org", 80), "http://example.org"),
    ("https://example.org/", Origin("https", "example.org", 443), "https://example.org"),
    ("https://example.org:80/", Origin("https", "example.org", 80), "https://example.org:80"),
    ("http://[::1]:8000/", Origin("http", "[::1]", 8000), "http://[::1]:8000"),
    ("http://[::1]/", Origin("http", "[::1]", 80), "http://[::1]"),
]

# Pieces that meet each of the parser's states, so that odd combinations come up often.
_HOSTS = st.sampled_from(
    [
        "example.org",
        "EXAMPLE.org",
        "a..b",
        "x.",
        "x..",
        "127.1",
        "[::1]",
        "münchen.de",
        "xn--zz",
        "%2e",
        "1.2.3.4.",
    ]
)
_URLS = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["http://", "HTTPS://", "http:", "http:/\\", "http://u:p@"]),
    _HOSTS,
    st.sampled_from(["", ":", ":80", ":443", ":0", ":65536", ":00080", ".:80"]),
    st.sampled_from(["", "/", "\\", "?", "#"]),
    st.text("aZ09./%?#&=:@;'\"|\\ \t\n\x00é€{}[]<>^`~", max_size=30),
)


@pytest.mark.parametrize(("url", "expected"), [*WRITTEN, *LONG, *ODD])
def test_normalise(url, expected):
    """Every spelling of a URL comes out as one, and that one stays as it is; what nobody can ask for is refused."""
    assert normalise(url) == expected
    assert expected is None or normalise(expected) == expected


@pytest.mark.parametrize(("base", "url", "expected"), REFERENCES)
def test_normalise_resolves(base, url, expected):
    """A reference is resolved against the page it stands on."""
    assert normalise(url, base) == expected


@pytest.mark.parametrize(("url", "key"), [*cases("urls.md", "URL", "key"), *KEYS])
def test_urlkey(url, key):
    """Keys are those the field's other tools write."""
    assert urlkey(url) == key


@pytest.mark.parametrize(("url", "expected", "text"), ORIGINS)
def test_origin(url, expected, text):
    """The port of an origin is always known, and written only where it is not the scheme's own."""
    assert origin(url) == expected
    assert str(origin(url)) == text


@given(st.one_of(_URLS, st.text(max_size=50)))
@example("http://a.b../x")
@example("http://example.org/%%32%35")
@example("http://example.org:443/%2e")
def test_normalise_is_idempotent_and_safe(url):
    """A normalised URL fits RFC 3986, is its own normal form, and has an origin and a key of one line."""
    once = normalise(url)
    if once is not None:
        assert normalise(once) == once
        assert _RFC3986.fullmatch(once)
        assert len(once) <= MAX_URL
        assert origin(once).host
        assert normalise(f"{origin(once)}/") == f"{origin(once)}/"
        assert urlkey(once).isprintable()
        assert " " not in urlkey(once)


@given(
    st.one_of(_URLS, st.text(max_size=50)),
    st.sampled_from(["", "http://base.example/a/b?c", "https://b.example/"]),
)
def test_what_the_parser_takes_for_one_is_one(url, base):
    """A URL and what the WHATWG parser makes of it have the same normal form."""
    try:
        parsed = ada_url.join_url(base, url) if base else ada_url.normalize_url(url)
    except ValueError:
        assert normalise(url, base or None) is None
    else:
        assert normalise(url, base or None) == normalise(parsed)


@given(_URLS)
def test_the_key_is_stable(url):
    """The key is the same for http and https, with and without `www.`, and for what differs in case alone."""
    once = normalise(url)
    if once is not None and origin(once).port in {80, 443} and not re.search(r":(80|443)/", once):
        key = urlkey(once)
        assert urlkey(once) == key
        assert urlkey("https" + once.removeprefix("https").removeprefix("http")) == key
        assert (
            urlkey(once.upper().replace("HTTPS://", "https://").replace("HTTP://", "http://")).lower()
            == key.lower()
        )


@given(st.text(max_size=80))
def test_a_key_never_fails(url):
    """Whatever another tool wrote as a URL has a key."""
    assert urlkey(f"http://{url}".encode("utf-8", "replace").decode()) is not None


@given(
    st.sampled_from(
        ["http://example.org", "https://example.org:443", "http://a-b.example:8080", "http://EXAMPLE.org"]
    ),
    st.lists(
        st.one_of(
            st.sampled_from(["/.", "/..", "/%2e", "%2E", "%41", "%", "?", "'", "//", "/a/../"]),
            st.text("abcXYZ019-._~!$&()*+,;=:@/", max_size=8),
        ),
        max_size=8,
    ),
)
def test_quick_path_agrees_with_the_parser(head, pieces):
    """What looks normal already is passed without the parser, and is what the parser would have said."""
    url = f"{head}/{''.join(pieces)}"
    assert normalise(url) == normalise(f"\n{url}")  # which no quick path takes
