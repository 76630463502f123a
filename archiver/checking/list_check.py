# SPDX-License-Identifier: EUPL-1.2
"""
What stands in lists of a snapshot against its index: ledger, texts, pages, changes, and the sealed counts.

    ledger    every known URL once; what it calls stored is in the index, and the other way round
    texts     each is of an address that the index knows
    pages     each is a capture of the index, of that address and second
    changes   each says of its address what the index says; how many of each kind is as it was sealed
    counts    outcomes of the ledger, and answers to other methods than GET, are as many as were sealed

Of addresses only hashes are kept, and those outside memory (`places`). Knows nothing of records.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from index.cdxj import ASKED_OTHERWISE, Index, parse_line
from index.errors import DamagedError
from index.model import Capture, Page, moment

from ..ledger import GOOD, UrlOutcome, count, read
from ..pages import read_pages
from ..snapshot_folder import SnapshotFolder
from .in_step import InStep
from .places import Places
from .problem import Kind, Problem

LEDGER = "logs/ledger.jsonl"
CHANGES = "logs/changes.jsonl"
PAGES = "pages/pages.jsonl"
_INDEX = "indexes/index.cdxj"
_STORED = GOOD | {UrlOutcome.HTTP_ERROR, UrlOutcome.TRUNCATED}
_TEXT = "urn:text:"
_PLAIN = re.compile(r"[!#-\[\]-~]*")
"""What stands in JSON as it is."""
_STRING, _DIGITS = rb'"([ -!#-\[\]-~]*+)"', rb'"\d++"'
_KEYS = {b"url": _STRING, b"mime": _STRING, b"status": rb'"([1-5]\d\d)"', b"digest": _STRING}
_MORE_KEYS = {b"length": _DIGITS, b"offset": _DIGITS, b"filename": _STRING}
_MAY_BE = (b"redirect", b"etag", b"last_modified", b"truncated", b"record", b"date", b"recorded")
_ANSWER = re.compile(
    rb"[!-~]++ \d{14} \{"
    + b",".join(b'"%b":%b' % pair for pair in (_KEYS | _MORE_KEYS).items())
    + b"".join(b'(?:,"%b":%b)?+' % (name, _STRING) for name in _MAY_BE)
    + rb"\}\n"
)
"""A whole line as we write it, of what is neither a revisit nor made up: each key once, in order."""


class _Change(msgspec.Struct, frozen=True):
    """One line of changes.jsonl."""

    kind: str
    url: str
    after: str | None
    status: int | None
    text: bool | None = None
    """Days sealed before this key have lines without it."""


def check_ledger(folder: SnapshotFolder, places: Places, index: Index) -> Iterator[Problem]:
    """Hold the ledger against the index. Raises DamagedError where a line cannot be read."""
    places.add_entries((hash(entry.url), entry.outcome in _STORED) for entry in read(folder.ledger_path))
    again = places.faults("again")
    unknown = places.faults("unknown")
    if again[1] or unknown[1]:
        yield from _named_in_ledger(folder, again, unknown)
    untold, number = places.faults("untold")
    if number:
        for capture in _captures(index, untold):
            what = f"{capture.url} is in the index, and the ledger does not call it stored"
            yield _ledger(folder, what)
        yield from _more(folder, LEDGER, number - len(untold))


def _named_in_ledger(
    folder: SnapshotFolder, again: tuple[set[int], int], unknown: tuple[set[int], int]
) -> Iterator[Problem]:
    times: Counter[str] = Counter()
    for entry in read(folder.ledger_path):
        number = hash(entry.url)
        if number in again[0]:
            times[entry.url] += 1
        if number in unknown[0] and entry.outcome in _STORED:
            yield _ledger(folder, f"{entry.url} is called stored, and the index does not know it")
    for url, often in times.items():
        yield _ledger(folder, f"{url} has {often} outcomes")
    for named, number in (again, unknown):
        yield from _more(folder, LEDGER, number - len(named))


def _ledger(folder: SnapshotFolder, what: str) -> Problem:
    return Problem(Kind.LEDGER, folder.timestamp, LEDGER, None, what)


def _more(folder: SnapshotFolder, file: str, number: int) -> Iterator[Problem]:
    if number > 0:
        yield Problem(Kind.LEDGER, folder.timestamp, file, None, f"{number} more addresses of that sort")


def _captures(index: Index, hashes: set[int]) -> Iterator[Capture]:
    """Yield the first capture of each address with one of these hashes; of lines that can be read."""
    left = set(hashes)
    for line in index.lines():
        with contextlib.suppress(DamagedError):
            capture = parse_line(line)
            if hash(capture.url) in left:
                left.discard(hash(capture.url))
                yield capture


def check_texts(folder: SnapshotFolder, places: Places, index: Index, *, imported: bool) -> Iterator[Problem]:
    """Yield the texts of addresses that the index does not know, nor, of an import, the ledger."""
    orphans, _ = places.faults("textless import" if imported else "textless")
    for capture in index.prefix(_TEXT) if orphans else ():
        if hash(capture.url.removeprefix(_TEXT)) in orphans:
            what = f"{capture.url} is the text of a page that the index does not know"
            yield Problem(Kind.TEXT, folder.timestamp, _INDEX, None, what)


def check_pages(folder: SnapshotFolder, index: Index) -> Iterator[Problem]:
    """Yield the pages that are no capture of the index. Raises DamagedError where a line cannot be read."""
    lines = InStep(index)
    for page in read_pages(folder.pages_path):
        if not any(_is_page(line, page) for line in lines.lines(page.url)):
            what = f"{page.url} is called a page of {page.timestamp}, and the index does not know it"
            yield Problem(Kind.PAGES, folder.timestamp, PAGES, None, what)


def _is_page(line: bytes, page: Page) -> bool:
    """Tell whether a line is of the address and second of a page; as we write it that needs no parsing."""
    if ASKED_OTHERWISE in line:
        return False
    if _PLAIN.fullmatch(page.url):
        begins = f' {page.timestamp} {{"url":"{page.url}",'.encode("ascii")
        if line.startswith(begins, line.find(b" ")):
            return True
    capture = parse_line(line)
    return capture.url == page.url and capture.timestamp == page.timestamp


def check_changes(folder: SnapshotFolder, index: Index) -> Iterator[Problem]:
    """Yield what the list of changes says otherwise than the index. Raises DecodeError, OSError."""
    decoder = msgspec.json.Decoder(_Change)
    kinds: Counter[str] = Counter()
    other_text = noise = 0
    lines = InStep(index)
    with folder.changes_path.open("rb") as file:
        for number, line in enumerate(file, 1):
            change = decoder.decode(line)
            kinds[change.kind] += 1
            other_text += change.text is True
            noise += change.kind == "changed" and change.text is False
            if (change.after, change.status) != _answer(lines, change.url):
                what = f"line {number} says of {change.url} what the index does not"
                yield Problem(Kind.CHANGES, folder.timestamp, CHANGES, None, what)
    sealed = folder.package["daykeep"]["changes"]
    if {kind: number for kind, number in sealed.items() if number and kind != "unchanged"} != dict(kinds):
        what = "its kinds do not add up to the sealed numbers"
        yield Problem(Kind.COUNTS, folder.timestamp, CHANGES, None, what)
    if folder.changed_text not in {None, other_text} or folder.summary.noise not in {0, noise}:
        what = "its changes of text do not add up to the sealed number"
        yield Problem(Kind.COUNTS, folder.timestamp, CHANGES, None, what)


def _answer(lines: InStep, url: str) -> tuple[str | None, int | None]:
    """Return digest and status of the last capture of an address, as changes have them."""
    found = list(lines.lines(url))
    plain = _ANSWER.fullmatch(found[0]) if len(found) == 1 else None
    if plain and plain[1] == url.encode():
        return plain[4].decode("ascii"), int(plain[3])
    captures = [one for one in map(parse_line, found) if one.url == url and one.shows]
    last = max(captures, key=moment, default=None)
    return (last.digest, last.effective_status) if last else (None, None)


def check_other_methods(folder: SnapshotFolder, index: Index) -> Iterator[Problem]:
    """Yield where not as many answers to other methods than GET are in the index as were sealed."""
    number = sum(ASKED_OTHERWISE in line for line in index.lines())
    if number != folder.package["daykeep"].get("other_methods", 0):
        what = f"it has {number} answers to other methods than GET, which is not the sealed number"
        yield Problem(Kind.COUNTS, folder.timestamp, _INDEX, None, what)


def check_counts(folder: SnapshotFolder) -> Iterator[Problem]:
    """Yield where the ledger does not add up to the counts that were sealed."""
    if count(read(folder.ledger_path)) != dict(folder.summary.counts):
        what = "its outcomes do not add up to the sealed counts"
        yield Problem(Kind.COUNTS, folder.timestamp, LEDGER, None, what)
