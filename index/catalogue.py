# SPDX-License-Identifier: EUPL-1.2
"""
Which texts have which words: a Whoosh index in immutable generations. Knows nothing of days.

    search/00000007-5f0c2a91/   one generation: never written to again
    search/00000008-c81e44d0/   the next: hard links to the segments of the one before, and new ones
    search/….partial/           being made or deleted, or left by a crash: removed when the next is made

One document per distinct text of a page (document.Document); its text is not kept here. Which documents were
online on a day is told to every search (online.Online), outside the text query: a day on which no text
changed costs nothing here.

A text is kept in the field of its language, stemmed by it; in other languages than Dutch and English words
are found only as written. A query asks for each word by every language's own stem.

Order of publishing: a new generation here, then `History.publish`, whose commit names it. A generation that
no commit names is harmless; `collect` removes it.

Whoosh 2.7.4 gives wrong results outside the few calls used here (docs/search.md has the list): no query
parser, no date ranges, no `Require`, no filter with a time limit, no matchers of rows. Its files hold
pickles: never open an index that came from outside.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from whoosh import index
from whoosh.reading import SegmentReader

from . import writing
from .budget import Budget
from .corrections import Dictionaries
from .document import Document
from .errors import ArchiveError, DamagedError, GoneError, StorageError
from .excerpt import Marker
from .languages import LANGUAGES, language_of, stem_of, stems
from .opened import Matches, Opened
from .segment import Recent, Segment
from .words import Query, parse
from .writing import MAX_TEXT

Part = tuple[Path, list[Document]]
"""Where a part of a generation is to be written, and the documents whose texts go into it."""

CORRECTIONS = 3
"""Words that are proposed for one that nobody wrote."""

MAX_CORRECTED = 3
"""Unknown words of a query up to which any is corrected: each takes as long as many searches."""


class Catalogue:
    """
    The generations below one folder. Several threads may search; one at a time publishes or collects.

    `token` makes the part of a generation's name that tells it from one of the same number in a catalogue
    that was deleted. The generation searched last is kept open; the next takes over the segments they share.
    """

    def __init__(self, root: Path, token: Callable[[], str] = lambda: secrets.token_hex(4)) -> None:
        self._root = root
        self._token = token
        self._lock = threading.Lock()
        self._stems = stems()
        self._open: tuple[str, Opened] | None = None
        self._segments: dict[str, Segment] = {}
        self._recent = Recent()
        self._words = _Words()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the open generation."""
        with self._lock:
            self._open = None
            self._keep({})
        self._words.close()

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
        texts = chain([first] if first else [], iterator)
        return self._make(generation_from, lambda folder: writing.add(folder, texts))

    def publish_in_parts(
        self,
        generation_from: str | None,
        documents: Sequence[Document],
        parts: int,
        write: Callable[[list[Part]], object],
    ) -> str:
        """
        Do what `publish` does in so many parts, which `write` has written by `writing.write_part`.

        For many documents at once: each part may be written in a process of its own.
        """

        def make(folder: Path) -> int:
            there = writing.known(folder, (one.id for one in documents))
            new = list({one.id: one for one in documents if one.id not in there}.values())
            tasks = [
                (folder / f"part-{number}", new[number::parts]) for number in range(min(parts, len(new)))
            ]
            write(tasks)
            added = writing.join(folder, [path for path, _ in tasks])
            for path, _ in tasks:
                shutil.rmtree(path)
            return added

        return self._make(generation_from, make)

    def settled(self, generation: str) -> str:
        """
        Return the name of a generation that holds the same documents, in one segment where there were many.

        It is the same one where there are few. Raises GoneError, DamagedError, StorageError.
        """
        folder = self._root / generation
        if not folder.is_dir():
            raise _gone(generation)
        if not writing.is_crowded(folder):
            return generation

        def make(partial: Path) -> int:
            writing.settle(partial)
            return 1

        return self._make(generation, make)

    def documents(self, generation: str) -> Sequence[str]:
        """
        Return the ids of all documents of a generation, in the order of the numbers that `search` speaks of.

        Raises GoneError for a generation that is not there, DamagedError for one that cannot be read.
        """
        with self._opened(generation) as opened:
            return opened.documents

    def search(self, generation: str, asked: Query, among: bytes, budget: Budget | None = None) -> Matches:
        """
        Return the documents that have every word and phrase of a query, of those that count, with scores.

        `among` has a byte for each document, 1 for those that count. A query without a word finds nothing.
        Scores (BM25) compare within one search only. Raises as `documents` does, and QueryError where it
        takes more than the budget has: what one search may cost, where none is given.
        """
        with self._opened(generation) as opened:
            return opened.matches(asked, among, budget or Budget())

    def corrections(self, generation: str, asked: Query) -> dict[str, list[str]]:
        """
        Return for each word asked for that no document has what it may have been meant as, likeliest first.

        A word for which nothing is found has an empty list, and so has each where more than MAX_CORRECTED are
        unknown. Others search meanwhile. Raises as `documents` does.
        """
        with self._opened(generation) as opened:
            wanted = dict.fromkeys(word for phrase in asked.wanted for word in phrase)
            unknown = [word for word in wanted if not opened.known(word)]
        if not unknown or len(unknown) > MAX_CORRECTED:
            return {word: [] for word in unknown}
        with self._words.of(self._root / generation) as words:
            return {word: words.nearest(word, CORRECTIONS) for word in unknown}

    def check(self, generation: str) -> None:
        """Raise GoneError or DamagedError where a generation cannot be searched."""
        with self._opened(generation):
            pass

    def collect(self, keep: Collection[str]) -> None:
        """Delete every generation but these, and what a crash left half made."""
        with self._lock:
            if self._open and self._open[0] not in keep:
                self._open = None
                self._keep({})
        self._words.close(but=keep)
        self._remove(path for path in self._folders() if path.name not in keep)

    @contextmanager
    def _opened(self, generation: str) -> Iterator[Opened]:
        """Have the generation for one thread, opened if it is not. Whatever reading it raises is damage."""
        with self._lock:
            try:
                if self._open is None or self._open[0] != generation:
                    self._open = generation, self._take(generation)
                yield self._open[1]
            except ArchiveError:
                raise
            except Exception as error:  # unpickling damaged bytes may raise anything
                self._open = None
                if not (self._root / generation).is_dir():  # deleted while it was opened
                    raise _gone(generation) from error
                raise _damaged(self._root / generation, error) from error

    def _take(self, generation: str) -> Opened:
        folder = self._root / generation
        if not generation or not folder.is_dir():
            raise _gone(generation)
        opened = index.open_dir(folder, readonly=True)
        segments: dict[str, Segment] = {}
        for part in writing.parts_of(opened):
            name = part.segment_id()
            segments[name] = self._segments.get(name) or self._segment(opened, part)
        self._keep(segments)
        return Opened(list(segments.values()), self._stems)

    def _segment(self, opened: Any, part: Any) -> Segment:
        return Segment(opened.storage, opened.schema, part, list(LANGUAGES), self._recent)

    def _keep(self, segments: dict[str, Segment]) -> None:
        before, self._segments = self._segments, segments
        for name, segment in before.items():
            if name not in segments:
                segment.close()

    def _make(self, generation_from: str | None, write: Callable[[Path], int]) -> str:
        """Make a generation of another and what `write` adds; return its name, or the other's for nothing."""
        self._remove(path for path in self._folders() if path.suffix == ".partial")
        name = f"{self._number() + 1:08d}-{self._token()}"
        partial = self._root / f"{name}.partial"
        try:
            self._start(partial, generation_from)
            if not write(partial) and generation_from is not None:
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

    def _folders(self) -> list[Path]:
        return [path for path in self._root.iterdir() if path.is_dir()] if self._root.is_dir() else []

    def _remove(self, paths: Iterable[Path]) -> None:
        try:
            for path in list(paths):
                # under its name a generation is whole or not there, also to a process that opens it just now
                going = path.with_suffix(".partial")
                path.rename(going)
                shutil.rmtree(going)
        except OSError as error:
            raise StorageError(f"Old search files could not be deleted ({error}).") from error

    def _number(self) -> int:
        numbers = (path.name.partition("-")[0] for path in self._folders())
        return max((int(number) for number in numbers if number.isdecimal()), default=0)

    def _start(self, partial: Path, generation_from: str | None) -> None:
        partial.mkdir(parents=True)
        if generation_from is None:
            writing.create(partial)
            return
        if not (self._root / generation_from).is_dir():
            raise _gone(generation_from)
        for path in (self._root / generation_from).iterdir():
            (partial / path.name).hardlink_to(path)


