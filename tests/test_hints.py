# SPDX-License-Identifier: EUPL-1.2
"""Which strings of scripts and data look like addresses, and which only look a little like them: one line per case."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.hints import find_hints, find_json_hints, is_address
from archiver.resolver import Resolver

ADDRESSES = [
    "/nl/nieuws/", "/nl/nieuws", "/nieuws/", "/over-ons/contact.html", "/2026/03/besluit.pdf", "/a.png", "/a.png?v=3", "/a.css#x",
    "/api/v1/zoek?q=verblijf&page=2", "/_next/static/chunks/main-4f2.js", "/_next/data/x1/nl.json", "/sites/default/files/Brief%20A.docx",
    "/wiki/Special:Search", "/media/w_100,h_50/kop.webp", "/café/menu", "/@user/posts", "/nl/een,twee/",
    "./a.png", "../img/a.svg", "../../fonts/a.woff2", "./kaart.geojson",
    "https://www.ind.nl", "http://www.ind.nl/", "https://ind.nl:8443/a?b=c", "HTTPS://IND.NL/a", "http://localhost:8000/a", "https://10.1.2.3/a",
    "//cdn.example.org/a.js", "/home/", "/rijbewijs/aanvragen",
]  # fmt: skip
OTHERS = [
    "", "/", "//", "///", "/a", "/g", "/i", "/>", "/month", "/dag", "/*", "*/", "/**/*.js", "./**", "/[a-z]+/", "/^abc$/", "/abc/gi", "/ab/i", "/a|b/",
    "text/html", "application/json", "image/png", "km/h", "and/or", "12/03/2026", "1/2", "/12/31", "/2026/03/", "/MM/DD/YYYY", "dd/MM/yyyy", "/DD/MM", "n/a",
    "/user/:id", "/post/[slug]", "/post/{id}", "/post/${id}", "/post/%s", "/post/<int:id>", "/a b/c.html", "/a\\b.html", "/a\nb.html", '/a"b',
    "i18n.key.name", "menu/title", "@scope/package", "lodash/fp", "react-dom/client", "./utils", "../lib", "./", "../", "./src/app.js", "./a.tsx", "a.png",
    "/usr/local/bin", "/etc/passwd", "/tmp/x.txt", "/dev/null", "/proc/self/", "/node_modules/a/index.js", "/src/main.js", "/bin/sh",
    "http://", "https://", "http:", "http:/a", "http://a", "http:///", "https://$host/", "http://www.w3.org/2000/svg", "https://schema.org/Person",
    "http://www.w3.org/1999/xlink", "ftp://a.nl/", "mailto:a@b.nl", "javascript:x()", "data:image/png;base64,AA/BB", "blob:http://a.nl/x",
    "//", "//a", "// comment.", "//a.nl", "//www", "/...", "/../..", "/-/", "/foo//bar/", "/a/%zz.html", "/" + "a/" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("text", ADDRESSES)
def test_addresses(text: str) -> None:
    """Pages, files and whole addresses count."""
    assert is_address(text)


@pytest.mark.parametrize("text", OTHERS)
def test_what_only_looks_alike(text: str) -> None:
    """Patterns, media types, dates, units, routes with holes, packages and folders of a computer do not."""
    assert not is_address(text)


NAMED = [
    ("/contact", True),
    ("/dag", True),
    ("img/a.png", True),
    ("a.pdf", True),
    ("contact", False),
    ("text/html", False),
    ("/post/{id}", False),
    ("/etc/passwd", False),
    ("data:image/a.png", False),
    ("/", False),
]


@pytest.mark.parametrize(("text", "counts"), NAMED)
def test_places_for_addresses(text: str, *, counts: bool) -> None:
    """In a place for addresses a path needs less to count."""
    assert is_address(text, named=True) == counts


SCRIPTS = [
    ("x = '/nl/nieuws/'", ["/nl/nieuws/"]),
    ('x = "/nl/a.html", y = `/nl/b.html`', ["/nl/a.html", "/nl/b.html"]),
    (r'x = "\/nl\/nieuws\/"', ["/nl/nieuws/"]),
    (r'x = "\u002Fnl\u002fnieuws\x2f"', ["/nl/nieuws/"]),
    (r'x = "https:\/\/a.nl\/b?c=1\u0026d=2"', ["https://a.nl/b?c=1&d=2"]),
    (r'x = "https:\\\/\\\/a.nl\\\/b"', ["https://a.nl/b"]),
    (r'push([1,"{\"href\":\"/nl/a/\",\"alt\":\"km/h\"}"])', ["/nl/a/"]),
    (r'push("{\\\"href\\\":\\\"/nl/a/\\\"}")', ["/nl/a/"]),
    ("x = '/aa/b?c=1&amp;d=2&copy=3'", ["/aa/b?c=1&d=2&copy=3"]),
    ("x = '&#x2F;'", []),
    ("x = '//cdn.a.nl/b.js'", ["//cdn.a.nl/b.js"]),
    ("e.innerHTML = '<a href=\"/nl/a/\">'", ["/nl/a/"]),
    ("x = c ? '/nl/a/' : '/en/a/'", ["/nl/a/", "/en/a/"]),
    ("x = ['/nl/a/','/nl/b/']", ["/nl/a/", "/nl/b/"]),
    ("x = {url: '/nl/a/', '/nl/no/': 1, \"/nl/no.js\" : f}", ["/nl/a/"]),
    ("x = '/nl/no/' + y; y + '/no/no.html'; '/no/no/'.concat(x)", []),
    ("x = `/nl/${no}/a.html`", []),
    ("x = '/nl/{no}/a.html'", []),
    ("require('/no/no.js'); s.replace('/no/no/', ''); p.startsWith('/no/no/'); new RegExp('/no/no/')", []),
    ("case '/no/no.html': x", []),
    ("x = './no.png'; // relative to a page that nobody knows", []),
    ("x = '/a/unclosed.html", []),
    ("x = '/a/b.html\"", []),
    ("// http://a.nl/no", []),
]


@pytest.mark.parametrize(("script", "found"), SCRIPTS)
def test_scripts(script: str, found: list[str]) -> None:
    """Quoted strings count whole, escapes undone: not parts, names of members, or what others are compared with."""
    assert list(find_hints(script)) == found


def test_scripts_of_a_page() -> None:
    """What is relative counts in a script that stands in the page."""
    assert list(find_hints("x = './a.png', y = '../b'", beside=True)) == ["./a.png"]


JSON = [
    ({"url": "/contact", "title": "/contact"}, ["/contact"]),
    ({"imageUrl": "img/a.png", "caption": "img/a.png"}, ["img/a.png"]),
    ({"images": ["/a", "/bb"]}, ["/bb"]),
    ({"@context": "https://a.nl/x", "@type": "a/b", "@id": "https://a.nl/#me", "sameAs": ["https://b.nl/c"]},
     ["https://a.nl/#me", "https://b.nl/c"]),
    ({"/nl/over-ons": ["static/no.js"], "a/b": 1}, ["/nl/over-ons"]),
    ({"body": "<p><a href=\"/aa/b?c=1&amp;d=2\">x</a><img src='/c.png'><a href='#no'>"}, ["/aa/b?c=1&d=2", "/c.png"]),
    ([[["/a/b.html"]], None, 1, True, {"x": {"y": "/c/d.html"}}], ["/a/b.html", "/c/d.html"]),
    ({"mime": "text/html", "date": "12/03/2026", "glob": "/**/*.js", "re": "^/a/b$", "n": "km/h", "s": "a / b"}, []),
    ("/a/b.html", ["/a/b.html"]),
    (7, []),
]  # fmt: skip


@pytest.mark.parametrize(("value", "found"), JSON)
def test_json(value: object, found: list[str]) -> None:
    """Strings of JSON count by what they look like and by the name they have."""
    assert list(find_json_hints(json.dumps(value))) == found


def test_json_that_is_not_whole() -> None:
    """JSON that cannot be parsed, or is nested too deep to be, is searched as a script is."""
    assert list(find_json_hints('{"a":"/b/c.html", "d":')) == ["/b/c.html"]
    assert list(find_json_hints("[" * 100_000 + '"/b/c.html"')) == ["/b/c.html"]


@given(st.text("/\\\"'`.:u002fhttpsaé{}$+ \ud83d\u00a0", max_size=60))
def test_any_text_is_read_without_error(text: str) -> None:
    """Random text never raises, and what is found can be resolved or is passed over."""
    resolver = Resolver("http://a.nl/b")
    for found in [*find_hints(text, beside=True), *find_json_hints(json.dumps([text, {"url": text}]))]:
        resolver.resolve(found)
