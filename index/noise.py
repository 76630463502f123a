# SPDX-License-Identifier: EUPL-1.2
r"""
What differs in a page's text from day to day and says nothing: found by rules, and left out of a comparison.

    [[rule]]
    name    = "page-views"
    about   = "how often a page was looked at"
    pattern = '\b\d{1,9} (bezoekers|visitors)\b'
    takes   = ["Al «1234 bezoekers» vandaag"]       what is between « and » is taken out, and nothing else
    leaves  = ["Ruimte voor bezoekers: 2 zalen"]    nothing is taken out

A pattern is a regular expression cut down to what can be neither slow nor endless:

    pattern  = alternatives                      matched within one line of the text, whatever the case
    piece    = atom [ "?" | "{n}" | "{n,m}" ]    a group only with "?"; all m together at most MAX_LENGTH
    atom     = literal | class | \b | "(" alternatives ")" | "<" name ">"
    class    = \d \w \s or [ … ]                 of one character
    name     = day month year weekday month-name: those of the day on which the page was stored

There is no `*`, `+`, `.` or look-around. What a piece has taken it does not give back (possessive quantifiers
and atomic groups of `re`), so that at every place of the text there is one way to match, or none.

A date is noise only where it is the day of the capture: `1 januari` stays, unless today is 1 January. Knows
nothing of where rules and texts come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import takewhile

import msgspec

from .errors import ConfigurationError
from .words import without_soft

TAKEN = "\N{WHITE SQUARE}"
"""What stands in a line where noise was taken out: noise that comes or goes altogether is a change."""
MAX_LENGTH = 400
"""Characters of a pattern, and characters that it may repeat in all."""
EXAMPLE_DAY = date(2026, 3, 2)
"""The day on which the examples of rules were stored: Monday 2 March 2026."""
MAX_COMPILED = 2000
"""Patterns that are kept as a day has them: a hundred days of the built-in ones."""
MAX_READ = 1000
"""Patterns that are kept as they were read, for whichever day."""
MAX_DIFFERENCE = 100_000
"""Characters of the lines that differ, of each text; with more of them the texts differ."""

_MONTHS = (
    ("januari", "January", "jan"), ("februari", "February", "feb"), ("maart", "March", "mrt", "mar"),
    ("april", "April", "apr"), ("mei", "May"), ("juni", "June", "jun"), ("juli", "July", "jul"),
    ("augustus", "August", "aug"), ("september", "sept", "sep"), ("oktober", "October", "okt", "oct"),
    ("november", "nov"), ("december", "dec"),
)  # fmt: skip
_WEEKDAYS = (
    ("maandag", "Monday", "mon", "ma"), ("dinsdag", "Tuesday", "tue", "di"),
    ("woensdag", "Wednesday", "wed", "wo"), ("donderdag", "Thursday", "thu", "do"),
    ("vrijdag", "Friday", "fri", "vr"), ("zaterdag", "Saturday", "sat", "za"),
    ("zondag", "Sunday", "sun", "zo"),
)  # fmt: skip
_TOKEN = re.compile(
    r"(?P<name><[a-z-]{1,12}>)"
    r"|(?P<repeat>\{(?P<least>\d{1,3})(?:,(?P<most>\d{1,3}))?\})"
    r"|(?P<char>\\[dws]|\\[^\w\s]|\[\^?(?:\\.|[^\]\\\[\n])+\]|[^\\()\[\]{}|?*+.^$\n])"
    r"|(?P<edge>\\b)"
    r"|(?P<other>[(|)?])"
)
_MARKS = re.compile("[«»]")
_DIGIT = re.compile(r"\d")
_NOTHING: frozenset[str] = frozenset()
_NUMBERS = ("day", "month", "year")
"""Names that stand for a number of the day, as it is written in figures."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One sort of noise."""

    name: str
    pattern: str = ""
    about: str = ""
    takes: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """The text of a page, and the day on which it was stored."""

    text: str
    day: date


