# SPDX-License-Identifier: EUPL-1.2
"""
Another tool's CDXJ beside ours, line by line: what differs, and by which rule it may.

    unexplained(ours, theirs)  ->  ["https://… mime: 'text/html' is not 'text/plain'", …]

A rule is a row: the field it is about, and when that field may differ. docs/validators.md tells each in words.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

FIELDS = ("key", "timestamp", "url", "mime", "status", "digest", "length", "offset", "filename")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its fields, `key` and `timestamp` among them; None for what it does not have."""

    fields: dict[str, str | None]

    def __getitem__(self, name: str) -> str | None:
        return self.fields.get(name)

    @property
    def place(self) -> tuple[str | None, str | None]:
        return self["filename"], self["offset"]


@dataclass(frozen=True, slots=True)
class Rule:
    field: str
    words: str
    holds: Callable[[Line, Line], bool]


def _url(ours: Line) -> str:
    return ours["url"] or ""


RULES = (
    Rule("key", "an artefact of ours is its own key", lambda ours, _: _url(ours).startswith("urn:")),
    Rule(
        "status",
        "a revisit has its own status in ours, none in theirs",
        lambda ours, theirs: ours["mime"] == "warc/revisit" and theirs["status"] in {None, "-"},
    ),
    Rule(
        "status",
        "what is not HTTP has the status - in ours, none in theirs",
        lambda ours, theirs: ours["status"] == "-" and theirs["status"] is None,
    ),
    Rule(
        "length",
        "of a plain WARC the line ends that close a record belong to it in ours, not in theirs",
        lambda ours, theirs: (
            (ours["filename"] or "").endswith(".warc")
            and int(ours["length"] or 0) - int(theirs["length"] or 0) == len("\r\n\r\n")
        ),
    ),
    Rule(
        "digest",
        "a chunked answer has no digest in its record, and theirs is SHA-1 over the framing",
        lambda ours, theirs: (
            ours["mime"] != "warc/revisit"
            and re.fullmatch("(sha1:)?[A-Z2-7]{32}", theirs["digest"] or "") is not None
        ),
    ),
)


def read_lines(path: Path) -> list[Line]:
    """Read a CDXJ file, in its own order."""
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        key, timestamp, rest = text.split(" ", 2)
        lines.append(Line({"key": key, "timestamp": timestamp, **json.loads(rest)}))
    return lines


def differences(ours: Sequence[Line], theirs: Sequence[Line]) -> Iterator[tuple[Line, str, Rule | None, str]]:
    """Yield each field that differs between lines of one record, the rule that explains it, and the sentence."""
    there = {line.place: line for line in theirs}
    for line in ours:
        other = there[line.place]
        for name in FIELDS:
            if line[name] != other[name]:
                rule = next((rule for rule in RULES if rule.field == name and rule.holds(line, other)), None)
                yield line, name, rule, f"{_url(line)} {name}: {line[name]!r} is not {other[name]!r}"


def unexplained(ours: Sequence[Line], theirs: Sequence[Line]) -> list[str]:
    """Return every difference that no rule allows, lines that only one side has among them."""
    here, there = Counter(line.place for line in ours), Counter(line.place for line in theirs)
    alone = [f"only in ours: {place}" for place in here - there] + [
        f"only in theirs: {place}" for place in there - here
    ]
    return alone or [said for _, _, rule, said in differences(ours, theirs) if rule is None]
