# SPDX-License-Identifier: EUPL-1.2
r"""
Names and formats of files in a transfer package. Knows nothing of what stands in them, or of XML.

The National Archives' specification of the package (MDTO-SIP-specificatie, markdown/specificatie.md, part
"Naamgeving"): names are unique in the package, at most 255 characters with what a sidecar adds, and without
`< > : " / \ | ? * # & .` or spaces. Its own examples are <name.extension>.MDTO.xml, so one full stop before
an extension is taken to be allowed, and no other.
"""

from __future__ import annotations

import re
from collections.abc import Container

from .mdto import Concept

OBJECT_SIDECAR = ".MDTO.xml"
FILE_SIDECAR = ".bestand.MDTO.xml"
MAX_NAME = 255
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_EXTENSION = re.compile(r"(.+)\.([A-Za-z0-9]{1,8})", re.DOTALL)

PRONOM = "PRONOM-register"
"""As the archives' own example calls the list (MDTO-XML-1.0.1-Voorbeeld-Bestand.xml)."""

# PRONOM (nationalarchives.gov.uk/PRONOM/<code>). WARC: fmt/289 is "WARC" without a version and has lower
# priority than fmt/1355 (1.0) and fmt/1281 (1.1), which DROID and Siegfried give by the first line of a file.
# JSON Lines and CDXJ have no entry of their own that is known to us: they are text.
_TEXT = Concept("Plain Text File", PRONOM, "x-fmt/111")
_BY_EXTENSION = {
    "json": Concept("JSON Data Interchange Format", PRONOM, "fmt/817"),
    "xml": Concept("Extensible Markup Language", PRONOM, "fmt/101"),
    "gz": Concept("GZIP Format", PRONOM, "x-fmt/266"),
    "zip": Concept("ZIP Format", PRONOM, "x-fmt/263"),
    "warc": Concept("WARC", PRONOM, "fmt/289"),
    "jsonl": _TEXT,
    "cdxj": _TEXT,
    "txt": _TEXT,
    "sha256": _TEXT,
}
_BY_FIRST_LINE = {
    b"WARC/1.1": Concept("WARC 1.1", PRONOM, "fmt/1281"),
    b"WARC/1.0": Concept("WARC 1.0", PRONOM, "fmt/1355"),
}
_UNKNOWN = Concept("Onbekend", PRONOM)


def safe_name(name: str, taken: Container[str] = ()) -> str:
    """
    Return a file's name as a package may hold it: letters, digits, `-`, `_`, one full stop, not taken.

    `taken` has names in lower case, because some file systems know no other difference.
    """
    match = _EXTENSION.fullmatch(name)
    stem, extension = (match[1], f".{match[2]}") if match else (name, "")
    stem = _UNSAFE.sub("-", stem).strip("-") or "zonder-naam"
    number = 1
    while True:
        again = f"-{number}" if number > 1 else ""
        room = MAX_NAME - len(FILE_SIDECAR) - len(extension) - len(again)
        made = f"{stem[:room]}{again}{extension}"
        if made.lower() not in taken:
            return made
        number += 1


def form_of(name: str, first: bytes) -> Concept:
    """Return the format of a file, from how it begins and else from its extension."""
    return _BY_FIRST_LINE.get(first[:8]) or _BY_EXTENSION.get(name.rpartition(".")[2].lower(), _UNKNOWN)
