# SPDX-License-Identifier: EUPL-1.2
"""
Whether an answer is the page that was asked for, or something served in its place.

    bot-wall       a challenge or a refusal by what guards the site
    maintenance    'we will be back soon'
    login          a redirect to where one has to log in
    parked         the domain is for sale
    default-page   what a web server shows before it has a site
    soft-404       'not found' with a status that says it was

    examine(Seen(status=403, title='Just a moment...', …))
        ->  Suspicion(BOT_WALL, "Cloudflare: status 403, title 'just a moment'")

By what they are known is data, archiver/data/signatures.toml. Evidence is always needed twice, and what has
much text or many links is a page, whatever it speaks of: an article about maintenance is not flagged.
Knows nothing of crawling; archiver.verdict judges the day by what is found here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import unquote, urlsplit
from zlib import crc32

MAX_MARKUP = 1 << 14
"""Characters of HTML that are looked at; walls are small, and what gives them away comes early."""
MAX_COMPARED = 200_000
"""Characters of text that a fingerprint covers."""
TOO_LITTLE = 20
"""Characters of text below which pages are not compared: shells of script are all alike."""

_GONE = frozenset({404, 410})
_ENOUGH = 2
_TITLE_PARTS = re.compile(r"\s[|\u00b7\u2013\u2014\u00bb-]+\s|:\s")
_APOSTROPHES = ("\u2019", "\u2018", "\u00b4")
_NO_DIGITS = str.maketrans("", "", "0123456789")
_LOGIN_PARTS = ("login", "log-in", "signin", "sign-in", "inloggen", "aanmelden")
_LOGIN_NAMES = frozenset({"sso", "saml", "saml2", "adfs", "oauth", "oauth2"})


class Kind(StrEnum):
    """What was served in place of the page; a word for the ledger."""

    BOT_WALL = "bot-wall"
    MAINTENANCE = "maintenance"
    LOGIN = "login"
    PARKED = "parked"
    DEFAULT_PAGE = "default-page"
    SOFT_404 = "soft-404"


# What these say is said by the status too where it is not 2xx.
_MEANT_AS_A_PAGE = frozenset({Kind.PARKED, Kind.DEFAULT_PAGE, Kind.SOFT_404})


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What is probably wrong with an answer, and by what that is seen."""

    kind: Kind
    evidence: str
    """For the ledger: one line, of the words of our own table and of addresses alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of one answer. All but the status may be left out; then less is found."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    title: str = ""
    text: str = ""
    """The page as a reader sees it, a line for each block (archiver.text)."""
    markup: str = ""
    """The first part of the HTML; more than MAX_MARKUP characters of it are not looked at."""
    links: int = 0
    """How many links the page has."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The text of a page without what differs between two addresses that answer the same."""

    title: int
    lines: Mapping[int, int]
    """Length of each distinct line, by its checksum."""
    size: int
    """Characters of all distinct lines."""


def examine(seen: Seen, ignore: frozenset[Kind] = frozenset()) -> Suspicion | None:
    """
    Return what the answer probably is in place of the page, by the first signature that has enough.

    A redirect and a 404 or 410 are what they say they are. Kinds in `ignore` are passed over. No more of the
    page is looked at than can still make a suspicion: of one with the menus of a site the headers, the title
    and, where it is short, its text.
    """
    if 300 <= seen.status < 400 or seen.status in _GONE:
        return None
    places = _Places(seen)
    for signature in signatures():
        if signature.kind in ignore or (signature.kind in _MEANT_AS_A_PAGE and seen.status >= 300):
            continue
        if found := signature.found(places, seen):
            return Suspicion(signature.kind, f"{signature.name}: {', '.join(found)}")
    return None


def leads_to_login(url: str, target: str | None) -> Suspicion | None:
    """Return a suspicion where a redirect leads from a page to an address that looks like a log-in."""
    if target is None or _is_login(url) or not _is_login(target):
        return None
    parts = urlsplit(target)
    return Suspicion(Kind.LOGIN, f"leads to a log-in at {parts.scheme}://{parts.netloc}{parts.path}"[:300])


def fingerprint(url: str, title: str, text: str) -> Fingerprint:
    """
    Return what of a page's text can be compared with the answer to a random address of the same host.

    Digits, the address itself and the order of lines do not count. At most MAX_COMPARED characters.
    """
    own = _own_words(url)
    lines = {_comparable(line, own) for line in text[:MAX_COMPARED].splitlines()} - {""}
    sizes = {crc32(line.encode("utf-8", "surrogatepass")): len(line) for line in lines}
    titled = crc32(_comparable(title[:1000], own).encode("utf-8", "surrogatepass"))
    return Fingerprint(titled, sizes, sum(sizes.values()))


def same_as_probe(probe: Fingerprint, page: Fingerprint) -> bool:
    """
    Tell whether a page is what the host answers to an address that cannot exist.

    The titles are equal, and of the lines no more than a hundredth differ, counted in characters: a page with
    the same menus and two sentences of its own is a page. Where there is hardly any text, nothing is told. Do
    not ask this of a seed: many sites answer everything unknown with their first page, which is still one.
    """
    if probe.title != page.title or min(probe.size, page.size) < TOO_LITTLE:
        return False
    most = max(probe.size, page.size) // 100
    if abs(probe.size - page.size) > most:
        return False
    different = probe.lines.keys() ^ page.lines.keys()
    return sum(probe.lines.get(line) or page.lines.get(line) or 0 for line in different) <= most


