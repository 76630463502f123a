# SPDX-License-Identifier: EUPL-1.2
"""
A page parsed once, for links and for text alike. Knows nothing of either; the only home of selectolax.

    bytes → charset → UTF-8 → made harmless → lexbor tree → its tags in plain order

What is handed on is not the tree but the tree written out again: `<a href="b&amp;c">`. That is done in C, and
what it writes is regular (HTML standard, section 13.3): each element is closed, each attribute is in double
quotes, and `<` and `>` stand for nothing but the ends of a tag. Expressions then find tags and words in a
fraction of the time of walking nodes, and the tree, many times the page, is let go at once. What is not
written so, the contents of scripts, styles, frames and comments, is kept apart.

The parser is that of the HTML standard, in C and without limits of its own. Six kinds of page would cost it
time or memory without end (measured with selectolax 1.0.2), so they are changed before it sees them:

    100,000 <div> never closed          24 s        more than MANY_TAGS tags: _flat takes nesting away
    1,000 <b id=…> before 1,000 <p>     460 MiB     _plain makes formatting elements ordinary ones
    40,000 attributes in one tag        3 s         _with_fewer_attributes leaves those that are read here
    100,000 names of attributes         4 s         the same
    1,000 <body> with 900 of them each  75 s        the same: the tree has one body, with all of them
    <selectedcontent>                   clones      parsed without events

Addresses and words stay what they were; only nesting is lost, and only on such pages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser

from .charset import decoded

MANY_TAGS = 20_000
"""Number of `<` from which a page loses its nesting. The C++ and SQL manuals have a few hundred a page."""
MAX_TAGS = 500_000
"""Number of `<` after which the rest of a page is not read. A tag costs some 300 bytes in memory."""
MANY_COPIES = 250_000
"""Formatting elements times tags, from which formatting elements become ordinary ones."""
FEW_TAGS = 1_000
"""Up to here the product above cannot be reached (500 times 500)."""
MANY_ATTRIBUTES = 1_000
"""Attributes of one tag from which only those in _READ are left. Pages have a dozen."""
LONG_TAG = 4 * MANY_ATTRIBUTES
"""Bytes up to which a tag cannot have so many."""
MANY_NAMES = 100_000
"""Different words in a page from which all tags are treated so: each may be the name of an attribute."""
LONG_PAGE = 65_536
"""Bytes up to which a page cannot have so many attributes that it matters."""
HUGE_PAGE = 500_000
"""Bytes up to which it cannot have so many different ones."""
MAX_TITLE = 1_000
MAX_LANGUAGE = 35
"""Longest language tag that RFC 5646 section 4.4.1 asks readers to take."""

_WITHOUT_EVENTS = 1
# `a` is not among them: at most one is open at a time, so that it is never reopened more than once.
_FORMATTING = rb"(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])"
_FORMATTING_START = re.compile(b"<" + _FORMATTING, re.IGNORECASE)
_FORMATTING_TAG = re.compile(b"<" + _FORMATTING + rb"[^>]*+", re.IGNORECASE)
_FORMATTING_LOWER = re.compile(b"<" + _FORMATTING)  # a third of the time, on a page in lower case
_FORMATTING_END = re.compile(b"</" + _FORMATTING, re.IGNORECASE)
# HTML standard, sections 13.2.5.32 to 13.2.5.40, exactly: what is a name, what is a value, where a tag ends.
_ATTRIBUTE = rb"""[\s/]*+(=[^\s/>=]*+|[^\s/>=]++)(?:\s*+=\s*+(?:"[^"]*+"?|'[^']*+'?|[^\s>"'][^\s>]*+)?)?"""
_ONE_ATTRIBUTE = re.compile(_ATTRIBUTE)
_QUOTED_END = re.compile(rb"""=\s*+(?:"[^">]*+>|'[^'>]*+>)""")
_SEPARATORS = b" \t\r\n\f\v/"
_WORD = re.compile(rb"[^\s/>=\"'<]+")
_TAG = re.compile(rb"</?[A-Za-z][^\s/>]*+(?:" + _ATTRIBUTE + rb")*+")
_ROOT_TAG = re.compile(rb"<(?:html|body)(?=[\s/>])(?:" + _ATTRIBUTE + rb")*+", re.IGNORECASE)
_ANY_TAG = re.compile(rb"<")
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
    **dict.fromkeys((b"td", b"th"), b"param"),
    **dict.fromkeys(_KEPT.split(), b""),
    **dict.fromkeys(_BLOCKS.split(), b"hr"),
}
_READ = frozenset(
    b"action background content data hidden href http-equiv imagesrcset lang method name poster property "
    b"rel src srcset style type xlink:href xml:lang".split()
)
# Of the page as written out again: lower case, one blank before each attribute, always with a value.
_WRITTEN_ATTRIBUTE = re.compile(r' (=?[^ =>]++)="([^"]*+)"')
_WRITTEN_ROOT = re.compile(r"<html([^>]*)>")
_TITLE = re.compile(r"<title(?: [^>]*+)?>([^<]*+)")
_RAW = re.compile(r"<(!--|(?:iframe|no(?:embed|frames)|plaintext|s(?:cript|tyle)|xmp)(?=[ >]))")
_SHOWN = frozenset({"plaintext", "xmp"})
_ESCAPES = (("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", "\xa0"), ("&amp;", "&"))
_ROOT = re.compile(rb"<html(?=[\s/>])", re.IGNORECASE)
_HEAD = 4096
"""Bytes in which the root element, which keeps its name for the sake of its language, is looked for."""


