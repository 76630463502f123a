# SPDX-License-Identifier: EUPL-1.2
r"""
Strings in scripts and data that look like addresses of a site. Knows nothing of who asks for them.

    {"url": "\/nl\/nieuws\/"}                  JSON that is whole is parsed, and its strings looked at
    push([1,"{\"href\":\"/nl/over-ons/\"}"])   scripts, and JSON that is not, are searched for quoted strings
    "https:\u002F\u002Fexample.org\u002Fa"     escapes are undone, HTML entities too

A hint is a guess, and a wrong one costs a request. So a string counts only if it is whole (nothing is added
to it), has no character of a pattern, and looks like a page or a file. tests/test_hints.py has
the kinds that count and those that do not. Bounded expressions without backtracking, so time is linear in the
text.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

MAX_SCRIPT = 10_000_000
"""Characters read of one script."""
MAX_JSON = 8_000_000
"""Characters of JSON that are parsed; what is longer is searched as a script is."""
MAX_VALUES = 500_000
"""Values looked at in one JSON text."""
MAX_ADDRESS = 2_000

_FILES = (
    "aspx? atom avif bmp cfm css csv docx? do epub flac geojson gif gml html? ico ics jpe?g js jsonl? jsonld "
    "jspx? kml m3u8 m4[av] mjs mp[34] mpd od[pst] og[gv] otf pdf php png pptx? rdf rss rtf s?html svgz? "
    "tiff? ttf txt vcf vtt wasm wav webm webmanifest webp woff2? xhtml xlsx? xml zip"
)
_FILE = re.compile(rf"[^/.][^/]*\.(?:{'|'.join(_FILES.split())})", re.IGNORECASE)
_CHARACTERS = re.compile(r"[\w\-.~/?#&=:@!,;+()'%\u00a1-\ud7ff\uf900-\ufffc]+", re.ASCII)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(
    r"(?:(?:[a-z0-9-]{1,63}\.){1,8}[a-z][a-z0-9-]{1,62}|localhost|\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?",
    re.IGNORECASE,
)
# Names of things that are written as addresses.
_NAMESPACES = re.compile(
    r"https?://(?:(?:www\.)?w3\.org/(?:\d{4}/|ns/|TR/|XML/)|(?:[a-z-]+\.)?schema\.org\b|ogp\.me/|purl\.org/"
    r"|xmlns\.com/|rdfs\.org/|ns\.adobe\.com/|schemas\.|json-schema\.org/|jsonfeed\.org/version/)",
    re.IGNORECASE,
)
# Folders of a computer and of source code.
_NO_FOLDERS = "bin dev etc mnt node_modules proc root sbin src sys tmp usr var webpack"
_NO_FOLDER = frozenset(_NO_FOLDERS.split())
_WORD = re.compile(r"[a-z0-9@\u00df-\uffff][a-z0-9\u00df-\uffff_.,~%=+()'@!:;-]*", re.IGNORECASE)
_LETTERS = re.compile(r"[A-Za-z\u00c0-\uffff]{2}")
_FORMAT = re.compile(r"[dDmMyYhHsSwW]{1,4}|[A-Z]{1,4}")
_FLAGS = re.compile(r"[dgimsuvy]{1,4}")

# Ends of the names of JSON members that hold an address: https://schema.org, content systems, components.
_ADDRESS_KEYS = (
    *(
        "@id",
        "canonical",
        "download",
        "enclosure",
        "file",
        "href",
        "icon",
        "image",
        "img",
        "link",
        "logo",
        "page",
    ),
    *("path", "permalink", "route", "sameas", "screenshot", "slug", "src", "thumbnail", "uri", "url"),
)
_NO_KEY = frozenset(
    {"@context", "@type", "$schema", "$ref", "sourcesContent", "mappings", "sources", "names"}
)

_QUOTED = re.compile(
    r"""(["'`])((?:https?:)?(?:\.{0,2})(?:\\*+/|\\+u002[fF]|\\+x2[fF])"""
    r"""(?:[^"'`\s<>{}|^*\[\]$\\]|\\++(?:/|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}))*+)\\*+\1"""
)
_IN_MARKUP = re.compile(
    r"""\b(?:href|src|poster)\s{0,4}+=\s{0,4}+["']([^"'<>\s\\]{1,2000}+)["']""", re.IGNORECASE
)
_ESCAPED = re.compile(r"\\+(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|/)")
_ENTITY = re.compile(r"&(?:amp|#\d{1,4}|#[xX][0-9A-Fa-f]{1,4});")
_BEFORE = re.compile(
    r"(?:\+|\brequire\(|\.(?:concat|endsWith|includes|indexOf|join|lastIndexOf|match|replace|replaceAll|search"
    r"|split|startsWith|test)\(|\bRegExp\(|\bcase|\bError\()\s{0,4}\Z"
)
_KEY_BEFORE = re.compile(r"[{,]\s{0,64}\Z")
_AFTER = re.compile(r"\s{0,4}(?:\+(?!\+)|\.concat\()")
_KEY_AFTER = re.compile(r"\s{0,4}:")


def find_hints(text: str, *, beside: bool = False) -> Iterator[str]:
    """
    Yield the addresses that stand whole in a script, escapes undone.

    `beside` says that relative ones (`./a.png`) count: those of a script in a page are relative to the page;
    of a script by itself nobody can tell.
    """
    text = text[:MAX_SCRIPT]
    for match in _QUOTED.finditer(text):
        address = _plain(match[2])
        if (beside or not address.startswith(".")) and is_address(address) and _stands_alone(text, match):
            yield address


def parsed_json(text: str) -> object:
    """Return what a JSON text says; None where it is too long, nested too deep, or not JSON."""
    if len(text) > MAX_JSON:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # a page's own mistake, or nested to do harm: it is searched instead
        return None


def find_json_hints(text: str) -> Iterator[str]:
    """Yield the addresses among the strings of a JSON text; one that cannot be parsed is searched."""
    value = parsed_json(text)
    if value is None:
        yield from find_hints(text, beside=True)
    else:
        yield from hints_of(value)


def hints_of(value: object) -> Iterator[str]:
    """Yield the addresses among the values of parsed JSON, in order, and names of members that are paths."""
    waiting: list[tuple[str, object]] = [("", value)]
    for _ in range(MAX_VALUES):
        if not waiting:
            return
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(name, inner) for name, inner in reversed(value.items()) if name not in _NO_KEY]
            yield from (name for name in value if name.startswith("/") and is_address(name))
        elif isinstance(value, list):
            waiting += [(key, inner) for inner in reversed(value)]
        elif isinstance(value, str):
            yield from _of_string(key, value)


