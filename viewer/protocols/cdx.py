# SPDX-License-Identifier: EUPL-1.2
"""
The CDX server API: `/cdx`, and `/cdx/search/cdx` as clients of the Internet Archive ask for it.

    GET /cdx?url=example.org/*&output=json&limit=10

    200   rows, as they are found (index/cdx_server); compressed where the client takes gzip
    400   a parameter makes no sense: one sentence in plain text that begins with its name
    503   too many long questions at once, or one that takes too long: Retry-After, and what to ask instead

An answer that cannot be finished is cut off, so that nobody takes a part for the whole. Errors are in
English: programs read them. Knows nothing of how anything is found.
"""

from __future__ import annotations

import re
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from urllib.parse import parse_qsl

from flask import Blueprint, Flask, Response, current_app, request

from index.cdx_server.answer import Answer, CdxServer
from index.cdx_server.budget import OutOfTimeError
from index.errors import ArchiveError, BusyError, QueryError

from ..crew import Crew
from ..holdings import Holdings
from .cdx_days import SealedDays

pages = Blueprint("cdx", __name__)

LONG = 4
"""Answers made at once, by all processes, that take long or are more than WHOLE; short ones do not count."""
WAITING = 4
"""More of them that wait for a place at once: each keeps a thread of the server from other visitors."""
PATIENCE = 5.0
"""Seconds that each of these waits."""
AGAIN = 5
"""Seconds after which a client may ask again."""
WHOLE = 512 << 10
"""Bytes up to which an answer is made before any of it is sent: a client who reads slowly holds nothing."""
MAX_PARAMETERS = 200
MAX_QUERY = 32_000
_NAME = "daykeep-cdx"
# A byte of the query that is no UTF-8, as parse_qsl hands it on
_BARE = re.compile(r"[\udc80-\udcff]")


class _Room:
    """Room for a few long answers, and for a few more that wait for a little."""

    def __init__(self, crew: Crew) -> None:
        self._places = threading.BoundedSemaphore(crew.part(LONG))
        self._waiting = threading.BoundedSemaphore(crew.part(WAITING))

    def enter(self) -> None:
        """Take a place. Raises BusyError where none becomes free, or too many wait for one."""
        if self._places.acquire(blocking=False) or self._waited():
            return
        raise BusyError("Too many long questions are being answered: ask again in a few seconds.")

    def leave(self) -> None:
        """Give a place back."""
        self._places.release()

    def _waited(self) -> bool:
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            return self._places.acquire(timeout=PATIENCE)
        finally:
            self._waiting.release()


class _Place:
    """The place of one answer: taken when it turns out to be long, and given back once."""

    def __init__(self, room: _Room) -> None:
        self._room = room
        self._taken = False

    def enter(self) -> None:
        """Take it. Raises BusyError where there is none."""
        if not self._taken:
            self._room.enter()
            self._taken = True

    def leave(self) -> None:
        """Give it back, if it was taken."""
        if self._taken:
            self._taken = False
            self._room.leave()


class _Desk:
    """What the route answers with: the server, and room for a few long answers."""

    def __init__(self, server: CdxServer, crew: Crew) -> None:
        self.server = server
        self._room = _Room(crew)

    def place(self) -> _Place:
        """Return what an answer takes when it turns out to be long."""
        return _Place(self._room)


def add_cdx(app: Flask, held: Holdings) -> None:
    """Let an application answer CDX queries about these holdings."""
    server = CdxServer(SealedDays(held.collection), time.monotonic, shown=held.takedowns.lines)
    app.extensions[_NAME] = _Desk(server, held.crew)
    app.register_blueprint(pages)


@pages.get("/cdx")
@pages.get("/cdx/search/cdx")
def cdx() -> Response:
    """Answer a query."""
    desk: _Desk = current_app.extensions[_NAME]
    place = desk.place()
    try:
        answer = desk.server.answer(_parameters(request.query_string), place.enter)
        return _response(answer, place)
    except QueryError as error:
        return _refused(400, str(error))
    except (BusyError, OutOfTimeError) as error:
        response = _refused(503, str(error))
        response.headers["Retry-After"] = str(AGAIN)
        return response
    except ArchiveError as error:
        current_app.logger.error("%s: %s", request.path, error)  # noqa: TRY400 - a sentence, as elsewhere
        return _refused(500, "A part of the index cannot be read, and the answer would not be whole.")


def _parameters(query: bytes) -> list[tuple[str, str]]:
    """Return names and values of a query. What is no UTF-8 in a value is kept as the escape it was."""
    if len(query) > MAX_QUERY:
        raise QueryError("url", f"with all other parameters may have {MAX_QUERY} characters")
    try:
        pairs = parse_qsl(
            query.decode("utf-8", "surrogateescape"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError as error:
        raise QueryError("url", f"may come with {MAX_PARAMETERS} parameters at most") from error
    return [(name, _BARE.sub(lambda bare: f"%{ord(bare[0]) - 0xDC00:02X}", value)) for name, value in pairs]


def _response(answer: Answer, place: _Place) -> Response:
    """
    Return the answer. What is no more than WHOLE is sent as it is; more goes out as it is found.

    So much is made before anything is sent, so that what goes wrong in it has a status of its own.
    """
    with ExitStack() as stack:
        stack.callback(place.leave)
        stack.callback(answer.pieces.close)
        begun, more = _beginning(answer.pieces)
        if not more:
            return _sent(answer, iter((begun,)), whole=True)
        place.enter()
        response = _sent(answer, chain((begun,), answer.pieces), whole=False)
        response.call_on_close(stack.pop_all().close)
        return response
    raise AssertionError


def _beginning(pieces: Iterator[bytes]) -> tuple[bytes, bool]:
    """Return what an answer begins with, and whether it may have more."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size > WHOLE:
            return b"".join(held), True
    return b"".join(held), False


def _sent(answer: Answer, pieces: Iterator[bytes], *, whole: bool) -> Response:
    zipped = answer.query.gzip and bool(request.accept_encodings["gzip"])
    coded = _gzip(pieces) if zipped else pieces
    response = Response(b"".join(coded) if whole else coded)
    response.headers["Content-Type"] = answer.type
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    return _labelled(response)


def _gzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    squeeze = zlib.compressobj(1, wbits=31)
    for piece in pieces:
        if squeezed := squeeze.compress(piece):
            yield squeezed
    yield squeeze.flush()


def _refused(status: int, sentence: str) -> Response:
    return _labelled(Response(f"{sentence}\n", status, content_type="text/plain; charset=utf-8"))


def _labelled(response: Response) -> Response:
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
