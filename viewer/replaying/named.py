# SPDX-License-Identifier: EUPL-1.2
"""
What a page names, and where no script tells what it asked for, what its style sheets and frames name too.

    page          <link rel=stylesheet href=/a.css>, <iframe src=/f>
    /a.css        url(/b.png), @import "/c.css"    read as the view shows it: of the day, or what fills a gap
    /f            <img src=/d.png>
    → the page, /a.css, /f, /b.png, /c.css, /d.png, and what /c.css names …

A style sheet may name what a browser never comes to need. Bounded: so many documents are read, and so many
parts are told. Knows nothing of what is said of the parts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from archiver.exchange import header
from archiver.responses import open_response

from ..addresses.view import View
from ..holdings import Holdings
from ..open_snapshot import Found, OpenSnapshot
from ..rewriting.embeds import MAX_EMBEDS, MAX_READ, Embed, Kind, embeds, embeds_of_sheet
from .answering import answer_of
from .body import beginning
from .filling import neighbours
from .form import Kind as Form
from .form import charset_of, kind_of

MAX_DOCUMENTS = 40
"""Style sheets and pages in frames that are read for one page."""

_READ = {Kind.STYLE: "style", Kind.FRAME: "iframe"}
"""The parts that are read, and as what a browser asks for them."""


@dataclass(slots=True)
class Named:
    """The parts that were found, each address once."""

    parts: list[Embed] = field(default_factory=list)
    cut: bool = False
    """Whether there are more than are told."""
    _seen: set[str] = field(default_factory=set)

    def add(self, found: Iterable[Embed]) -> list[Embed]:
        """Take in parts, and return those that are new."""
        new = []
        for one in found:
            if self._seen.issuperset(one.urls):
                continue
            if len(self.parts) >= MAX_EMBEDS:
                self.cut = True
                break
            self._seen.update(one.urls)
            self.parts.append(one)
            new.append(one)
        return new


def named_by(held: Holdings, snapshot: OpenSnapshot, view: View, holder: OpenSnapshot, found: Found) -> Named:
    """Return the parts of the page that a snapshot shows in a view; `holder` is the snapshot that has it."""
    told = Named()
    body = _body(held, holder, found, "iframe")
    return told if body is None else within(held, snapshot, view, told, body)


@dataclass(frozen=True, slots=True)
class Body:
    """A page or style sheet as far as it is read, and where it was found."""

    start: bytes
    form: Form
    content_type: str
    url: str


def within(held: Holdings, snapshot: OpenSnapshot, view: View, told: Named, body: Body) -> Named:
    """Add what a page names to what is told and, in a view without scripts, what is named by that in turn."""
    near = neighbours(held, snapshot) if view.filled else []
    snapshot, memory = snapshot.remembering()
    left = deque(told.add(_named_in(told, body, styles=view.scriptless)))
    read = 0
    while left and view.scriptless:
        one = left.popleft()
        if one.kind not in _READ:
            continue
        if read >= MAX_DOCUMENTS or memory.full:
            told.cut = True
            break
        read += 1
        answer = answer_of(held, snapshot, one.urls, near)
        if answer.found and answer.is_there and (answer.found.capture.effective_status or 0) < 400:
            inner = _body(held, answer.holder, answer.found, _READ[one.kind], answer.url)
            left.extend(told.add(_named_in(told, inner, styles=True)) if inner else ())
    return told


def _body(
    held: Holdings, holder: OpenSnapshot, found: Found, destination: str, url: str | None = None
) -> Body | None:
    """Return what a capture holds; None where it is no page or style sheet, or cannot be read as one."""
    if found.capture.unresolved:
        return None
    with open_response(held.warc(holder.site), holder.timestamp, found.capture) as stored:
        form = kind_of(stored, destination)
        if form not in {Form.HTML, Form.XML, Form.CSS}:
            return None
        try:
            start, _ = beginning(stored, MAX_READ)
        except ValueError:
            return None
        typed = header(stored.headers, "content-type") or ""
        return Body(start, form, typed, url or found.capture.url)


def _named_in(told: Named, body: Body, *, styles: bool) -> list[Embed]:
    told.cut = told.cut or len(body.start) > MAX_READ
    if body.form is Form.CSS:
        return embeds_of_sheet(body.start, body.url, most=MAX_EMBEDS + 1)
    charset, xml = charset_of(body.content_type), body.form is Form.XML
    return embeds(body.start, charset, body.url, xml=xml, styles=styles, most=MAX_EMBEDS + 1)
