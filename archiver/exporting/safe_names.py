# SPDX-License-Identifier: EUPL-1.2
r"""
Names of files that every file system takes. Knows nothing of what stands in the files.

    Windows   no < > : " / \ | ? * and no control characters; no dot or space at the end; not CON, NUL, COM1 …
    macOS     may change how letters with accents are written, and takes A.txt for a.txt
    all       255 bytes at most; `.` and `..` are folders; one that begins with a dot is hidden

What comes from a website may be anything. Where only ASCII is wanted, letters lose their accents and all else
becomes `_`. Names that would be one for a file system that does not tell capitals get a number (`Names`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from index.unicode_forms import normal_form

MAX_BYTES = 240
"""Of a name, in UTF-8: file systems take 255, and a file that is being written has a dot and `.tmp` more."""

_MAX_EXTENSION = 16
# What no file system takes or a shell would read, control characters, and those that turn the direction of
# writing around or cannot be seen
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f/\\:*?\"<>|%\u00ad\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff"
    r"\uffa0\ud800-\udfff\ufff0-\ufffc\ufffe\uffff\U000e0000-\U000e0fff]"
)
_NOT_ASCII = re.compile(r"[^A-Za-z0-9._ +=@,()\[\]{}!#$&'~^;-]")
# Also with an extension, and with superscript digits (Microsoft, "Naming Files, Paths, and Namespaces")
_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|CLOCK\$|(?:COM|LPT)[0-9¹²³])", re.IGNORECASE)
_EXTENSION = re.compile(r"(?:\.warc|\.tar)?\.[A-Za-z0-9]+", re.ASCII | re.IGNORECASE)


def safe_name(text: str, *, ascii_only: bool = True, limit: int = MAX_BYTES) -> str:
    """Return a name of at most `limit` bytes that every file system takes, as like the text as can be."""
    name = normal_form("NFC", _UNSAFE.sub("_", text))
    if ascii_only:
        name = _NOT_ASCII.sub("_", _without_accents(name))
    name = name.strip(" .")
    name = name if name.strip(" ._") else "file"
    stem, extension = _parted(f"_{name}" if _is_reserved(name.partition(".")[0]) else name)
    return (_cut(stem, limit - len(extension.encode())).rstrip(" .") + extension).rstrip(" .")


def _without_accents(text: str) -> str:
    return "".join(c for c in normal_form("NFKD", text) if not unicodedata.combining(c))


def _is_reserved(first: str) -> bool:
    return bool(_RESERVED.fullmatch(first.rstrip(" ")))


def _parted(name: str) -> tuple[str, str]:
    """Return a name without its extension, and the extension, which is kept when the name is cut."""
    at = next(
        (found.start() for found in re.finditer(r"\.", name) if _EXTENSION.fullmatch(name, found.start())), 0
    )
    return (name[:at], name[at:]) if at > 0 and len(name) - at <= _MAX_EXTENSION else (name, "")


def _cut(text: str, size: int) -> str:
    """Return the beginning of a text that has at most so many bytes in UTF-8, no character cut in two."""
    return text.encode()[: max(size, 0)].decode(errors="ignore")


@dataclass(slots=True)
class Names:
    """Hands out the names in folders, each once, also where capitals do not count."""

    taken: set[str] = field(default_factory=set)

    def take(self, text: str, *, folder: str = "") -> str:
        """Return a safe name for a text that no other text in this folder has been given."""
        name, number = safe_name(text), 1
        while f"{folder}/{name}".casefold() in self.taken:
            number += 1
            stem, extension = _parted(safe_name(text))
            mark = f"-{number}{extension}"
            name = _cut(stem, MAX_BYTES - len(mark)) + mark
        self.taken.add(f"{folder}/{name}".casefold())
        return name
