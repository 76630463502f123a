# SPDX-License-Identifier: EUPL-1.2
"""
The pages of an imported snapshot: those that came listed, else every HTML answer; and the texts they lack.

    listed in the WACZ     title and text as they came; what is missing is read
    not listed at all      every page of the day is read, in the process that reads hostile pages
    without texts          titles as they came, and nothing is read

A text becomes a resource record `urn:text:<url>` in a WARC of ours, as for crawled pages. Knows nothing of
where files came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec
import structlog

from index.cdxj import Index, format_line, parse_line
from index.errors import DamagedError
from index.model import Capture, Page, moment
from index.timestamp import parse_timestamp
from index.urlkey import text_name

from ..collection import Find
from ..documents import FILES, MAX_DOCUMENT
from ..reader import Reader, UnreadableError
from ..reading import MAX_PARSED, Read, Unread
from ..responses import open_response
from ..snapshot_folder import SnapshotFolder
from ..sorted_lines import SortedLines
from ..warc import WarcFiles

_PLAIN = re.compile(rb'\S+ (\d{14}) \{"url":"([^"\\]+)","mime":"text/html","status":"200",')
_MORE = (b'","orig.', b'","made_up', b'","unresolved', b'","method')
_READ = b"|".join(re.escape(mime.encode()) for mime in FILES)
_PERHAPS = re.compile(rb'"mime":"(?:text/html|application/xhtml\+xml|warc/revisit|' + _READ + rb')"')
HTML = frozenset({"text/html", "application/xhtml+xml"})

logger = structlog.get_logger(__name__)


class Listed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page as the list of an imported file has it."""

    url: str
    title: str = ""
    language: str = ""
    text: str | None = None


@dataclass(slots=True)
class Pages:
    """Finds, reads and lists the pages of one snapshot."""

    reader: Reader | None
    """None where nothing is to be read."""
    listed: SortedLines
    """The lists that came along: `<urlkey> <url>` TAB a `Listed`."""
    find: Find
    begin_files: Callable[[SnapshotFolder], WarcFiles]
    told: Callable[[str], None]
    """Is given the URL of every page that is being looked at."""
    only: bool = False
    """Whether nothing is a page but what is listed."""

    def __call__(self, folder: SnapshotFolder, texts: SortedLines) -> Iterator[Page]:
        """Yield the pages in the order of their keys; lines of the texts that are added go into `texts`."""
        with Index(folder.index_path) as index:
            wanted = _joined(_html(index), self.listed, only=self.only and len(self.listed) > 0)
            if self.reader is None:
                yield from (_page(shown, listed) for shown, listed in wanted)
                return
            writer = _Texts(folder, self.begin_files, texts)
            try:
                for shown, listed in wanted:
                    self.told(shown.url)
                    if (page := self._read(folder, index, writer, shown.capture, listed)) is not None:
                        yield page
            finally:
                writer.close()

    def _read(
        self, folder: SnapshotFolder, index: Index, writer: _Texts, capture: Capture, listed: Listed | None
    ) -> Page | None:
        lacking = _is_read_here(folder, capture) and index.text(capture.url) is None
        if listed is not None and listed.title and not lacking:
            return _page(capture, listed)
        if lacking and listed is not None and listed.title and listed.text is not None:
            writer.add(capture, listed.text)
            return _page(capture, listed)
        found = self._answer(folder, capture)
        said = (found.page or found.file) if found else None
        if said is None:
            return _page(capture, listed) if listed is not None or found is None else None
        title, language, text = said
        if lacking:
            writer.add(capture, text)
        return Page(capture.url, capture.timestamp, (listed.title if listed else "") or title, language)

    def _answer(self, folder: SnapshotFolder, capture: Capture) -> Read | None:
        """Return what a response says; None where it cannot be read, which the log tells."""
        assert self.reader is not None
        try:
            return self.reader.read(self._unread(folder, capture))
        except (DamagedError, UnreadableError) as error:
            logger.warning("page-unread", url=capture.url, reason=str(error))
            return None

    def _unread(self, folder: SnapshotFolder, capture: Capture) -> Unread:
        parts: list[bytes] = []
        left = MAX_DOCUMENT if capture.content_type in FILES else MAX_PARSED
        with open_response(self.find, folder.timestamp, capture) as stored:
            for part in stored.body:
                parts.append(part)
                left -= len(part)
                if left < 0:
                    break
            return Unread(capture.url, stored.headers, b"".join(parts), left < 0)