class _Words:
    """The dictionaries of the generation in which words were corrected last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: tuple[Path, Dictionaries] | None = None

    @contextmanager
    def of(self, folder: Path) -> Iterator[Dictionaries]:
        """Have those of a generation for one thread."""
        with self._lock:
            try:
                if self._open is None or self._open[0] != folder:
                    self._let_go()
                    self._open = folder, _dictionaries(folder)
                yield self._open[1]
            except ArchiveError:
                raise
            except Exception as error:  # unpickling damaged bytes may raise anything
                self._let_go()
                raise _damaged(folder, error) from error

    def close(self, but: Collection[str] = ()) -> None:
        """Let go of them, unless they are of one of these generations."""
        with self._lock:
            if self._open is not None and self._open[0].name not in but:
                self._let_go()

    def _let_go(self) -> None:
        if self._open is not None:
            self._open[1].close()
        self._open = None


def _dictionaries(folder: Path) -> Dictionaries:
    if not folder.is_dir():
        raise _gone(folder.name)
    opened = index.open_dir(folder, readonly=True)
    readers = [SegmentReader(opened.storage, opened.schema, part) for part in writing.parts_of(opened)]
    return Dictionaries(readers, stems())


class Excerpts:
    """What shows why texts were found: all those of one answer, which have the same words in them."""

    def __init__(self, asked: str) -> None:
        self._wanted = parse(asked).wanted
        self._markers: dict[str, Marker] = {}

    def of(self, text: str, language: str) -> list[tuple[str, bool]]:
        """
        Return the stretch of a text with most of the words asked for, in pieces: (text, is it one of them).

        Plain text: whoever shows it escapes it. The beginning, unmarked, where a text has none of them.
        """
        name = language_of(language)
        if name not in self._markers:
            self._markers[name] = Marker(self._wanted, stem_of(name))
        return self._markers[name].marked(text[:MAX_TEXT])


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


def _damaged(folder: Path, error: Exception) -> DamagedError:
    return DamagedError(f"{folder} cannot be read ({error}). Run `daykeep rebuild`.")


def _gone(generation: str) -> GoneError:
    return GoneError(f"Generation {generation} of the search catalogue is not there. Run `daykeep rebuild`.")
