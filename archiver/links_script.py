# SPDX-License-Identifier: EUPL-1.2
r"""
Addresses that stand in scripts and in data- attributes as they are. Knows nothing of what runs.

    import x from "./a.js"   export … from "/a.js"   import("./a.js")       relative to the script (ECMAScript
    new URL("./a.wasm", import.meta.url)                                    section 16.2; HTML section 8.1.5)
    fetch("/a.json")   importScripts("/a.js")   new Worker("/a.js")         relative to the page: taken only
                                                                            where that makes no difference
    <img data-src="/a.png">   <tbody data-source="/a.json">                 the habit of lazy loaders

Nothing is executed and nothing put together: `"/a/" + name` is not found. Bounded expressions without
backtracking, so time is linear in the text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

MAX_SCRIPT = 10_000_000
"""Characters read of one script."""

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
    r"\b(?:fetch|importScripts|Worker|SharedWorker|Audio|EventSource)\s{0,8}+\(\s{0,8}+"
    + _QUOTED.format(start=r"(?:/|https?://)")
)
_DATA = re.compile(
    rb"""\sdata-[\w-]{1,64}+\s{0,8}+=\s{0,8}+["']((?:\.{0,2}/|https?://)[^"'\s<>]{1,2000}+)["']""",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"\.(?:avif|css|gif|ico|jpe?g|js|json|m4a|mjs|mp3|mp4|ogg|pdf|png|svg|ttf|txt|vtt|wasm|webm|webp|woff2?|xml)$",
    re.IGNORECASE,
)


def find_script_links(text: str) -> Iterator[str]:
    """Yield the addresses that a script names outright, as written."""
    text = text[:MAX_SCRIPT]
    for expression in (_FROM_SCRIPT, _BESIDE_SCRIPT, _FROM_PAGE):
        for match in expression.finditer(text):
            yield match["url"]


def find_data_links(markup: bytes) -> Iterator[str]:
    """Yield what stands in data- attributes and looks like the address of a file, entities undone."""
    for match in _DATA.finditer(markup):
        address = html.unescape(match[1].decode("utf-8", "replace"))
        if _FILE.search(re.split(r"[?#]", address, maxsplit=1)[0]):
            yield address
