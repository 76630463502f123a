# SPDX-License-Identifier: EUPL-1.2
"""
One immutable part of a search generation, kept open: which of its documents have a word, and how much of it.

    postings   (document numbers, weights) of one word, block by block as whoosh stores them
    row        documents in which words follow each other, and how often

Generations share segments, so what is read of one serves the next. Asks whoosh for nothing but a word's
postings: its own matchers take several calls for each document, this a step of a list. Whoosh reads through
shared file positions, so one thread at a time asks. Knows nothing of days or of ranking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from whoosh.reading import SegmentReader, TermNotFound

TEXT, WORD = "text_", "word"
"""Fields: the stems of a text, by language; words as they are written, each once or more in a segment."""


class Segment:
    """A segment of whoosh's. `documents` has the id of each document, `lengths` how many words it has."""

    def __init__(self, storage: Any, schema: Any, segment: Any, languages: Sequence[str]) -> None:
        self._reader = SegmentReader(storage, schema, segment)
        self._languages = languages
        self._decode = schema[f"{TEXT}{languages[0]}"].format.decode_positions
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

    def postings(self, language: str, stem: str) -> Iterator[tuple[Sequence[int], Sequence[float]]]:
        """Yield the numbers of the documents that have a stem, and how often each has it, in stretches."""
        for matcher in self._matcher(language, stem):
            if not hasattr(matcher, "_read_weights"):
                yield [matcher.id()], [matcher.weight()]
                matcher.next()
                continue
            matcher._read_ids()  # noqa: SLF001 - a block at a time: a tenth of the time that its public calls take
            matcher._read_weights()  # noqa: SLF001
            yield matcher._ids, matcher._weights  # noqa: SLF001
            matcher._next_block()  # noqa: SLF001

    def row(self, language: str, stems: Sequence[str], among: bytearray) -> dict[int, int]:
        """
        Return which documents, of those marked, have stems one after the other, and how often.

        On sets of positions: whoosh's own pairs every occurrence by objects, which on a page that is twenty
        thousand times the same word takes half a minute.
        """
        offsets: dict[str, list[int]] = {}
        for offset, stem in enumerate(stems):
            offsets.setdefault(stem, []).append(offset)
        starts: dict[int, set[int]] | None = None
        for stem in sorted(offsets, key=lambda stem: (self.frequency(language, stem), stem)):
            found = {}
            for number, value in self._values(language, stem):
                if among[number] if starts is None else number in starts:
                    here = _starts(self._decode(value), offsets[stem])
                    here = here if starts is None else here & starts[number]
                    if here:
                        found[number] = here
            starts = found
            if not starts:
                break
        return {number: len(here) for number, here in (starts or {}).items()}

    def has(self, word: str) -> bool:
        """Tell whether a word occurs as it is written."""
        return (WORD, word) in self._reader

    def words(self, prefix: str) -> Iterator[str]:
        """Yield the words that begin with these letters, in order."""
        for text in self._reader.expand_prefix(WORD, prefix):
            yield text.decode() if isinstance(text, bytes) else text

    def _values(self, language: str, stem: str) -> Iterator[tuple[int, Any]]:
        for matcher in self._matcher(language, stem):
            yield matcher.id(), matcher.value()
            matcher.next()

    def _matcher(self, language: str, stem: str) -> Iterator[Any]:
        """Yield the matcher of a stem for as long as it stands on a document."""
        try:
            matcher = self._reader.postings(f"{TEXT}{language}", stem)
        except TermNotFound:
            return
        while matcher.is_active():
            yield matcher


def _starts(positions: list[int], offsets: list[int]) -> set[int]:
    """Return where a row would begin that has a word, found at these positions, at all of these offsets."""
    first, *others = offsets
    starts = {position - first for position in positions}
    for offset in others:
        starts &= {position - offset for position in positions}
    return starts
