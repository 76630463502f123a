# SPDX-License-Identifier: EUPL-1.2
"""
What a request record sent, where its method is not GET: method, query and digest. Knows nothing of answers.

    POST /send HTTP/1.1 CRLF fields CRLF CRLF body ─▶ Request(method, what of the body stands in the key, …)

By all of the body that the record has, whatever its Content-Length says: what browsers and HTTP/2 sent is
recorded without one. Who imports and who verifies make the same of a record.
"""

from __future__ import annotations

from index.model import Request
from index.request_key import query_of

from .dialect import head_end
from .exchange import header, header_fields
from .scanning.seen import Seen


def request_of(one: Seen, filename: str) -> Request:
    """Return what a request record sent that was read from a WARC of that name."""
    method = (one.method or "").upper()
    start = max(head_end(one.block), 0)
    _, _, fields = one.block[:start].partition(b"\n")
    mime = header(header_fields(fields), "content-type") or ""
    # of a longer block more than MAX_BODY bytes are held, unless its head takes half a megabyte
    known = start <= len(one.block) // 2 or len(one.block) == one.block_length
    query = query_of(method, mime, one.block[start:]) if known else ""
    return Request(method, query, one.digest, filename, one.offset)
