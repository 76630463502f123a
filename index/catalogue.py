# SPDX-License-Identifier: EUPL-1.2
"""
Which texts have which words: a Whoosh index in immutable generations. Knows nothing of days.

    search/00000007-5f0c2a91/   one generation: never written to again
    search/00000008-c81e44d0/   the next: hard links to the segments of the one before, and new ones
    search/….partial/           being made, or left by a crash: removed when the next is made

One document per distinct text of a page (document.Document). Which of them were online on a day is asked of
`history`, outside the text query: a day on which no text changed costs nothing here.

A text is kept in the fields of its language, stemmed by it: `title_nl` and `text_nl`, `title_en` and
`text_en`, or `title_und` and `text_und` for other languages, where words are found only as written. A page
that does not say its language counts as Dutch. A query asks for each word by every language's own stem.

Order of publishing: a new generation here, then `History.publish`, whose commit names it. A generation that
no commit names is harmless; `collect` removes it.

Whoosh 2.7.4 gives wrong results outside the few calls used here: no query parser, no date ranges, no
`Require` (it excludes what it should demand), no filter with a time limit. Its files hold pickles: never
open an index that came from outside.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from whoosh import fields, index, query, scoring
from whoosh.analysis import SpaceSeparatedTokenizer
from whoosh.lang.snowball.dutch import DutchStemmer
from whoosh.lang.snowball.english import EnglishStemmer
from whoosh.matching import NullMatcher
from whoosh.query import spans

from .document import Document
from .errors import DamagedError, NotFoundError, StorageError
from .excerpt import marked
from .words import Phrase, parse, words

MAX_TEXT = 1_000_000
"""Characters of a text that are looked through."""

MAX_WORDS = 100_000
"""Words of a text that are indexed."""

DEPTHS = (1_000, 10_000)
"""How many of the best matches are looked at: so many, and where too few of them count, so many."""

_MEMORY_MB = 32
_TITLE_WEIGHT = 3.0
_UNKNOWN = "und"
_LANGUAGES: dict[str, Callable[[], Callable[[str], str]]] = {
    "nl": lambda: DutchStemmer().stem,
    "en": lambda: EnglishStemmer().stem,
    _UNKNOWN: lambda: str,
}

Stem = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that has what was asked for. Scores compare within one search only."""

    id: str
    url: str
    score: float


@dataclass(frozen=True, slots=True)
class Results:
    """The hits asked for, best first, and how many there are in all."""

    hits: list[Hit]
    total: int
    complete: bool
    """False where more match than were looked at (DEPTHS): then `total` counts among the best only."""


