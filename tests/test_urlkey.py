# SPDX-License-Identifier: EUPL-1.2
"""One URL, one spelling; and the key under which captures are sorted."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.urlkey import MAX_URL, Origin, normalise, origin, urlkey

NORMALISED = [
    ("http://example.org", "http://example.org/"),
    ("HTTP://Example.ORG/Path", "http://example.org/Path"),
    ("http://example.org:80/", "http://example.org/"),
    ("https://example.org:443/x", "https://example.org/x"),
    ("https://example.org:80/", "https://example.org:80/"),
    ("http://example.org:8080/", "http://example.org:8080/"),
    ("http://example.org:080/", "http://example.org/"),
    ("http://example.org:65535/", "http://example.org:65535/"),
    ("http://example.org/a/../b/./c", "http://example.org/b/c"),
    ("http://example.org/%2e%2E/b", "http://example.org/b"),
    ("http://example.org/a//b", "http://example.org/a//b"),
    ("http://example.org/a?b=c#d", "http://example.org/a?b=c"),
    ("http://example.org?", "http://example.org/?"),
    ("http://example.org./", "http://example.org/"),
    ("http://example.org.:80/", "http://example.org/"),
    ("http://user:secret@example.org/", "http://example.org/"),
    ("http://a@b@example.org/", "http://example.org/"),
    ("http://münchen.de/", "http://xn--mnchen-3ya.de/"),
    ("http://MÜNCHEN.de/", "http://xn--mnchen-3ya.de/"),
    ("http://faß.de/", "http://xn--fa-hia.de/"),
    ("http://%65xample.org/", "http://example.org/"),
    ("http://example.org/é?é", "http://example.org/%C3%A9?%C3%A9"),
    ("http://example.org/%c3%a9", "http://example.org/%c3%a9"),
    ("http://example.org/a b", "http://example.org/a%20b"),
    ("http://example.org/a|b{c}[d]^", "http://example.org/a%7Cb%7Bc%7D%5Bd%5D%5E"),
    ("http://example.org/it's", "http://example.org/it's"),
    ("http://example.org/100%", "http://example.org/100%25"),
    ("http://example.org/%zz", "http://example.org/%25zz"),
    ("  http://example.org/a \n", "http://example.org/a"),
    ("http://exam\tple.org/a\nb", "http://example.org/ab"),
    ("http://example.org/\x7f", "http://example.org/%7F"),
    ("http:\\\\example.org\\a", "http://example.org/a"),
    ("http:///example.org/", "http://example.org/"),
    ("http://127.1/", "http://127.0.0.1/"),
    ("http://0x7f.0.0.1/", "http://127.0.0.1/"),
    ("http://[0:0::1]:80/", "http://[::1]/"),
    ("http://example.org/" + "a" * (MAX_URL - 19), "http://example.org/" + "a" * (MAX_URL - 19)),
]
REFUSED = [
    "",
    "example.org",
    "/path",
    "//example.org/",
    "http://",
    "http://./",
    "http://a..b/",
    "http://example.org../",
    "http://a.%2e/",
    "http://" + "a" * 64 + ".org/",
    "http://example.org:65536/",
    "http://example.org:99999/",
    "http://exa mple.org/",
    "http://256.256.256.256/",
    "http://example.org/\ud800",
    "http://example.org/" + "a" * (MAX_URL - 18),
    "http://example.org/" + "é" * 1000,
    "ftp://example.org/",
    "javascript:alert(1)",
    "data:text/html,x",
    "mailto:a@example.org",
    "file:///etc/passwd",
    "urn:text:http://example.org/",
]
RESOLVED = [
    ("b", "http://example.org/a/x", "http://example.org/a/b"),
    ("../b", "http://example.org/a/x/y", "http://example.org/a/b"),
    ("//other.org/x", "https://example.org/", "https://other.org/x"),
    ("?q=1", "http://example.org/a?b", "http://example.org/a?q=1"),
    ("#top", "http://example.org/a?b", "http://example.org/a?b"),
    ("", "http://example.org/a", "http://example.org/a"),
    ("https://other.org", "http://example.org/", "https://other.org/"),
    ("mailto:a@example.org", "http://example.org/", None),
]
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
    ("http://archive.org/a;jsessionid=1A2B3C.node1?x=1", "org,archive)/a?x=1"),
    ("http://archive.org/a%20b", "org,archive)/a%20b"),
    ("http://archive.org/a%2520b", "org,archive)/a%20b"),
    ("http://archive.org/%C3%A9", "org,archive)/%c3%a9"),
    ("http://192.168.1.254/info/", "192.168.1.254)/info"),
    ("http://[::1]:8000/", "[::1]:8000)/"),
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


@pytest.mark.parametrize(("url", "expected"), NORMALISED)
def test_normalise(url, expected):
    """Every spelling of a URL comes out as one, and that one stays as it is."""
    assert normalise(url) == expected
    assert normalise(expected) == expected


@pytest.mark.parametrize("url", REFUSED)
def test_normalise_refuses(url):
    """What nobody can ask over HTTP is not a URL here."""
    assert normalise(url) is None


@pytest.mark.parametrize(("url", "base", "expected"), RESOLVED)
def test_normalise_resolves(url, base, expected):
    """A reference is resolved against the page it stands on."""
    assert normalise(url, base) == expected


@pytest.mark.parametrize(("url", "key"), KEYS)
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
def test_normalise_is_idempotent_and_safe(url):
    """A normalised URL is printable ASCII that RFC 3986 allows, is its own normal form, and has an origin and a key."""
    once = normalise(url)
    if once is not None:
        assert normalise(once) == once
        assert once.isascii()
        assert once.isprintable()
        assert not set(once) & set(' "<>\\^`{|}#')
        assert origin(once).host
        assert urlkey(once).isprintable()
        assert " " not in urlkey(once)


@given(st.text("abcXYZ019-._~!$&()*+,;=:@/", max_size=40))
def test_quick_path_agrees_with_the_parser(tail):
    """What looks normal already is passed without the parser, and is what the parser would have said."""
    url = f"http://example.org/{tail}"
    assert normalise(url) == normalise(url, "http://base.invalid/")
