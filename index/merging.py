# SPDX-License-Identifier: EUPL-1.2
"""
Which segments of a search index become one when a day is published, and how. Knows nothing of words or days.

    sizes in KB   100  90 110 120 | 900 | 3000 3200        four of one tier are taken together, the smallest
    afterwards    350             | 900 | 3000 3200        first, where they are at most MOST in all

A tier is FAN times as large as the one below it. So a day costs its own texts and one merge at most, which is
bounded; each text is merged again once for each tier; and of each tier there are few segments, but for those
that have grown too large for a day, which wait until there are CROWDED: then all become one (`everything`),
when the day is published and can be read already.

Whoosh merges by handing every place of every word through its pool again. Here lists of a word are put one
behind the other, a block at a time, so that a merge takes time with the number of words in the dictionaries
and hardly with that of the texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from heapq import merge as in_order
from itertools import accumulate, groupby
from operator import itemgetter
from typing import Any

from .postings import Codec

FAN = 4
"""Segments of one tier that become one."""

SMALLEST = 256 << 10
"""Bytes of the lowest tier, in which a day of thirty changed pages lies."""

MOST = 10 << 20
"""Bytes of segments that one day merges: about a second."""

CROWDED = 48
"""Segments from which on all of them become one: each takes its time of every search."""

Policy = Callable[[Any, list[Any]], list[Any]]
"""What whoosh asks at a commit: takes its writer and the segments, and returns the segments that stay."""


def worth_merging(sizes: Sequence[int]) -> list[int]:
    """Return which segments, of these sizes in bytes, are to become one; none where that is not worth it."""
    by_size = sorted((size, number) for number, size in enumerate(sizes))
    for _, tier in groupby(by_size, key=lambda one: _tier(one[0])):
        some = list(tier)[:FAN]
        if len(some) == FAN and sum(size for size, _ in some) <= MOST:
            return sorted(number for _, number in some)
    return []


def _tier(size: int) -> int:
    tier = 0
    while size >= SMALLEST:
        size, tier = size // FAN, tier + 1
    return tier


def bounded(writer: Any, segments: list[Any]) -> list[Any]:
    """Merge what is worth it and not too much for a day; a `Policy`."""
    chosen = worth_merging([_size(writer.storage, one) for one in segments])
    return _with_merged(writer, segments, chosen)


def everything(writer: Any, segments: list[Any]) -> list[Any]:
    """Merge all segments into one; a `Policy`."""
    return _with_merged(writer, segments, range(len(segments)))


def _with_merged(writer: Any, segments: list[Any], chosen: Sequence[int]) -> list[Any]:
    if len(chosen) < 2:
        return segments
    merged = _merged(writer, [segments[number] for number in chosen])
    return [merged, *(one for number, one in enumerate(segments) if number not in set(chosen))]


def _size(storage: Any, segment: Any) -> int:
    return sum(storage.file_length(name) for name in segment.list_files(storage))


def _merged(writer: Any, segments: Sequence[Any]) -> Any:
    """Write a segment that has the documents of these, in order."""
    storage, schema, codec = writer.storage, writer.schema, Codec()
    made = codec.new_segment(storage, writer.indexname)
    with ExitStack() as stack:
        stores = [one.open_compound_file(storage) if one.is_compound() else storage for one in segments]
        documents = [
            stack.enter_context(closing(codec.per_document_reader(*pair)))
            for pair in zip(stores, segments, strict=True)
        ]
        terms = [
            stack.enter_context(closing(codec.terms_reader(*pair)))
            for pair in zip(stores, segments, strict=True)
        ]
        bases = list(accumulate((one.doc_count_all() for one in documents), initial=0))
        with closing(codec.per_document_writer(storage, made)) as written:
            _write_documents(written, schema, documents)
        made.set_doc_count(bases[-1])
        with closing(codec.field_writer(storage, made)) as lists:
            _write_lists(lists, schema, [one.lists(base) for one, base in zip(terms, bases, strict=False)])
    made.create_compound_file(storage)
    return made


def _write_documents(written: Any, schema: Any, readers: Iterable[Any]) -> None:
    names = schema.names()
    every = ((reader, at) for reader in readers for at in range(reader.doc_count_all()))
    for number, (reader, at) in enumerate(every):
        stored = reader.stored_fields(at)
        written.start_doc(number)
        for name in names:
            written.add_field(name, schema[name], stored.get(name), reader.doc_field_length(at, name) or 0)
        written.finish_doc()


def _write_lists(lists: Any, schema: Any, sources: Sequence[Iterator[Any]]) -> None:
    """Write every word of every field once, with the lists of it one behind the other."""
    entries = in_order(*sources, key=itemgetter(0, 1))
    for field, of_field in groupby(entries, key=itemgetter(0)):
        lists.start_field(field, schema[field])
        for word, of_word in groupby(of_field, key=itemgetter(1)):
            lists.start_term(word)
            for _, _, base, blocks in of_word:
                for block in blocks:
                    lists.add_block(base, block)
            lists.finish_term()
        lists.finish_field()
