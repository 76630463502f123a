# SPDX-License-Identifier: EUPL-1.2
"""
Payloads as captured, asked for by the name of a snapshot, for `viewer.straight`.

    GET /web/20260302023000id_/https://www.example.org/a.pdf      captured in that snapshot
        → the answer that the route of /web/ gives, field for field, in a quarter of the time
    anything else                                                  None: the route answers

Tools and auditors ask so for whole days. Knows nothing of the framework.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archiver.responses import Response as Stored
from archiver.responses import open_response, response_at_once
from index.errors import ArchiveError
from index.model import Capture

from ..addresses.address import WebAddress, parse_web_path
from ..holdings import Holdings
from ..open_snapshot import Found, OpenSnapshot
from ..protocols.as_memento import memento_fields
from ..security import FIXED
from .as_captured import NAVIGATE, payload_of
from .body import Made

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_TARGET = re.compile(r"/web/\d{14}id_/", re.ASCII)


class Payloads:
    """Answers plain questions for payloads."""

    def __init__(self, held: Holdings) -> None:
        self._held = held
        self._host = urlsplit(held.settings.viewer.base_url).netloc

    def __call__(self, environ: WSGIEnvironment, resources: ExitStack | None) -> Made | None:
        """Return the answer to a plain question, as viewer.straight tells."""
        address = self._asked(environ)
        shelf = self._held.shelf
        snapshot = (shelf.get if resources else shelf.opened)(address.moment) if address else None
        if address is None or snapshot is None:
            return None
        try:
            return self._answer(environ, address, snapshot, resources)
        except ArchiveError:  # told by the route, which comes upon it again
            return None

    def _asked(self, environ: WSGIEnvironment) -> WebAddress | None:
        target: str = environ.get("REQUEST_URI", "")
        if not _TARGET.match(target) or environ.get("HTTP_HOST") != self._host:
            return None
        try:
            return parse_web_path(target)
        except ValueError:
            return None

    def _answer(
        self,
        environ: WSGIEnvironment,
        address: WebAddress,
        snapshot: OpenSnapshot,
        resources: ExitStack | None,
    ) -> Made | None:
        found = snapshot.look_up(address.url) if resources else snapshot.exactly(address.url)
        if found is None or not self._is_plain(snapshot, found, address.moment):
            return None
        stored = stored_for(self._held, snapshot, found.capture, resources)
        if stored is None:
            return None
        saved = environ.get("HTTP_SEC_FETCH_MODE") == NAVIGATE
        made = payload_of(snapshot, found, stored, saved=saved)
        fields = [*made.fields, *memento_fields(self._held, found.capture), *FIXED.items()]
        return made._replace(fields=fields) if made.status == HTTPStatus.OK else None

    def _is_plain(self, snapshot: OpenSnapshot, found: Found, moment: str) -> bool:
        """Tell whether a capture has a payload and leads nowhere, and no other site's can be meant."""
        capture = found.capture
        if capture.unresolved or capture.redirect:
            return False
        return capture.timestamp == moment or self._held.shelf.alone(snapshot.site)


def stored_for(
    held: Holdings, snapshot: OpenSnapshot, capture: Capture, resources: ExitStack | None
) -> Stored | None:
    """Return what is stored, to be let go of with `resources`; without them, if memory holds it whole."""
    find = held.warc(snapshot.site)
    if resources is None:
        return response_at_once(find, snapshot.timestamp, capture, waiting=False)
    return resources.enter_context(open_response(find, snapshot.timestamp, capture))
