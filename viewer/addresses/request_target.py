# SPDX-License-Identifier: EUPL-1.2
"""
The request target as it was sent: path and query with their escapes. Knows nothing of routes.

    GET /web/2026-03-02/https://www.example.org/a%2Fb?c=d HTTP/1.1
        PATH_INFO    /web/2026-03-02/https://www.example.org/a/b     WSGI undoes the escapes: `%2F` is lost
        REQUEST_URI  /web/2026-03-02/https://www.example.org/a%2Fb?c=d       waitress, werkzeug
        RAW_URI      the same                                                gunicorn, werkzeug
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from werkzeug.routing import BaseConverter

_KEYS = ("REQUEST_URI", "RAW_URI")
# RFC 9112 section 3.2.2: a request to a proxy names scheme and authority first
_ABSOLUTE = re.compile(r"https?://[^/?]*", re.IGNORECASE)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_PATH_SAFE = "/:@!$&'()*+,;=~-._%"


class AnyPath(BaseConverter):
    """What `path` in a rule takes: anything. Werkzeug's own takes no path with a line feed (`%0A`) in it."""

    part_isolating = False
    regex = "(?s:[^/].*?)"
    weight = 200


def request_target(environ: Mapping[str, Any]) -> str:
    """
    Return path and query of a WSGI request as the visitor sent them; it begins with a slash.

    Where the server does not tell, it is made from the decoded path: then `%2F` and `/` are one.
    """
    for key in _KEYS:
        target = environ.get(key)
        if target:
            return _origin_form(str(target))
    # PEP 3333: the path's bytes stand as Latin-1 characters
    path = quote(str(environ.get("PATH_INFO", "")).encode("latin-1"), safe=_PATH_SAFE)
    query = environ.get("QUERY_STRING")
    return _origin_form(f"{path}?{query}" if query else path)


def _origin_form(target: str) -> str:
    absolute = _ABSOLUTE.match(target)
    rest = target[absolute.end() :] if absolute else target
    escaped = _NOT_ASCII.sub(lambda bare: quote(_bytes(bare[0])), rest)
    return escaped if escaped.startswith("/") else f"/{escaped}"


def _bytes(text: str) -> bytes:
    """Return the bytes that a server handed on as characters: PEP 3333 says one for each, some decode."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
