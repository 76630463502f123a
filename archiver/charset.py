# SPDX-License-Identifier: EUPL-1.2
"""
In which encoding the bytes of a page are to be read. Knows nothing of tags beyond the one that names it.

    byte-order mark → header → <meta charset> in the first 1024 bytes, or <?xml encoding?>, or @charset →
    UTF-8 where the bytes are valid in it → windows-1252

The order is that of browsers (HTML standard, section 13.2.3.2; CSS Syntax 3, section 3.2), without their
guessing by country.
"""

from __future__ import annotations

import re

PRESCAN = 1024
"""Bytes in which a page may name its own encoding (HTML standard, section 13.2.3.2)."""

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16-be"), (b"\xff\xfe", "utf-16-le"))
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META = re.compile(rb"""<meta\b[^<>]{0,512}?\bcharset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)
_XML = re.compile(rb"""\s*<\?xml\b[^<>]{0,256}?\bencoding\s*=\s*["']([A-Za-z0-9_:.-]{1,40})["']""")
_CSS = re.compile(rb'@charset "([A-Za-z0-9_:.-]{1,40})";')

_WESTERN = (
    "ascii us-ascii ansi_x3.4-1968 iso-8859-1 iso8859-1 iso_8859-1 iso88591 latin1 l1 cp1252 cp819 "
    "windows-1252 x-cp1252"
)
# Labels of the Encoding standard (https://encoding.spec.whatwg.org, section 4.2) to Python's codecs. Only
# what stands here is used: Python also has codecs that unpack or escape.
_CODECS = {
    **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8", "x-unicode20utf8"), "utf-8"),
    **dict.fromkeys(("utf-16", "utf-16le", "unicode", "ucs-2", "iso-10646-ucs-2", "csunicode"), "utf-16-le"),
    "utf-16be": "utf-16-be",
    **dict.fromkeys(_WESTERN.split(), "cp1252"),
    **{f"windows-125{n}": f"cp125{n}" for n in (0, 1, 3, 5, 6, 7, 8)},
    **{f"cp125{n}": f"cp125{n}" for n in (0, 1, 3, 5, 6, 7, 8)},
    **dict.fromkeys(("windows-1254", "cp1254", "iso-8859-9", "latin5"), "cp1254"),
    **{f"iso-8859-{n}": f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"iso8859-{n}": f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **dict.fromkeys(("latin2", "l2"), "iso8859-2"),
    **dict.fromkeys(("latin9", "l9"), "iso8859-15"),
    **dict.fromkeys(("windows-874", "tis-620", "iso-8859-11"), "cp874"),
    **dict.fromkeys(("koi8-r", "koi8"), "koi8-r"),
    **dict.fromkeys(("koi8-u", "koi8-ru"), "koi8-u"),
    **dict.fromkeys(("ibm866", "cp866"), "cp866"),
    **dict.fromkeys(("macintosh", "x-mac-roman"), "mac-roman"),
    **dict.fromkeys(("x-mac-cyrillic", "x-mac-ukrainian"), "mac-cyrillic"),
    **dict.fromkeys(("gbk", "gb2312", "x-gbk", "gb_2312-80", "gb18030"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "x-x-big5", "cn-big5"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j", "ms_kanji"), "cp932"),
    **dict.fromkeys(("euc-jp", "x-euc-jp"), "euc-jp"),
    "iso-2022-jp": "iso2022-jp",
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "korean", "windows-949"), "cp949"),
}


def sniff_charset(header_charset: str | None, body: bytes, *, xml: bool = False) -> str:
    """Return Python's name of the encoding to read `body` in. Labels we do not know are passed over."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return name
    named = _codec(header_charset) or _declared(body[:PRESCAN], xml=xml)
    return named or ("utf-8" if xml or _is_utf8(body) else "cp1252")


def decoded(body: bytes, header_charset: str | None, *, xml: bool = False) -> tuple[bytes, str]:
    """Return the text as valid UTF-8 without a byte-order mark, and Python's name of what it was read in."""
    name = sniff_charset(header_charset, body, xml=xml)
    if name == "utf-8":
        body = body.removeprefix(b"\xef\xbb\xbf")
        if _is_utf8(body):
            return body, name
    text = body.decode(name, "replace").removeprefix("\ufeff")
    return text.encode("utf-8", "replace"), name


def _codec(label: str | None) -> str | None:
    return _CODECS.get(label.strip(" \t\"'").lower()) if label else None


def _declared(start: bytes, *, xml: bool) -> str | None:
    """Return what the page says of itself. It was read as ASCII to find that, so it is not UTF-16."""
    match = (
        _XML.match(start) or _CSS.match(start) or (None if xml else _META.search(_COMMENT.sub(b"", start)))
    )
    name = _codec(match[1].decode("ascii")) if match else None
    return "utf-8" if name in {"utf-16-le", "utf-16-be"} else name


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
