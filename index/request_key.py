# SPDX-License-Identifier: EUPL-1.2
"""
The key of what was asked by another method than GET: method and body appended to the address, as pywb does.

    POST /send  a=1&b=x+y            org,example)/send?__wb_method=post&a=1&b=x%20y     a form
    POST /send  {"a":[1,2]}          org,example)/send?__wb_method=post&a=1&a.2_=2      JSON, leaf by leaf
    PUT  /send  any other bytes      org,example)/send?__wb_method=put&__wb_post_data=…  base64
    HEAD /send                       org,example)/send?__wb_method=head

What is appended is the query of a request (`requestBody` in a line). It is the convention of the field
(specs.webrecorder.net/request-body-canonicalization, iipc.github.io/warc-specifications), and coarser than
the body: it is cut at MAX_QUERY, JSON loses its nesting, and what is no JSON has no query at all. So it finds
requests; whether one is the same tells the digest of the body, and of a form in parts `parts_of`.

Bodies come from outside: what is read of one is bounded here. Knows nothing of records and of lines.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from .urlkey import urlkey

MAX_BODY = 512 << 10
"""Bytes of a body that are looked into. A longer one counts as mere bytes."""
MAX_QUERY = 4096
"""Characters of a query, as pywb and cdxj-indexer cut it."""
GET = "GET"
_WITH_QUERY = frozenset({"POST", "PUT"})
_MOST_ESCAPED = 12 * (MAX_QUERY + 1)
"""Characters of a form that are enough: no character takes more than four bytes of three each."""
_MAX_DEPTH = 200
"""Of JSON; deeper than that Python's parser gives up here and there."""
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]{1,200})"|([^\s";,]{1,200}))', re.IGNORECASE)
_NAME = re.compile(rb';\s*name=(?:"((?:[^"\\]|\\.)*)"|([^\s";]+))', re.IGNORECASE)
_FILE = re.compile(rb";\s*filename\*?=", re.IGNORECASE)
_HEAD_OF_PART = 8192


def query_of(method: str, content_type: str, body: bytes) -> str:
    """
    Return what of a body stands in the key, at most MAX_QUERY characters.

    `body` is all of it, or more than MAX_BODY bytes of a longer one. Only POST and PUT have a query.
    """
    if method not in _WITH_QUERY or not body:
        return ""
    if len(body) > MAX_BODY:
        return _binary(body)[:MAX_QUERY]
    said = content_type.strip().lower()
    read = next((read for mime, read in _READERS.items() if said.startswith(mime)), None)
    return (read(content_type, body) if read else _binary(body))[:MAX_QUERY]


def parts_of(content_type: str, body: bytes) -> list[bytes] | None:
    """
    Return what stands between the boundaries of a form (RFC 7578), byte for byte; None where it is none.

    A browser makes another boundary each time: bodies with the same parts are the same to their server.
    """
    said = content_type.strip().lower().startswith("multipart/")
    boundary = _BOUNDARY.search(content_type) if said else None
    if boundary is None:
        return None
    return (b"\r\n" + body).split(b"\r\n--" + (boundary[1] or boundary[2]).encode("latin-1", "replace"))


def key_of_request(url: str, method: str, query: str) -> str:
    """
    Return the key of a normalised URL that was asked by another method than GET.

    What follows a `#` in a form is left out, as by whoever reads the whole as an address (surt, pywb).
    """
    asked = f"{url}{'&' if '?' in url else '?'}__wb_method={method}{'&' if query else ''}{query}"
    return urlkey(asked.partition("#")[0])


def _binary(body: bytes) -> str:
    return "__wb_post_data=" + base64.b64encode(body[: MAX_QUERY - MAX_QUERY % 3]).decode("ascii")


def _form(_: str, body: bytes) -> str:
    try:
        return unquote_plus(body.decode()[:_MOST_ESCAPED])
    except UnicodeDecodeError:
        return _binary(body)


def _json(_: str, body: bytes) -> str:
    """Return the leaves of JSON; nothing where it is none, as pywb does."""
    return _flattened(body) or ""


def _json_or_bytes(_: str, body: bytes) -> str:
    found = _flattened(body)
    return _binary(body) if found is None else found


def _flattened(body: bytes) -> str | None:
    try:
        return _upto_limit(
            f"{quote_plus(name)}={quote_plus(text)}" for name, text in _named(json.loads(body))
        )
    except (ValueError, RecursionError, OverflowError):
        return None


def _named(value: Any) -> Iterator[tuple[str, str]]:
    """Yield every leaf of JSON under a name of its own: the second `a` is `a.2_`."""
    times: dict[str, int] = {}
    for name, leaf in _leaves(value):
        times[name] = times.get(name, 0) + 1
        yield name if times[name] == 1 else f"{name}.{times[name]}_", _text(leaf)


def _leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of JSON with the names that they have, in order; one without a name is left out."""
    stack: list[Iterator[tuple[str, Any]]] = [iter([("", value)])]
    while stack:
        if len(stack) > _MAX_DEPTH:
            raise ValueError("it is nested too deeply")
        name, found = next(stack[-1], (None, None))
        if name is None:
            stack.pop()
        elif isinstance(found, dict):
            stack.append(iter(found.items()))
        elif isinstance(found, list):
            stack.append(iter([(name, one) for one in found]))
        elif name:
            yield name, found


def _text(leaf: Any) -> str:
    """Return a leaf as JavaScript writes it, as far as pywb does: `true`, `null`, 44.0 as `44`."""
    if isinstance(leaf, bool):
        return "true" if leaf else "false"
    if leaf is None:
        return "null"
    if isinstance(leaf, float) and math.modf(leaf)[0] == 0.0:
        return str(int(leaf))
    return str(leaf)


def _upto_limit(parts: Iterable[str]) -> str:
    """Join parts as long as there is room: a body of half a megabyte may have as many of them."""
    kept, size = [], 0
    for part in parts:
        kept.append(part)
        size += len(part) + 1
        if size > MAX_QUERY:
            break
    return "&".join(kept)


def _multipart(content_type: str, body: bytes) -> str:
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return _binary(body)
    parts = _parts((boundary[1] or boundary[2]).encode("latin-1", "replace"), body)
    try:
        return _upto_limit(f"{quote_plus(name)}={quote_plus(value)}" for name, value in parts)
    except ValueError:
        return _binary(body)


def _parts(boundary: bytes, body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and value of every part of a form (RFC 7578). Raises ValueError where it is none."""
    mark, body = b"\r\n--" + boundary, b"\r\n" + body
    at = body.find(mark)
    while True:
        start = at + len(mark)
        if at < 0:
            raise ValueError("it has no end")
        if body.startswith(b"--", start):
            return
        at = body.find(mark, start)
        head = body.find(b"\r\n\r\n", start, start + _HEAD_OF_PART)
        name = _NAME.search(body, start, head) if 0 <= head < at else None
        if name is None:
            raise ValueError("a part of it has no name")
        value = body[head + 4 : at]
        is_file = _FILE.search(body, start, head)
        yield name[1] or name[2], value if is_file else value.decode("utf-8", "replace").encode()


_READERS = {
    "application/x-www-form-urlencoded": _form,
    "multipart/": _multipart,
    "application/json": _json,
    "text/plain": _json_or_bytes,
}
