# SPDX-License-Identifier: EUPL-1.2
"""
Pages and their parts on replay origins, as the chosen day has them, for `viewer.straight`.

    GET /a.png   Host: 20260302023000-www-ind-nl.localhost:8080     a capture of just that URL, a whole 200
        → the answer that the route of replay origins gives, field for field
    anything else                                                   None: the route answers

Knows nothing of the framework.
"""

from __future__ import annotations

from contextlib import ExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING

from index.errors import ArchiveError

from ..addresses.request_target import request_target
from .asked import Asked, asked_by
from .body import Made
from .finished import etag_of, finish
from .form import is_file, is_framed, may_be_rewritten
from .means import Means
from .page_head import SCRIPT_PATH
from .secured import policies
from .stored_answer import made_of
from .straight_payload import stored_for

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Replayed:
    """Answers plain questions on replay origins."""

    def __init__(self, made_with: Means) -> None:
        self._means = made_with

    def __call__(self, environ: WSGIEnvironment, resources: ExitStack | None) -> Made | None:
        """Return the answer to a plain question, as viewer.straight tells."""
        target = request_target(environ)
        if target.partition("?")[0] == SCRIPT_PATH or environ.get("HTTP_SEC_FETCH_DEST") == "document":
            return None
        if resources is None and may_be_rewritten(environ.get("HTTP_SEC_FETCH_DEST")):
            return None  # that takes its time
        shelf = self._means.held.shelf
        try:
            asked = asked_by(self._means, environ, target, shelf.get if resources else shelf.read_through)
            return self._answer(asked, resources) if asked and not asked.view.filled else None
        except ArchiveError:  # told by the route, which comes upon it again
            return None

    def _answer(self, asked: Asked, resources: ExitStack | None) -> Made | None:
        found = asked.snapshot.exactly(asked.url)
        if found is None or found.capture.unresolved:
            return None
        stored = stored_for(self._means.held, asked.snapshot, found.capture, resources)
        if stored is None or stored.status != HTTPStatus.OK:
            return None
        if is_framed(asked.visit.destination) and is_file(stored):
            return None
        made = made_of(asked, stored)
        etag = etag_of(asked, stored, found)
        answer = made.having(finish(asked, stored, found, etag, made.status))
        return _framed(answer.having(_policies(asked, answer)))


def _policies(asked: Asked, made: Made) -> list[tuple[str, str]]:
    """Return the fields of the policies; an answer that has one of its own keeps that."""
    own = {name for name, _ in made.fields if name == "Content-Security-Policy"}
    return [one for one in policies(asked, narrowed=made.narrowed) if one[0] not in own]


def _framed(made: Made) -> Made:
    """Tell the length of what is sent in one piece."""
    told = any(name.lower() == "content-length" for name, _ in made.fields)
    if told or not isinstance(made.chunks, list):
        return made
    return made.having([("Content-Length", str(len(made.chunks[0])))])
