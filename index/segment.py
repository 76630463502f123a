# SPDX-License-Identifier: EUPL-1.2
"""
One immutable part of a search generation, kept open: which of its documents have a word, and how much of it.

    postings   (document numbers, weights) of one word, read block by block as whoosh stores them
    row        documents in which words follow each other, and how often

Generations share segments, so what is read of one serves the next. Asks whoosh for nothing but a word's
postings: its own matchers take several calls for each document, this a step of a list. Whoosh reads through
shared file positions, so one thread at a time asks. Knows nothing of days or of ranking.
"""

from __future__ import annotations

import pickle
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, MutableSequence, Sequence
from functools import partial
from itertools import accumulate
from sys import getsizeof
from typing import Any, Generic, TypeVar, cast

from whoosh.codec.whoosh3 import W3LeafMatcher
from whoosh.reading import SegmentReader, TermNotFound

TEXT, WORD = "text_", "word"
"""Fields: the stems of a text, by language; words as they are written, each once or more in a segment."""

Postings = tuple[Sequence[int], Sequence[float]]
"""Numbers of documents, and how often each has a word."""

_COMMON = 256
_ROOM = 32 << 20
"""Bytes of memory for numbers and weights of common words, and as many for their positions."""

T = TypeVar("T")


class Segment:
    """A segment of whoosh's. `documents` has the id of each document, `lengths` how many words it has."""

    def __init__(self, storage: Any, schema: Any, segment: Any, languages: Sequence[str]) -> None:
        self._reader = SegmentReader(storage, schema, segment)
        self._weights: _Recent[float] = _Recent(_ROOM, lambda weights: 4 * len(weights))
        self._places: _Recent[bytes] = _Recent(_ROOM, lambda values: sum(map(getsizeof, values)))
        count = self._reader.doc_count_all()
        self.documents: list[str] = [self._reader.stored_fields(number)["id"] for number in range(count)]
        length_of = self._reader.doc_field_length
        self.lengths: list[int] = [
            # None, whatever the default, where this document lacks a field that others have
            sum(length_of(number, f"{TEXT}{language}") or 0 for language in languages)
            for number in range(count)
        ]

    def close(self) -> None:
        """Let go of its file."""
        self._reader.close()

    def __contains__(self, document: str) -> bool:
        return ("id", document) in self._reader

    def frequency(self, language: str, stem: str) -> int:
        """Return in how many documents a stem occurs."""
        return int(self._reader.doc_frequency(f"{TEXT}{language}", stem))

    def postings(self, language: str, stem: str) -> Postings:
        """Return the numbers of the documents that have a stem, in order, and how often each has it."""
        read = partial(self._read, language, stem, _weights)
        return self._weights.get((language, stem), lambda: read(array("f")))

    def _positions(self, language: str, stem: str) -> Iterator[tuple[int, bytes]]:
        """Yield the documents that have a stem, and where each has it, as whoosh stores it."""
        field = f"{TEXT}{language}"
        occurrences = self._reader.frequency(field, stem)
        if 2 * occurrences + 100 * self._reader.doc_frequency(field, stem) > _ROOM:
            for matcher in self._blocks(language, stem):  # pages may be nothing but one word
                yield from zip(_ids(matcher), _values(matcher), strict=True)
            return
        read = partial(self._read, language, stem, _values)
        yield from zip(*self._places.get((language, stem), lambda: read([])), strict=True)

    def _read(
        self, language: str, stem: str, part: Callable[[Any], Sequence[T]], into: MutableSequence[T]
    ) -> tuple[Sequence[int], Sequence[T]]:
        numbers = array("L")
        for matcher in self._blocks(language, stem):
            numbers.extend(_ids(matcher))
            into.extend(part(matcher))
        return numbers, into

    def row(self, language: str, stems: Sequence[str], among: bytearray) -> dict[int, int]:
        """
        Return which documents, of those marked, have stems one after the other, and how often.

        Of those alone that have all the stems positions are read, and these compared as sets: whoosh's own
        pairs every occurrence by objects, which on a page that is twenty thousand times the same word takes
        half a minute.
        """
        offsets: dict[str, list[int]] = {}
        for offset, stem in enumerate(stems):
            offsets.setdefault(stem, []).append(offset)
        rarest_first = sorted(offsets, key=lambda stem: (self.frequency(language, stem), stem))
        having = among
        for stem in rarest_first:
            numbers, _ = self.postings(language, stem)
            having = _marked(having, numbers)
        starts: dict[int, set[int]] | None = None
        for stem in rarest_first:
            starts = self._starting(language, stem, offsets[stem], having, starts)
        return {number: len(here) for number, here in (starts or {}).items()}

    def _starting(
        self,
        language: str,
        stem: str,
        offsets: list[int],
        having: bytearray,
        before: dict[int, set[int]] | None,
    ) -> dict[int, set[int]]:
        """Return where a row would begin in each document, by this stem and those before it."""
        found = {}
        pairs = self._positions(language, stem) if any(having) else ()
        for number, value in (pair for pair in pairs if having[pair[0]]):
            here = _starts(value, offsets, None if before is None else before[number])
            having[number] = bool(here)
            if here:
                found[number] = here
        return found

    def has(self, word: str) -> bool:
        """Tell whether a word occurs as it is written."""
        return (WORD, word) in self._reader

    def words(self, prefix: str) -> Iterator[str]:
        """Yield the words that begin with these letters, in order."""
        for text in self._reader.expand_prefix(WORD, prefix):
            yield text.decode() if isinstance(text, bytes) else text

    def _blocks(self, language: str, stem: str) -> Iterator[Any]:
        """Yield the matcher of a stem at each of its blocks; one that has no blocks at each document."""
        try:
            matcher = self._reader.postings(f"{TEXT}{language}", stem)
        except TermNotFound:
            return
        while matcher.is_active():
            yield matcher
            if isinstance(matcher, W3LeafMatcher):
                matcher._next_block()  # noqa: SLF001 - a tenth of the time that public calls take
            else:
                matcher.next()


