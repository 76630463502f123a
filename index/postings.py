# SPDX-License-Identifier: EUPL-1.2
"""
How it is written which documents have a word, how often, and where: the codec of our segments of whoosh.

    list      block, block, …, the last one marked
    block     head, numbers, counts, gaps
    head      number of documents (the highest bit: this is the last block), then of each part how it is
              packed, then of each part how many bytes it has
    numbers   of the documents, each less the one before it
    counts    how often each has the word; nothing where each has it once
    gaps      places of the word, document after document, each less the one before it in that document

A part is packed as whole numbers of one, two or four bytes, whichever the greatest needs, and deflated where
that makes it shorter: versions of a page have nearly the same places. Whoosh's own form is a pickle with an
object for each document: of a site of twenty thousand texts it takes ten times the disk, and several times
as long to read. A part is read in a few calls, whatever it holds.

Numbers are in the byte order of the machine: `Codec.form` is kept with each segment, and a segment of another
form is refused. Knows nothing of languages, of ranking or of generations.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, repeat
from operator import sub
from struct import Struct
from typing import Any

from whoosh.codec.whoosh3 import W3Codec, W3FieldWriter, W3PostingsWriter, W3TermsReader
from whoosh.formats import Format

FORM = f"3 {sys.byteorder}"
"""What tells this form, and what counts as a word and as a document, from others."""

_HEAD = Struct("<IBBBIII")
_LAST = 1 << 31
_TYPES = "BHI"
_DEFLATED = 4
_WORTH_DEFLATING = 48
"""Bytes below which deflating makes nothing shorter."""

_LEVEL = 1
_DOCUMENTS = 4096
_GAPS = 1 << 20
"""Bytes of places after which a block ends: pages may be nothing but one word."""

Numbers = Sequence[int]


class Places(Format):  # type: ignore[misc]  # whoosh has no types
    """The format of a field whose values are lists of stems: each with its places, as gaps of four bytes."""

    def word_values(
        self, value: Sequence[str], _analyzer: object, **_options: object
    ) -> Iterator[tuple[str, int, float, bytes]]:
        """Yield each stem, how often it is there, the same as its weight, and its gaps."""
        found = defaultdict(list)
        for place, stem in enumerate(value):
            found[stem].append(place)
        for stem, places in found.items():
            gaps = array("I", map(sub, places, chain((0,), places)))
            yield stem, len(places), float(len(places)), gaps.tobytes()


class Codec(W3Codec):  # type: ignore[misc]
    """Whoosh's codec with postings of our form."""

    def __init__(self) -> None:
        super().__init__(blocklimit=_DOCUMENTS)
        self.form = FORM

    def terms_reader(self, storage: Any, segment: Any) -> Lists:
        """Return what reads the dictionary of a segment."""
        name = segment.make_filename(self.TERMS_EXT)
        file, length = storage.open_file(name), storage.file_length(name)
        return Lists(self, file, length, segment.open_file(storage, self.POSTS_EXT))

    def field_writer(self, storage: Any, segment: Any) -> _FieldWriter:
        """Return what writes the dictionary of a segment, and the postings of each word."""
        return _FieldWriter(self, storage, segment)

    def postings_writer(self, dbfile: Any, byteids: bool = False) -> Any:
        """Return what writes the postings of one word after the other."""
        return _Writer(dbfile, blocklimit=self._blocklimit, byteids=byteids)

    def postings_reader(
        self, dbfile: Any, terminfo: Any, _format: object, term: object = None, scorer: object = None
    ) -> Reader:
        """Return what reads the postings of a word; whoosh's scorers are not asked."""
        del term, scorer
        return Reader(dbfile, terminfo.extent()[0])


class Block:
    """Some documents of a word, and how often each has it. Places are unpacked when they are asked for."""

    __slots__ = ("_gaps", "counts", "numbers")

    def __init__(self, numbers: Numbers, counts: Numbers, gaps: tuple[int, bytes]) -> None:
        self.numbers = numbers
        self.counts = counts
        self._gaps = gaps

    def gaps(self) -> Numbers:
        """Return the places of all documents, each less the one before it in its document."""
        return _unpacked(*self._gaps)


class Lists(W3TermsReader):  # type: ignore[misc]
    """Whoosh's reader of a dictionary, which gives all of it with its postings too."""

    def lists(self, base: int) -> Iterator[tuple[str, bytes, int, Iterator[Block]]]:
        """Yield field, word, what its documents are numbered from, its blocks; in order of the first two."""
        for (field, word), info in self.items():
            yield field, word, base, Reader(self._postfile, info.extent()[0]).blocks()


