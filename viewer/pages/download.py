# SPDX-License-Identifier: EUPL-1.2
"""
A day as a file that a visitor takes away, in parts if he likes: `/<site>/<moment>/export/<profile>`.

    GET, HEAD                             200, Content-Length, a strong ETag
    Range: bytes=1000-                    206, the same slice of the same bytes (RFC 9110 section 14)
    Range that begins behind the end      416
    Range with If-Range of another ETag   200, the whole
    several ranges, or none we know       200, the whole
    not made yet                          503 with Retry-After; a browser comes back by itself

The ETag is the SHA-256 of the file. It is the same each time it is made, so a download that was cut is
carried on also after the file was dropped and made again. Knows nothing of how an export is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import get_locale, gettext

from archiver.exporting.kept_exports import Kept
from archiver.exporting.profiles import Profile
from archiver.exporting.safe_names import safe_name
from archiver.exporting.zipping import TooLargeError
from index.errors import BusyError, NotFoundError
from index.takedown import Decision

from ..current import holdings
from ..refusal import STATUS, refusing
from ..replaying.body import bounds
from ..replaying.file import disposition
from ..told import ToldError, Way, filled
from .browse import Shown, folder_of, shown_at, snapshot_of

pages = Blueprint("download", __name__)

AGAIN = 15
"""Seconds after which a visitor may ask again for a file that is being made."""
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Download:
    """What a page offers."""

    path: str
    title: str
    size: int | None
    """Bytes, where the file stands ready."""


def downloads_of(shown: Shown) -> list[Download]:
    """Return the files that a visitor may take away of a day."""
    held, folder = holdings(), folder_of(shown)
    if snapshot_of(shown).withholds() is not None:
        return []
    base = f"/{shown.site.name}/{shown.snapshot.timestamp}/export"
    return [
        Download(f"{base}/{profile.name}", _title(profile), held.exports.size(folder, profile))
        for profile in held.exports.offered
    ]


@pages.get("/<site>/<moment>/export/<profile>")
def export(site: str, moment: str, profile: str) -> Response:
    """Answer with a copy of a day, or with a part of it."""
    held = holdings()
    shown = shown_at(held.site(site), moment)
    chosen = _chosen(shown, profile)
    if (decision := snapshot_of(shown).withholds()) is not None:
        return whole_day_withheld(shown, decision)
    try:
        kept = held.exports.get(folder_of(shown), chosen)
    except BusyError:
        return _later(shown)
    except TooLargeError:
        return make_response(render_template("too_large.html", shown=shown), 413)
    held.takedowns.refresh()  # making it may have taken a while
    if (decision := snapshot_of(shown).withholds()) is not None:
        kept.file.close()
        return whole_day_withheld(shown, decision)
    return _answer(kept, safe_name(f"{site}-{shown.snapshot.day}-{profile}{chosen.suffix}"))


def _chosen(shown: Shown, name: str) -> Profile:
    """Return a kind of copy that is offered. Raises ToldError."""
    try:
        return holdings().exports.profile(name)
    except NotFoundError as error:
        day = Way(gettext("Everything else of this day"), f"/{shown.site.name}/{shown.snapshot.timestamp}/")
        said = filled(gettext("No copy “%(name)s” is offered of this day."), name=name)
        raise ToldError(said, day) from error


def whole_day_withheld(shown: Shown, decision: Decision) -> Response:
    """Say that a day goes out whole or not at all: a copy without what is withheld could not prove itself."""
    page = render_template("day_withheld.html", shown=shown, decision=decision)
    return refusing(make_response(page, STATUS))


def _title(profile: Profile) -> str:
    return profile.title.nl if str(get_locale()) == "nl" else profile.title.en


def _later(shown: Shown) -> Response:
    """Say that the file is being made; browsers ask again by themselves, tools by Retry-After."""
    response = make_response(render_template("being_made.html", shown=shown), 503)
    response.headers["Retry-After"] = str(AGAIN)
    response.headers["Refresh"] = str(AGAIN)
    response.headers["Cache-Control"] = "no-store"
    return response


def _answer(kept: Kept, name: str) -> Response:
    start, end = _wanted(kept)
    partial = (start, end) != (0, kept.bytes)
    if start >= end and kept.bytes:
        kept.file.close()
        response = Response(status=416)
        response.headers["Content-Range"] = f"bytes */{kept.bytes}"
    else:
        response = Response(_body(kept.file, start, end), 206 if partial else 200, direct_passthrough=True)
        response.headers["Content-Length"] = str(end - start)
        response.call_on_close(kept.file.close)
        if partial:
            response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{kept.bytes}"
    response.mimetype = "application/zip"
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Disposition"] = disposition(name)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.set_etag(kept.sha256)
    if not partial:
        response.make_conditional(request.environ)
    return response


def _wanted(kept: Kept) -> tuple[int, int]:
    """Return start and end of what is asked for; the whole where it is not one range of this very file."""
    ranges = request.range.ranges if request.method == "GET" and request.range else []
    condition = request.headers.get("If-Range")
    if len(ranges) != 1 or request.range is None or request.range.units != "bytes":
        return 0, kept.bytes
    if condition is not None and condition.strip() != f'"{kept.sha256}"':
        return 0, kept.bytes
    return bounds(*ranges[0], kept.bytes)


def _body(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    """
    Return the bytes of a part of a file.

    Where the server sends files itself, as waitress does, it is given the file: it then sends no more than
    Content-Length says, and a visitor with a slow line holds none of its threads.
    """
    file.seek(start)
    wrapper = request.environ.get("wsgi.file_wrapper")
    if wrapper is not None and request.method == "GET":
        wrapped: Iterator[bytes] = wrapper(file, _PIECE)
        return wrapped
    return _pieces(file, end - start)


def _pieces(file: BinaryIO, left: int) -> Iterator[bytes]:
    with file:
        while left and (piece := file.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece
