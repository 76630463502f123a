# SPDX-License-Identifier: EUPL-1.2
r"""
Candidates for rules of noise, learned from pages whose text differs every day. Proposes; applies nothing.

    Monday     Nummer 4711 in de rij      the same line of one page, different each time at one place
    Tuesday    Nummer 4890 in de rij
    Wednesday  Nummer 52 in de rij    →   \bNummer \d{2,4} in de\b

A place is what lies between the words that all versions of a line begin and end with. There must be one:
without any, a pattern would take the same out of every line. What changes there must have one form, and the
pattern must take out all of it and nothing else. A form is figures, hexadecimal figures, or a token so long
that no word is. Whether it says something (a waiting time, a rate of exchange) no program can tell: a person
decides. Knows nothing of where texts come from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from .errors import ConfigurationError
from .noise import EXAMPLE_DAY, TAKEN, Noise, Rule, Stored, compiled
from .words import without_soft

LEAST = 4
"""Versions of a line, each other than the one before, from which a rule is learned."""
MOST_LINES = 2_000
"""Lines of a page that are looked at."""
MOST_CHARACTERS = 60
"""Characters of what changes."""
MOST_LINE = 500
"""Characters of a line; longer ones are prose or data, in which a place says little."""
_BEFORE, _AFTER = 3, 2
"""Words before and after what changes that stand in a pattern."""
_RUN = re.compile(r"(\d+)|([^\W\d_]+)|(\s+)|(.)")
# in hexadecimal figures no word has eight letters; of others a token has to be longer than words are
_TOKENS = (("[0-9a-f]", re.compile(r"[0-9A-Fa-f]{8,}")), ("[0-9a-z_-]", re.compile(r"[0-9A-Za-z_-]{20,}")))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule that would take out what changes at one place, on so many pages."""

    rule: Rule
    pages: int
    url: str
    """One of these pages."""


def proposals(pages: Iterable[tuple[str, Sequence[Stored]]], noise: Noise) -> list[Proposal]:
    """
    Return rules that these pages propose beside those there are, the ones of most pages first.

    Each page comes with its texts, oldest first, each other than the one before.
    """
    found: dict[str, Rule] = {}
    urls: dict[str, str] = {}
    count: Counter[str] = Counter()
    for url, texts in pages:
        for rule in {rule.pattern: rule for rule in _of_page(texts, noise)}.values():
            found.setdefault(rule.pattern, rule)
            urls.setdefault(rule.pattern, url)
            count[rule.pattern] += 1
    ordered = sorted(found, key=lambda pattern: (-count[pattern], pattern))
    return [
        Proposal(_named(found[pattern], number), count[pattern], urls[pattern])
        for number, pattern in enumerate(ordered, 1)
    ]


def _named(rule: Rule, number: int) -> Rule:
    return Rule(name=f"proposed-{number}", pattern=rule.pattern, takes=rule.takes)


def _of_page(texts: Sequence[Stored], noise: Noise) -> Iterator[Rule]:
    """Yield a rule for every line that differs each time, of the versions with as many lines as most have."""
    versions = [(without_soft(one.text).split("\n"), one.day) for one in texts]
    [(usual, _)] = Counter(len(lines) for lines, _ in versions).most_common(1) or [(0, 0)]
    alike = [version for version in versions if len(version[0]) == usual]
    for number in range(min(usual, MOST_LINES) if len(alike) >= LEAST else 0):
        raw = [lines[number] for lines, _ in alike]
        if raw[0] != raw[1] and max(map(len, raw)) <= MOST_LINE:
            line = [noise.cleaned(lines[number], day) for lines, day in alike]
            if all(one != other for one, other in pairwise(line)) and (rule := learned(line)):
                yield rule


def learned(versions: Sequence[str]) -> Rule | None:
    """Return a rule that takes out what differs between the versions of a line, None where none does."""
    if any(len(line) > MOST_LINE or re.search(f"[«»{TAKEN}]", line) for line in versions):
        return None
    split = [line.split(" ") for line in versions]
    first = _common(split)
    last = _common([words[first:][::-1] for words in split])
    middles = [" ".join(words[first : len(words) - last]) for words in split]
    form = _form(middles)
    before, after = split[0][max(0, first - _BEFORE) : first], split[0][len(split[0]) - last :][:_AFTER]
    if form is None or not any(map(str.isalnum, "".join(before + after))):
        return None
    pattern = _edged(" ".join([*map(_literal, before), form, *map(_literal, after)]))
    return _exact(pattern, versions)


def _exact(pattern: str, versions: Sequence[str]) -> Rule | None:
    """Return the rule of a pattern where it is safe, and leaves the same of all versions."""
    try:
        expression = compiled(pattern, EXAMPLE_DAY)
    except ConfigurationError:
        return None
    if len({expression.sub(TAKEN, line) for line in versions}) != 1:
        return None
    takes = (expression.sub(lambda found: f"«{found[0]}»", line) for line in versions[-2:])
    return Rule(name="proposed", pattern=pattern, takes=tuple(takes))


def _common(lines: Sequence[Sequence[str]]) -> int:
    """Return how many words all lines begin with."""
    return sum(1 for _ in takewhile(lambda words: len(set(words)) == 1, zip(*lines, strict=False)))


def _token(texts: Sequence[str]) -> str | None:
    """Return the class of the characters that tokens are made of; None where one of them may be a word."""
    if not all(any(map(str.isdigit, text)) for text in texts):
        return None
    return next((found for found, token in _TOKENS if all(map(token.fullmatch, texts))), None)


def _form(middles: Sequence[str]) -> str | None:
    """Return a pattern for what changes, where all of it has one form."""
    if not all(middles) or max(map(len, middles)) > MOST_CHARACTERS:
        return None
    if token := _token(middles):
        return f"{token}{_times(middles)}"
    runs = [[(one.lastindex or 4, one[0]) for one in _RUN.finditer(text)] for text in middles]
    if len({tuple(kind for kind, _ in run) for run in runs}) != 1:
        return None
    parts = [_part(column[0][0], [text for _, text in column]) for column in zip(*runs, strict=True)]
    return None if None in parts else "".join(map(str, parts))


def _part(kind: int, texts: Sequence[str]) -> str | None:
    if kind == 1:
        return rf"\d{_times(texts)}"
    if len(set(texts)) == 1:
        return _literal(texts[0])
    return None  # words that change say something


def _times(texts: Sequence[str]) -> str:
    least, most = min(map(len, texts)), max(map(len, texts))
    return f"{{{least}}}" if least == most else f"{{{least},{most}}}"


def _literal(text: str) -> str:
    return re.sub(r"([^\w\s])", r"\\\1", text)


def _edged(pattern: str) -> str:
    """Return a pattern that begins and ends at the edge of a word where a word stands there."""
    begin = r"\b" if re.match(r"\w|\\d|\[0", pattern) else ""
    end = r"\b" if re.search(r"(?<!\\)\w$|\}$", pattern) else ""
    return f"{begin}{pattern}{end}"
