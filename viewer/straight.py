# SPDX-License-Identifier: EUPL-1.2
"""
Plain questions answered without the framework around them, which costs more than most answers.

    straight = Straight(app, read)
    read(environ, resources)     the whole answer to a plain question, field for field as `app` gives it; what
                                 stays open goes to `resources`
    read(environ, None)          the same where memory holds it, so that nothing has to be waited for
    None                         a question that is not plain, or anything wrong: `app` answers

What is less plain (a range, a condition, a redirect, damage) is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.wsgi import ClosingIterator

from .kept_answers import key_of, may_be_kept
from .replaying.body import Made

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FOUND = "daykeep.straight"


class Straight:
    """An application that answers plain questions itself, and all others as another does."""

    def __init__(
        self, app: WSGIApplication, read: Callable[[WSGIEnvironment, ExitStack | None], Made | None]
    ) -> None:
        self._app = app
        self._read = read

    def is_at_hand(self, environ: WSGIEnvironment) -> bool:
        """Tell whether memory holds what is asked for, which the next call with this `environ` gives."""
        made = self._read(environ, None) if key_of(environ) else None
        if made is None or not isinstance(made.chunks, list):
            return False
        environ[_FOUND] = made
        return True

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer (PEP 3333)."""
        found: Made | None = environ.pop(_FOUND, None)
        if found is not None:
            return _begun(found, environ, start_response)
        with ExitStack() as resources:
            made = self._read(environ, resources) if key_of(environ) else None
            if made is not None:
                return ClosingIterator(_begun(made, environ, start_response), resources.pop_all().close)
        return self._app(environ, start_response)


def _begun(made: Made, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Begin an answer, and return its body."""
    may_be_kept(environ)
    start_response(f"{made.status} {HTTPStatus(made.status).phrase}", made.fields)
    return made.chunks
