# SPDX-License-Identifier: EUPL-1.2
"""Bytes are read as Chromium reads them: every label, every byte, every pair of bytes, and pages as it shows them."""

from __future__ import annotations

import itertools

import pytest
from playwright.sync_api import Browser

from tests.support.archive import Reply, build
from tests.support.chromium import visit
from tests.support.ports import free_port
from tests.support.some import some_at_once
from tests.support.viewing import serving
from viewer.rewriting.encodings import _LABELS, codec_of, decoded

pytestmark = pytest.mark.browser

DECODE = """([label, parts]) => parts.map((part) =>
  [...new TextDecoder(label, { ignoreBOM: true }).decode(new Uint8Array(part))].map((one) => one.codePointAt(0)))"""
SINGLE = [
    codec
    for codec in _LABELS
    if codec.startswith(("cp12", "iso8859", "koi8", "mac", "x-user")) or codec in {"cp866", "cp874"}
]
MULTIPLE = ["big5hkscs", "cp932", "cp949", "euc-jp", "gb18030"]
# Two signs that Python's codec has twice, and the slashes, of which it has one twice
BEYOND = {"big5hkscs": {b"\x88\x62", b"\x88\x64", b"\x88\xa3", b"\x88\xa5", b"\xa2\x41", b"\xa2\x42"}}


@pytest.fixture(scope="module")
def decoding(browser: Browser):
    with visit(browser) as seen:
        yield lambda label, parts: [
            "".join(map(chr, one))
            for one in seen.page.evaluate(DECODE, [label, [list(part) for part in parts]])
        ]


def test_labels(browser):
    """Each label means what it means there, and those that it reads as nothing are read as nothing."""
    ask = """(labels) => labels.map((one) => { try { return new TextDecoder(one).encoding; } catch { return "replacement"; } })"""
    with visit(browser) as seen:
        for labels in _LABELS.values():
            found = set(seen.page.evaluate(ask, labels.split()))
            assert len(found - {"gbk", "iso-8859-8"}) <= 1, found
    for unsafe in ("utf-7", "zip", "idna", "rot13", "unicode_escape", "latin-9", "cp437", "utf-32", "", " "):
        assert codec_of(unsafe) is None
    assert codec_of("\n ISO-8859-1\t") == codec_of("ascii") == "cp1252"


@pytest.mark.parametrize("codec", SINGLE)
def test_every_byte(decoding, codec):
    """Also those that are unassigned, such as 0x81 in windows-1252."""
    label = _LABELS[codec].split()[-1]
    parts = [bytes([one]) for one in range(256)]
    assert [decoded(part, codec) for part in parts] == decoding(label, parts)


@pytest.mark.parametrize("leads", some_at_once(range(0x80, 0x100), 4))
@pytest.mark.parametrize("codec", MULTIPLE)
def test_every_pair_of_bytes(decoding, codec, leads):
    """Characters, and after an error as many bytes as there: a `<` behind half a character stays one."""
    label = _LABELS[codec].split()[-1]
    parts = [
        bytes(pair) + b"<" for pair in itertools.product(leads, [*range(0x20, 0x40, 7), *range(0x40, 0x100)])
    ]
    parts = [part for part in parts if part[:2] not in BEYOND.get(codec, ())]
    found = decoding(label, parts)
    wrong = [
        (part, one, ours)
        for part, one in zip(parts, found, strict=True)
        if (ours := decoded(part, codec)) != one
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("label", "body"),
    [
        ("iso-2022-jp", "日本語 ①".encode("iso2022_jp_2", "ignore") + b"\x1b$B-!\x1b(B<p>"),
        ("iso-2022-jp", b"\x1b(J\\~\x1b(I12\x1b(Bend \x80"),
        ("iso-2022-jp", "テスト\nテスト".encode("iso2022-jp")),
        ("gb18030", "€𠀀中".encode("gb18030") + b"\x80"),
        ("gb18030", b"\x81\x30<\x81\x30\x81<"),
        ("euc-jp", b"\x8f\xb0\xa1\x8e\xb1\xad\xa1\x8f\xb0<"),
        ("utf-8", b"\xe2\x82\xac\xff\xe2\x82<\xf0\x9f\x98"),
        ("utf-16le", b"<\x00\x00\xd8a\x00b"),
        ("utf-16be", b"\x00<\xd8\x00\x00a"),
    ],
)
def test_longer(decoding, label, body):
    """What takes more than two bytes, and what breaks off."""
    assert decoded(body, codec_of(label)) == decoding(label, [body])[0]


