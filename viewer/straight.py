# SPDX-License-Identifier: EUPL-1.2
"""
Payloads as captured, asked for by the name of a snapshot, without the framework around them.

    GET /web/20260302023000id_/https://www.example.org/a.pdf      captured in that snapshot
        → the answer that the route of /web/ gives, field for field, in a quarter of the time
    anything else                                                  None: the route answers

Tools and auditors ask so for whole days. What is less plain than that (a range, a condition, another day's
capture, a redirect, damage) is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import ExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.wsgi import ClosingIterator

from index.errors import ArchiveError

from .addresses.address import parse_web_path
from .holdings import Found, Holdings
from .kept_answers import key_of, may_be_kept
from .protocols.as_memento import memento_fields
from .replaying.as_captured import NAVIGATE, Payload, payload_of
from .security import FIXED

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_TARGET = re.compile(r"/web/\d{14}id_/", re.ASCII)


def straight(app: WSGIApplication, held: Holdings) -> WSGIApplication:
    """Return an application that answers plain questions for payloads itself, all others as `app` does."""
    host = urlsplit(held.settings.viewer.base_url).netloc

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        target = environ.get("REQUEST_URI", "")
        if not _TARGET.match(target) or environ.get("HTTP_HOST") != host or key_of(environ) is None:
            return app(environ, start_response)
        resources = ExitStack()
        payload = _payload(held, target, environ, resources)
        if payload is None:
            resources.close()
            return app(environ, start_response)
        may_be_kept(environ)
        start_response("200 OK", payload.fields)
        return ClosingIterator(payload.chunks, resources.close)

    return answer


def _payload(held: Holdings, target: str, environ: WSGIEnvironment, resources: ExitStack) -> Payload | None:
    """Return the answer with all its fields; None where the question is not plain, or anything is wrong."""
    saved = environ.get("HTTP_SEC_FETCH_MODE") == NAVIGATE
    try:
        address = parse_web_path(target)
        snapshot = held.shelf.get(address.moment)
        found = snapshot.look_up(address.url) if snapshot else None
        if snapshot is None or found is None or not _is_plain(found):
            return None
        if found.capture.timestamp != address.moment and not held.shelf.alone(snapshot.site):
            return None  # another site may have a capture of that very second
        payload = payload_of(held, snapshot, found, resources, saved=saved)
    except (ValueError, ArchiveError):  # told by the route, which comes upon it again
        return None
    fields = [*payload.fields, *memento_fields(held, found.capture), *FIXED.items()]
    return payload._replace(fields=fields) if payload.status == HTTPStatus.OK else None


def _is_plain(found: Found) -> bool:
    """Tell whether a capture has a payload and leads nowhere."""
    return not found.capture.unresolved and not found.capture.redirect
