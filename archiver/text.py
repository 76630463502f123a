# SPDX-License-Identifier: EUPL-1.2
r"""
The words of a page as a reader sees them. Knows nothing of search or of how the text is kept.

    <p>One <b>two</b></p><script>…</script><ul><li>three</ul>   →   'One two\nthree'

A line for each block, white space collapsed; no scripts, styles, templates, no elements marked `hidden`.
The same page gives the same text, always: texts are compared from day to day.

A few replacements on the page as archiver.markup writes it, where every element is closed and `<` begins a
tag: what is not shown goes, the tags of blocks become line feeds, and the other tags nothing.
"""

from __future__ import annotations

import re

from .markup import Parsed, unescaped

MAX_TEXT = 2_000_000
"""Characters of text taken from one page."""

_BLOCK = re.compile(  # by first letters: half the time of a plain list, as most tags are spans and links
    r"</?(?:a(?:ddress|rticle|side)|b(?:lockquote|r)|c(?:aption|enter)|d(?:d|etails|i(?:alog|r|v)|l|t)"
    r"|f(?:i(?:eldset|gcaption|gure)|o(?:oter|rm))|h(?:[1-6r]|eader|group)|l(?:egend|i)|m(?:ain|enu)|nav"
    r"|o(?:l|pt(?:group|ion))|p(?:re)?|s(?:e(?:arch|ction|lect)|ummary)|t(?:able|body|extarea|foot|head|r)"
    r"|ul)(?=[ >])[^>]*+>"
)
_CELL = re.compile(r"<(?:t[dh]|param)(?=[ >])[^>]*+>")  # param: see archiver.markup, _FLAT
_TAG = re.compile(r"<[^>]*+>")
_NAME = re.compile(r"<(/?)([^ >]++)")
_BODY = re.compile(r"<body(?=[ >])")
# Scripts, styles and frames are no more in the page as written.
_UNSEEN = re.compile(r"<(audio|canvas|datalist|head|noscript|t(?:emplate|itle)|video)(?=[ >])")
_HIDDEN = re.compile(r'<([a-z][^ >]*+)(?= )[^>]*? hidden="(?!until-found")[^"]*+"')
_UNSEEN_OR_HIDDEN = re.compile(f"{_UNSEEN.pattern}|{_HIDDEN.pattern}", re.IGNORECASE)
_EMPTY_NAMES = "area base br col embed hr img input link meta param source track wbr"
_OBSOLETE_NAMES = "basefont bgsound frame keygen"
_EMPTY = frozenset(f"{_EMPTY_NAMES} {_OBSOLETE_NAMES}".split())
"""Elements that are written without an end (HTML standard, sections 13.1.2 and 13.3)."""


def page_text(parsed: Parsed) -> str:
    """Return the text of the body, at most MAX_TEXT characters; empty for one without, as a frameset."""
    body = _BODY.search(parsed.html)
    if body is None:
        return ""
    text = _seen(parsed.html[body.start() :]).replace("\n", " ")
    text = unescaped(_TAG.sub("", _CELL.sub(" ", _BLOCK.sub("\n", text))))
    lines = map(" ".join, map(str.split, text[: 2 * MAX_TEXT].split("\n")))
    return "\n".join(filter(None, lines))[:MAX_TEXT]


def _seen(written: str) -> str:
    """Return what is shown: without elements that never are, and without those marked `hidden`."""
    expression = _UNSEEN_OR_HIDDEN if ' hidden="' in written else _UNSEEN
    parts: list[str] = []
    position = 0
    while unseen := expression.search(written, position):
        parts.append(written[position : unseen.start()])
        position = _end(written, unseen)
    return "".join([*parts, written[position:]]) if parts else written


def _end(written: str, begin: re.Match[str]) -> int:
    """Return where an element has ended, others of its name inside it counted."""
    name = begin[1] or begin[2]
    if name in _EMPTY:
        return written.find(">", begin.end()) + 1 or len(written)
    depth = 0
    for tag in _NAME.finditer(written, begin.start()):
        if tag[2] == name:
            depth += -1 if tag[1] else 1
        if not depth:
            return written.find(">", tag.end()) + 1 or len(written)
    return len(written)