class Reader:
    """The postings of one word: by blocks, or one after the other as whoosh reads them when it merges."""

    def __init__(self, file: Any, offset: int) -> None:
        self._file = file
        self._offset = offset
        self._one_by_one = self._each()
        self._here: tuple[int, float, bytes] | None = None
        self._begun = False

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks in order."""
        at, last = self._offset, False
        while not last:
            count, *rest = _HEAD.unpack(self._file.get(at, _HEAD.size))
            last, at = bool(count & _LAST), at + _HEAD.size
            parts = []
            for how, size in zip(rest[:3], rest[3:], strict=True):
                parts.append((how, self._file.get(at, size)))
                at += size
            numbers = array("I", accumulate(_unpacked(*parts[0])))
            counts = _unpacked(*parts[1]) or array("B", repeat(1, len(numbers)))
            yield Block(numbers, counts, parts[2])

    def is_active(self) -> bool:
        """Tell whether there is one more document."""
        if not self._begun:
            self.next()
        return self._here is not None

    def id(self) -> int:
        """Return the number of this document."""
        return self._now()[0]

    def weight(self) -> float:
        """Return how often it has the word."""
        return self._now()[1]

    def value(self) -> bytes:
        """Return its gaps as `Places` gives them."""
        return self._now()[2]

    def next(self) -> None:
        """Go to the next document."""
        self._begun = True
        self._here = next(self._one_by_one, None)

    def _now(self) -> tuple[int, float, bytes]:
        assert self._here is not None, "is_active() is asked first"
        return self._here

    def _each(self) -> Iterator[tuple[int, float, bytes]]:
        for block in self.blocks():
            gaps, at = block.gaps(), 0
            for number, count in zip(block.numbers, block.counts, strict=True):
                yield number, float(count), array("I", gaps[at : at + count]).tobytes()
                at += count


class _FieldWriter(W3FieldWriter):  # type: ignore[misc]
    """Whoosh's writer of a dictionary, which takes postings by the block too."""

    def add_block(self, base: int, block: Block) -> None:
        """Add the documents of a block, each with so much added to its number, to the word of now."""
        self._postwriter.add_block(base, block)


class _Writer(W3PostingsWriter):  # type: ignore[misc]
    """Whoosh's writer of postings, which gathers a block; this writes it, and knows where it is."""

    def __init__(self, dbfile: Any, blocklimit: int, *, byteids: bool) -> None:
        super().__init__(dbfile, blocklimit=blocklimit, byteids=byteids)
        self._at = dbfile.tell()

    def start_postings(self, format_: object, terminfo: Any) -> None:
        self._format, self._terminfo = format_, terminfo
        self._blockcount = 0
        self._begun = self._at
        self._new_block()

    def finish_postings(self) -> Any:
        if self._ids:
            self._write_block(last=True)
        terminfo, self._terminfo = self._terminfo, None
        terminfo.set_extent(self._begun, self._at - self._begun)
        return terminfo

    def add_posting(self, id_: int, weight: float, vbytes: bytes, length: int | None = None) -> None:
        if self._held >= _GAPS:
            self._write_block()
        super().add_posting(id_, weight, vbytes, length)
        self._held += len(vbytes)

    def add_block(self, base: int, block: Block) -> None:
        gaps = array("I", block.gaps()).tobytes()
        full = len(self._ids) + len(block.numbers) > self._blocklimit or self._held + len(gaps) > _GAPS
        if full and self._ids:
            self._write_block()
        self._ids.extend([base + number for number in block.numbers] if base else block.numbers)
        self._weights.extend(map(float, block.counts))
        self._values.append(gaps)
        self._held += len(gaps)
        self._minlength = 0  # lengths are of the documents, and asked of them

    def _new_block(self) -> None:
        super()._new_block()
        self._held = 0

    def _write_block(self, last: bool = False) -> None:
        self._terminfo.add_block(self)
        counts = array("I", map(int, self._weights))
        gaps = array("I")
        gaps.frombytes(b"".join(self._values))
        parts = [
            _packed(array("I", map(sub, self._ids, chain((0,), self._ids)))),
            _packed(counts if max(counts) > 1 else array("I")),
            _packed(gaps),
        ]
        hows, sizes = [how for how, _ in parts], [len(part) for _, part in parts]
        count = len(self._ids) | (_LAST if last else 0)
        written = b"".join((_HEAD.pack(count, *hows, *sizes), *(part for _, part in parts)))
        self._postfile.write(written)
        self._at += len(written)
        self._blockcount += 1
        self._new_block()


def _packed(numbers: array[int]) -> tuple[int, bytes]:
    """Return how numbers are packed, and the bytes."""
    greatest = max(numbers, default=0)
    how = 0 if greatest < 1 << 8 else 1 if greatest < 1 << 16 else 2
    plain = (numbers if how == 2 else array(_TYPES[how], numbers)).tobytes()
    if len(plain) >= _WORTH_DEFLATING and len(short := zlib.compress(plain, _LEVEL)) < len(plain):
        return how | _DEFLATED, short
    return how, plain


def _unpacked(how: int, packed: bytes) -> array[int]:
    numbers = array(_TYPES[how & ~_DEFLATED])
    numbers.frombytes(zlib.decompress(packed) if how & _DEFLATED else packed)
    return numbers