class Raw(NamedTuple):
    """Contents that are written as they are: those of a script, style, frame or comment."""

    name: str
    """Of the element; `!--` for a comment."""
    attributes: str
    """As written: see `attributes`."""
    text: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed page as its tags and words, in order. Short-lived: take links and text and let go."""

    html: str
    """The page written out, without comments and without what is in `raw`."""
    raw: tuple[Raw, ...]
    charset: str
    """Python's name of the encoding that the bytes were read in."""
    flat: bool
    """Whether nesting was taken away, because the page has more tags than MANY_TAGS."""
    whole: bool = True
    """Whether all of it was read: not where it has more tags than MAX_TAGS."""

    @property
    def title(self) -> str:
        """The text of the first title element, white space collapsed, at most MAX_TITLE characters."""
        first = _TITLE.search(self.html)
        return " ".join(unescaped(first[1])[: MAX_TITLE * 4].split())[:MAX_TITLE] if first else ""

    @property
    def language(self) -> str:
        """The language tag of the root element as written; empty where none is given."""
        root = _WRITTEN_ROOT.search(self.html, 0, _HEAD)
        given = attributes(root[1]) if root else {}
        return (given.get("lang") or given.get("xml:lang") or "").strip()[:MAX_LANGUAGE]


def parse(body: bytes, charset: str | None = None, *, xml: bool = False) -> Parsed:
    """
    Parse a page. `charset` is that of the Content-Type header, if any; `xml` is for XHTML and SVG.

    Nothing is raised whatever the bytes are; XML is read with the HTML parser, so no entity or DTD is ever
    processed.
    """
    data, encoding = decoded(body, charset, xml=xml)
    data = _CLOSED_AT_ONCE.sub(rb"<\1\2></\1>", data) if xml else data
    tags = data.count(b"<")
    if tags > MAX_TAGS:
        data = data[: next(islice(_ANY_TAG.finditer(data), MAX_TAGS, None)).start()]
    if len(data) > LONG_PAGE:
        data = _with_fewer_attributes(data)
    if tags > MANY_TAGS:
        data = _flat(data)
    elif tags > FEW_TAGS:
        data = _plain(data, tags)
    html, raw = _apart(LexborHTMLParser(data, options=_WITHOUT_EVENTS).html or "")
    return Parsed(html, raw, encoding, tags > MANY_TAGS, tags <= MAX_TAGS)


def attributes(written: str) -> dict[str, str]:
    """Return the attributes of a tag of `Parsed.html`, from what stands between its name and its end."""
    return {name: unescaped(value) for name, value in _WRITTEN_ATTRIBUTE.findall(written)}


def unescaped(written: str) -> str:
    """Return what words or a value of `Parsed.html` say: there are five escapes, and no others."""
    if "&" not in written:
        return written
    for escape, character in _ESCAPES:
        written = written.replace(escape, character)
    return written


