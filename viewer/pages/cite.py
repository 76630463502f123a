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
from flask_babel import gettext
from werkzeug.wrappers import Response

from archiver.package import sealed_digest
from index.model import Capture

from ..current import holdings
from ..holdings import Holdings, title_of
from ..protocols.as_memento import names_of
from ..protocols.memento import Memento
from ..protocols.pwid import archive_of, pwid
from ..told import ToldError, Way, not_an_address
from .addressed import addresses_of
from .browse import Shown, shown_at
from .nearest import nearest_pages
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
    url = addresses_of(request.args.get("url", "").strip(), site)[0]
    if url is None:
        raise ToldError(not_an_address(), Way(gettext("Every day"), f"/{site}/"))
    shown = shown_at(found_site, request.args.get("at", ""))
    snapshot = held.snapshot(site, shown.snapshot.timestamp)
    found = snapshot.look_up(url)
    if found is None:
        return _not_cited(shown, url)
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


def _not_cited(shown: Shown, url: str) -> tuple[str, int]:
    """Say that there is nothing to cite on this day, or on any: then which page may have been meant."""
    held, site = holdings(), shown.site
    stored = bool(held.lifeline(held.kept_as(url, site.name), site.name))
    if not stored:
        held.refuse_withheld(url, site.name)
    nearest = [] if stored else nearest_pages(held.history, site.name, url)
    page = render_template("not_cited.html", site=site, shown=shown, url=url, stored=stored, nearest=nearest)
    return page, 404


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
