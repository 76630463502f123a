# SPDX-License-Identifier: EUPL-1.2
"""
A page parsed once, for links and for text alike. Knows nothing of either; the only home of selectolax.

    bytes → charset → UTF-8 → made harmless → lexbor tree

The parser is that of the HTML standard, in C and without limits of its own. Four kinds of page would cost it
time or memory without end (measured with selectolax 1.0.2), so they are changed before it sees them:

    100,000 <div> never closed          24 s        more than MANY_TAGS tags: _flat takes nesting away
    1,000 <b id=…> before 1,000 <p>     460 MiB     _plain makes formatting elements ordinary ones
    40,000 attributes in one tag        3 s         _with_fewer_attributes drops those beyond MANY_ATTRIBUTES
    <selectedcontent>                   clones      parsed without events

Addresses and words stay what they were; only nesting is lost, and only on such pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from .charset import decoded

MANY_TAGS = 20_000
"""Number of `<` from which a page loses its nesting. The C++ and SQL manuals have a few hundred a page."""
MANY_COPIES = 250_000
"""Formatting elements times tags, from which formatting elements become ordinary ones."""
FEW_TAGS = 1_000
"""Up to here the product above cannot be reached (500 times 500)."""
MANY_ATTRIBUTES = 1_000
LONG_PAGE = 65_536
"""Bytes up to which no tag can have so many attributes that it matters."""
MAX_TITLE = 1_000
MAX_LANGUAGE = 35
"""Longest language tag that RFC 5646 section 4.4.1 asks readers to take."""

_WITHOUT_EVENTS = 1
_FORMATTING = re.compile(
    rb"<(/?)(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])", re.IGNORECASE
)
# HTML standard, sections 13.2.5.32 to 13.2.5.40, exactly: what is a name, what is a value, where a tag ends.
_ATTRIBUTE = rb"""[\s/]*+(?:=[^\s/>=]*+|[^\s/>=]++)(?:\s*+=\s*+(?:"[^"]*+"?|'[^']*+'?|[^\s>"'][^\s>]*+)?)?"""
_ONE_ATTRIBUTE = re.compile(_ATTRIBUTE)
_TAG = re.compile(rb"</?[A-Za-z][^\s/>]*+(?:" + _ATTRIBUTE + rb")*+")
_NAME = re.compile(rb"<(/?)([A-Za-z][^\s/>]*+)")
_CLOSED_AT_ONCE = re.compile(
    rb"<(a|audio|iframe|noscript|object|script|style|textarea|title|video)(\s[^<>]*)?/>", re.IGNORECASE
)

# What a tag becomes where nesting is taken away: an element that cannot hold others, with its attributes.
# Those that cannot hold elements anyway stay; the words of a block stay on a line of their own.
_EMBEDS = b"audio frame iframe image object use video"
_KEPT = b"area base br embed form hr img input link meta script source style textarea title track"
_BLOCKS = (
    b"address article aside blockquote body caption center dd details dialog dir div dl dt fieldset "
    b"figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup html legend li main menu nav ol optgroup "
    b"option p pre search section summary table tbody tfoot thead tr ul"
)
_FLAT = {
    b"a": b"area",
    **dict.fromkeys(_EMBEDS.split(), b"embed"),
    **dict.fromkeys(_KEPT.split(), b""),
    **dict.fromkeys(_BLOCKS.split(), b"hr"),
}
_ROOT = re.compile(rb"<html(?=[\s/>])", re.IGNORECASE)
_HEAD = 4096
"""Bytes in which the root element, which keeps its name for the sake of its language, is looked for."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed page. Short-lived: the tree is many times the page, so take links and text and let go."""

    tree: LexborHTMLParser
    charset: str
    """Python's name of the encoding that the bytes were read in."""
    flat: bool
    """Whether nesting was taken away, because the page has more tags than MANY_TAGS."""

    @property
    def title(self) -> str:
        """The text of the first title element, white space collapsed, at most MAX_TITLE characters."""
        node = self.tree.css_first("title")
        return " ".join(node.text()[: MAX_TITLE * 4].split())[:MAX_TITLE] if node else ""

    @property
    def language(self) -> str:
        """The language tag of the root element as written; empty where none is given."""
        node = self.tree.css_first("html") or self.tree.root
        attributes = node.attributes if node else {}
        return (attributes.get("lang") or attributes.get("xml:lang") or "").strip()[:MAX_LANGUAGE]


def parse(body: bytes, charset: str | None = None, *, xml: bool = False) -> Parsed:
    """
    Parse a page. `charset` is that of the Content-Type header, if any; `xml` is for XHTML and SVG.

    Nothing is raised whatever the bytes are; XML is read with the HTML parser, so no entity or DTD is ever
    processed.
    """
    data, encoding = decoded(body, charset, xml=xml)
    data = _CLOSED_AT_ONCE.sub(rb"<\1\2></\1>", data) if xml else data
    tags = data.count(b"<")
    if len(data) > LONG_PAGE:
        data = _with_fewer_attributes(data)
    if tags > MANY_TAGS:
        data = _flat(data)
    elif tags > FEW_TAGS:
        data = _plain(data, tags)
    return Parsed(LexborHTMLParser(data, options=_WITHOUT_EVENTS), encoding, tags > MANY_TAGS)


def tag_ids(names: Iterable[str]) -> dict[int, str]:
    """Return the parser's numbers of known tags; comparing numbers spares a string for each node walked."""
    tree = LexborHTMLParser("")
    return {tree.create_node(name).tag_id: name for name in names}


def _with_fewer_attributes(data: bytes) -> bytes:
    """Drop the attributes of a tag beyond MANY_ATTRIBUTES."""
    parts, end = [], 0
    for tag in _TAG.finditer(data):
        if tag.end() - tag.start() < 4 * MANY_ATTRIBUTES:
            continue
        for number, attribute in enumerate(_ONE_ATTRIBUTE.finditer(data, tag.start() + 1, tag.end())):
            if number == MANY_ATTRIBUTES:
                parts += [data[end : attribute.start()], b" "]
                end = tag.end()
                break
    return b"".join([*parts, data[end:]]) if parts else data


def _plain(data: bytes, tags: int) -> bytes:
    """Make formatting elements ordinary ones, where reopening them in each paragraph could cost too much."""
    if len(_FORMATTING.findall(data)) * tags <= MANY_COPIES:
        return data
    return _FORMATTING.sub(_ordinary, data)


def _ordinary(match: re.Match[bytes]) -> bytes:
    name = match[0].lstrip(b"</").lower()
    if name == b"a":  # at most one is open at a time, so that it is not reopened more than once
        return match[0]
    return b"<" + match[1] + b"span"


def _flat(data: bytes) -> bytes:
    """Give every tag a name that cannot hold others, one that carries the same addresses."""
    root = _ROOT.search(data, 0, _HEAD)
    start = root.end() if root else 0
    return data[:start] + _NAME.sub(_flattened, data[start:])


def _flattened(match: re.Match[bytes]) -> bytes:
    name = _FLAT.get(match[2].lower(), b"wbr")
    return b"<" + match[1] + name if name else match[0]
