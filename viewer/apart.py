# SPDX-License-Identifier: EUPL-1.2
"""
What others wrote, as it stands among words of ours: it turns nothing round but itself, and hides nothing.

    settled(text)       one line, its isolates matched, a sign for each character that shows nothing
    apart(text)         the same as a piece of a page: <bdi>text</bdi>, escaped
    apart_plain(text)   the same where no element can be, between FSI and PDI where its letters need that

Titles, texts, reasons, fields and what a visitor typed may be written from right to left, or hold characters
that turn round what follows (Unicode Annex 9). An isolate ends at the PDI that matches it: one too many in
the text would end ours, and an isolate that the text leaves open would take our PDI for its own. So they are
made to match first. `settled` alone does in a block of its own with dir="auto". Addresses are normalised, so
ASCII, and need none of this. Pure; knows nothing of pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from markupsafe import Markup

FSI, PDI = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_BEGINS = "\N{LEFT-TO-RIGHT ISOLATE}\N{RIGHT-TO-LEFT ISOLATE}" + FSI
_INVISIBLE = "\N{REPLACEMENT CHARACTER}"

# What ends a paragraph ends every isolate within it: to the algorithm these are white space like any other.
_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]")
# Controls, halves of characters and characters that are none: no page and no feed can have them.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_ISOLATES = re.compile(f"[{_BEGINS}{PDI}]")
# Letters and numbers that run from right to left, the blocks kept for them, and what turns writing round
_TURNS = re.compile(
    "[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff"
    "\U00010800-\U00010fff\U0001e800-\U0001efff]"
)

_JOINTS = re.compile(r"(?<=[^:/]/)(?=[^/])|(?<=.)(?=[?&])|(?<=[^/])(?=\.[^./]+/)")
"""Where an address may be parted: after a slash, before what is asked, before the last part of a host."""


def settled(text: str) -> str:
    """Return a text whose isolates match, on one line, with a sign for each character that shows nothing."""
    if text.isascii() and text.isprintable():
        return text
    shown = _CONTROLS.sub(_INVISIBLE, _BREAKS.sub(" ", text))
    return "".join(_matched(shown)) if _ISOLATES.search(shown) else shown


def apart(text: object) -> Markup:
    """Return a text as a piece of a page, escaped, that turns round nothing beside it."""
    return Markup("<bdi>{}</bdi>").format(settled(str(text)))


def apart_plain(text: object) -> str:
    """Return a text for where no element can be: a title, an attribute, a feed."""
    shown = settled(str(text))
    return f"{FSI}{shown}{PDI}" if _TURNS.search(shown) else shown


def breakable(address: object) -> Markup:
    """Return an address as a piece of a page, escaped, whose lines end at its slashes and not in a word."""
    return Markup("<wbr>").join(_JOINTS.split(str(address)))


FILTERS: dict[str, Callable[[str], str]] = {
    "apart": apart,
    "breakable": breakable,
    "apart_plain": apart_plain,
    "settled": settled,
}
"""As templates have them."""


def _matched(text: str) -> Iterator[str]:
    """Yield the pieces of a text, without each PDI that ends nothing, and one for each isolate left open."""
    opened = place = 0
    for found in _ISOLATES.finditer(text):
        ends = found[0] == PDI
        yield text[place : found.start()] if ends and not opened else text[place : found.end()]
        place = found.end()
        opened = max(opened - 1, 0) if ends else opened + 1
    yield text[place:]
    yield PDI * opened
