# SPDX-License-Identifier: EUPL-1.2
"""
One immutable part of a search generation, kept open: which of its documents have a word, and how much of it.

    postings   the documents of one word, in order, and how often each has it
    row        the documents in which words follow each other, in order, and how often

Generations share segments, so what is read of one serves the next. Of whoosh's readers only the dictionary of
words is asked; what stands behind a word is read in blocks (postings). Whoosh reads through shared file
positions, so one thread at a time asks. Knows nothing of days or of ranking.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate, chain, compress, islice
from sys import getsizeof
from typing import Any, Generic, NamedTuple, TypeVar

from whoosh.reading import SegmentReader, TermNotFound

from .budget import Budget
from .postings import Block, Numbers

TEXT, WORD = "text_", "word"
"""Fields: the stems of a text, by language; words as they are written, each once or more in a segment."""

_COMMON = 1024
"""Bytes of what is kept: less is read as soon as it is looked up."""

ROOM = 32 << 20
"""Bytes of memory for documents and counts of common words, and as many for their places, of all segments."""

T = TypeVar("T")
_Name = tuple[str, str, str]
"""Segment, language and stem."""


class Postings(NamedTuple):
    """Numbers of documents in order, and how often each has what was asked for."""

    numbers: Numbers
    counts: Numbers


class _Placed(NamedTuple):
    """Some documents, the gaps between the places that a word has in them, and where those of each end."""

    numbers: Numbers
    ends: Numbers
    gaps: Numbers


class Segment:
    """A segment of whoosh's. `documents` has the id of each document, `lengths` how many words it has."""

    def __init__(
        self, storage: Any, schema: Any, segment: Any, languages: Sequence[str], recent: Recent
    ) -> None:
        """`recent` is of all segments that are open."""
        self._reader = SegmentReader(storage, schema, segment)
        self._name: str = segment.segment_id()
        self._recent = recent
        count = self._reader.doc_count_all()
        self.documents: list[str] = [self._reader.stored_fields(number)["id"] for number in range(count)]
        length_of = self._reader.doc_field_length
        self.lengths: list[int] = [
            # None, whatever the default, where this document lacks a field that others have
            sum(length_of(number, f"{TEXT}{language}") or 0 for language in languages)
            for number in range(count)
        ]

    def close(self) -> None:
        """Let go of its file, and of what is kept of it."""
        self._reader.close()
        self._recent.postings.forget(self._name)
        self._recent.places.forget(self._name)

    def __contains__(self, document: str) -> bool:
        return ("id", document) in self._reader

    def frequency(self, language: str, stem: str) -> int:
        """Return in how many documents a stem occurs."""
        return int(self._reader.doc_frequency(f"{TEXT}{language}", stem))

    def postings(self, language: str, stem: str) -> Postings:
        """Return the documents that have a stem, and how often each has it."""
        return self._recent.postings.get(
            (self._name, language, stem), lambda: self._read(language, stem), tuple
        )

    def row(self, language: str, stems: Sequence[str], among: bytes | bytearray, budget: Budget) -> Postings:
        """
        Return which documents, of those marked, have stems one after the other, and how often.

        The rarest stem first, and of each the places in those documents alone that have all of them, one
        document after the other. Places are compared as sets: whoosh's own pairs every occurrence by objects,
        which on a page that is twenty thousand times the same word takes half a minute.
        """
        offsets: dict[str, list[int]] = {}
        for offset, stem in enumerate(stems):
            offsets.setdefault(stem, []).append(offset)
        rarest, *others = sorted(offsets, key=lambda stem: (self.frequency(language, stem), stem))
        budget.spend(sum(self.frequency(language, stem) for stem in offsets))
        numbers = self.postings(language, rarest).numbers
        having = set(compress(numbers, map(among.__getitem__, numbers)))
        for stem in others:
            having = set(filter(having.__contains__, self.postings(language, stem).numbers))
        numbers_found, counts = array("I"), array("I")
        sources = [self._placed(language, stem, having) for stem in (rarest, *others)]
        where = [offsets[stem] for stem in (rarest, *others)]
        for documents in zip(*sources, strict=True):
            if count := _in_a_row([gaps for _, gaps in documents], where, budget):
                numbers_found.append(documents[0][0])
                counts.append(count)
        return Postings(numbers_found, counts)

    def _placed(self, language: str, stem: str, among: Collection[int]) -> Iterator[tuple[int, Numbers]]:
        """Yield those of these documents that have a stem, in order, with the gaps between its places."""
        for numbers, ends, gaps in self._blocks_with_places(language, stem, among) if among else ():
            rows = zip(numbers, chain((0,), ends), ends, strict=False)
            for number, start, end in compress(rows, map(among.__contains__, numbers)):
                yield number, gaps[start:end]

    def _blocks_with_places(self, language: str, stem: str, among: Collection[int]) -> Iterable[_Placed]:
        occurrences = self._reader.frequency(f"{TEXT}{language}", stem)
        if 4 * occurrences > ROOM:  # pages may be nothing but one word
            blocks = self._blocks(language, stem)
            return (_placed(block) for block in blocks if any(map(among.__contains__, block.numbers)))
        read = partial(self._read_places, language, stem)
        return self._recent.places.get((self._name, language, stem), read, chain.from_iterable)

    def _read(self, language: str, stem: str) -> Postings:
        blocks = list(self._blocks(language, stem))
        if len(blocks) == 1:
            return Postings(blocks[0].numbers, blocks[0].counts)
        numbers = chain.from_iterable(block.numbers for block in blocks)
        return Postings(
            array("I", numbers), array("I", chain.from_iterable(block.counts for block in blocks))
        )

    def _read_places(self, language: str, stem: str) -> list[_Placed]:
        return [_placed(block) for block in self._blocks(language, stem)]

    def _blocks(self, language: str, stem: str) -> Iterator[Block]:
        try:
            reader = self._reader.postings(f"{TEXT}{language}", stem)
        except TermNotFound:
            return
        yield from reader.blocks()


