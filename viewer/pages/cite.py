# SPDX-License-Identifier: EUPL-1.2
"""
How to cite a page of a day: `/<site>/cite?url=&at=`, all that a reader of the citation can check it by.

    where     the address that shows this capture for ever, and names that outlive it (Memento, PWID)
    when      the second in which it was received, and on which day its content was received first
    what      the digest of what was received, and the record in which it stands
    sealed    the digest of the day's list of files: whoever has kept it sees whether the day was changed

Knows nothing of how a page is shown.
"""

from __future__ import annotations

import shlex
from typing import NamedTuple

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from archiver.package import sealed_digest
from index.model import Capture
from index.urlkey import normalise

from ..current import holdings
from ..holdings import Holdings, title_of
from ..protocols.as_memento import names_of
from ..protocols.memento import Memento
from ..protocols.pwid import archive_of, pwid
from .browse import shown_at
from .titles import title_at

pages = Blueprint("cite", __name__)


class Names(NamedTuple):
    """What a capture is called, for people and for programs."""

    memento: str
    payload: str
    timegate: str
    timemap: str
    pwid: str


@pages.get("/<site>/cite")
def cite(site: str) -> str | Response | tuple[str, int]:
    """Show how to cite a page as it stood at a moment: a day, or 14 digits of a snapshot."""
    held = holdings()
    found_site = held.site(site)
    url = normalise(request.args.get("url", "").strip())
    if url is None:
        return render_template("error.html", status=404, message=""), 404
    shown = shown_at(found_site, request.args.get("at", ""))
    snapshot = held.snapshot(site, shown.snapshot.timestamp)
    found = snapshot.look_up(url)
    if found is None:
        return render_template("not_cited.html", site=found_site, shown=shown, url=url), 404
    capture = found.capture
    lifeline = held.lifeline(capture.url, site)
    names = _names(held, capture)
    return render_template(
        "cite.html",
        site=found_site,
        site_title=title_of(found_site),
        shown=shown,
        capture=capture,
        title=title_at(held.history, lifeline, snapshot.timestamp),
        names=names,
        command=f"curl -s {shlex.quote(names.payload)} | sha256sum",
        seal=sealed_digest(snapshot.folder.path),
    )


def _names(held: Holdings, capture: Capture) -> Names:
    names, one = names_of(held), Memento(capture.timestamp, capture.url)
    archive = archive_of(held.settings.viewer.base_url, held.settings.archive.website)
    return Names(
        memento=names.memento(one),
        payload=names.payload(one),
        timegate=names.timegate(capture.url),
        timemap=names.timemap(capture.url),
        pwid=pwid(archive, capture.timestamp, capture.url, "page" if _is_page(capture) else "part"),
    )


def _is_page(capture: Capture) -> bool:
    mime = capture.original.mime if capture.original else capture.mime
    return mime in {"text/html", "application/xhtml+xml"}
