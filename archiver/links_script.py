# SPDX-License-Identifier: EUPL-1.2
r"""
Addresses that a script loads for certain, and those in data- attributes. Knows nothing of what runs.

    import x from "./a.js"   export … from "/a.js"   import("./a.js")       relative to the script (ECMAScript
    new URL("./a.wasm", import.meta.url)                                    section 16.2; HTML section 8.1.5)
    __vite__mapDeps… m.f=["assets/a.css"]                                   relative to the root of the build,
                                                                            scripts in a folder of it (Vite)
    fetch("/a.json")   importScripts("/a.js")   new Worker("/a.js")         relative to the page: taken only
                                                                            where that makes no difference
    <img data-src="/a.png">                                                 the habit of lazy loaders

Nothing is executed and nothing put together: `"/a/" + name` is not found. Bounded expressions without
backtracking, so time is linear in the text. What only may be an address is found by archiver.hints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .hints import MAX_SCRIPT, find_json_hints, is_address

_QUOTED = r"""(?P<quote>["'`])(?P<url>{start}[^"'`\s\\{{}}$<>]{{1,2000}})(?P=quote)"""
_FROM_SCRIPT = re.compile(
    r"\b(?:from|import)\s{0,8}+\(?+\s{0,8}+" + _QUOTED.format(start=r"(?:\.{0,2}/|https?://)")
)
_BESIDE_SCRIPT = re.compile(
    r"\bURL\s{0,8}+\(\s{0,8}+"
    + _QUOTED.format(start=r"(?:\.{0,2}/|https?://)?")
    + r"\s{0,8}+,\s{0,8}+import\.meta\.url\b"
)
_FROM_PAGE = re.compile(
    r"\b(?:fetch|importScripts|Worker|SharedWorker|Audio)\s{0,8}+\(\s{0,8}+"
    + _QUOTED.format(start=r"(?:/|https?://)")
    + r"(?!\s{0,8}+\+)"
)
# Vite names what its chunks need in one list of the first script; before 5.2 the list had another name
_BUILT = re.compile(r"\b(?:m\.f|__vite__fileDeps)\s{0,4}+=\s{0,4}+\[([^\[\]]{1,500000}+)\]")
_PART = re.compile(r"""["']([^"'\s\\{}$<>]{1,1000})["']""")
# Words without which an expression finds nothing; looking for those first is a tenth of the cost.
_FORMS = (
    (("import", "export"), _FROM_SCRIPT),
    (("import.meta.url",), _BESIDE_SCRIPT),
    (("fetch", "importScripts", "Worker", "Audio"), _FROM_PAGE),
)
_LAZY_SETS = frozenset({"data-srcset", "data-lazy-srcset", "data-src-set"})
_LAZY_NAMES = (
    "data-src data-original data-lazy data-lazy-src data-bg data-background data-background-image "
    "data-poster data-full data-image"
)
_LAZY = frozenset(_LAZY_NAMES.split())
_LOADED = frozenset({"audio", "iframe", "img", "source", "video"})


def find_script_links(text: str) -> Iterator[str]:
    """Yield the addresses that a script names outright, as written."""
    text = text[:MAX_SCRIPT]
    for marks, expression in _FORMS:
        if any(mark in text for mark in marks):
            for match in expression.finditer(text):
                yield match["url"]
    if "__vite__" in text:
        yield from _built_parts(text)


def _built_parts(text: str) -> Iterator[str]:
    """Yield the parts that Vite's own loader asks for, relative to the script that has the list."""
    for found in _BUILT.finditer(text):
        for part in _PART.findall(found[1]):
            absolute = part.startswith((".", "/", "http://", "https://"))
            yield part if absolute else "../" * part.count("/") + part


def find_data_links(element: str, attribute: str, value: str) -> Iterator[tuple[str, bool]]:
    """
    Yield what a data- attribute names, and whether that is certain: it is where lazy loaders look.

    A value that is JSON, as components are given their properties, is read as that.
    """
    value = value.strip()
    if attribute in _LAZY_SETS:
        for candidate in value.split(","):
            address = candidate.strip().partition(" ")[0]
            if is_address(address, named=True):
                yield address, True
    elif value[:1] in {"{", "["}:
        yield from ((address, False) for address in find_json_hints(value))
    elif "/" in value and is_address(value, named=attribute.endswith(("src", "url", "href"))):
        yield value, attribute in _LAZY and element in _LOADED
