# SPDX-License-Identifier: EUPL-1.2
"""
A payload as a file that a visitor saves: its name, its type and its size.

The name comes from its address, with an extension that says what it is:

    https://www.example.org/docs/jaar%20verslag.pdf     jaar verslag.pdf
    https://www.example.org/download?id=7               download.pdf          of type application/pdf
    https://www.example.org/verslag.php                 verslag.php.pdf       of type application/pdf
    https://www.example.org/                            www.example.org.html  of type text/html
    https://www.example.org/..%2F..%2Fetc%2Fpasswd      etc_passwd

An address is hostile: nothing of it may be a folder, a hidden file, a control character or a header field.
"""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from archiver.exchange import header
from archiver.exporting.safe_names import safe_name
from archiver.responses import Response as Stored

from .form import mime_of

MAX_NAME = 60
"""Characters of a name, extension left out: below what file systems take, also where each is four bytes."""

MAX_DIGITS = 16
"""Digits of a length that is believed."""

# What every file system takes as it is; names that Windows reserves are shorter
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{4,40}(\.[A-Za-z0-9]{1,8})", re.ASCII)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}", re.ASCII)
# Folders, what Windows refuses, control characters and those that turn the direction of writing around
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f/\\:*?\"<>|%\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_NOT_ASCII = re.compile(r"[^\x20-\x7e]")
_TYPES = mimetypes.MimeTypes()  # Python's own table: that of the machine would make names differ
_UNTYPED = frozenset({"", "unk", "application/octet-stream"})
# What everyone expects and Python's table does not put first, or does not have.
_OFFICE = "application/vnd.openxmlformats-officedocument"
_USUAL = {
    "text/plain": ".txt",
    "text/html": ".html",
    "image/jpeg": ".jpg",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
    f"{_OFFICE}.wordprocessingml.document": ".docx",
    f"{_OFFICE}.spreadsheetml.sheet": ".xlsx",
    f"{_OFFICE}.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/rtf": ".rtf",
}


@dataclass(frozen=True, slots=True)
class File:
    """What a visitor is told of a file."""

    name: str
    mime: str
    """As the archived server said; empty where it did not."""
    size: int | None
    """Bytes as they were sent, None where the archived server did not say."""


def file_of(url: str, stored: Stored) -> File:
    """Return what a response to a normalised URL is as a file."""
    mime = mime_of(stored)
    length = header(stored.headers, "content-length") or ""
    size = int(length) if length.isascii() and length.isdecimal() and len(length) < MAX_DIGITS else None
    return File(file_name(url, mime), mime if mime.isprintable() else "", size)


def file_name(url: str, mime: str) -> str:
    """Return the name for the payload of a normalised URL with this media type."""
    plain = _PLAIN.fullmatch(url.partition("?")[0].rpartition("/")[2]) if "#" not in url else None
    if plain and plain[1].lower() in _usual_extensions(mime):
        return plain[0]
    parts = urlsplit(url)
    written = unquote(parts.path.rpartition("/")[2], errors="replace") or (parts.hostname or "page")
    from_path = bool(parts.path.rpartition("/")[2])
    safe = _UNSAFE.sub("_", written).strip(" ._")
    stem, dot, last = safe.rpartition(".")
    usual = _usual_extensions(mime)
    if from_path and stem and _EXTENSION.fullmatch(dot + last) and (not usual or f".{last.lower()}" in usual):
        return safe_name(f"{stem[:MAX_NAME]}.{last}", ascii_only=False)
    return safe_name(f"{safe[:MAX_NAME] or 'file'}{usual[0] if usual else ''}", ascii_only=False)


def disposition(name: str) -> str:
    """Return the Content-Disposition with which a browser saves under a name (RFC 6266 section 4.3)."""
    plain = _NOT_ASCII.sub("_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


@lru_cache(maxsize=256)
def _usual_extensions(mime: str) -> list[str]:
    first = _USUAL.get(mime)
    known = [] if mime in _UNTYPED else _TYPES.guess_all_extensions(mime)
    return [first, *known] if first else known
