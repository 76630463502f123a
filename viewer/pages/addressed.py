# SPDX-License-Identifier: EUPL-1.2
"""Which archived address a visitor means by what was typed. Knows nothing of days or of pages."""

from __future__ import annotations

from index.urlkey import normalise

from ..current import holdings


def addresses_of(typed: str, site: str) -> tuple[str | None, str | None]:
    """
    Return the address that is meant, and that by which the history has it; None for what is none.

    Without a scheme it is that of https, or else of http, where the history has that.
    """
    written = [typed] if "://" in typed[:10] else [f"https://{typed}", f"http://{typed}"]
    urls = [url for one in written if (url := normalise(one))]
    known = ((url, holdings().kept_as(url, site)) for url in urls)
    there = (one for one in known if holdings().lifeline(one[1], site))
    return next(there, (urls[0], urls[0]) if urls else (None, None))
