# SPDX-License-Identifier: EUPL-1.2
"""
Title, language and text of files that are no pages: PDF, Word (docx) and OpenDocument.

    application/pdf     PDFium, page after page
    …wordprocessingml   zip: word/document.xml, docProps/core.xml     XML by expat, without any DTD
    …opendocument.…     zip: content.xml, meta.xml                    the same

What a reader does not see is no text: what was deleted or moved away while changes were recorded, comments,
hidden runs, and other drawings of what is drawn already. Hidden by a style is seen all the same.

Whatever is in such a file is hostile: pages, characters, unpacked bytes, nesting and seconds are bounded, and
what was left out is said. It is read in the process that reads pages (archiver.reader), which a fault of a
library cannot leave. Files of Word before 2007 are not read: no library that is kept and may be used does so.
Knows nothing of links or of storing.
"""

from __future__ import annotations

import signal
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from types import MappingProxyType
from typing import Any
from xml.parsers import expat

MAX_DOCUMENT = 64 << 20
"""Bytes of a file that is read; a longer one is stored and not read, for its end says where all is."""

MAX_TEXT = 2_000_000
"""Characters of text taken from one file."""

MAX_PAGES = 5_000
MAX_XML = 64 << 20
"""Bytes of one part of a zip, unpacked. A thousandth of that may be all that it has in the file."""

MAX_TOKEN = 1 << 20
"""Bytes of one tag or comment: expat begins anew at one that has not ended, with every piece of a file."""

MAX_DEPTH = 1_000
"""Elements within each other."""

MAX_TITLE = 1_000
CPU_SECONDS = 30.0
"""Time of the processor that one file may take; one page of a PDF goes to the limit of archiver.reader."""

_PIECE = 1 << 16
_WORD_XML = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_OPEN = "application/vnd.oasis.opendocument"


@dataclass(slots=True)
class Contents:
    """What a file says, as far as it was read."""

    title: str = ""
    language: str = ""
    """A language tag, as the file has it."""
    text: str = ""
    note: str = ""
    """What could not be read, for the ledger."""


class _InPartError(Exception):
    """A limit is reached, or some of it is damaged: what was read counts."""


def read_file(mime: str, body: bytes) -> Contents:
    """
    Return what a file of one of the FILES types says. Nothing is raised for what the file holds.

    But for MemoryError: that is for the process to tell.
    """
    contents = Contents()
    lines = _Lines()
    try:
        with _seconds(CPU_SECONDS):
            FILES[mime](body, contents, lines)
    except _InPartError as error:
        contents.note = f"its text was read in part: {error}"
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  whatever a hostile file does to a parser, it is stored
        contents.note = f"its text could not be read ({type(error).__name__})"
    contents.text = lines.text()
    contents.title = " ".join(contents.title.split())[:MAX_TITLE]
    return contents


@dataclass(slots=True)
class _Lines:
    """Text as it comes, up to MAX_TEXT characters."""

    parts: list[str] = field(default_factory=list)
    room: int = MAX_TEXT

    def add(self, text: str) -> None:
        """Raise _InPartError where there is no more room."""
        self.parts.append(text[: self.room])
        self.room -= len(text)
        if self.room <= 0:
            raise _InPartError(f"it has more than {MAX_TEXT} characters")

    def text(self) -> str:
        """Return the lines that have anything, each with single spaces."""
        lines = ("".join(self.parts)).replace("\r", "\n").split("\n")
        return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


