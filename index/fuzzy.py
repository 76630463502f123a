# SPDX-License-Identifier: EUPL-1.2
r"""
Which captures answer for an address that differs only in what names no other page. Rules are data.

    [[rule]]
    name      = "cache-number"
    about     = "a number that a script puts behind an address so that no cache answers"
    parameter = '_|cb|nocache'           the whole name of a parameter, in any case
    value     = '\d{1,20}'               its whole value; empty where it has none
    path      = '.*\.js'                 the whole path of the address; left out: any
    several   = "nearest"                of several that differ, the nearest number wins; "none": a gap
    same      = [["https://a.example/x?_=1", "https://a.example/x?_=2"]]
    apart     = [["https://a.example/x?_=a", "https://a.example/x?_=b"]]

Two addresses are alike where the same is left of them once every parameter that a rule names is taken off;
no other byte may differ. `;name=value` in a path segment is a parameter named `;name`. A parameter is taken
off by the first rule that names it.

Expressions are RE2's: time grows with the length of the address alone, whatever the pattern (ADR 31). Knows
nothing of snapshots, or of where rules come from.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import msgspec

from .errors import ConfigurationError
from .model import Capture

MAX_PATTERN = 400
"""Characters of a pattern."""
MAX_PROGRAM = 1500
"""Instructions of a compiled pattern."""
MAX_MEMORY = 1 << 20
"""Bytes of a compiled pattern and its automaton."""
MAX_PARAMETERS = 100
"""Parameters of an address that rules are asked about; one with more is alike to none."""
MAX_CANDIDATES = 1000
"""Captures of one path that are looked at; among more of them nothing is sought."""

_NAMES_KEPT = 4096
_NUMBER = re.compile(r"\d{1,20}(?:\.\d{1,20})?", re.ASCII)


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One sort of parameter that names no other page."""

    name: str
    parameter: str = ""
    value: str = ""
    path: str = ""
    several: Literal["none", "nearest"] = "none"
    about: str = ""
    same: tuple[tuple[str, str], ...] = ()
    apart: tuple[tuple[str, str], ...] = ()


class Taken(NamedTuple):
    """A parameter that was taken off, by which rule, and what it said."""

    rule: int
    value: str


class Form(NamedTuple):
    """What is left of an address, and what was taken off."""

    url: str
    taken: tuple[Taken, ...]


Alike = dict[str, list[tuple[Form, Capture]]]
"""Captures by what is left of their addresses."""


@dataclass(slots=True)
class Fuzzy:
    """Rules, ready for use by several threads."""

    rules: tuple[Rule, ...]
    _by_name: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def form(self, url: str) -> Form | None:
        """Return what is left of a normalised URL; None where it has more parameters than are looked at."""
        path, mark, query = url.partition("?")
        segments, parts = path.split(";"), query.split("&") if mark else []
        if len(segments) + len(parts) > MAX_PARAMETERS:
            return None
        bare = path[path.find("/", len("https://")) :].partition(";")[0]
        taken: list[Taken] = []
        path = self._of_path(path, bare, taken) if len(segments) > 1 else path
        kept = [part for part in parts if not self._take(part, bare, taken)]
        # an empty query stays where nothing was taken off it: it is another address
        joined = f"?{'&'.join(kept)}" if kept else ""
        return Form(path + joined, tuple(taken))

    def choose(self, url: str, captures: Iterable[Capture]) -> Capture | None:
        """Return the capture that answers for a URL among those of its path; None where not one does."""
        asked = self.form(url)
        return self.choose_of(asked, self.grouped(captures)) if asked else None

    def grouped(self, captures: Iterable[Capture]) -> Alike:
        """Return captures by what is left of their addresses."""
        found: Alike = {}
        for one in captures:
            form = self.form(one.url)
            if form is not None:
                found.setdefault(form.url, []).append((form, one))
        return found

    def choose_of(self, asked: Form, captures: Alike) -> Capture | None:
        """Return the capture that answers for what is left of a URL, of captures that were grouped before."""
        alike = captures.get(asked.url)
        if not alike:
            return None
        several = len({(one.effective_status, one.digest) for _, one in alike}) > 1
        used = {taken.rule for form in (asked, *(form for form, _ in alike)) for taken in form.taken}
        if several and any(self.rules[rule].several == "none" for rule in used):
            return None
        return min(alike, key=lambda pair: (*_apart(asked.taken, pair[0].taken), pair[1].url))[1]

    def _of_path(self, path: str, bare: str, taken: list[Taken]) -> str:
        """Return a path without the parameters of its segments that a rule names."""
        segments = []
        for segment in path.split("/"):
            first, *parts = segment.split(";")
            left = [part for part in parts if not self._take(f";{part}", bare, taken)]
            segments.append(";".join([first, *left]))
        return "/".join(segments)

    def _take(self, part: str, path: str, taken: list[Taken]) -> bool:
        name, _, value = part.partition("=")
        for number in self._rules_of(name):
            rule = self.rules[number]
            if _whole(rule.value, value) and (not rule.path or _whole(rule.path, path)):
                taken.append(Taken(number, value))
                return True
        return False

    def _rules_of(self, name: str) -> tuple[int, ...]:
        """Return the rules that a parameter's name fits: names are few, and their values many."""
        if name not in self._by_name:
            if len(self._by_name) >= _NAMES_KEPT:
                self._by_name.clear()
            fits = (number for number, rule in enumerate(self.rules) if _whole(rule.parameter, name))
            self._by_name[name] = tuple(fits)
        return self._by_name.get(name, ())


