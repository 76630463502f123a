# SPDX-License-Identifier: EUPL-1.2
"""Word, OpenDocument and PDF files, as small as they can be, or as large as a test wants."""

from __future__ import annotations

import zipfile
from io import BytesIO

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
PDF = "application/pdf"

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_O = "urn:oasis:names:tc:opendocument:xmlns"


def zipped(**parts: str | bytes) -> bytes:
    """Return a zip of parts; `__` in a name stands for a slash, `_` for a full stop."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name.replace("__", "/").replace("_", "."), data)
    return target.getvalue()


def docx(body: str, title: str = "", language: str = "", styles: str = "") -> bytes:
    """Return a Word file; `body` is WordprocessingML, such as `<w:p><w:r><w:t>text</w:t></w:r></w:p>`."""
    parts = {
        "word__document_xml": f'<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>',
        "docProps__core_xml": _core(title, language),
    }
    if styles:
        parts["word__styles_xml"] = f'<w:styles xmlns:w="{_W}"><w:lang w:val="{styles}"/></w:styles>'
    return zipped(**parts)


def odt(body: str, title: str = "", language: str = "", styles: str = "") -> bytes:
    """Return an OpenDocument file; `body` is its XML, such as `<text:p>text</text:p>`."""
    names = f'xmlns:office="{_O}:office:1.0" xmlns:text="{_O}:text:1.0" xmlns:table="{_O}:table:1.0"'
    parts = {
        "content_xml": f"<office:document {names}><office:body>{body}</office:body></office:document>",
        "meta_xml": _core(title, language),
    }
    if styles:
        parts["styles_xml"] = (
            f'<s xmlns:style="a" xmlns:fo="b"><style:text-properties fo:language="{styles}"/></s>'
        )
    return zipped(**parts)


def _core(title: str, language: str) -> str:
    said = f"<dc:title>{title}</dc:title><dc:language>{language}</dc:language>"
    return f'<m xmlns:dc="http://purl.org/dc/elements/1.1/">{said}</m>'


def pdf_of(pages: int) -> bytes:
    """Return a PDF of so many pages that are all the same one, with the word `bladzijde`."""
    stream = b"BT /F1 12 Tf 20 20 Td (bladzijde) Tj ET"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 3 0 R/Resources<</Font<</F1 4 0 R>>>>>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%b]>>" % (pages, b" ".join(b"%d 0 R" % (5 + n) for n in range(pages))),
        b"<</Length %d>>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *[page] * pages,
    ]
    body, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return (
        body
        + head
        + table
        + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (
            len(objects) + 1,
            len(body),
        )
    )
