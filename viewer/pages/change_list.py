# SPDX-License-Identifier: EUPL-1.2
"""
The changes of a day as a list that can be filtered: by what happened, and by section. Pure.

    ?kind=     new | text | bytes | removed | moved | unavailable | changed
    ?section=  /nl/nieuws/                          addresses whose path begins so

`text` is what changed for a reader, `bytes` what changed and reads the same; `changed` is both. One pass
counts each kind within the section and each section within the kind: a filter says beforehand what it
leaves. Knows nothing of where the changes come from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from index.changes import REPORTED, Kind

from .day_log import SHOWN, ChangedUrl, Group

FILTERS = ("new", "text", "bytes", "removed", "moved", "unavailable")
"""In the order in which they are offered; `changed`, which older addresses have, is both text and bytes."""
MAX_SECTIONS = 5_000
"""Different sections that are counted."""
SHOWN_SECTIONS = 20
"""Sections that are offered, those with most changes first."""
DEEP = 2
"""Folders of a path that make sections: the first alone, and both."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes are asked for."""

    kind: str = ""
    section: str = ""

    def takes(self, change: ChangedUrl) -> bool:
        """Tell whether a change is one of these."""
        return self.takes_kind(change) and self.takes_section(change)

    def takes_kind(self, change: ChangedUrl) -> bool:
        """Tell whether what happened is what is asked for."""
        if not self.kind:
            return change.kind in REPORTED
        return self.kind in {change.kind.value, filter_of(change)}

    def takes_section(self, change: ChangedUrl) -> bool:
        """Tell whether the address is in the section that is asked for."""
        return not self.section or path_of(change.url).startswith(self.section)

    def link(self, base: str, **other: str) -> str:
        """Return the address of a list with other filters; none where it has none."""
        values = {"kind": self.kind, "section": self.section} | other
        named = {name: value for name, value in values.items() if value}
        return f"{base}?{urlencode(named)}" if named else base


@dataclass(frozen=True, slots=True)
class Survey:
    """One page of a list of changes, and how many there are by each filter."""

    group: Group[ChangedUrl]
    kinds: dict[str, int]
    """Within the section that is asked for, in the order of FILTERS; only those that there are."""
    sections: dict[str, int]
    """Within the kind that is asked for, in the order of their paths."""


def survey(changes: Iterable[ChangedUrl], wanted: Wanted, number: int) -> Survey:
    """Return one page of what is wanted (the first is 1), and the counts, in one pass."""
    kinds: Counter[str] = Counter()
    sections: Counter[str] = Counter()
    lines: list[ChangedUrl] = []
    total = 0
    for change in changes:
        in_section, of_kind = wanted.takes_section(change), wanted.takes_kind(change)
        if in_section:
            kinds[filter_of(change)] += 1
        for section in sections_of(change.url) if of_kind else ():
            if section in sections or len(sections) < MAX_SECTIONS:
                sections[section] += 1
        if in_section and of_kind:
            total += 1
            if (number - 1) * SHOWN < total <= number * SHOWN:
                lines.append(change)
    offered = sorted(name for name, _ in sections.most_common(SHOWN_SECTIONS))
    return Survey(
        Group(lines, total),
        {name: kinds[name] for name in FILTERS if kinds[name]},
        {name: sections[name] for name in offered},
    )


def filter_of(change: ChangedUrl) -> str:
    """Return the filter of a change; what changed and has no text to compare counts as text."""
    if change.kind is Kind.CHANGED:
        return "bytes" if change.text is False else "text"
    return change.kind.value


def sections_of(url: str) -> list[str]:
    """Return the sections an address is in: of `/nl/nieuws/2026/a` these are `/nl/` and `/nl/nieuws/`."""
    folders = path_of(url).split("/")[1:-1][:DEEP]
    return [f"/{'/'.join(folders[:depth])}/" for depth in range(1, len(folders) + 1)]


def path_of(url: str) -> str:
    """Return the path of an address, at least `/`."""
    return urlsplit(url).path or "/"


def is_section(text: str) -> bool:
    """Tell whether a text may be the beginning of a path."""
    return text.startswith("/") and len(text) <= 500 and text.isprintable()