class Catalogue:
    """
    The generations below one folder. Several threads may search; one at a time publishes or collects.

    `token` makes the part of a generation's name that tells it from one of the same number in a catalogue
    that was deleted. Whoosh reads through shared file positions, so searches take turns (milliseconds).
    """

    def __init__(self, root: Path, token: Callable[[], str] = lambda: secrets.token_hex(4)) -> None:
        self._root = root
        self._token = token
        self._lock = threading.Lock()
        self._searchers: dict[str, Any] = {}
        self._stems = {language: lru_cache(50_000)(make()) for language, make in _LANGUAGES.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of every open generation."""
        with self._lock:
            self._close_all_but(())

    def publish(self, generation_from: str | None, documents: Iterable[tuple[Document, str]]) -> str:
        """
        Return the name of a generation that holds another's documents and these, each with its text.

        A document that is already there is left as it is; where none is new, the generation is the same.
        The caller keeps others from publishing meanwhile. Raises StorageError where the disk refuses; then
        nothing is left of the new generation, and the old one is as it was.
        """
        iterator = iter(documents)
        first = next(iterator, None)
        if first is None and generation_from is not None:
            return generation_from
        self._remove(path for path in self._folders() if path.suffix == ".partial")
        name = f"{self._number() + 1:08d}-{self._token()}"
        partial = self._root / f"{name}.partial"
        try:
            self._start(partial, generation_from)
            added = _write(partial, chain([first] if first else [], iterator), self._fields)
            if not added and generation_from is not None:
                shutil.rmtree(partial)
                return generation_from
            _seal(partial, self._root / name)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise StorageError(f"The search catalogue could not be written ({error}). Free space.") from error
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        return name

    def search(
        self,
        generation: str,
        site: str,
        asked: str,
        *,
        limit: int,
        allowed: Callable[[list[str]], set[str]],
        offset: int = 0,
    ) -> Results:
        """
        Return the documents of a site that have every word and phrase of a query, best first (BM25F).

        `allowed` is given the ids of what matches and returns those that count, such as
        `History.online` for one day; `total` counts only these. Words are those of `words.parse`: nothing a
        visitor types is an error, and a query without a word has no hits. Raises NotFoundError for a
        generation that is not there, DamagedError for one that cannot be read.
        """
        phrases = parse(asked)
        if not phrases:
            return Results([], 0, complete=True)
        wanted = self._query(site, phrases)
        for depth in DEPTHS:
            ranked = self._ranked(generation, wanted, depth)
            counted = allowed([hit.id for hit in ranked])
            hits = [hit for hit in ranked if hit.id in counted]
            if len(ranked) < depth or len(hits) >= offset + limit:
                break
        return Results(hits[offset : offset + limit], len(hits), complete=len(ranked) < depth)

    def collect(self, keep: Collection[str]) -> None:
        """Delete every generation but these, and what a crash left half made."""
        with self._lock:
            self._close_all_but(keep)
        self._remove(path for path in self._folders() if path.name not in keep)

    def _ranked(self, generation: str, asked: Any, depth: int) -> list[Hit]:
        with self._lock:
            results = self._searcher(generation).search(asked, limit=depth)
            hits = [Hit(found["id"], found["url"], found.score) for found in results]
        # documents of equal score in an order that a rebuilt catalogue has too
        return sorted(hits, key=lambda hit: (-round(hit.score, 6), hit.url, hit.id))

    def _searcher(self, generation: str) -> Any:
        if generation not in self._searchers:
            self._close_all_but(())
            self._searchers[generation] = _open(self._root / generation)
        return self._searchers[generation]

    def _close_all_but(self, keep: Collection[str]) -> None:
        for name in [name for name in self._searchers if name not in keep]:
            self._searchers.pop(name).close()

    def _folders(self) -> list[Path]:
        return [path for path in self._root.iterdir() if path.is_dir()] if self._root.is_dir() else []

    def _remove(self, paths: Iterable[Path]) -> None:
        try:
            for path in list(paths):
                shutil.rmtree(path)
        except OSError as error:
            raise StorageError(f"Old search files could not be deleted ({error}).") from error

    def _number(self) -> int:
        numbers = (path.name.partition("-")[0] for path in self._folders())
        return max((int(number) for number in numbers if number.isdecimal()), default=0)

    def _start(self, partial: Path, generation_from: str | None) -> None:
        partial.mkdir(parents=True)
        if generation_from is None:
            index.create_in(partial, _schema()).close()
            return
        if not (self._root / generation_from).is_dir():
            raise _gone(generation_from)
        for path in (self._root / generation_from).iterdir():
            (partial / path.name).hardlink_to(path)

    def _fields(self, document: Document, text: str) -> dict[str, Any]:
        language = _language(document.language)
        stem = self._stems[language]
        return {
            "id": document.id,
            "site": document.site,
            "url": document.url,
            f"title_{language}": _stemmed(document.title, stem),
            f"text_{language}": _stemmed(text, stem),
        }

    def _query(self, site: str, phrases: list[Phrase]) -> Any:
        # the site's own term adds the same to every score
        return query.And([query.Term("site", site), *map(self._anywhere, phrases)])

    def _anywhere(self, phrase: Phrase) -> Any:
        return query.Or(
            [
                _in_field(f"{part}_{language}", [stem(word) for word in phrase])
                for language, stem in self._stems.items()
                for part in ("title", "text")
            ]
        )


def excerpt(text: str, asked: str, language: str) -> list[tuple[str, bool]]:
    """
    Return the stretch of a text that has most of the words asked for, in pieces: (text, is it one of them).

    Plain text: whoever shows it escapes it. The beginning of the text, unmarked, where it has none of them.
    """
    return marked(text[:MAX_TEXT], parse(asked), _LANGUAGES[_language(language)]())


def _language(language: str) -> str:
    language = language or "nl"
    return language if language in _LANGUAGES else _UNKNOWN


def _schema() -> Any:
    # texts arrive as lists of stems; the analyser is never asked
    texts = {
        f"{part}_{language}": fields.TEXT(analyzer=SpaceSeparatedTokenizer(), field_boost=weight)
        for language in _LANGUAGES
        for part, weight in (("title", _TITLE_WEIGHT), ("text", 1.0))
    }
    return fields.Schema(
        id=fields.ID(unique=True, stored=True), site=fields.ID(), url=fields.STORED(), **texts
    )


def _stemmed(text: str, stem: Stem) -> list[str]:
    return [stem(word.folded) for word in islice(words(text[:MAX_TEXT]), MAX_WORDS)]


def _in_field(name: str, stems: list[str]) -> Any:
    terms = [query.Term(name, stem) for stem in stems]
    return terms[0] if len(terms) == 1 else _InARow(terms)


class _InARow(spans.SpanNear2):  # type: ignore[misc]
    """
    Terms that follow each other, matched on sets of positions.

    Whoosh's own pairs every occurrence by objects: twenty times `de` on a page of nothing else took 28 s.
    """

    def matcher(self, searcher: Any, context: Any = None) -> Any:
        """Return the matcher that whoosh asks of every query."""
        terms = [term.matcher(searcher, context) for term in self.qs]
        return _InARowMatcher(terms) if all(term.is_active() for term in terms) else NullMatcher()

    def _and_query(self) -> Any:
        return query.And(self.qs)  # whoosh's own names a module it never imports


class _InARowMatcher(spans.SpanNear2.SpanNear2Matcher):  # type: ignore[misc]
    def _get_spans(self) -> list[Any]:
        starts: set[int] | None = None
        for number, term in enumerate(self.ms):
            here = {position - number for position in term.value_as("positions")}
            starts = here if starts is None else starts & here
            if not starts:
                return []
        return [spans.Span(min(starts or [0]))]


def _write(
    folder: Path,
    documents: Iterable[tuple[Document, str]],
    to_fields: Callable[[Document, str], dict[str, Any]],
) -> int:
    """Add the documents that are not there yet, and return how many that were."""
    with closing(index.open_dir(folder)) as opened, closing(opened.reader()) as reader:
        writer = opened.writer(limitmb=_MEMORY_MB)
        try:
            added: set[str] = set()
            for document, text in documents:
                if document.id not in added and ("id", document.id) not in reader:
                    writer.add_document(**to_fields(document, text))
                    added.add(document.id)
            writer.commit()
        except BaseException:
            _abandon(writer)
            raise
    return len(added)


def _abandon(writer: Any) -> None:
    # A failed commit leaves whoosh's writer half closed and its lock held: whatever it then says is of no
    # more use, the folder is deleted with everything in it.
    with suppress(Exception):
        writer.cancel()
    if writer.writelock and writer.writelock.fd is not None:
        writer.writelock.release()


def _seal(partial: Path, final: Path) -> None:
    """Sync what is new, then rename: fsync(files), fsync(folder), rename, fsync(parent)."""
    (partial / "MAIN_WRITELOCK").unlink(missing_ok=True)
    for path in partial.iterdir():
        if path.stat().st_nlink == 1:
            _sync(path)
    _sync(partial)
    partial.rename(final)
    _sync(final.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open(folder: Path) -> Any:
    if not folder.is_dir():
        raise _gone(folder.name)
    try:
        return index.open_dir(folder, readonly=True).searcher(weighting=scoring.BM25F())
    except Exception as error:  # unpickling damaged bytes may raise anything
        raise DamagedError(f"{folder} cannot be read ({error}). Run `daykeep rebuild`.") from error


def _gone(generation: str) -> NotFoundError:
    return NotFoundError(
        f"Generation {generation} of the search catalogue is not there. Run `daykeep rebuild`."
    )
