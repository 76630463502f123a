# SPDX-License-Identifier: EUPL-1.2
"""
The encodings of the web: their labels, and decoders that read each as browsers do (WHATWG Encoding standard).

    decoder("ISO-8859-1")   windows-1252, in which 0x80 is the euro sign and 0x81 stays a control character
    decoder("hz-gb-2312")   one U+FFFD in place of whatever there is: browsers do not read it at all
    decoder("utf-7")        None: no label of the web

Python's codecs read most bytes as the standard does. Where they do not stands here, found by comparing all of
them with Chromium 156 (tests/test_encodings.py does it again): bytes that are unassigned there, some
characters of Japanese, Chinese and Ukrainian, and how many bytes one error takes.

Only these labels are known: Python's own names include some that are no charset (`zip`, `idna`) and some that
are unsafe (`utf-7`). Knows nothing of markup.
"""

from __future__ import annotations

import codecs
import functools
import re
from collections.abc import Callable

_WRONG = "\ufffd"
Decoder = Callable[[bytes], str]

# Python's codec, or a name of ours → labels (Encoding section 4.2)
_LABELS = {
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
    "cp1250": "cp1250 windows-1250 x-cp1250",
    "cp1251": "cp1251 windows-1251 x-cp1251",
    "cp1252": (
        "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 "
        "iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252"
    ),
    "cp1253": "cp1253 windows-1253 x-cp1253",
    "cp1254": (
        "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 "
        "l5 latin5 windows-1254 x-cp1254"
    ),
    "cp1255": "cp1255 windows-1255 x-cp1255",
    "cp1256": "cp1256 windows-1256 x-cp1256",
    "cp1257": "cp1257 windows-1257 x-cp1257",
    "cp1258": "cp1258 windows-1258 x-cp1258",
    "cp866": "866 cp866 csibm866 ibm866",
    "cp874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
    "cp932": "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
    "cp949": (
        "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 "
        "ksc_5601 windows-949"
    ),
    "euc-jp": "cseucpkdfmtjapanese euc-jp x-euc-jp",
    "gb18030": "chinese csgb2312 csiso58gb231280 gb18030 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk",
    "iso2022-jp": "csiso2022jp iso-2022-jp",
    "iso8859-10": "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso8859-13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859-14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859-15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9",
    "iso8859-16": "iso-8859-16",
    "iso8859-2": (
        "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2"
    ),
    "iso8859-3": (
        "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3"
    ),
    "iso8859-4": (
        "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4"
    ),
    "iso8859-5": (
        "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988"
    ),
    "iso8859-6": (
        "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 "
        "iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987"
    ),
    "iso8859-7": (
        "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 "
        "iso_8859-7 iso_8859-7:1987 sun_eu_greek"
    ),
    "iso8859-8": (
        "csiso88598e csiso88598i csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-8859-8-i "
        "iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 logical visual"
    ),
    "koi8-r": "cskoi8r koi koi8 koi8-r koi8_r",
    "koi8-u": "koi8-ru koi8-u",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "mac-roman": "csmacintosh mac macintosh x-mac-roman",
    "replacement": "csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr replacement",
    "utf-16-be": "unicodefffe utf-16be",
    "utf-16-le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
    "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8",
    "x-user-defined": "x-user-defined",
}
_BY_LABEL = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}

# What single bytes are where Python has nothing, or another character. Unassigned bytes from 0x80 to 0x9F are
# control characters.
_SINGLE = {"koi8-u": {0xAE: "ў", 0xBE: "Ў"}, "cp1255": {0xCA: "\u05ba"}}


def _read_as(characters: str, others: str) -> dict[int, str]:
    return {ord(one): other for one, other in zip(characters, others, strict=True)}


# Characters that Python reads, and browsers read as others.
_OTHERWISE: dict[str, dict[int, str]] = {
    "gb18030": _read_as(
        "\ue5e5\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7\ue81e\ue826\ue82b\ue82c"
        "\ue832\ue843\ue854\ue864",
        "\u3000\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u1e3f\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb",
    ),
    "euc-jp": _read_as("\u301c\u2016\u2212\xa2\xa3\xac", "\uff5e\u2225\uff0d\uffe0\uffe1\uffe2"),
    "big5hkscs": _read_as(
        "\u2022\uff64\u203e\u223c\u2641\u2609\xa5\xa2\xa3",
        "\u2027\ufe51\xaf\uff5e\u2295\u2299\uffe5\uffe0\uffe1",
    ),
    "cp932": dict.fromkeys(range(0xF8F0, 0xF8F4), _WRONG),
}