class _Recent(Generic[T]):
    """What was read last of common words: they take longest to read, and are asked for most."""

    def __init__(self, room: int) -> None:
        """`room` is for so many bytes."""
        self._kept: OrderedDict[_Name, tuple[int, T]] = OrderedDict()
        self._room = room

    def get(self, name: _Name, read: Callable[[], T], parts: Callable[[T], Iterable[Numbers]]) -> T:
        """Return what is kept by this name, or what is read now; `parts` are the arrays it is made of."""
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name][1]
        found = read()
        size = sum(map(getsizeof, parts(found)))
        if size >= _COMMON:
            self._kept[name] = size, found
            self._room -= size
            while self._room < 0:
                _, (freed, _) = self._kept.popitem(last=False)
                self._room += freed
        return found

    def forget(self, segment: str) -> None:
        """Let go of what is kept of a segment."""
        for name in [name for name in self._kept if name[0] == segment]:
            self._room += self._kept.pop(name)[0]


class Recent:
    """What was read last of common words, of all segments together: their documents, and their places."""

    def __init__(self, room: int = ROOM) -> None:
        self.postings: _Recent[Postings] = _Recent(room)
        self.places: _Recent[list[_Placed]] = _Recent(room)


def marked(numbers: Iterable[int], size: int) -> bytearray:
    """Return so many marks, set for these numbers alone."""
    marks = bytearray(size)
    for number in numbers:
        marks[number] = 1
    return marks


def _placed(block: Block) -> _Placed:
    return _Placed(block.numbers, array("I", accumulate(block.counts)), block.gaps())


def _in_a_row(each: Iterable[Numbers], where: Iterable[Sequence[int]], budget: Budget) -> int:
    """
    Return how often the words of a phrase follow each other in a document.

    Of each word: the gaps between its places, and where in the phrase it stands, once or more.
    """
    found: set[int] | None = None
    for gaps, offsets in zip(each, where, strict=True):
        for offset in offsets:
            budget.spend(len(gaps))
            begins = islice(accumulate(gaps, initial=-offset), 1, None)
            found = set(begins) if found is None else found.intersection(begins)
            if not found:
                return 0
    return len(found or ())