@dataclass(frozen=True, slots=True)
class Noise:
    """Rules, ready for use."""

    rules: tuple[Rule, ...]

    def cleaned(self, line: str, day: date) -> str:
        """Return one line of a text stored on a day, with TAKEN for what is noise."""
        for rule in self.rules:
            if _may_take(rule.pattern, day, line):
                line = compiled(rule.pattern, day).sub(TAKEN, line)
        return line

    def same(self, before: Stored, after: Stored) -> bool:
        """
        Tell whether two texts are the same to a reader: but for noise in the lines that differ.

        Lines that both begin or end with are passed over as they stand: what is equal needs no rule.
        """
        if before.text == after.text:
            return True
        old, new = _apart(*(without_soft(one.text).split("\n") for one in (before, after)))
        if max(sum(map(len, old)), sum(map(len, new))) > MAX_DIFFERENCE:
            return False
        if len(old) != len(new):
            return self._lines(old, before.day) == self._lines(new, after.day)
        return all(
            one == other or self.cleaned(one, before.day) == self.cleaned(other, after.day)
            for one, other in zip(old, new, strict=True)
        )

    def _lines(self, lines: Iterable[str], day: date) -> list[str]:
        return [self.cleaned(line, day) for line in lines]


def joined(built_in: Iterable[Rule], own: Iterable[Rule]) -> Noise:
    """Return rules with those of a site, which take the place of others of their name; empty ones go."""
    named = {rule.name: rule for rule in (*built_in, *own)}
    return Noise(tuple(rule for rule in named.values() if rule.pattern))


