# SPDX-License-Identifier: EUPL-1.2
"""
The links of a page on two days: which came, which went, and which lead elsewhere under the words they had.

    Aanvragen → /aanvraag      Aanvragen → /nl/aanvraag     elsewhere
    Contact   → /contact       Contact   → /contact         the same, and not told
    -                          Afspraak  → /afspraak        came

A link is its address and its words. Knows nothing of markup.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MAX_LINKS = 5_000
"""Links of each page that are compared."""


class Link(NamedTuple):
    """A link: its words, white space collapsed, and where it leads."""

    text: str
    url: str


class Turned(NamedTuple):
    """A link that has kept its words and leads elsewhere."""

    text: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class LinkChanges:
    """What became of the links of a page."""

    added: tuple[Link, ...] = ()
    removed: tuple[Link, ...] = ()
    turned: tuple[Turned, ...] = ()
    cut: bool = False
    """Whether a page had more links than are compared."""

    def __bool__(self) -> bool:
        """Tell whether any differ."""
        return bool(self.added or self.removed or self.turned)


def compare(old: Sequence[Link], new: Sequence[Link]) -> LinkChanges:
    """Return what became of the links of a page; how often each is there does not count."""
    cut = max(len(old), len(new)) > MAX_LINKS
    before, after = old[:MAX_LINKS], new[:MAX_LINKS]
    gone, come = _without(before, after), _without(after, before)
    waiting: dict[str, deque[Link]] = defaultdict(deque)
    for link in gone:
        waiting[link.text].append(link)
    turned, added = [], []
    for link in come:
        if link.text and waiting[link.text]:
            turned.append(Turned(link.text, waiting[link.text].popleft().url, link.url))
        else:
            added.append(link)
    left = Counter(link for links in waiting.values() for link in links)
    removed = tuple(link for link in gone if left[link])
    return LinkChanges(tuple(added), removed, tuple(turned), cut)


def _without(links: Iterable[Link], others: Iterable[Link]) -> list[Link]:
    """Return links, each once, that others have not: not that address, or not under these words."""
    known = set(others)
    return [link for link in dict.fromkeys(links) if link not in known]
