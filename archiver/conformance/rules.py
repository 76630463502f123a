# SPDX-License-Identifier: EUPL-1.2
"""
The guideline's rules as data, and what was found of each. Knows nothing of archives or of measuring.

    [about], [words]      what the report says around the rules, in Dutch and English
    [[rule]]              id grade source title asks how blind, limits, fields
    [fact]                sentences with {values}, one of which says what was measured

    Table ─ Rule, Text    read from config/conformance/nl-richtlijn.toml, or from the wheel
    Finding               rule, verdict, facts, and the file it was measured on
    Report                of one snapshot of one site, or of an export of it

A value in a sentence may come from a website: it is put in as text, never as part of the sentence's form.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import msgspec

from index.errors import ConfigurationError

Language = Literal["nl", "en"]
LANGUAGES: tuple[Language, ...] = ("nl", "en")
MAX_EXAMPLES = 10
"""Places that are named of a kind; the others are counted."""
MAX_EXAMPLE = 300
"""Characters of one."""
_FILE = "nl-richtlijn.toml"
_USER = re.compile(r"://[^/?#@\s]{1,1000}@")


class Verdict(StrEnum):
    """What became of one rule."""

    PASS = "pass"  # noqa: S105  no password
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence in each language."""

    nl: str
    en: str

    def in_(self, language: Language) -> str:
        """Return it in one."""
        return self.nl if language == "nl" else self.en


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rule of the guideline."""

    id: str
    grade: Literal["P", "S"]
    source: str
    title: Text
    asks: Text
    how: Text
    blind: Text
    """What the measurement cannot tell."""
    limits: dict[str, float] = {}
    fields: tuple[str, ...] = ()
    useful: tuple[str, ...] = ()

    def limit(self, name: str) -> int:
        """Return a limit that is a whole number."""
        return int(self.limits[name])


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    about: dict[str, Text]
    words: dict[str, Text]
    rule: tuple[Rule, ...]
    fact: dict[str, Text]


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, 0 to 1, that is read as a percentage."""

    value: float


@dataclass(frozen=True, slots=True)
class Fact:
    """What was measured: a sentence of the table with its values, and places where it was found."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)
    """Numbers, texts, shares, or facts of their own where the words differ by language."""
    examples: tuple[str, ...] = ()
    more: int = 0
    """How many places there are beyond the examples."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule as measured."""

    rule: Rule
    verdict: Verdict
    facts: tuple[Fact, ...]
    file: str
    """What it was measured on: a path in the snapshot, a folder of it, or another file of the archive."""


@dataclass(frozen=True, slots=True)
class Report:
    """All rules of one day."""

    site: str
    title: str
    day: str
    snapshot: str
    made: str
    software: str
    export: str
    """The export that was measured in place of the stored files, empty where none was."""
    findings: tuple[Finding, ...]
    package: str = ""
    """Digest of the day's datapackage.json as it was sealed: which day it was."""

    @property
    def failed(self) -> bool:
        """Whether one rule or more is not met."""
        return any(finding.verdict is Verdict.FAIL for finding in self.findings)


class Few:
    """The first few of many places, and how many there are."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[str] = []

    def add(self, place: str) -> None:
        """Count one more; a name or a password in an address of it is not told again."""
        self.count += 1
        place = redacted(place)
        if len(self._first) < MAX_EXAMPLES:
            self._first.append(place if len(place) <= MAX_EXAMPLE else place[: MAX_EXAMPLE - 1] + "…")

    def fact(self, key: str, **values: object) -> Fact:
        """Return the sentence that counts them, with the first few."""
        more = self.count - len(self._first)
        return Fact(key, {"count": self.count, **values}, tuple(self._first), more)


def redacted(text: str) -> str:
    """Return a text without the names and passwords of addresses in it."""
    return _USER.sub("://…@", text)


def load() -> Table:
    """Return the table, from the wheel or from the checkout. Raises ConfigurationError."""
    here = Path(__file__).resolve().parent.parent
    places = (here / "data" / "conformance" / _FILE, here.parent / "config" / "conformance" / _FILE)
    path = next((path for path in places if path.is_file()), None)
    if path is None:
        raise ConfigurationError("The rules of the guideline are not in this installation; install it again.")
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Table)


def sentence(table: Table, fact: Fact, language: Language) -> str:
    """Return what a fact says in one language."""
    values = {name: _shown(table, value, language) for name, value in fact.values.items()}
    return table.fact[fact.key].in_(language).format_map(values)


def _shown(table: Table, value: object, language: Language) -> str:
    if isinstance(value, Fact):
        return sentence(table, value, language)
    if isinstance(value, Share):
        return _decimal(f"{value.value:.2%}", language)
    if isinstance(value, int):
        grouped = f"{value:,}"
        return grouped.replace(",", ".") if language == "nl" else grouped
    return _decimal(f"{value:.1f}", language) if isinstance(value, float) else redacted(str(value))


def _decimal(text: str, language: Language) -> str:
    return text.replace(".", ",") if language == "nl" else text


def document(table: Table, report: Report) -> dict[str, Any]:
    """Return a report for scripts: every text in both languages, every value as it was measured."""
    counts = {verdict.value: 0 for verdict in Verdict}
    for finding in report.findings:
        counts[finding.verdict.value] += 1
    return {
        "title": msgspec.to_builtins(table.about["title"]),
        "basis": msgspec.to_builtins(table.about["basis"]),
        "site": report.site,
        "day": report.day,
        "snapshot": report.snapshot,
        "made": report.made,
        "software": report.software,
        "package": report.package,
        "export": report.export or None,
        "counts": counts,
        "rules": [_row(table, finding) for finding in report.findings],
    }


def _row(table: Table, finding: Finding) -> dict[str, Any]:
    rule = finding.rule
    return {
        "id": rule.id,
        "verdict": finding.verdict.value,
        "title": msgspec.to_builtins(rule.title),
        "asks": msgspec.to_builtins(rule.asks),
        "how": msgspec.to_builtins(rule.how),
        "blind": msgspec.to_builtins(rule.blind),
        "grade": rule.grade,
        "source": rule.source,
        "file": finding.file,
        "facts": [_fact_row(table, fact) for fact in finding.facts],
    }


def _fact_row(table: Table, fact: Fact) -> dict[str, Any]:
    values = {name: _plain(table, value) for name, value in fact.values.items()}
    texts: dict[str, str] = {language: sentence(table, fact, language) for language in LANGUAGES}
    return {"key": fact.key, **texts, "values": values, "examples": list(fact.examples), "more": fact.more}


def _plain(table: Table, value: object) -> object:
    if isinstance(value, Fact):
        return {language: sentence(table, value, language) for language in LANGUAGES}
    if isinstance(value, str):
        return redacted(value)
    return value.value if isinstance(value, Share) else value