def _of_string(key: str, value: str) -> Iterator[str]:
    if "<" in value:
        for found in _IN_MARKUP.findall(value[:MAX_SCRIPT]):
            if is_address(address := _without_entities(found), named=True):
                yield address
    elif "/" in value and len(value) <= MAX_ADDRESS:
        address = _without_entities(value.strip())
        if is_address(address, named=key.lower().removesuffix("s").endswith(_ADDRESS_KEYS)):
            yield address


def is_address(text: str, *, named: bool = False) -> bool:
    """
    Tell whether a string looks like the address of a page or file.

    `named` says that the place it was found in is one for addresses (`"url": …`): then a path needs less.
    """
    if not 3 <= len(text) <= MAX_ADDRESS or not _CHARACTERS.fullmatch(text) or _BAD_ESCAPE.search(text):
        return False
    if text[:4].lower() == "http":
        return _is_absolute(text)
    if text.startswith("//"):
        host, slash, path = text[2:].partition("/")
        return bool(slash and path and "." in host and _HOST.fullmatch(host))
    path = re.split(r"[?#]", text, maxsplit=1)[0]
    if path.startswith("/"):
        return _is_path(path, named=named)
    if not (named or path.startswith(("./", "../"))) or ":" in path:
        return False
    return _is_file(path.lstrip("./"))


def _is_absolute(text: str) -> bool:
    scheme, mark, rest = text.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return (
        scheme.lower() in {"http", "https"}
        and bool(mark)
        and not _NAMESPACES.match(text)
        and bool(_HOST.fullmatch(host))
    )


def _is_file(path: str) -> bool:
    parts = path.split("/")
    return _FILE.fullmatch(parts[-1]) is not None and not _NO_FOLDER.intersection(parts[:-1])


def _is_path(path: str, *, named: bool) -> bool:
    """Tell whether a path from the root is that of a file, or of words as pages have them."""
    parts = path.strip("/").split("/")
    if parts[0].lower() in _NO_FOLDER or "//" in path or not _LETTERS.search(path):
        return False
    if _is_file(path):
        return True
    if not all(_WORD.fullmatch(part) for part in parts) or all(_FORMAT.fullmatch(part) for part in parts):
        return False
    if _FLAGS.fullmatch(parts[-1]) and not path.endswith("/"):
        return False
    return named or len(parts) > 1 or (path.endswith("/") and len(parts[0]) > 2)


def _plain(written: str) -> str:
    """Undo the escapes of a string, however often it was escaped, and HTML entities."""
    if "\\" in written:
        written = _ESCAPED.sub(_character, written)
    return _without_entities(written)


def _character(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    return chr(int(digits, 16)) if digits else "/"


def _without_entities(text: str) -> str:
    """Undo HTML entities that end as they must: `&copy=1` is no entity of an address."""
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    """Tell whether a quoted string is used as it is: not put together, compared in parts, or a name."""
    before = text[max(match.start() - 80, 0) : match.start()].rstrip("\\")
    after = text[match.end() : match.end() + 16]
    if _BEFORE.search(before) or _AFTER.match(after):
        return False
    return not (_KEY_AFTER.match(after) and _KEY_BEFORE.search(before))
