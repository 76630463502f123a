# SPDX-License-Identifier: EUPL-1.2
r"""
What a page says of itself where no script can: that it, or parts of it, are of another day.

    <style>@layer{html::before{content:"This page was not stored on …"!important;…}
           [src="/a.png"]{outline:3px dotted #6d28d9!important}}</style>

The banner of the viewer does not learn which link was followed in a view without scripts. So a filled page
says there itself what it is. A pseudo-element is no part of the tree, and what is `!important` in the first
layer of all goes before every style of the page (CSS Cascade 5 section 6.4.2). Every character of it that may
mean something is written as a code. Knows nothing of how answers are made.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from flask_babel import gettext, ngettext

from index.urlkey import origin

from ..addresses.view import View
from ..holdings import Holdings
from ..i18n import PART_KINDS, long_date, short_date
from ..open_snapshot import Found, OpenSnapshot
from ..rewriting.embeds import Kind
from .answering import Answer, answer_of
from .filling import neighbours
from .named import Named, named_by

FILLED_SCRIPTLESS = View(filled=True, scriptless=True)
MAX_MARKED = 200
"""Parts that get a line around them; the notice counts them all."""

_BAR = (
    "all:initial!important;display:block!important;position:sticky!important;top:0!important;left:0!important;"
    "z-index:2147483647!important;box-sizing:border-box!important;flex:none!important;"
    "padding:8px 16px!important;"
    "font:600 16px/1.5 sans-serif!important;color:#3b2300!important;background:#fdebcf!important;"
    "border-bottom:4px solid #8a4b00!important;white-space:normal!important;text-align:left!important"
)
_LINE = "outline:3px dotted #6d28d9!important;outline-offset:-3px!important"
_MEANS = re.compile(r"[^\w .,:;-]")
_SHOWN = {Kind.IMAGE, Kind.FRAME, Kind.MEDIA, Kind.OTHER}


def page_of_another_day(held: Holdings, snapshot: OpenSnapshot, other: str) -> str:
    """Return in words that a page which a snapshot lacks is shown as another one has it."""
    said: str = gettext(
        "This page was not stored on %(day)s. Because you chose to fill gaps, that of %(other)s is shown.",
        day=long_date(held.day_of(snapshot.timestamp)),
        other=long_date(held.day_of(other)),
    )
    return said


def notice(held: Holdings, snapshot: OpenSnapshot, holder: OpenSnapshot, found: Found, url: str) -> str:
    """
    Return the style that makes a page say so, empty where all of it is of the day.

    `snapshot` is the one that was chosen, `holder` the one that has the page, `url` what was asked for.
    """
    view = FILLED_SCRIPTLESS
    named = named_by(held, snapshot, view, holder, found)
    near = neighbours(held, snapshot)
    filled, cut = _filled(held, snapshot, near, named)
    said = [page_of_another_day(held, snapshot, holder.timestamp)] if holder is not snapshot else []
    if filled:
        said.append(_told(held, filled, cut=cut))
    if not said:
        return ""
    rules = [f'html::before{{{_BAR};content:"{_written(" ".join(said))}"!important}}']
    marked = [answer.url for kind, answer in filled if kind in _SHOWN]
    rules += [f"{_selector(held, snapshot, one, url)}{{{_LINE}}}" for one in marked[:MAX_MARKED]]
    return f"<style>@layer{{{''.join(rules)}}}</style>"


def _filled(
    held: Holdings, snapshot: OpenSnapshot, near: Sequence[str], named: Named
) -> tuple[list[tuple[Kind, Answer]], bool]:
    """Return the parts that are of another day, and whether there may be more."""
    filled: list[tuple[Kind, Answer]] = []
    seen = set[str]()
    snapshot, memory = snapshot.remembering()
    for one in named.parts:
        if memory.full:
            return filled, True
        answer = answer_of(held, snapshot, one.urls, near)
        if answer.day and answer.url not in seen:
            seen.add(answer.url)
            filled.append((one.kind, answer))
    return filled, named.cut


def _told(held: Holdings, filled: list[tuple[Kind, Answer]], *, cut: bool) -> str:
    """Return in words how many parts are of another day, of which, and what they are."""
    count = len(filled)
    first = (
        ngettext(
            "At least %(num)s part of this page is of another day.",
            "At least %(num)s parts of this page are of another day.",
            count,
        )
        if cut
        else ngettext(
            "%(num)s part of this page is of another day.",
            "%(num)s parts of this page are of another day.",
            count,
        )
    )
    several = Counter((held.day_of(answer.day or ""), kind) for kind, answer in filled)
    each = (
        f"{short_date(day)}: {PART_KINDS[kind]} ({number})" for (day, kind), number in sorted(several.items())
    )
    return f"{first} {'; '.join(each)}."


def _selector(held: Holdings, snapshot: OpenSnapshot, url: str, page: str) -> str:
    """Return what chooses the elements that name an address, in the ways in which pages write it."""
    values = [_written(one) for one in _spellings(held, snapshot, url, page)]
    names = ("src", "data", "href", "poster")
    exact = (f'[{name}="{value}"]' for name in names for value in values)
    return f":is(img,input,video,audio,object,embed,iframe,frame,image,use):is({','.join(exact)})"


def _spellings(held: Holdings, snapshot: OpenSnapshot, url: str, page: str) -> Iterator[str]:
    """Yield an address as it stands in a rewritten page: whole, from the root, and from the page's folder."""
    yield held.addresses.url(snapshot.timestamp + FILLED_SCRIPTLESS.letters, url)
    if origin(url) != origin(page):
        return
    path = url.removeprefix(str(origin(url)))
    yield path
    folder = urlsplit(page).path.rpartition("/")[0] + "/"
    if path.startswith(folder):
        yield path.removeprefix(folder)
        yield f"./{path.removeprefix(folder)}"


def _written(text: str) -> str:
    return _MEANS.sub(lambda found: f"\\{ord(found[0]):x} ", text)