@dataclass(slots=True)
class _Texts:
    """Writes the texts of pages into WARCs of ours, begun with the first of them."""

    folder: SnapshotFolder
    begin: Callable[[SnapshotFolder], WarcFiles]
    lines: SortedLines
    files: WarcFiles | None = None

    def add(self, capture: Capture, text: str) -> None:
        self.files = self.files or self.begin(self.folder)
        moment: datetime = parse_timestamp(capture.timestamp)
        data = text.encode("utf-8", "replace")
        kept = self.files.resource(text_name(capture.url), "text/plain; charset=utf-8", data, moment)
        self.lines.add(format_line(kept))

    def close(self) -> None:
        if self.files is not None:
            self.files.close()


@dataclass(frozen=True, slots=True)
class _Shown:
    """An address that shows a page, by its line; most lines need not be read whole."""

    key: bytes
    url: str
    timestamp: str
    line: bytes

    @property
    def capture(self) -> Capture:
        """All that its line says."""
        return parse_line(self.line)


def _html(index: Index) -> Iterator[_Shown]:
    """Yield every address that shows a page, by its last capture where there are several."""
    key, lines = b"", list[bytes]()
    for line in index.lines():
        this = _key(line)
        if this != key:
            yield from _shown(key, lines)
            key, lines = this, []
        lines.append(line)
    yield from _shown(key, lines)


def _shown(key: bytes, lines: list[bytes]) -> Iterable[_Shown]:
    """Return the pages among the lines of one key."""
    if not lines or key.startswith(b"urn:"):
        return ()
    plain = _PLAIN.match(lines[0]) if len(lines) == 1 else None
    if plain and not any(more in lines[0] for more in _MORE):
        return (_Shown(key, plain[2].decode("ascii"), plain[1].decode("ascii"), lines[0]),)
    return _last(key, lines) if len(lines) > 1 or _PERHAPS.search(lines[0]) else ()


def _is_read_here(folder: SnapshotFolder, capture: Capture) -> bool:
    """Tell whether no earlier day has the text: the payload is of today, or was another address's."""
    original = capture.original
    return original is None or original.snapshot == folder.timestamp or original.url != capture.url


def _key(line: bytes) -> bytes:
    return line[: line.index(b" ")]


def _last(key: bytes, lines: Iterable[bytes]) -> Iterator[_Shown]:
    last: dict[str, tuple[Capture, bytes]] = {}
    for line in lines:
        capture = parse_line(line)
        before = last.get(capture.url)
        if before is None or moment(capture) > moment(before[0]):
            last[capture.url] = capture, line
    for url in sorted(last):
        capture, line = last[url]
        if _is_page(capture):
            yield _Shown(key, url, capture.timestamp, line)


def _is_page(capture: Capture) -> bool:
    shown = capture.effective_status == 200 and not capture.unresolved and capture.shows
    return shown and (capture.content_type in HTML or capture.content_type in FILES)


def _joined(
    shown: Iterable[_Shown], listed: SortedLines, *, only: bool
) -> Iterator[tuple[_Shown, Listed | None]]:
    """Yield the pages with what a list says of them; both sides are in the order of key and address."""
    decoder = msgspec.json.Decoder(Listed)
    lines = iter(listed)
    line = next(lines, None)
    if line is None:  # no list came along
        yield from ((one, None) for one in shown if not only)
        return
    for one in shown:
        key = one.key + b" " + one.url.encode()
        while line is not None and line.partition(b"\t")[0] < key:
            line = next(lines, None)
        if line is not None and line.partition(b"\t")[0] == key:
            yield one, decoder.decode(line.partition(b"\t")[2])
        elif not only:
            yield one, None


def _page(capture: Capture | _Shown, listed: Listed | None) -> Page:
    title, language = (listed.title, listed.language) if listed else ("", "")
    return Page(capture.url, capture.timestamp, title, language)
