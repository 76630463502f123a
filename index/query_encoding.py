# SPDX-License-Identifier: EUPL-1.2
"""
A query as browsers ask it from a page: encoded as the page is (URL section 4.3, "encoding-parse").

    /zoek?q=é    in a page read as windows-1252   /zoek?q=%E9
                 in UTF-8, or UTF-16              as it is: what parses it takes UTF-8
    /é?q=Ω       in windows-1252                  /é?q=%26%23937%3B, by its number (`&#937;`, escaped)

Knows nothing of pages.
"""

from __future__ import annotations

import codecs
from urllib.parse import quote

_AS_WRITTEN = "!$%&'()*+,-./:;=?@[\\]^_`{|}~"
"""Besides letters and digits, what stays in a query (URL section 1.3, the query percent-encode set)."""


def with_query_in(reference: str, codec: str) -> str:
    """Return a reference, without fragment, its query encoded; `codec` is Python's name of an encoding."""
    path, mark, query = reference.partition("?")
    if not mark or query.isascii() or codec.startswith("utf-"):
        return reference
    return f"{path}?{quote(query.encode(codec, _BY_NUMBER), safe=_AS_WRITTEN)}"


def _by_number(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(f"%26%23{ord(one)}%3B" for one in lacking).encode(), error.end


_BY_NUMBER = "daykeep-by-number"
codecs.register_error(_BY_NUMBER, _by_number)
