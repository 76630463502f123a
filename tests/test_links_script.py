# SPDX-License-Identifier: EUPL-1.2
"""Addresses in scripts and data- attributes: one line per case."""

from __future__ import annotations

import pytest

from archiver.links import find_links
from archiver.links_script import find_data_links, find_script_links


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ('import a from "./a.js";', ["./a.js"]),
        ("import {a,b as c} from'../b.js'", ["../b.js"]),
        ('import"./side-effect.js"', ["./side-effect.js"]),
        ('export * from "/c.js"', ["/c.js"]),
        ('const m = await import("./d.js")', ["./d.js"]),
        ("import(`./e.js`)", ["./e.js"]),
        ("import(`./${name}.js`)", []),
        ('import "bare-specifier"', []),
        ('new URL("pic.png", import.meta.url)', ["pic.png"]),
        (
            'const __vite__mapDeps=(i,m=__vite__mapDeps,d=(m.f||(m.f=["assets/a-1.js","assets/a-2.css"])))=>i',
            ["../assets/a-1.js", "../assets/a-2.css"],
        ),
        (
            'if (!__vite__mapDeps.viteFileDeps) __vite__fileDeps = ["static/x/a.css", "./b.css", "/c.css"]',
            ["../../static/x/a.css", "./b.css", "/c.css"],
        ),
        ('m.f=["assets/a.css"]', []),
        ('new URL("x", location.href)', []),
        ('fetch("/data/a.json")', ["/data/a.json"]),
        ('fetch("a.json")', []),
        ('fetch("/data/" + name)', []),
        ('new Audio("/bell.mp3")', ["/bell.mp3"]),
        ('new EventSource("/stream")', []),
        ('new Worker("/w.js")', ["/w.js"]),
        ('importScripts("https://cdn.example/x.js")', ["https://cdn.example/x.js"]),
        ('prefetch("/no.json")', []),
        ('from "two\nlines"', []),
    ],
)
def test_scripts(script: str, found: list[str]) -> None:
    """A script's addresses are taken where they stand whole, and nowhere else."""
    assert list(find_script_links(script)) == found


@pytest.mark.parametrize(
    ("element", "attribute", "value", "found"),
    [
        ("img", "data-src", "../b.jpg?x=1&y=2", [("../b.jpg?x=1&y=2", True)]),
        ("iframe", "data-src", "/kaart/", [("/kaart/", True)]),
        ("img", "data-srcset", "/a.jpg 1x, b.jpg 2x", [("/a.jpg", True), ("b.jpg", True)]),
        ("div", "data-src", "/a.jpg", [("/a.jpg", False)]),
        ("tbody", "data-source", "/data/a.json", [("/data/a.json", False)]),
        ("div", "data-bg", "https://cdn.example/c.webp", [("https://cdn.example/c.webp", False)]),
        ("a", "data-track", "/page/7", [("/page/7", False)]),
        ("a", "data-note", "a.png", []),
        ("a", "data-x", "/a b.png", []),
        ("a", "data-x", "text/html", []),
        ("a", "data-x", "https://", []),
        ("div", "data-props", '{"image":"/a.png","n":"km/h"}', [("/a.png", False)]),
        ("div", "data-props", "[cut, '/a/b.png'", [("/a/b.png", False)]),
    ],
)
def test_data_attributes(element: str, attribute: str, value: str, found: list[tuple[str, bool]]) -> None:
    """A data- attribute is certain where lazy loaders look, and a guess elsewhere."""
    assert list(find_data_links(element, attribute, value)) == found


def test_kinds_and_bases() -> None:
    """What a module imports is relative to the module, what an inline script names to its page."""
    module = find_links(
        "http://a.example/js/m.js", "text/javascript", None, b'import "./n.js"; fetch("/d.json")'
    )
    assert [(link.url, link.kind) for link in module.links] == [
        ("http://a.example/js/n.js", "embed"),
        ("http://a.example/d.json", "embed"),
    ]
    page = b'<base href="/b/"><script type="module">import "./n.js"</script><i data-src="p.png" data-x="./q.png">'
    found = find_links("http://a.example/x/", "text/html", None, page)
    assert [link.url for link in found.links] == ["http://a.example/b/q.png", "http://a.example/b/n.js"]


@pytest.mark.parametrize("piece", ["import ", "from(", 'import "./', "URL(\t", ' data-a="/', "fetch(   "])
def test_hostile_repetition(piece: str) -> None:
    """Half a million characters of beginnings without an end name nothing; a slow expression would never end."""
    text = piece * (500_000 // len(piece))
    assert list(find_script_links(text)) == []
    assert list(find_data_links("img", "data-srcset", text)) == []
