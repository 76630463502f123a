# SPDX-License-Identifier: EUPL-1.2
"""
Which charset an archived page is in, decided as browsers decide it, and its text.

In order: a byte order mark; the charset of the Content-Type; what the first 1024 bytes declare (`<meta>`,
or the XML declaration); UTF-8 where the whole page is valid UTF-8; windows-1252. (HTML section 13.2.3,
Encoding section 4.2; the mark goes before the header, as in Encoding section 6.)

Only the encodings of that standard are known: Python's own names include some that are no charset
(`zip`, `idna`, `unicode_escape`) and some that are unsafe (`utf-7`). Knows nothing of markup beyond that.
"""

from __future__ import annotations

import re

PRESCAN = 1024
"""Bytes in which a declaration counts (HTML section 13.2.3.2)."""

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_DECLARED = re.compile(
    rb"<meta[\t\n\f\r /][^>]*?charset[\t\n\f\r ]*=[\t\n\f\r ]*[\"']?[\t\n\f\r ]*([^\t\n\f\r \"'/>;]+)",
    re.IGNORECASE,
)
_XML_DECLARED = re.compile(rb"<\?xml[\t\n\f\r ][^>]*?encoding[\t\n\f\r ]*=[\t\n\f\r ]*[\"']([^\"'>]+)")

# The standard's labels with the Python codec that decodes most as it says (Encoding section 4.2).
_CODECS = {
    "utf-8": ("utf8", "unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "x-unicode20utf8"),
    "cp866": ("866", "ibm866", "csibm866"),
    "iso8859-2": ("latin2", "l2", "iso-8859-2", "iso8859-2", "iso_8859-2", "iso-ir-101", "csisolatin2"),
    "iso8859-3": ("latin3", "l3", "iso-8859-3", "iso8859-3", "iso_8859-3", "iso-ir-109"),
    "iso8859-4": ("latin4", "l4", "iso-8859-4", "iso8859-4", "iso_8859-4", "iso-ir-110"),
    "iso8859-5": ("cyrillic", "iso-8859-5", "iso8859-5", "iso_8859-5", "iso-ir-144"),
    "iso8859-6": ("arabic", "iso-8859-6", "iso8859-6", "iso_8859-6", "iso-8859-6-e", "iso-8859-6-i"),
    "iso8859-7": ("greek", "greek8", "iso-8859-7", "iso8859-7", "iso_8859-7", "ecma-118", "elot_928"),
    "iso8859-8": ("hebrew", "iso-8859-8", "iso8859-8", "iso_8859-8", "iso-8859-8-e", "iso-8859-8-i"),
    "iso8859-10": ("latin6", "l6", "iso-8859-10", "iso8859-10", "iso-ir-157"),
    "iso8859-13": ("iso-8859-13", "iso8859-13", "iso885913"),
    "iso8859-14": ("iso-8859-14", "iso8859-14", "iso885914"),
    "iso8859-15": ("latin9", "l9", "iso-8859-15", "iso8859-15", "iso_8859-15"),
    "iso8859-16": ("iso-8859-16",),
    "koi8-r": ("koi", "koi8", "koi8-r", "koi8_r", "cskoi8r"),
    "koi8-u": ("koi8-u", "koi8-ru"),
    "mac-roman": ("macintosh", "mac", "x-mac-roman", "csmacintosh"),
    "mac-cyrillic": ("x-mac-cyrillic", "x-mac-ukrainian"),
    "cp874": ("windows-874", "dos-874", "iso-8859-11", "iso8859-11", "tis-620"),
    "cp1250": ("windows-1250", "cp1250", "x-cp1250"),
    "cp1251": ("windows-1251", "cp1251", "x-cp1251"),
    "cp1252": (
        "windows-1252", "cp1252", "x-cp1252", "ascii", "us-ascii", "latin1", "latin-1", "l1",
        "iso-8859-1", "iso8859-1", "iso_8859-1", "iso88591", "iso-ir-100", "csisolatin1", "cp819", "ibm819",
        "x-user-defined",
    ),
    "cp1253": ("windows-1253", "cp1253", "x-cp1253"),
    "cp1254": ("windows-1254", "cp1254", "x-cp1254", "latin5", "l5", "iso-8859-9", "iso8859-9", "iso_8859-9"),
    "cp1255": ("windows-1255", "cp1255", "x-cp1255"),
    "cp1256": ("windows-1256", "cp1256", "x-cp1256"),
    "cp1257": ("windows-1257", "cp1257", "x-cp1257"),
    "cp1258": ("windows-1258", "cp1258", "x-cp1258"),
    "gb18030": ("gb18030", "gbk", "gb2312", "gb_2312", "gb_2312-80", "chinese", "x-gbk", "csgb2312"),
    "big5hkscs": ("big5", "big5-hkscs", "cn-big5", "x-x-big5", "csbig5"),
    "euc-jp": ("euc-jp", "x-euc-jp"),
    "iso2022-jp": ("iso-2022-jp", "csiso2022jp"),
    "cp932": ("shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j", "ms_kanji", "ms932", "csshiftjis"),
    "cp949": ("euc-kr", "korean", "ks_c_5601-1987", "ks_c_5601-1989", "ksc5601", "ksc_5601", "windows-949"),
    "utf-16-be": ("utf-16be", "unicodefffe"),
    "utf-16-le": ("utf-16", "utf-16le", "unicode", "ucs-2", "iso-10646-ucs-2", "csunicode", "unicodefeff"),
}  # fmt: skip
_BY_LABEL = {label: codec for codec, labels in _CODECS.items() for label in (codec, *labels)}


def decode(body: bytes, charset: str | None) -> str:
    """
    Return the text of a page, without its byte order mark; what is not of its charset is U+FFFD.

    `charset` is that of the Content-Type, as it was sent, or None. Never raises.
    """
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace")
    declared = _codec(charset) or _declared(body[:PRESCAN])
    if declared:
        return body.decode(declared, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def _codec(label: str | None) -> str | None:
    return _BY_LABEL.get(label.strip("\t\n\f\r \"'").lower()) if label else None


def _declared(start: bytes) -> str | None:
    """Return the codec that the first bytes declare; a page that says UTF-16 in ASCII is in UTF-8."""
    found = _DECLARED.search(_COMMENT.sub(b"", start)) or _XML_DECLARED.match(start)
    codec = _codec(found[1].decode("latin-1")) if found else None
    return "utf-8" if codec in {"utf-16-le", "utf-16-be"} else codec