def check(rule: Rule) -> None:
    """Raise ConfigurationError for a rule that is not safe, or whose examples are not as it says."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", rule.name):
        raise ConfigurationError(f"{rule.name!r} is not a name for a rule; use letters, digits and hyphens.")
    if not rule.pattern:
        return
    compiled(rule.pattern, EXAMPLE_DAY)
    noise = Noise((rule,))
    for example in rule.takes:
        text, wanted = _MARKS.sub("", example), re.sub("«[^»]*»", TAKEN, example)
        if "«" not in example or (found := noise.cleaned(text, EXAMPLE_DAY)) != wanted:
            told = found if "«" in example else "no « and »"
            raise ConfigurationError(
                f"rule {rule.name}: example {example!r} of what it takes gives {told!r}."
            )
    for example in rule.leaves:
        if (found := noise.cleaned(example, EXAMPLE_DAY)) != example:
            raise ConfigurationError(
                f"rule {rule.name}: of {example!r}, which it is to leave, {found!r} stays."
            )


def compiled(pattern: str, day: date) -> re.Pattern[str]:
    """Return a pattern for pages stored on a day. Raises ConfigurationError for one that is not safe."""
    return _compiled(pattern, day if "<" in pattern else EXAMPLE_DAY)


@lru_cache(MAX_COMPILED)
def _compiled(pattern: str, day: date) -> re.Pattern[str]:
    try:
        pieces = _written(pattern)
        written = (_named(pattern, text, day) if is_name else text for is_name, text in pieces)
        return re.compile("".join(written), re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigurationError(f"pattern {pattern!r} is not a regular expression: {error}.") from error


def _may_take(pattern: str, day: date, line: str) -> bool:
    """Tell whether a line has the figures without which a pattern takes nothing: most lines have none."""
    needed = _needed(pattern)
    if "digit" in needed and not _DIGIT.search(line):
        return False
    return all(str(getattr(day, name)) in line for name in _NUMBERS if name in needed)


@lru_cache(MAX_READ)
def _needed(pattern: str) -> frozenset[str]:
    r"""
    Return what is in all that a pattern takes: the number of a `day`, `month` or `year`, or any `digit`.

        <day> <month-name>( <year>)?    day, digit           \d{0,2} (een|\d)    nothing
    """
    compiled(pattern, EXAMPLE_DAY)  # so that it is one, and closes what it opens
    outer: list[tuple[list[frozenset[str]], list[frozenset[str]]]] = []
    others: list[frozenset[str]] = []
    pieces: list[frozenset[str]] = []
    for token in _TOKEN.finditer(pattern):
        if token[0] == "(":
            outer.append((others, pieces))
            others, pieces = [], []
        elif token[0] == "|":
            others.append(_NOTHING.union(*pieces))
            pieces = []
        elif token[0] == ")":
            found = _NOTHING.union(*pieces).intersection(*others)
            others, pieces = outer.pop()
            pieces.append(found)
        elif token[0] == "?" or (token["repeat"] and not int(token["least"])):
            pieces[-1] = _NOTHING
        elif not token["repeat"]:
            pieces.append(_figures(token[0]))
    return _NOTHING.union(*pieces).intersection(*others)


def _figures(piece: str) -> frozenset[str]:
    name = piece.strip("<>")
    if name in _NUMBERS:
        return frozenset((name, "digit"))
    return frozenset(("digit",)) if piece == r"\d" else _NOTHING


@lru_cache(MAX_READ)
def _written(pattern: str) -> tuple[tuple[bool, str], ...]:
    """Return the pieces of a pattern as `re` is to have them; of each whether a day gives what it is."""
    return tuple(_read(pattern))


def _read(pattern: str) -> Iterator[tuple[bool, str]]:
    if len(pattern) > MAX_LENGTH:
        raise _refused(pattern, f"it is longer than {MAX_LENGTH} characters")
    position, before, length = 0, "", 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None:
            raise _refused(pattern, f"{pattern[position : position + 12]!r} is not allowed in it")
        position = token.end()
        kind = str(token.lastgroup)
        if kind == "repeat":
            length += int(token["most"] or token["least"])
        _require_repeatable(pattern, token, before)
        before = token[0] if kind == "other" else kind
        yield kind == "name", _piece(token, kind)
    if length > MAX_LENGTH:
        raise _refused(pattern, f"it repeats more than {MAX_LENGTH} characters")


def _require_repeatable(pattern: str, token: re.Match[str], before: str) -> None:
    if token["repeat"] and before != "char":
        raise _refused(pattern, f"{token[0]} may stand after one character only")
    if token["other"] == "?" and before not in {"char", "name", ")"}:
        raise _refused(pattern, "a `?` stands after nothing that can be left out")


def _piece(token: re.Match[str], kind: str) -> str:
    if kind == "name":
        return token[0][1:-1]
    if kind == "char":
        return " " if token[0] == r"\s" else token[0]
    return {"(": "(?>", "?": "?+"}.get(token[0], token[0]) + ("+" if kind == "repeat" else "")


def _named(pattern: str, name: str, day: date) -> str:
    names = {
        "day": f"0?{day.day}",
        "month": f"0?{day.month}",
        "year": f"{day.year}",
        "month-name": _word(_MONTHS[day.month - 1]),
        "weekday": _word(_WEEKDAYS[day.weekday()]),
    }
    if name not in names:
        raise _refused(pattern, f"<{name}> is none of {', '.join(f'<{one}>' for one in names)}")
    return f"(?>{names[name]})"


def _word(words: Iterable[str]) -> str:
    """Return what matches one of these words, whole, with a full stop where it is cut short."""
    return rf"(?>{'|'.join(words)})\.?+(?![^\W\d_])"


def _refused(pattern: str, why: str) -> ConfigurationError:
    return ConfigurationError(f"pattern {pattern!r} cannot be used: {why}. See docs/changes.md.")


def _apart(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Return the lines of two texts without those that both begin and end with."""
    first = _equal(zip(old, new, strict=False))
    old, new = old[first:], new[first:]
    last = _equal(zip(reversed(old), reversed(new), strict=False))
    return old[: len(old) - last], new[: len(new) - last]


def _equal(pairs: Iterable[tuple[str, str]]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
