# SPDX-License-Identifier: EUPL-1.2
"""
Which charset an archived page is in, decided as browsers decide it, and its text.

In order: a byte order mark; the charset of the Content-Type; what the page declares at its beginning
(`<meta>`, or the XML declaration); windows-1252, in XML UTF-8. (HTML section 13.2.3, Encoding section 4.2;
the mark goes before the header, as in Encoding section 6.) Browsers do not take UTF-8 for granted: a page
that did not declare it was not read so on that day either. What Chromium guesses of other pages without a
declaration is not guessed.

viewer/rewriting/encodings.py has the encodings. Knows nothing of markup beyond that.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .encodings import codec_of, decoded
from .markup import tokens
from .tags import Kind, Token, attributes, unescape

PRESCAN = 1024
"""Bytes in which a declaration counts (HTML section 13.2.3.2); within the head Chromium 156 reads on."""

MOST_HEAD = 1 << 16
"""Bytes of a head in which one is looked for."""

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
MARKS = tuple(mark for mark, _ in _MARKS)
"""Byte order marks: what begins with one is read by it, whatever is said."""
_IN_HEAD = frozenset(
    {"base", "head", "html", "link", "meta", "noscript", "object", "script", "style", "title"}
)
_IN_CONTENT = re.compile(
    r"charset[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\t\n\f\r ;\"'][^\t\n\f\r ;]*+))",
    re.IGNORECASE,
)
_SAID_IN_ASCII = {"utf-16-le": "utf-8", "utf-16-be": "utf-8", "x-user-defined": "windows-1252"}
_XML_DECLARED = re.compile(rb"<\?xml[\t\n\f\r ][^>]*?encoding[\t\n\f\r ]*=[\t\n\f\r ]*[\"']([^\"'>]+)")


class Encoding(NamedTuple):
    """How a page is read: the name of the encoding here, and a label that browsers know it by."""

    codec: str
    label: str
    mark: int = 0
    """Bytes of a byte order mark, which are no text."""


def decode(body: bytes, charset: str | None, *, xml: bool = False) -> str:
    """
    Return the text of a page, without its byte order mark; what is not of its charset is U+FFFD.

    `charset` is that of the Content-Type, as it was sent, or None. Never raises.
    """
    own = encoding_of(body, charset, xml=xml)
    return decoded(body[own.mark :], own.codec)


def encoding_of(body: bytes, charset: str | None, *, xml: bool = False) -> Encoding:
    """Return in what a page is read; `charset` as in `decode`."""
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return Encoding(codec, codec, len(mark))
    declared = _known(charset) or _declared(body[:MOST_HEAD], xml=xml)
    return declared or (Encoding("utf-8", "utf-8") if xml else Encoding("cp1252", "windows-1252"))


def _known(label: str | None) -> Encoding | None:
    """Return the encoding of a label; None where it is none of the web."""
    text = label.strip("\t\n\f\r \"'").lower() if label else ""
    codec = codec_of(text)
    return Encoding(codec, text) if codec else None


def _declared(start: bytes, *, xml: bool) -> Encoding | None:
    """Return what the first bytes declare: UTF-16 said in ASCII is UTF-8, and x-user-defined windows-1252."""
    for codec in ("utf-16-le", "utf-16-be"):
        if start.startswith("<?x".encode(codec)):  # without a mark; browsers go by these bytes, in HTML too
            return Encoding(codec, codec)
    own = None if xml else _in_meta(start.decode("latin-1"))
    found = _XML_DECLARED.match(start) if own is None else None
    own = _known(found[1].decode("latin-1")) if found else own
    return _known(_SAID_IN_ASCII.get(own.codec)) or own if own else None


def _in_meta(text: str) -> Encoding | None:
    """Return what the first `<meta>` declares that declares an encoding of the web."""
    in_head = True
    for token in tokens(text):
        if not in_head and token.start >= PRESCAN:
            return None
        if token.kind in {Kind.START, Kind.END}:
            if (
                token.kind is Kind.START
                and token.name == "meta"
                and (found := _known(_label_of(text, token)))
            ):
                return found
            ends = token.kind is Kind.END and token.name in {"head", "html"}
            in_head = in_head and token.name in _IN_HEAD and not ends
    return None


def _label_of(text: str, meta: Token) -> str | None:
    """Return the label in a `<meta>`: its `charset`, or of a Content-Type in its `content`."""
    values: dict[str, str] = {}
    for one in attributes(text, meta):
        values.setdefault(one.name, unescape(one.value))
    if "charset" in values:
        return values["charset"]
    if values.get("http-equiv", "").lower() != "content-type":
        return None
    found = _IN_CONTENT.search(values.get("content", ""))
    return (found[1] or found[2] or found[3]) if found else None
