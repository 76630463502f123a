# SPDX-License-Identifier: EUPL-1.2
"""A page is replayed in its own encoding: its scripts, styles, links and forms mean what they meant in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect

from archiver.links import find_links
from tests.support.archive import Archive, Reply, build
from tests.support.chromium import follow, visit
from tests.support.ports import free_port
from tests.support.viewing import Visitor, serving
from viewer.rewriting.charset import decode
from viewer.rewriting.embeds import embeds
from viewer.rewriting.encodings import _LABELS, encoded
from viewer.rewriting.own_encoding import in_own_encoding

SITE, DAY = "https://www.example.org", "20260302023000"
PAGE = """<!doctype html><html><head>{meta}<title>{word}</title><script src="/{name}.js"></script>
<script src="/utf.js" charset=utf-8></script><link rel=stylesheet href="/{name}.css"></head><body><p id=told></p><i></i>
<a id=rooted href="/zoek?q={word}">1</a><a id=absolute href="https://www.example.org/zoek?q={word}">2</a>
<form action="/zoek"><input name=q value="{word}"><button>3</button></form><img src="https://cdn.example.net/x.png">
<script>told.textContent = [document.characterSet, window.said, window.utf,
  getComputedStyle(document.querySelector("i"), "::before").content, document.title].join(" ")</script></body></html>"""
# name → what the header says, what the page says, Python's codec, a word, the name browsers have for it, the word in a query
KINDS = {
    "header": ("iso-8859-1", "", "latin-1", "café", "windows-1252", ["caf%E9"]),
    "nothing": (None, "", "latin-1", "naïef", "windows-1252", ["na%EFef"]),
    "meta": (None, "<meta charset=ISO-8859-15>", "iso8859-15", "caf€", "ISO-8859-15", ["caf%A4"]),
    "cyrillic": ("windows-1251", "", "cp1251", "да", "windows-1251", ["%E4%E0"]),
    "japanese": (None, "<meta charset=shift_jis>", "cp932", "日本", "Shift_JIS", ["%93%FA%96{", "%93%FA%96%7B"]),
    "unicode": (None, "<meta charset=utf-8>", "utf-8", "café", "UTF-8", ["caf%C3%A9"]),
}  # fmt: skip


def answers() -> dict[str, Reply]:
    found = {f"{SITE}/utf.js": Reply("window.utf = 'één'".encode(), "text/javascript")}
    for name, (header, meta, codec, word, _, queries) in KINDS.items():
        page = PAGE.format(meta=meta, word=word, name=name).encode(codec)
        found |= {
            f"{SITE}/{name}": Reply(page, f"text/html; charset={header}" if header else "text/html"),
            f"{SITE}/{name}.js": Reply(f"window.said = '{word}'".encode(codec), "text/javascript"),
            f"{SITE}/{name}.css": Reply(f'i::before {{ content: "{word}" }}'.encode(codec), "text/css"),
            f"{SITE}/zoek?q={queries[-1]}": Reply(f"<!doctype html><title>f</title><h1>found {name}</h1>"),
        }
    broken = b"<!doctype html><meta charset=shift_jis><title>t</title><p>\xff\x93\xfa"
    found[f"{SITE}/broken"] = Reply(broken, "text/html")
    found[f"{SITE}/xhtml"] = Reply(
        b'<?xml version="1.0" encoding="iso-8859-1"?><html xmlns="http://www.w3.org/1999/xhtml"><body>\xe9</body></html>',
        "application/xhtml+xml",
    )
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[Archive, str]]:
    port = free_port()
    folder = tmp_path_factory.mktemp("encodings") / "data"
    with build(folder, {"demo": {DAY: answers()}}, port=port) as built, serving(built, port) as base:
        yield built, base


@pytest.mark.browser
@pytest.mark.parametrize("name", KINDS)
def test_what_leans_on_the_encoding(browser: Browser, served, name: str) -> None:
    """Scripts and styles that do not say theirs are read in the page's, and links and forms ask in it, as live."""
    _, base = served
    _, _, _, word, label, _ = KINDS[name]
    for what in ("#rooted", "#absolute", "button"):
        with visit(browser, f"{base}/web/{DAY}/{SITE}/{name}") as seen:
            frame = seen.page.frame_locator("#daykeep-page")
            expect(frame.locator("#told")).to_have_text(f'{label} {word} één "{word}" {word}')
            follow(seen, frame.locator(what))
            expect(frame.locator("h1")).to_have_text(f"found {name}")


