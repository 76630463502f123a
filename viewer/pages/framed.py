# SPDX-License-Identifier: EUPL-1.2
"""
The frame page of an archived page: what its banner shows, and what it may hold in its frame.

    Framed    https://…/a as the day of 2 March has it, in a view; or another day, where that fills the gap

Each part of the page is made by a function of its own, of values and not of the request. Knows nothing of how
an address is read, nor of how the page inside the frame is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from flask import Response, render_template

from archiver.responses import open_response
from index.lifeline import at, neighbours
from index.urlkey import Origin

from ..addresses.outside import outside_of
from ..addresses.path_address import Addresses
from ..addresses.view import View
from ..current import holdings
from ..holdings import Holdings, title_of
from ..open_snapshot import Found, OpenSnapshot
from ..protocols.as_memento import canonical
from ..replaying.file import File, file_of
from ..replaying.filling import origins, sources
from ..replaying.form import is_file
from ..rewriting.headers import fits
from ..security import allow_frames
from .given_day import others
from .page_parts import named_parts
from .titles import title_at


@dataclass(frozen=True, slots=True)
class Framed:
    """A page as its frame shows it."""

    url: str
    """The address that was asked for."""
    found: Found
    snapshot: OpenSnapshot
    """The snapshot of the day that was asked for."""
    view: View
    other: OpenSnapshot | None = None
    """The snapshot that has the page, where that fills the gap of the day."""

    @property
    def holder(self) -> OpenSnapshot:
        """The snapshot that has the page."""
        return self.other or self.snapshot

    @property
    def name(self) -> str:
        """How replay origins name the day and the view."""
        return self.snapshot.timestamp + self.view.letters


def framed(page: Framed, template: str = "frame.html", **more: object) -> Response:
    """
    Return the frame page of a page, which may hold the replay origins of its day and view alone.

    Another template may hold the same frame for another end; `more` is what it shows besides.
    """
    held = holdings()
    outside = outside_of(held.addresses, page.name)
    frames = [*sources(held, page.snapshot, page.view), *filter(None, [outside])]
    in_head, in_page = _allowed(held.addresses, frames)
    allow_frames(in_head)
    shows = _of_page(held, page) | _of_day(held, page) | _of_versions(held, page) | _of_frame(held, page)
    return Response(render_template(template, frames=in_page, outside=outside, **shows, **more))


def _allowed(addresses: Addresses, frames: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return which frames the header allows, and which the page itself where they do not fit there."""
    if addresses.by_path or fits(frames):
        return frames, ()
    return [addresses.wildcard()], frames


def _of_page(held: Holdings, page: Framed) -> dict[str, object]:
    """Return what the banner shows of the page itself, and of its parts."""
    return {
        "address": page.url,
        "found": page.found,
        "file": _file(held, page.holder, page.found),
        "parts": named_parts(page.snapshot, page.view, page.holder, page.found, page.url),
        "instead": page.other.folder.summary if page.other else None,
        "memento": canonical(held, page.found.capture),
        "print_path": _print_path(page),
    }


def _print_path(page: Framed) -> str:
    """Return where the whole page stands, to be printed."""
    asked = {"url": page.url, "at": page.snapshot.timestamp, "view": page.view.modifier}
    told = {name: value for name, value in asked.items() if value}
    return f"/{page.snapshot.site}/print?{urlencode(told)}"


def _of_day(held: Holdings, page: Framed) -> dict[str, object]:
    """Return what the banner shows of the site and the day."""
    site, summary = held.site(page.snapshot.site), page.snapshot.folder.summary
    day = date.fromisoformat(summary.day)
    return {
        "site": site,
        "site_title": title_of(site),
        "summary": summary,
        "demonstration": summary.demonstration or site.demonstration,
        "asked_day": day,
        "others": others(day),
    }


def _of_versions(held: Holdings, page: Framed) -> dict[str, object]:
    """Return what the banner shows of the other days that captured the page."""
    lifeline = held.lifeline(page.found.capture.url, page.snapshot.site)
    before, after = neighbours(lifeline, page.snapshot.timestamp)
    return {
        "page_title": title_at(held.history, lifeline, page.holder.timestamp),
        "version": at(lifeline, page.snapshot.timestamp),
        "versions": lifeline,
        "before": before,
        "after": after,
    }


def _of_frame(held: Holdings, page: Framed) -> dict[str, object]:
    """Return where the page in the frame stands, and what viewer.js needs to follow it."""
    addresses, view = held.addresses, page.view
    return {
        "view": view,
        "toggled": view._replace(scriptless=not view.scriptless).modifier,
        "kept": view._replace(filled=False).modifier,
        "source": addresses.url(page.name, page.url),
        "name": page.name,
        "pattern": addresses.pattern,
        "by_path": addresses.by_path,
        "hashed": _hashed(addresses, origins(held, page.snapshot, view), page.name),
    }


def _hashed(addresses: Addresses, origins: Iterable[Origin], name: str) -> dict[str, str]:
    """Return archived origins by their replay origins, where those do not tell them: viewer.js asks it."""
    if addresses.by_path:
        return {}  # every address tells its origin
    named = ((addresses.origin(name, one), str(one)) for one in origins)
    return {replayed: archived for replayed, archived in named if "--" in replayed}


def _file(held: Holdings, snapshot: OpenSnapshot, found: Found) -> File | None:
    """Return what a capture is as a file, where a browser would save it rather than show it."""
    with open_response(held.warc(snapshot.site), snapshot.timestamp, found.capture) as stored:
        return file_of(found.capture.url, stored) if is_file(stored) else None