class _Recent(Generic[T]):
    """The postings of common words that were read last: they take longest to read, and are asked for most."""

    def __init__(self, room: int, size: Callable[[Sequence[T]], int]) -> None:
        """`room` is for so many bytes; `size` tells how many some take."""
        self._kept: OrderedDict[tuple[str, str], tuple[int, tuple[Sequence[int], Sequence[T]]]] = (
            OrderedDict()
        )
        self._room = room
        self._size = size

    def get(
        self, name: tuple[str, str], read: Callable[[], tuple[Sequence[int], Sequence[T]]]
    ) -> tuple[Sequence[int], Sequence[T]]:
        """Return what is kept by this name, or what is read now."""
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name][1]
        found = read()
        if len(found[0]) >= _COMMON:
            size = 8 * len(found[0]) + self._size(found[1])
            self._kept[name] = size, found
            self._room -= size
            while self._room < 0:
                _, (freed, _) = self._kept.popitem(last=False)
                self._room += freed
        return found


def _ids(matcher: Any) -> Sequence[int]:
    if not isinstance(matcher, W3LeafMatcher):
        return [matcher.id()]
    matcher._read_ids()  # noqa: SLF001 - as in `_blocks`, and below
    return cast("Sequence[int]", matcher._ids)  # noqa: SLF001


def _weights(matcher: Any) -> Sequence[float]:
    if not isinstance(matcher, W3LeafMatcher):
        return [matcher.weight()]
    matcher._read_weights()  # noqa: SLF001
    return cast("Sequence[float]", matcher._weights)  # noqa: SLF001


def _values(matcher: Any) -> Sequence[bytes]:
    if not isinstance(matcher, W3LeafMatcher):
        return [matcher.value()]
    matcher._read_values()  # noqa: SLF001
    return cast("Sequence[bytes]", matcher._values)  # noqa: SLF001


def _starts(value: bytes, offsets: list[int], before: set[int] | None) -> set[int]:
    """
    Return where a row may begin by the positions of a word that it has at all of these offsets.

    Whoosh keeps them as four bytes with their number, and a pickle of the first and of what parts the others.
    """
    deltas = pickle.loads(value[4:] if value.endswith(b".") else value[4:] + b".")  # noqa: S301  we wrote it
    positions = set(accumulate(deltas))
    if before is None:
        first, *offsets = offsets
        before = {position - first for position in positions} if first else positions
    for offset in offsets:
        before = {start for start in before if start + offset in positions}
    return before


def _marked(marks: bytearray, numbers: Iterable[int]) -> bytearray:
    """Return which of these documents are marked, as marks."""
    marked = bytearray(len(marks))
    for number in numbers:
        if marks[number]:
            marked[number] = 1
    return marked
