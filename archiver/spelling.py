# SPDX-License-Identifier: EUPL-1.2
r"""
How an address was written where it was found, if that is more than joining it. Knows nothing of records.

    found in http://example.org/a/           asked for                                as found
    b.html#c                                 http://example.org/a/b.html              (nothing to keep)
    ../met spatie|streep                     http://example.org/met%20spatie%7Cstreep ../met spatie|streep
    HTTP://Example.org:80/é\x                 http://example.org/%C3%A9/x               HTTP://Example.org:80/é\x

WARC-Target-URI must be a URI of RFC 3986, so what pages say cannot stand there as it is; who looks for the
words of the page finds them here.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin

MAX_FOUND = 2_000
"""Characters that are kept of an address as it was found."""

_STRANGE = re.compile(r"[^!-~]|[|{}\\^`<>\"\[\]]|%(?![0-9A-Fa-f]{2})")
_BARE = re.compile(r"https?://[^/?]+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_AROUND = " \t\r\n\f"


def as_found(reference: str, base: str | None, url: str) -> str:
    """
    Return a reference as it was written, without fragment, where RFC 3986 would not make `url` of it.

    Empty where it would: by joining it with `base` (section 5.2) and adding the path of a bare host. Control
    characters are percent-encoded, so that it stands on one line, and it is cut at MAX_FOUND characters.
    """
    written = reference.partition("#")[0].strip(_AROUND)
    if not written or written == url or (not _STRANGE.search(written) and _joined(base, written) == url):
        return ""
    return one_line(written)


def one_line(text: str) -> str:
    """Return text that may stand as the value of a field: on one line, and in UTF-8."""
    line = _CONTROL.sub(lambda found: quote(found[0]), text[:MAX_FOUND])
    return line.encode("utf-8", "replace").decode().strip()


def _joined(base: str | None, written: str) -> str:
    try:
        joined = urljoin(base or "", written)
    except ValueError:
        return ""
    bare = _BARE.match(joined)
    rest = joined[bare.end() :] if bare else "/"
    return joined if bare is None or rest.startswith("/") else f"{bare[0]}/{rest}"