@pytest.mark.parametrize(
    ("path", "charset", "text"),
    [("header", "iso-8859-1", "café"), ("meta", "iso-8859-15", "caf€"), ("broken", "utf-8", "\ufffd日"), ("unicode", "utf-8", "café")],
)  # fmt: skip
def test_the_field_says_which(served, path: str, charset: str, text: str) -> None:
    """In UTF-8 where the page holds what its own encoding cannot; the field goes before what the page says."""
    visitor = Visitor(served[0], port=int(served[1].rpartition(":")[2]))
    answer = visitor.replay(DAY, f"{SITE}/{path}", Sec_Fetch_Dest="iframe")
    assert answer.headers["Content-Type"] == f"text/html; charset={charset}"
    assert text in answer.data.decode(charset)
    head = visitor.replay(DAY, f"{SITE}/{path}", method="HEAD", Sec_Fetch_Dest="iframe")
    assert head.headers["Content-Type"] == answer.headers["Content-Type"]


def test_xml_says_itself_that_it_is_utf_8(served) -> None:
    """Its declaration is written anew."""
    visitor = Visitor(served[0], port=int(served[1].rpartition(":")[2]))
    answer = visitor.replay(DAY, f"{SITE}/xhtml", Sec_Fetch_Dest="iframe")
    assert answer.headers["Content-Type"] == "application/xhtml+xml; charset=utf-8"
    assert 'encoding="utf-8"' in answer.text
    assert "é" in answer.text


@given(st.sampled_from([label for labels in _LABELS.values() for label in labels.split()]), st.binary())
def test_the_same_text(label: str, body: bytes) -> None:
    """Whatever the bytes, and whatever the encoding is called: what goes out is read as what was archived."""
    text = decode(body, label)
    sent, said = in_own_encoding(text.encode("utf-8", "replace"), body, label)
    assert decode(sent, said) == text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    "label", ["iso-8859-1", "koi8-u", "windows-1255", "big5", "shift_jis", "euc-jp", "gbk", "euc-kr"]
)
def test_ordinary_text_keeps_its_bytes(label: str) -> None:
    """Where an encoding has one way to write something, the very bytes come back."""
    sample = {"koi8-u": b"\xae\xbe\xd0", "windows-1255": b"\xca\xe0", "big5": "中文".encode("big5"), "shift_jis": "日本".encode("cp932"),
              "euc-jp": "日本〜".encode("euc-jp"), "gbk": "中文".encode("gbk"), "euc-kr": "한국".encode("cp949")}  # fmt: skip
    body = b"<p>" + sample.get(label, bytes(range(0x80, 0x100)))
    assert in_own_encoding(decode(body, label).encode(), body, label) == (body, label)


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "replacement", "x-user-defined", "iso2022-jp"])
def test_what_is_not_written_in(codec: str) -> None:
    """Unicode is answered as UTF-8, and what has states or is not read at all too."""
    assert encoded("a", codec) is None


@pytest.mark.parametrize(
    ("charset", "written", "asked"),
    [
        ("iso-8859-1", "/zoek?q=café", "/zoek?q=caf%E9"),
        ("iso-8859-1", "/zoek?q=Ω&r=%20 é", "/zoek?q=%26%23937%3B&r=%20%20%E9"),
        ("iso-8859-1", "/café?q=1#é", "/caf%C3%A9?q=1"),
        ("iso-8859-1", "https://cdn.example.net/?é", "https://cdn.example.net/?%E9"),
        ("windows-1251", "?q=да", "/a?q=%E4%E0"),
        ("shift_jis", "/zoek?q=日", "/zoek?q=%93%FA"),
        ("utf-8", "/zoek?q=café", "/zoek?q=caf%C3%A9"),
        ("utf-16", "/zoek?q=café", "/zoek?q=caf%C3%A9"),
    ],
)
def test_a_crawl_asks_what_browsers_ask(charset: str, written: str, asked: str) -> None:
    """A query is encoded as the page is, and what that does not have by its number (URL section 1.3)."""
    codec = "utf-16-le" if charset == "utf-16" else charset
    body = f"<a href='{written.replace('Ω', '&#937;')}'>x</a>".encode(codec)
    found = find_links(f"{SITE}/a", "text/html", charset, body)
    assert [one.url for one in found.links] == [asked if asked.startswith("http") else f"{SITE}{asked}"]


@pytest.mark.parametrize(
    ("charset", "asked"),
    [("iso-8859-1", "%E9"), ("windows-1252", "%E9"), ("utf-8", "%C3%A9"), ("utf-16le", "%C3%A9"), ("iso-2022-jp", "%EF%BF%BD")],
)  # fmt: skip
def test_the_banner_counts_what_is_asked_for(charset: str, asked: str) -> None:
    """What a page names is looked up by the address that a browser asks for."""
    body = '<img src="/i?n=é#é">'.encode(
        "utf-16-le" if charset == "utf-16le" else "utf-8" if charset == "utf-8" else "latin-1"
    )
    assert [one.urls for one in embeds(body, charset, f"{SITE}/")] == [(f"{SITE}/i?n={asked}",)]
