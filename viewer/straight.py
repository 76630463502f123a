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

from archiver.records import is_in_memory
from index.errors import ArchiveError
from index.model import Capture

from .addresses.address import WebAddress, parse_web_path
from .holdings import Holdings
from .kept_answers import key_of, may_be_kept
from .open_snapshot import Found, OpenSnapshot
from .protocols.as_memento import memento_fields
from .replaying.as_captured import NAVIGATE, Payload, payload_of
from .security import FIXED

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FOUND = "daykeep.straight"
_TARGET = re.compile(r"/web/\d{14}id_/", re.ASCII)


class Straight:
    """An application that answers plain questions for payloads itself, all others as another does."""

    def __init__(self, app: WSGIApplication, held: Holdings) -> None:
        self._app = app
        self._held = held
        self._host = urlsplit(held.settings.viewer.base_url).netloc

    def is_at_hand(self, environ: WSGIEnvironment) -> bool:
        """Tell whether memory holds the payload asked for, which the next call with this `environ` gives."""
        address = self._asked(environ)
        snapshot = self._held.shelf.opened(address.moment) if address else None
        if address is None or snapshot is None:
            return False
        with ExitStack() as resources:
            payload = self._payload(environ, address, snapshot, resources, waiting=False)
        if payload is None or not isinstance(payload.chunks, list):
            return False
        environ[_FOUND] = payload
        return True

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer (PEP 3333)."""
        resources = ExitStack()
        payload: Payload | None = environ.pop(_FOUND, None) or self._read(environ, resources)
        if payload is None:
            resources.close()
            return self._app(environ, start_response)
        may_be_kept(environ)
        start_response("200 OK", payload.fields)
        return ClosingIterator(payload.chunks, resources.close)

    def _read(self, environ: WSGIEnvironment, resources: ExitStack) -> Payload | None:
        address = self._asked(environ)
        snapshot = self._held.shelf.get(address.moment) if address else None
        if address is None or snapshot is None:
            return None
        return self._payload(environ, address, snapshot, resources, waiting=True)

    def _asked(self, environ: WSGIEnvironment) -> WebAddress | None:
        """Return what a plain question asks for; None for another one."""
        target: str = environ.get("REQUEST_URI", "")
        if not _TARGET.match(target) or environ.get("HTTP_HOST") != self._host or key_of(environ) is None:
            return None
        try:
            return parse_web_path(target)
        except ValueError:
            return None

    def _payload(
        self,
        environ: WSGIEnvironment,
        address: WebAddress,
        snapshot: OpenSnapshot,
        resources: ExitStack,
        *,
        waiting: bool,
    ) -> Payload | None:
        """
        Return the answer with all its fields; None where the question is not plain, or anything is wrong.

        Without `waiting` also where a disk would have to be waited for.
        """
        held = self._held
        try:
            found = snapshot.look_up(address.url) if waiting else snapshot.exactly(address.url)
            if found is None or not self._is_plain(snapshot, found, address.moment):
                return None
            if not waiting and not _in_memory(held, snapshot, found.capture):
                return None
            saved = environ.get("HTTP_SEC_FETCH_MODE") == NAVIGATE
            payload = payload_of(held, snapshot, found, resources, saved=saved)
        except ArchiveError:  # told by the route, which comes upon it again
            return None
        fields = [*payload.fields, *memento_fields(held, found.capture), *FIXED.items()]
        return payload._replace(fields=fields) if payload.status == HTTPStatus.OK else None

    def _is_plain(self, snapshot: OpenSnapshot, found: Found, moment: str) -> bool:
        """Tell whether a capture has a payload and leads nowhere, and no other site's can be meant."""
        capture = found.capture
        if capture.unresolved or capture.redirect:
            return False
        return capture.timestamp == moment or self._held.shelf.alone(snapshot.site)


def _in_memory(held: Holdings, snapshot: OpenSnapshot, capture: Capture) -> bool:
    """Tell whether a payload is read without waiting: it is small, and in the page cache."""
    there, name = capture.original or capture, snapshot.timestamp
    if capture.original:
        name = capture.original.snapshot
        own = held.warc(snapshot.site)(snapshot.timestamp, capture.filename)
        if not is_in_memory(own, capture.offset, capture.length):
            return False
    path = held.warc(snapshot.site)(name, there.filename)
    return not there.segments and is_in_memory(path, there.offset, there.length)


def straight(app: WSGIApplication, held: Holdings) -> Straight:
    """Return an application that answers plain questions for payloads itself, all others as `app` does."""
    return Straight(app, held)
