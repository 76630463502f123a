# SPDX-License-Identifier: EUPL-1.2
"""
A rewritten page in the encoding that the archived one is read in, so that what leans on it is as it was.

    archived as windows-1252      → windows-1252: <a href="/zoek?q=é"> leads to /zoek?q=%E9, and a script that
                                    names no charset is read in it too
    a character it cannot hold    → UTF-8, in which every page can be answered

Browsers read scripts and style sheets that do not say their own encoding in that of the page, and encode
with it what links and forms ask for (URL section 4.3, "encoding-parse"). UTF-16 counts as UTF-8 there, so
such a page is answered in that, and so is what has states or is not read at all. Knows nothing of markup.
"""

from __future__ import annotations

from .charset import MARKS, encoding_of
from .encodings import can_be_written, decoded, encoded

UTF_8 = "utf-8"


def codec_to_ask_in(body: bytes, charset: str | None) -> str:
    """Return the encoding in which a page, that can be answered in its own, asks for what it names."""
    own = encoding_of(body, charset)
    return own.codec if can_be_written(own.codec) else UTF_8


def in_own_encoding(page: bytes, body: bytes, charset: str | None) -> tuple[bytes, str]:
    """
    Return a page, given in UTF-8, in the encoding of the archived body, and the name that says so.

    `charset` is that of the archived Content-Type. What comes back is read as the same text.
    """
    own = encoding_of(body, charset)
    if own.codec == UTF_8:
        return page, UTF_8 if page.startswith(MARKS) else own.label
    text = page.decode()
    made = encoded(text, own.codec)
    if made is None or made.startswith(MARKS) or decoded(made, own.codec) != text:
        return page, UTF_8
    return made, own.label
