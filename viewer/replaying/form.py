# SPDX-License-Identifier: EUPL-1.2
"""
In which form a stored body is replayed: rewritten as a page or style sheet, as it is, or as a file to save.

    text/html         asked for as a page       rewritten
    text/html         asked for by a script     as it is
    a script          asked for as a worker     with our script before it
    text/css          asked for as a style      rewritten, as is what does not say what it is for
    text/css          asked for by a script     as it is
    application/pdf   asked for by a frame      a small page: the sandboxed frame can neither show nor save it
    application/pdf   asked for by a script     as it is

Pure: knows nothing of Flask, only of types and of what a browser says it wants an answer for.
"""

from __future__ import annotations

import re
from enum import StrEnum

from archiver.exchange import header
from archiver.responses import Response as Stored


class Kind(StrEnum):
    """How a body is rewritten."""

    HTML = "html"
    XML = "xml"
    CSS = "css"
    WORKER = "worker"
    PLAIN = "plain"


# Fetch section 3.2.7: destinations whose answer becomes a document. A client that does not tell (`None`) may
# show anything as one.
_DOCUMENTS = frozenset({None, "document", "iframe", "frame", "object", "embed"})
_FRAMES = frozenset({"iframe", "frame"})
_WORKERS = frozenset({"worker", "sharedworker"})
_XML = frozenset({"application/xhtml+xml", "image/svg+xml"})
_ANY_XML = re.compile(r"(?:text|application)/(?:[\w.+-]+\+)?xml", re.ASCII)
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)
# MIME Sniffing section 7.1: what makes a body without a type a page
_SNIFFED = re.compile(
    rb"[\t\n\f\r ]*<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)"
    rb"[\s>-]",
    re.IGNORECASE,
)
# Chromium 156 shows these in a frame with a sandbox. It saves all else, which the sandbox forbids.
_SHOWN = re.compile(
    r"text/.+|(?:image|audio|video)/.+|application/(?:json|javascript|ecmascript|x-javascript|xml|.+\+(?:xml|json))",
    re.ASCII,
)
_SAVED = frozenset(
    {
        "image/tiff", "image/vnd.adobe.photoshop", "image/vnd.dwg", "image/vnd.dxf", "text/calendar",
        "text/csv", "text/directory", "text/rtf", "text/tab-separated-values", "text/vcard", "text/x-csv",
        "text/x-vcard",
    }
)  # fmt: skip
_NO_BODY = frozenset({204, 205, 304})


def kind_of(stored: Stored, destination: str | None) -> Kind:
    """Return how a body is rewritten, from its type and from the request's `Sec-Fetch-Dest`."""
    mime = mime_of(stored)
    if destination == "style" or (destination is None and mime == "text/css"):
        return Kind.CSS
    if destination in _WORKERS:
        return Kind.WORKER
    if not is_document(destination):
        return Kind.PLAIN
    if mime == "text/html":
        return Kind.HTML
    if mime in _XML or (destination and _ANY_XML.fullmatch(mime)):
        return Kind.XML
    return Kind.PLAIN


def may_be_rewritten(destination: str | None) -> bool:
    """Tell whether a body is rewritten for such a destination, if it is of a type that is."""
    return destination == "style" or destination in _WORKERS or is_document(destination)


def is_document(destination: str | None) -> bool:
    """Tell whether an answer may become a document of its own."""
    return destination in _DOCUMENTS


def is_framed(destination: str | None) -> bool:
    """Tell whether an answer becomes the document of a frame, which has a sandbox."""
    return destination in _FRAMES


def is_file(stored: Stored) -> bool:
    """Tell whether a browser would save a response rather than show it."""
    if stored.status in _NO_BODY or 300 <= stored.status < 400:
        return False
    disposition = (header(stored.headers, "content-disposition") or "").partition(";")[0].strip().lower()
    mime = mime_of(stored)
    saved = bool(mime) and (mime in _SAVED or not _SHOWN.fullmatch(mime))
    return disposition == "attachment" or saved


def mime_of(stored: Stored) -> str:
    """Return the media type in lower case without parameters; empty where there is none."""
    return (header(stored.headers, "content-type") or "").partition(";")[0].strip().lower()


def charset_of(content_type: str) -> str | None:
    """Return the charset parameter of a Content-Type, as written."""
    found = _CHARSET.search(content_type)
    return found[1] if found else None


def sniffed(start: bytes) -> Kind:
    """Return what a body without a type is, from its beginning, where it becomes a document."""
    return Kind.HTML if _SNIFFED.match(start[:512]) else Kind.PLAIN
