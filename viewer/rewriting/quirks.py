# SPDX-License-Identifier: EUPL-1.2
"""
Whether browsers show a page in quirks mode, in which a `<table>` does not end a `<p>` (HTML 13.2.6.4.1).

    (no doctype)                                                          it is
    <!doctype html>, HTML 4.01, XHTML 1 with the address of their DTD     it is not
    any other                                                             nobody knows here

Knows nothing of what the mode changes.
"""

from __future__ import annotations

import re

_S = r"[\t\n\f\r ]"
# White space, comments and what counts as such
_BEFORE = re.compile(
    rf"(?:{_S}++|<!--(?:-?>|(?s:.*?)(?:--!?>|\Z))|<!(?!--|doctype)[^>]*+>|<\?[^>]*+>|</[^a-zA-Z>][^>]*+>|</>)*+",
    re.IGNORECASE,
)
_DOCTYPE = re.compile("<!doctype", re.IGNORECASE)
_NO_QUIRKS = re.compile(
    rf"<!doctype{_S}++html{_S}*+(?:>|system{_S}*+(?:\"about:legacy-compat\"|'about:legacy-compat'){_S}*+>"
    rf"|public{_S}*+\"-//W3C//DTD (?:XHTML 1\.|HTML 4\.01)[^\">]*+\"{_S}*+\"https?://www\.w3\.org/[^\">]*+\"{_S}*+>)",
    re.IGNORECASE | re.ASCII,
)


def has_quirks(text: str) -> bool | None:
    """Tell whether a page is shown in quirks mode; None where it has a doctype that few have."""
    before = _BEFORE.match(text)
    place = before.end() if before else 0
    if not _DOCTYPE.match(text, place):
        return True
    return False if _NO_QUIRKS.match(text, place) else None