# Two bytes and their character: what Big5 has here and in no codec of Python (HKSCS of 2008).
_BIG5 = (
    "877a㡵877b𡵓877c𣚞877d𦀡877e㻬87a1𥣞87a2㫵87a3竼87a4龗87a5𤅡87a6𨤍87a7𣇪87a8𠪊87a9𣉞87aa䌊87ab蒄"
    "87ac龖87ad鐯87ae䤰87af蘓87b0墖87b1靊87b2鈘87b3秐87b4稲87b5晠87b6権87b7袝87b8瑌87b9篅87ba枂87bb稬"
    "87bc剏87bd遆87be㓦87bf珄87c0𥶹87c1瓆87c2鿇87c3垳87c4䤯87c5呌87c6䄱87c7𣚎87c8堘87c9穲87ca𧭥87cb讏"
    "87cc䚮87cd𦺈87ce䆁87cf𥶙87d0箮87d1𢒼87d2鿈87d3𢓁87d4𢓉87d5𢓌87d6鿉87d7蔄87d8𣖻87d9䂴87da鿊87db䓡"
    "87dc𪷿87dd拁87de灮87df鿋8e69箸8e6f簆8e7e糎8eab緒8eb4縝8ecd者8ed0耨8f57菁8f69蒨8f6e萏8fcb覦8fcc覩"
    "8ffe起906d都907a銹90dc靜90f1響91bf鼖9244蔃92af兙92b0兛92b1兝92b2兞92c8鍮92d1瑹9447浧94ca禛95d9邗"
    "9644靝96ed瀞96fc嬨9b76爁9b78矗9b7b纇9bc6駖9bde釔9bec惞9bf6澶9c42輶9c53侻9c62營9c68鄄9c6b鷰9c77菏"
    "9cbc尐9cbd秣9cd0婧9d57輋9d5a筑9dc4拐9ea9恢9eef痹9efd汊9f60鬮9f66鼗9fcb僭9fd8弌a063蠏a077拎a0d5瑨"
    "a0df煢a0e4牐a3c0␀a3c1␁a3c2␂a3c3␃a3c4␄a3c5␅a3c6␆a3c7␇a3c8␈a3c9␉a3ca␊a3cb␋a3cc␌a3cd␍"
    "a3ce␎a3cf␏a3d0␐a3d1␑a3d2␒a3d3␓a3d4␔a3d5␕a3d6␖a3d7␗a3d8␘a3d9␙a3da␚a3db␛a3dc␜a3dd␝"
    "a3de␞a3df␟a3e0␡a3e1€c6cf廴c6d3无c6d5癶c6d7隶c6de〃c6df仝fa5f倩fa66偽fabd包fac5卄fad5卿fb48嘅"
    "fbb8婷fbf3幵fbf9廐fc4f彘fc6c悤fcb9撐fce2晴fcf1杞fdb7沜fdb8渝fdbb港fdf1煮fe52猪fe6f瑜feaa瓩fedd砉"
)
_ESCAPE = re.compile(rb"\x1b(\(B|\(J|\(I|\$@|\$B)")
_PAIRS = re.compile(rb"[\x21-\x7e]{2}|[\x00-\xff]")


def codec_of(label: str | None) -> str | None:
    """Return the name of the encoding that a label means; None where it is none of the web."""
    return _BY_LABEL.get(label.strip("\t\n\f\r ").lower()) if label else None


def decoded(body: bytes, codec: str) -> str:
    """Return bytes as text, read by an encoding of `codec_of`; what it does not know is U+FFFD."""
    return _decoder(codec)(body)


def can_be_written(codec: str) -> bool:
    """Tell whether `encoded` writes in an encoding: not in Unicode, nor where there are states."""
    return codec not in _OWN and not codec.startswith("utf-")


def encoded(text: str, codec: str) -> bytes | None:
    """
    Return text in an encoding of `codec_of`; None where it has no bytes for it, or is none to be written in.

    What comes back may have to be read with `decoded` to know that it is the same text.
    """
    try:
        if not can_be_written(codec):
            return None
        if codec in _ERRORS:
            return text.translate(_back(codec)).encode(codec)
        return codecs.charmap_encode(text, "strict", codecs.charmap_build(_table(codec)))[0]
    except UnicodeEncodeError:
        return None


@functools.cache
def _back(codec: str) -> dict[int, int]:
    """Return the characters that Python writes in place of those that browsers read."""
    return {ord(other): one for one, other in _OTHERWISE.get(codec, {}).items() if other != _WRONG}


@functools.cache
def _decoder(codec: str) -> Decoder:
    if codec in _OWN:
        return _OWN[codec]
    if codec in _ERRORS:
        changed = _OTHERWISE.get(codec, {})
        return lambda body: body.decode(codec, f"daykeep-{codec}").translate(changed)
    if codec.startswith("utf-"):
        return lambda body: body.decode(codec, "replace")
    table = _table(codec)
    return lambda body: codecs.charmap_decode(body, "replace", table)[0]


