# SPDX-License-Identifier: EUPL-1.2
"""
What a `data:` URL holds (RFC 2397, Fetch section 6): a page of HTML that shows it, or a style sheet.

    data:[<type>/<subtype>][;charset=<charset>][;base64],<data>

Knows nothing of frames or policies.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import unquote_to_bytes

from .charset import decode

_DATA = re.compile(r"[\x00-\x20]*data:(?P<type>[^,]*+),(?P<data>[^#]*+)", re.IGNORECASE)
_SHEET = re.compile(r"[\x00-\x20]*data:[\x20]*(?:text/(?:css|plain)|[;,])", re.IGNORECASE)
_MOST_TYPE = 200
"""Characters in which it is sought whether a URL is a style sheet; few are as long as a font."""
_BREAK = re.compile(r"[\t\n\r]+")
_CHARSET = re.compile(r";\s*charset=\"?([^;\"]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DataUrl:
    """The media type in lower case, without parameters; the charset, if said; the bytes; the URL itself."""

    media_type: str
    charset: str | None
    body: bytes
    url: str

    @property
    def is_document(self) -> bool:
        """Whether it may ask for more by itself: markup of any kind."""
        return self.media_type.endswith(("html", "xml"))

    def as_html(self) -> str:
        """Return a page that shows the content: markup as itself, text as text, an image as an image."""
        if self.media_type in {"text/html", "application/xhtml+xml"}:
            return decode(self.body, self.charset)
        if self.media_type.startswith("image/"):
            return f'<img src="{escape(self.url)}" alt="">'
        return f"<pre>{escape(decode(self.body, self.charset))}</pre>"


def parse_data_url(url: str) -> DataUrl | None:
    """Return what a `data:` URL holds; None for any other URL. Broken base64 holds nothing."""
    url = _BREAK.sub("", url)  # as URL parsers do (URL section 4.4)
    found = _DATA.match(url)
    if not found:
        return None
    described = found["type"].strip()
    media_type, _, _ = described.partition(";")
    charset = _CHARSET.search(described)
    body = unquote_to_bytes(found["data"])
    if described.lower().replace(" ", "").endswith(";base64"):
        body = _from_base64(body)
    return DataUrl(
        media_type.strip().lower() or "text/plain", charset[1] if charset else None, body, url.strip()
    )


def rewritten_sheet(url: str, rewrite: Callable[[bytes], bytes]) -> str | None:
    """
    Return a URL that is a style sheet itself with what it holds rewritten; None for any other URL.

    It comes back as it is if nothing changes. A type that says nothing is one of style sheets in quirks mode.
    """
    if not _SHEET.match(_BREAK.sub("", url[:_MOST_TYPE])):
        return None
    data = parse_data_url(url)
    new = rewrite(data.body) if data else b""
    if not data or new == data.body:
        return url
    charset = f";charset={data.charset}" if data.charset else ""
    return f"data:{data.media_type}{charset};base64,{b64encode(new).decode()}"


def _from_base64(text: bytes) -> bytes:
    text = b"".join(text.split())
    try:
        return b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return b""