TEXT = {
    "iso-8859-1": b"\x80 \x93caf\xe9\x94 \x81", "iso-8859-2": b"\xb1\xe6\xea", "windows-1250": b"\x9c\x9f\x81", "windows-1251": b"\xcf\xf0\x98",
    "koi8-u": b"\xae\xbe\xd0", "iso-8859-5": b"\xbf\xe0", "iso-8859-7": b"\xe1\xe2", "windows-1255": b"\xca\xe0", "iso-8859-8-i": b"\xe0\xe1",
    "iso-8859-9": b"\xf0\xfe\x80", "windows-874": b"\xa1\xa2\x80", "macintosh": b"\x8e\xdb", "ibm866": b"\x8f\xe0", "shift_jis": "日本①㈱～".encode("cp932"),
    "euc-jp": "日本〜".encode("euc-jp") + b"\xad\xa1", "iso-2022-jp": "日本".encode("iso2022-jp"), "gb2312": "中文".encode("gb18030") + b"\x80 ",
    "big5": "中文".encode("big5") + b"\x87\x7a", "euc-kr": "한국똠".encode("cp949"), "utf-8": "é€ \U0001f600".encode(), "utf-16": "é€".encode(),
    "x-user-defined": b"\xe9\x80", "hz-gb-2312": b"\xe9~{", "utf-7": b"\xe9+AOk-",
}  # fmt: skip
DUTCH = "Dit is één tekst in het Nederlands, met een paar tekens: café, coöperatie".encode("cp1252")
HTML = b"<!doctype html>%s<title>t</title><p>%s</p>"
PAGES = {
    **{
        f"header-{label}": (label, HTML % (b"", body))
        for label, body in TEXT.items()
        if not label.startswith("utf-16")
    },
    **{
        f"meta-{label}": (None, HTML % (b"<meta charset=%s>" % label.encode(), body))
        for label, body in TEXT.items()
    },
    "http-equiv": (
        None,
        HTML % (b"<meta http-equiv=content-type content='text/html; charset=koi8-r'>", b"\xd0\xd1"),
    ),
    "charset-first": (
        None,
        HTML % (b"<meta content='text/html; charset=koi8-r' http-equiv=content-type>", b"\xd0\xd1"),
    ),
    "header-wins": ("windows-1251", HTML % (b"<meta charset=koi8-r>", b"\xd0\xd1")),
    "bad-header": ("nonsense", HTML % (b"<meta charset=koi8-r>", b"\xd0\xd1")),
    "mark-wins": ("windows-1251", b"\xef\xbb\xbf" + HTML % (b"<meta charset=koi8-r>", "é".encode())),
    "mark-utf-16": ("windows-1251", b"\xff\xfe" + (HTML % (b"", b"e")).decode().encode("utf-16-le")),
    "header-utf-16be": ("utf-16be", (HTML % (b"", b"e")).decode().encode("utf-16-be")),
    "quoted-header": ('"koi8-r"', HTML % (b"", b"\xd0\xd1")),
    "in-comment": (None, HTML % (b"<!-- <meta charset=koi8-r> --><meta charset=windows-1251>", b"\xd0\xd1")),
    "in-head-after-1024": (
        None,
        HTML % (b"<style>" + b"x" * 2900 + b"</style><meta charset=koi8-r>", b"\xd0\xd1"),
    ),
    "in-body-after-1024": (
        None,
        HTML % (b"<body>" + b"x" * 2900 + b"<meta charset=koi8-r>", DUTCH),
    ),
    "undeclared-utf-8": (None, HTML % (b"", "één € Ω".encode())),
    "undeclared-latin": (None, HTML % (b"", DUTCH)),
    "xml-declared": (None, b"<?xml version='1.0' encoding='koi8-r'?>" + HTML % (b"", b"\xd0\xd1")),
    "quotes-unbalanced": (None, HTML % (b"<meta charset='koi8-r>", b"\xd0\xd1\x80")),
    "charset-in-another": (
        None,
        HTML % (b"<meta name=x content='charset=koi8-r'><meta charset=windows-1251>", b"\xd0\xd1"),
    ),
    "http-equiv-alone": (
        None,
        HTML % (b"<meta content='text/html; charset=koi8-r'><meta charset=windows-1251>", b"\xd0\xd1"),
    ),
    "in-script": (
        None,
        HTML % (b"<script>'<meta charset=koi8-r>'</script><meta charset=windows-1251>", b"\xd0\xd1"),
    ),
    "in-title": (
        None,
        HTML % (b"<title><meta charset=koi8-r></title><meta charset=windows-1251>", b"\xd0\xd1"),
    ),
    "in-attribute": (
        None,
        HTML % (b"<link title='<meta charset=koi8-r>'><meta charset=windows-1251>", b"\xd0\xd1"),
    ),
    "before-1024": (None, HTML % (b"<!--" + b"x" * 900 + b"--><meta charset=koi8-r>", b"\xd0\xd1")),
}


@pytest.mark.parametrize("names", some_at_once(PAGES, 3))
def test_pages_as_chromium_shows_them(browser, tmp_path, names):
    """The tree that it makes of the bytes themselves, and of what we make of them, is the same for each."""
    port, site = free_port(), "https://www.example.org"
    stamp = "20260302023000"
    typed = {
        name: Reply(body, f"text/html; charset={charset}" if charset else "text/html")
        for name, (charset, body) in ((name, PAGES[name]) for name in names)
    }
    day = {
        f"{site}/": Reply("<title>h</title>"),
        **{f"{site}/{name}": reply for name, reply in typed.items()},
    }
    wrong = {}
    with (
        build(tmp_path / "data", {"demo": {stamp: day}}, port=port) as archive,
        serving(archive, port) as base,
        visit(browser) as seen,
    ):
        raw = {f"http://raw.localhost/{name}": reply for name, reply in typed.items()}
        bare = (
            seen.page.context.new_page()
        )  # each site has a page, as the way from one to the other costs a process
        bare.route(
            "http://raw.localhost/**",
            lambda route: route.fulfill(
                body=raw[route.request.url].payload, headers={"Content-Type": raw[route.request.url].mime}
            ),
        )
        for name in names:
            bare.goto(f"http://raw.localhost/{name}")
            there = bare.evaluate("document.body && document.body.textContent + document.title")
            seen.page.goto(f"{base}/web/{stamp}/{site}/{name}")
            here = seen.page.frames[1].evaluate("document.body && document.body.textContent + document.title")
            if there != here:
                wrong[name] = (there, here)
    assert {name: (there[-60:], here[-60:]) for name, (there, here) in wrong.items()} == {}