def _apart(written: str) -> tuple[str, tuple[Raw, ...]]:
    """Take out comments, and the contents that are not escaped."""
    parts: list[str] = []
    raw: list[Raw] = []
    position = 0
    while begin := _RAW.search(written, position):
        name = begin[1]
        comment = name == "!--"
        start = begin.end() if comment else written.find(">", begin.end()) + 1
        if not start:
            break
        end = written.find("-->" if comment else f"</{name}>", start)
        end = len(written) if end < 0 else end
        raw.append(Raw(name, "" if comment else written[begin.end() : start - 1], written[start:end]))
        parts.append(written[position : begin.start() if comment else start])
        if name in _SHOWN:
            parts.append(written[start:end].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
        position = end + 3 if comment else end
    return "".join([*parts, written[position:]]), tuple(raw)


def _with_fewer_attributes(data: bytes) -> bytes:
    """Leave only the attributes that are read here: in tags that have too many, or in all of them."""
    pieces = data.split(b">")
    if len(_ROOT_TAG.findall(data)) > 2:
        data = _ROOT_TAG.sub(_trimmed, data)
    in_quotes = _QUOTED_END.search(data) is not None
    if len(data) > HUGE_PAGE and (in_quotes or _in_tags(pieces) > HUGE_PAGE) and _has_many_words(data):
        return _TAG.sub(_trimmed, data)
    # Looking at each tag costs more than parsing does, so first whether there can be a long one at all.
    if in_quotes or max(map(len, pieces)) > LONG_TAG:
        return _with_short_tags(data)
    return data


def _with_short_tags(data: bytes) -> bytes:
    parts, end = [], 0
    for tag in _TAG.finditer(data):
        if tag.end() - tag.start() > LONG_TAG and _has_many_attributes(tag[0]):
            parts += [data[end : tag.start()], _trimmed(tag)]
            end = tag.end()
    return b"".join([*parts, data[end:]])


def _in_tags(pieces: list[bytes]) -> int:
    """Return how many bytes can stand in tags, where no quoted value holds the end of one."""
    return sum(len(piece) - at for piece in pieces if (at := piece.find(b"<")) >= 0)


def _has_many_attributes(tag: bytes) -> bool:
    return sum(1 for _ in _ONE_ATTRIBUTE.finditer(tag, 1)) > MANY_ATTRIBUTES


def _has_many_words(data: bytes) -> bool:
    """Tell whether there can be more than MANY_NAMES names of attributes; each would be a word."""
    words: set[bytes] = set()
    for at in range(0, len(data), HUGE_PAGE):
        words.update(_WORD.findall(data, at, at + HUGE_PAGE))
        if len(words) > MANY_NAMES:
            return True
    return False


def _trimmed(tag: re.Match[bytes]) -> bytes:
    first = _NAME.match(tag[0])
    assert first is not None
    kept: dict[bytes, bytes] = {}
    for attribute in _ONE_ATTRIBUTE.finditer(tag[0], first.end()):
        name = attribute[1].lower()
        if name in _READ:
            kept.setdefault(name, attribute[0].strip(_SEPARATORS))
    return b" ".join([first[0], *kept.values()]) + b" "


def _plain(data: bytes, tags: int) -> bytes:
    """Make formatting elements ordinary ones, where reopening them in each paragraph could cost too much."""
    count = len(_FORMATTING_LOWER.findall(data.lower()))
    if count * tags <= MANY_COPIES or _most_open(data, count) * tags <= MANY_COPIES:
        return data
    return _FORMATTING_END.sub(b"</span", _FORMATTING_START.sub(b"<span", data))


def _most_open(data: bytes, count: int) -> int:
    """
    Return how many formatting elements can be open at once, at most: three of each kind that is spelled alike
    (HTML standard, section 13.2.4.3). Where a value holds the end of a tag, spelling says nothing.
    """
    kinds = set(_FORMATTING_TAG.findall(data))
    if any(tag.count(b'"') % 2 or tag.count(b"'") % 2 for tag in kinds):
        return count
    return min(3 * len(kinds), count)


def _flat(data: bytes) -> bytes:
    """Give every tag a name that cannot hold others, one that carries the same addresses."""
    root = _ROOT.search(data, 0, _HEAD)
    start = root.end() if root else 0
    return data[:start] + _NAME.sub(_flattened, data[start:])


def _flattened(match: re.Match[bytes]) -> bytes:
    name = _FLAT.get(match[2].lower(), b"wbr")
    return b"<" + match[1] + name if name else match[0]
