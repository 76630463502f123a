# SPDX-License-Identifier: EUPL-1.2
"""
Which stored pages an address that was never stored may have been meant as.

Those whose keys stand next to it, so from the same part of the site, and of these the most alike in letters.
A stranger's address costs two look-ups and a bounded comparison. Knows nothing of pages in HTML.
"""

from __future__ import annotations

from difflib import get_close_matches

from index.history import History

_OFFERED = 5
_ALIKE = 0.6
"""Share of letters two addresses have in common, as difflib counts it, from which on one is offered."""
_COMPARED = 300
"""Letters of an address that are compared: difflib takes time with the square of them."""


def nearest_pages(history: History, site: str, url: str) -> list[str]:
    """Return the pages of a site most like a normalised URL that it never had, the most alike first."""
    known = {one[:_COMPARED]: one for one in history.neighbours(site, url)}
    known.pop(url[:_COMPARED], None)
    return [known[one] for one in get_close_matches(url[:_COMPARED], known, n=_OFFERED, cutoff=_ALIKE)]