@functools.cache
def _table(codec: str) -> str:
    """Return the 256 characters of a single-byte encoding."""
    return "".join(_single(codec, number) for number in range(256))


def _single(codec: str, number: int) -> str:
    if (own := _SINGLE.get(codec, {}).get(number)) is not None:
        return own
    found = bytes([number]).decode(codec, "replace")
    return chr(number) if found == _WRONG and 0x80 <= number < 0xA0 else found


def _user_defined(body: bytes) -> str:
    return codecs.charmap_decode(body, "replace", _USER_DEFINED)[0]


_USER_DEFINED = "".join(chr(number if number < 0x80 else 0xF700 + number) for number in range(256))


def _replacement(body: bytes) -> str:
    return _WRONG if body else ""


def _iso_2022_jp(body: bytes) -> str:
    """Return ISO-2022-JP as text: stretches between escapes, each of one character set."""
    first, *rest = _ESCAPE.split(body)
    sets = list(zip(rest[::2], rest[1::2], strict=True))
    read = [
        _SETS[escape](part) if part else _WRONG for escape, part in sets[:-1]
    ]  # nothing between two is an error
    return "".join([_ascii(first), *read, *(_SETS[escape](part) for escape, part in sets[-1:])])


def _ascii(part: bytes) -> str:
    return part.decode("ascii", "replace").translate(_NO_SHIFTS)


def _roman(part: bytes) -> str:
    return _ascii(part).translate(str.maketrans("\\~", "¥‾"))


def _katakana(part: bytes) -> str:
    return "".join(chr(0xFF40 + one) if 0x21 <= one <= 0x5F else _WRONG for one in part)


def _kanji(part: bytes) -> str:
    read = _decoder("euc-jp")
    found = (one[0] for one in _PAIRS.finditer(part))
    return "".join(read(bytes(byte | 0x80 for byte in one)) if len(one) == 2 else _WRONG for one in found)


_NO_SHIFTS = str.maketrans(dict.fromkeys("\x0e\x0f\x1b", _WRONG))
_SETS: dict[bytes, Decoder] = {b"(B": _ascii, b"(J": _roman, b"(I": _katakana, b"$@": _kanji, b"$B": _kanji}
_OWN: dict[str, Decoder] = {
    "iso2022-jp": _iso_2022_jp,
    "replacement": _replacement,
    "x-user-defined": _user_defined,
}


def _nothing(_: bytes) -> str:
    return ""


def _of_big5(pair: bytes) -> str:
    return _BIG5_PAIRS.get(pair, "")


def _of_japanese(pair: bytes) -> str:
    """Return a character of JIS X 0208 with what NEC and IBM added, which Python reads in Shift_JIS alone."""
    if len(pair) < 2 or not (0xA1 <= pair[0] <= 0xFE and 0xA1 <= pair[1] <= 0xFE):
        return ""
    row, cell = pair[0] - 0xA1, pair[1] - 0xA1
    lead = row // 2 + (0x81 if row < 62 else 0xC1)
    trail = cell + 0x9F if row % 2 else cell + (0x40 if cell < 63 else 0x41)
    found = bytes([lead, trail]).decode("cp932", "replace")
    return found if len(found) == 1 and found != _WRONG and row < 92 else ""


_BIG5_PAIRS = {bytes.fromhex(_BIG5[at : at + 4]): _BIG5[at + 4] for at in range(0, len(_BIG5), 5)}
_HALF = frozenset(range(0xA0, 0xE0))  # katakana of one byte
# Encodings of several bytes: which bytes begin a character, and what Python lacks.
_ERRORS: dict[str, tuple[frozenset[int], Callable[[bytes], str]]] = {
    "big5hkscs": (frozenset(range(0x81, 0xFF)), _of_big5),
    "cp932": (frozenset(range(0x81, 0xFD)) - _HALF, _nothing),
    "cp949": (frozenset(range(0x81, 0xFF)), _nothing),
    "euc-jp": (frozenset({0x8E, 0x8F, *range(0xA1, 0xFF)}), _of_japanese),
    "gb18030": (frozenset(range(0x81, 0xFF)), _nothing),
}


def _handler(codec: str) -> Callable[[UnicodeError], tuple[str, int]]:
    """Return what reads on after an error: it takes two bytes, unless the second is ASCII (section 4.3)."""
    leads, lacking = _ERRORS[codec]

    def read_on(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        at, pair = error.start, error.object[error.start : error.start + 2]
        if found := lacking(pair):
            return found, at + 2
        if codec == "gb18030" and pair[0] == 0x80:
            return "€", at + 1
        takes_two = len(pair) == 2 and pair[0] in leads and pair[1] >= 0x80
        return _WRONG, at + (2 if takes_two else 1)

    return read_on


for _codec in _ERRORS:
    codecs.register_error(f"daykeep-{_codec}", _handler(_codec))
