# SPDX-License-Identifier: EUPL-1.2
"""
One A4 page of text as PDF 1.4, with the standard Helvetica. Knows nothing of the site.

    # Title            22 point, bold
    ## Heading         13 point, bold
    left<TAB>right     a row of two columns
    anything else      a paragraph, wrapped; a blank line leaves room

Nothing is compressed: the same text gives the same bytes on every machine, whatever its zlib, and the
amounts can be read in the file with any editor.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

_WIDTH, _HEIGHT, _MARGIN, _SECOND_COLUMN = 595, 842, 64, 420
_CHARACTERS = 84
"""How many characters of 11 point Helvetica fit between the margins, on average."""


def pdf(text: str, language: str) -> bytes:
    """
    Return the file for `text` in the form shown above; `language` is a BCP 47 tag.

    Characters outside Windows-1252 raise UnicodeEncodeError; text that runs off the page raises ValueError.
    """
    title = text.partition("\n")[0].removeprefix("# ")
    content = b"\n".join(_content(text))
    page = (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_WIDTH} {_HEIGHT}] /Contents 6 0 R"
        " /Resources << /Font << /F1 4 0 R /F2 5 0 R >> >> >>"
    )
    return _file(
        [
            f"<< /Type /Catalog /Pages 2 0 R /Lang ({language}) >>".encode(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            page.encode(),
            _font("Helvetica"),
            _font("Helvetica-Bold"),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
            b"<< /Title %s >>" % _string(title),
        ]
    )


def _font(name: str) -> bytes:
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode()


def _file(objects: list[bytes]) -> bytes:
    """Return the objects with the table that finds them (ISO 32000-1 section 7.5.4: 20 bytes a line)."""
    body = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    table = b"0000000000 65535 f \n"
    for number, one in enumerate(objects, 1):
        table += b"%010d 00000 n \n" % len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info 7 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return body + b"xref\n0 %d\n" % size + table + trailer


def _content(text: str) -> Iterator[bytes]:
    """Yield the operators that show the lines, from the top of the page down."""
    y = _HEIGHT - _MARGIN
    for line in text.splitlines():
        font, size, shown = _style(line)
        left, _, right = shown.partition("\t")
        for part in textwrap.wrap(left, _CHARACTERS) or [""]:
            y -= size * 3 // 2
            yield _show(font, size, _MARGIN, y, part)
        if right:
            yield _show(font, size, _SECOND_COLUMN, y, right)
    if y < _MARGIN:
        raise ValueError(f"the text runs off the page by {_MARGIN - y} points; shorten it")


def _style(line: str) -> tuple[str, int, str]:
    if line.startswith("## "):
        return "F2", 13, line[3:]
    if line.startswith("# "):
        return "F2", 22, line[2:]
    return "F1", 11, line


def _show(font: str, size: int, x: int, y: int, text: str) -> bytes:
    return f"BT /{font} {size} Tf {x} {y} Td ".encode() + _string(text) + b" Tj ET"


def _string(text: str) -> bytes:
    raw = text.encode("cp1252")
    return b"(" + raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)") + b")"