@contextmanager
def _seconds(most: float) -> Iterator[None]:
    """Raise _InPartError after so many seconds of the processor, where signals can be had (main thread)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_: object) -> None:
        raise _InPartError(f"it takes more than {most:.0f} seconds")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _pdf(body: bytes, contents: Contents, lines: _Lines) -> None:
    import pypdfium2  # noqa: PLC0415  a tenth of a second, for those crawls alone that come upon a PDF

    with closing(pypdfium2.PdfDocument(body)) as document:
        with suppress(UnicodeError):
            contents.title = document.get_metadata_dict().get("Title", "")
        contents.language = _pdf_language(document)
        count = len(document)
        unread = 0
        for number in range(min(count, MAX_PAGES)):
            try:
                with closing(document[number]) as page, closing(page.get_textpage()) as text:
                    lines.add(_joined(text.get_text_range(errors="replace")) + "\n")
            except pypdfium2.PdfiumError:  # the pages after it may be whole
                unread += 1
        if count > MAX_PAGES:
            raise _InPartError(f"it has {count} pages")
        if unread:
            raise _InPartError(f"{unread} of its {count} pages cannot be read")


def _pdf_language(document: Any) -> str:
    """Return the language that the catalogue of a PDF names (ISO 32000-1 section 14.9.2)."""
    import ctypes  # noqa: PLC0415

    import pypdfium2.raw  # noqa: PLC0415

    buffer = ctypes.create_string_buffer(128)
    wide = ctypes.cast(buffer, ctypes.POINTER(pypdfium2.raw.FPDF_WCHAR))
    length = pypdfium2.raw.FPDFCatalog_GetLanguage(document.raw, wide, len(buffer))
    return buffer.raw[: max(length - 2, 0)].decode("utf-16-le", "replace") if length <= len(buffer) else ""


def _joined(text: str) -> str:
    """Put together words that were parted at the end of a line: PDFium marks them by U+FFFE or U+0002."""
    for mark in ("\ufffe", "\x02"):
        text = text.replace(f"{mark}\r\n", "").replace(mark, "")
    return text


def _word(body: bytes, contents: Contents, lines: _Lines) -> None:
    with zipfile.ZipFile(BytesIO(body)) as file:
        _about(file, "docProps/core.xml", contents)
        main = next((n for n in ("word/document.xml", "word/document2.xml") if n in file.namelist()), "")
        _Word(lines, shown={"t"}, breaks={"p", "br", "cr", "tr"}, spaces={"tab", "tc"}).read(file, main)
        if not contents.language and "word/styles.xml" in file.namelist():
            styles = _Languages("lang", "val")
            styles.read(file, "word/styles.xml")
            contents.language = styles.found


def _open_document(body: bytes, contents: Contents, lines: _Lines) -> None:
    with zipfile.ZipFile(BytesIO(body)) as file:
        _about(file, "meta.xml", contents)
        breaks = {"p", "h", "line-break", "table-row", "page"}
        _OpenDocument(lines, shown={"p", "h"}, breaks=breaks, spaces={"s", "tab", "table-cell"}).read(
            file, "content.xml"
        )
        if not contents.language and "styles.xml" in file.namelist():
            styles = _Languages("text-properties", "language")
            styles.read(file, "styles.xml")
            contents.language = styles.found


def _about(file: zipfile.ZipFile, name: str, contents: Contents) -> None:
    """Take title and language out of a part that holds Dublin Core."""
    if name in file.namelist():
        found = _Named({"title", "language"})
        found.read(file, name)
        contents.title = found.values.get("title", "")
        contents.language = found.values.get("language", "").strip()


class _Part:
    """Reads one part of a zip as XML, in pieces. Names are without their namespace's prefix."""

    def read(self, file: zipfile.ZipFile, name: str) -> None:
        """Raise _InPartError, or what zipfile and expat raise."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse
        parser.StartElementHandler = lambda tag, attributes: self.begin(_local(tag), attributes)
        parser.EndElementHandler = lambda tag: self.end(_local(tag))
        parser.CharacterDataHandler = self.data
        length = 0
        with file.open(name) as part:
            while piece := part.read(_PIECE):
                length += len(piece)
                if length > MAX_XML:
                    raise _InPartError(f"{name} in it is longer than {MAX_XML} bytes")
                parser.Parse(piece, False)  # noqa: FBT003
                if length - parser.CurrentByteIndex > MAX_TOKEN:
                    raise _InPartError(f"{name} in it has a tag longer than {MAX_TOKEN} bytes")
        parser.Parse(b"", True)  # noqa: FBT003

    def begin(self, _tag: str, _attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""

    def end(self, _tag: str) -> None:
        """Take the end of an element."""

    def data(self, _text: str) -> None:
        """Take text."""


class _Markup(_Part):
    """The text within some elements, others being breaks or spaces, and without those that are hidden."""

    def __init__(self, lines: _Lines, shown: set[str], breaks: set[str], spaces: set[str]) -> None:
        self._lines, self._shown, self._breaks, self._spaces = lines, shown, breaks, spaces
        self._depth = 0
        self._open: list[str] = []
        self._hidden = 0
        """How many elements are open down to the outermost that is hidden; 0: none is."""

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        self._open.append(tag)
        if len(self._open) > MAX_DEPTH:
            raise _InPartError(f"it is nested deeper than {MAX_DEPTH} elements")
        if self._hidden:
            return
        self._hidden = self._hides(tag, attributes)
        if self._hidden:
            return
        self._depth += tag in self._shown
        if tag in self._spaces:
            self._lines.add(" ")

    def end(self, tag: str) -> None:
        depth = len(self._open)
        self._open.pop()
        if self._hidden:
            self._hidden = self._hidden if depth > self._hidden else 0
            return
        self._depth -= tag in self._shown
        if tag in self._breaks:
            self._lines.add("\n")

    def data(self, text: str) -> None:
        if self._depth > 0 and not self._hidden:
            self._lines.add(text)

    def _hides(self, _tag: str, _attributes: dict[str, str]) -> int:
        """Return how many elements are open down to the one that this hides; 0: it hides none."""
        return 0


class _OpenDocument(_Markup):
    """OpenDocument keeps what was deleted, and comments, where they were (ODF 1.3 part 3, 5.5.1 and 14.1)."""

    def _hides(self, tag: str, _attributes: dict[str, str]) -> int:
        return len(self._open) if tag in {"tracked-changes", "annotation"} else 0


class _Word(_Markup):
    """
    Word keeps what was moved away, hidden runs, and one thing drawn in several ways.

        <w:moveFrom> … </w:moveFrom>                                 ISO 29500-1 section 17.13.5.22
        <w:r> <w:rPr> <w:vanish/> </w:rPr> … </w:r>                  17.3.2.41
        <mc:AlternateContent> <mc:Choice/> <mc:Fallback/> …          ISO 29500-3 section 7.5: one is shown

    What was deleted has an element of its own (`w:delText`), which is not shown anyway.
    """

    def __init__(self, lines: _Lines, shown: set[str], breaks: set[str], spaces: set[str]) -> None:
        super().__init__(lines, shown, breaks, spaces)
        self._drawn: set[int] = set()
        """Depths of the open AlternateContent elements of which one way has been shown."""

    def end(self, tag: str) -> None:
        self._drawn.discard(len(self._open))
        super().end(tag)

    def _hides(self, tag: str, attributes: dict[str, str]) -> int:
        depth = len(self._open)
        above = self._open[-2] if depth > 1 else ""
        if tag == "vanish" and self._open[-3:] == ["r", "rPr", "vanish"]:
            return depth - 2 if _is_on(attributes) else 0
        if above == "AlternateContent":
            drawn = depth - 1 in self._drawn
            self._drawn.add(depth - 1)
            return depth if drawn else 0
        return depth if tag == "moveFrom" else 0


def _is_on(attributes: dict[str, str]) -> bool:
    """Tell what a property that is either on or off has for a value (ISO 29500-1 section 17.17.4)."""
    value = next((value for name, value in attributes.items() if _local(name) == "val"), "true")
    return value not in {"false", "0", "off"}


class _Named(_Part):
    """The text of some elements, by name; the first of each."""

    def __init__(self, wanted: set[str]) -> None:
        self.values: dict[str, str] = {}
        self._wanted = wanted
        self._at = ""

    def begin(self, tag: str, _attributes: dict[str, str]) -> None:
        self._at = tag if tag in self._wanted and tag not in self.values else ""

    def end(self, _tag: str) -> None:
        self._at = ""

    def data(self, text: str) -> None:
        if self._at:
            self.values[self._at] = (self.values.get(self._at, "") + text)[:MAX_TITLE]


class _Languages(_Part):
    """The first value of an attribute that styles have."""

    def __init__(self, tag: str, attribute: str) -> None:
        self.found = ""
        self._tag, self._attribute = tag, attribute

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == self._tag and not self.found:
            named: Iterable[str] = (v for n, v in attributes.items() if _local(n) == self._attribute)
            self.found = next(iter(named), "")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse(*_: object) -> None:
    raise ValueError("no such file has a document type, by which entities are made")


FILES: MappingProxyType[str, Callable[[bytes, Contents, _Lines], None]] = MappingProxyType(
    {
        "application/pdf": _pdf,
        "application/x-pdf": _pdf,
        f"{_WORD_XML}.document": _word,
        f"{_WORD_XML}.template": _word,
        "application/vnd.ms-word.document.macroenabled.12": _word,
        f"{_OPEN}.text": _open_document,
        f"{_OPEN}.text-template": _open_document,
        f"{_OPEN}.spreadsheet": _open_document,
        f"{_OPEN}.presentation": _open_document,
    }
)
"""Media type → reader."""