def joined(built_in: Iterable[Rule], own: Iterable[Rule]) -> Fuzzy:
    """Return rules with those of a site, which go first and take the place of others of their name."""
    named = {rule.name: rule for rule in own}
    rules = (*named.values(), *(rule for rule in built_in if rule.name not in named))
    return Fuzzy(tuple(rule for rule in rules if rule.parameter))


def check(rule: Rule) -> None:
    """Raise ConfigurationError for a rule that cannot be used, or whose examples are not as it says."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", rule.name):
        raise ConfigurationError(f"{rule.name!r} is not a name for a rule; use letters, digits and hyphens.")
    for pattern in (rule.parameter, rule.value, rule.path):
        _compiled(pattern)
    if rule.parameter and _whole(rule.parameter, ""):
        raise ConfigurationError(f"rule {rule.name}: its `parameter` fits an empty name.")
    fuzzy = Fuzzy((rule,) if rule.parameter else ())
    for pairs, wanted in ((rule.same, True), (rule.apart, False)):
        for one, other in pairs:
            if _alike(fuzzy, one, other) is not wanted:
                told = "apart" if wanted else "the same"
                raise ConfigurationError(f"rule {rule.name}: example {one!r} and {other!r} are {told}.")


def _alike(fuzzy: Fuzzy, one: str, other: str) -> bool:
    first, second = fuzzy.form(one), fuzzy.form(other)
    return first is not None and second is not None and first.url == second.url


def _apart(asked: Sequence[Taken], found: Sequence[Taken]) -> tuple[float, ...]:
    """Return how far two addresses are from each other in the first parameter that was taken off both."""
    values = {taken.rule: taken.value for taken in reversed(found)}
    for rule, value in asked:
        other = values.get(rule)
        if other is not None and _NUMBER.fullmatch(value) and _NUMBER.fullmatch(other):
            return (abs(float(value) - float(other)),)
    return (float("inf"),)


def _whole(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text.encode("ascii", "replace")) is not None


@functools.cache
def _options() -> Any:
    import re2  # noqa: PLC0415 - what a command loads it waits for, and few need this

    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1  # addresses are ASCII
    return options


@functools.lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    import re2  # noqa: PLC0415 - as above

    if len(pattern) > MAX_PATTERN:
        raise ConfigurationError(f"pattern {pattern[:80]!r}… is longer than {MAX_PATTERN} characters.")
    try:
        compiled = re2.compile(pattern.encode("ascii"), _options())
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"pattern {pattern!r} is not ASCII; addresses are.") from error
    except re2.error as error:
        told = str(error)[:120]
        raise ConfigurationError(
            f"pattern {pattern!r} is no regular expression of RE2 ({told!a})."
        ) from error
    if compiled.programsize > MAX_PROGRAM:
        raise ConfigurationError(f"pattern {pattern!r} takes too long: repeat less, or less often.")
    return compiled