def like_nothing(probe: Fingerprint, page: Fingerprint) -> Suspicion | None:
    """Return the suspicion for a page that is the same as the probe's."""
    if not same_as_probe(probe, page):
        return None
    return Suspicion(Kind.SOFT_404, "the same as what the host answers to an address that cannot exist")


@dataclass(frozen=True, slots=True)
class _Mark:
    where: str
    words: tuple[str, ...]
    sure: bool

    def found(self, places: _Places) -> str | None:
        """Return the word that is there."""
        place = places[self.where]
        for word in self.words:
            if word in place:
                return word
        return None


@dataclass(frozen=True, slots=True)
class Signature:
    """How one kind of page gives itself away; the data says what its fields mean."""

    kind: Kind
    name: str
    marks: tuple[_Mark, ...]
    alone: tuple[_Mark, ...]
    """The header marks that are enough by themselves, whatever the page says."""
    statuses: frozenset[int]
    enough: int
    longest: int
    most_links: int

    def found(self, places: _Places, seen: Seen) -> list[str]:
        """Return the evidence where there is enough of it, otherwise nothing; a status alone is none."""
        marks = self.marks if self._may_be(seen) else self.alone
        most, evidence = sum(map(self._weight, marks)) + (seen.status in self.statuses), []
        for mark in marks:
            if most < self.enough:
                return []  # before a place is made comparable that could not tip it any more
            if word := mark.found(places):
                evidence.append(f"{mark.where} {word!r}")
            else:
                most -= self._weight(mark)
        if not evidence or most < self.enough:
            return []
        return [f"status {seen.status}", *evidence] if seen.status in self.statuses else evidence

    def _may_be(self, seen: Seen) -> bool:
        return len(seen.text) <= self.longest and seen.links <= self.most_links

    def _weight(self, mark: _Mark) -> int:
        return self.enough if mark.sure else 1


class _Places:
    """An answer made comparable (lower case, plain apostrophes, single spaces), each place when asked for."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._made: dict[str, Container[str]] = {}

    def __getitem__(self, where: str) -> Container[str]:
        if where not in self._made:
            self._made[where] = _MAKE[where](self._seen)
        return self._made[where]


class _Headers:
    """Header fields in which `name` and `name: start of the value` can be looked for."""

    def __init__(self, headers: Sequence[tuple[str, str]]) -> None:
        self._values = {name.lower(): value.lower().strip() for name, value in reversed(headers)}

    def __contains__(self, word: object) -> bool:
        name, _, value = str(word).partition(": ")
        return name in self._values and self._values[name].startswith(value)


def _is_login(url: str) -> bool:
    names = (name.partition(".")[0] for name in urlsplit(url).path.lower().split("/"))
    return any(name in _LOGIN_NAMES or any(part in name for part in _LOGIN_PARTS) for name in names)


@cache
def signatures() -> tuple[Signature, ...]:
    """Return the table of archiver/data/signatures.toml, in its order."""
    raw = resources.files("archiver").joinpath("data/signatures.toml").read_text(encoding="utf-8")
    return tuple(map(_signature, tomllib.loads(raw)["signature"]))


def _signature(row: dict[str, Any]) -> Signature:
    sure = tuple(_marks(row.pop("sure", {}), sure=True))
    return Signature(
        Kind(row.pop("kind")),
        row.pop("name"),
        statuses=frozenset(row.pop("statuses", ())),
        enough=row.pop("enough", _ENOUGH),
        longest=row.pop("longest", 1500),
        most_links=row.pop("most_links", 15),
        alone=tuple(mark for mark in sure if mark.where == "header"),
        marks=(*sure, *_marks(row, sure=False)),
    )


def _marks(table: Mapping[str, list[str]], *, sure: bool) -> Iterator[_Mark]:
    for key, words in table.items():
        where = key.rstrip("0123456789")
        exact = where in {"title", "line"}
        yield _Mark(where, tuple(_bare(word) if exact else word for word in words), sure)


def _title(seen: Seen) -> Container[str]:
    title = _plain(seen.title[:300])
    return frozenset(map(_bare, [title, *_TITLE_PARTS.split(title)]))


def _lines(seen: Seen) -> Container[str]:
    return frozenset(_bare(_plain(line)) for line in seen.text.splitlines())


_MAKE: Mapping[str, Callable[[Seen], Container[str]]] = {
    "header": lambda seen: _Headers(seen.headers),
    "title": _title,
    "line": _lines,
    "text": lambda seen: _plain(seen.text),
    "markup": lambda seen: seen.markup[:MAX_MARKUP].lower(),
}


def _plain(text: str) -> str:
    text = text.lower()
    for mark in _APOSTROPHES:
        text = text.replace(mark, "'")
    return " ".join(text.split())


def _bare(text: str) -> str:
    """Take the punctuation off the ends: `Not found!` is `not found`."""
    return text.strip(" .!?\u2026:-")


def _own_words(url: str) -> tuple[str, ...]:
    """Return the spellings in which a page may repeat its own address, longest first."""
    path = urlsplit(url).path
    spellings = {url, unquote(url), path, unquote(path)}
    # a bare `/` would be taken out of every line
    return tuple(sorted((one.lower() for one in spellings if len(one) > 3), key=len, reverse=True))


def _comparable(line: str, own: tuple[str, ...]) -> str:
    line = line.lower()
    for word in own:
        line = line.replace(word, "")
    return " ".join(line.translate(_NO_DIGITS).split())
