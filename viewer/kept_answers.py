# SPDX-License-Identifier: EUPL-1.2
"""
Answers that can never change, kept whole in memory: asked for again, they cost a look into a table.

    app = keeping(app, KeptAnswers(limit=64 << 20))

    app.is_at_hand(environ)                      whether the next call with it answers without waiting for a
                                                 disk: a server may then call it where it may not wait

    GET, without Range, without a condition      the answer is kept under Host, target and the fields of
                                                 the request that it depends on, if whoever made it called
                                                 `may_be_kept` and it is a whole 200 of at most a mebibyte
    the same again                               answered from here; the application is not called

A sealed snapshot never changes, so a kept answer is never out of date; the least lately used one makes room.
What may be shown of it can change: `state` is asked before each answer, and what was kept in another state is
not found again.
Only GET is kept. Knows nothing of pages, of archives or of Flask.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LARGEST = 1 << 20
"""Bytes of a body that is kept; larger ones are streamed each time."""

OVERHEAD = 1024
"""Bytes that an answer is counted for besides its body, header fields and key: the objects they are in."""

_MARK = "daykeep.may_be_kept"
_FOUND = "daykeep.kept"
_PLAIN, _KEY = "daykeep.plain", "daykeep.key"
# What an answer may depend on besides Host and target. Codings are told apart as written, not as understood:
# browsers write them in a handful of ways.
_FIELDS = ("HTTP_SEC_FETCH_DEST", "HTTP_SEC_FETCH_MODE", "HTTP_ACCEPT_ENCODING")
_TOO_LONG = 2048
_OWN = (
    "HTTP_RANGE", "HTTP_IF_RANGE", "HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_UNMODIFIED_SINCE", "HTTP_SERVICE_WORKER", "HTTP_ACCEPT_DATETIME", "HTTP_UPGRADE",
)  # fmt: skip

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: status line, header fields, body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class KeptAnswers:
    """A bounded number of bytes of answers. Several threads may use it at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Answer | None:
        """Return the answer kept under a key, which is then the one used last."""
        with self._lock:
            answer = self._answers.get(key)
            if answer is not None:
                self._answers.move_to_end(key)
            return answer

    def keep(self, key: Key, answer: Answer) -> None:
        """Keep an answer, and let go of those used longest ago until all are within the limit."""
        with self._lock:
            if key in self._answers:
                return
            self._answers[key] = answer
            self._held += _size(key, answer)
            while self._held > self._limit:
                oldest, gone = self._answers.popitem(last=False)
                self._held -= _size(oldest, gone)

    @property
    def held(self) -> int:
        """Bytes held now."""
        return self._held


def _size(key: Key, answer: Answer) -> int:
    fields = sum(map(len, chain.from_iterable(answer.headers)))
    return len(answer.body) + fields + sum(map(len, key)) + OVERHEAD


def may_be_kept(environ: WSGIEnvironment) -> None:
    """Say of the answer to a request that it depends on nothing but what the module's docstring lists."""
    environ[_MARK] = True


class Keeping:
    """An application that answers as another does, from memory where it can."""

    def __init__(
        self,
        app: WSGIApplication,
        kept: KeptAnswers,
        at_hand: Callable[[WSGIEnvironment], bool],
        state: Callable[[], int],
    ) -> None:
        self._app = app
        self._kept = kept
        self._at_hand = at_hand
        self._state = state

    def is_at_hand(self, environ: WSGIEnvironment) -> bool:
        """Tell whether the next call with this `environ` answers without waiting for anything."""
        key = environ[_KEY] = self._key(environ)
        if key is None:
            return False
        found = self._kept.get(key)
        if found is None:
            return self._at_hand(environ)
        environ[_FOUND] = found
        return True

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer (PEP 3333)."""
        key = environ.pop(_KEY) if _KEY in environ else self._key(environ)
        found: Answer | None = environ.pop(_FOUND, None) or (self._kept.get(key) if key else None)
        if found is not None:
            start_response(found.status, list(found.headers))
            return [found.body]
        head: list[tuple[str, list[tuple[str, str]]]] = []

        def started(status: str, headers: list[tuple[str, str]], *given: Any) -> Callable[[bytes], object]:
            head.append((status, headers))
            return start_response(status, headers, *given)

        body = self._app(environ, started)
        if key is None or _MARK not in environ or len(head) != 1 or not head[0][0].startswith("200 "):
            return body  # as it is: a server may know a file by its type, and send it in its own way
        status, headers = head[0]
        return _Watched(body, lambda whole: self._kept.keep(key, Answer(status, list(headers), whole)))

    def _key(self, environ: WSGIEnvironment) -> Key | None:
        """Return what an answer is kept under; the state is asked in any case."""
        state, key = self._state(), key_of(environ)
        return None if key is None else (*key, str(state))


def keeping(
    app: WSGIApplication,
    kept: KeptAnswers,
    at_hand: Callable[[WSGIEnvironment], bool] = lambda _environ: False,
    state: Callable[[], int] = lambda: 0,
) -> Keeping:
    """
    Return an application with a memory; `at_hand` tells of what is not in it that it needs no waiting.

    `state` is asked once for each request, and returns another number where answers may be other ones now.
    """
    return Keeping(app, kept, at_hand, state)


def key_of(environ: WSGIEnvironment) -> Key | None:
    """Return what an answer is kept under, found once; None for a request whose answer is its own."""
    if _PLAIN not in environ:
        environ[_PLAIN] = _key_of(environ)
    key: Key | None = environ[_PLAIN]
    return key


def _key_of(environ: WSGIEnvironment) -> Key | None:
    if environ.get("REQUEST_METHOD") != "GET" or any(name in environ for name in _OWN):
        return None
    target = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if not target:
        return None
    key = (environ.get("HTTP_HOST", ""), target, *(environ.get(name, "") for name in _FIELDS))
    return key if sum(map(len, key)) <= _TOO_LONG else None


class _Watched:
    """A body on its way to the visitor, handed to `keep` once it has passed whole."""

    def __init__(self, body: Iterable[bytes], keep: Callable[[bytes], None]) -> None:
        self._body = body
        self._keep = keep

    def __iter__(self) -> Iterator[bytes]:
        passed: list[bytes] | None = []
        size = 0
        for piece in self._body:
            size += len(piece)
            if passed is not None:
                passed = passed if size <= LARGEST else None
                if passed is not None:
                    passed.append(piece)
            yield piece
        if passed is not None:
            self._keep(b"".join(passed))

    def close(self) -> None:
        """Let go of what the body is read from (PEP 3333)."""
        close = getattr(self._body, "close", None)
        if close is not None:
            close()
