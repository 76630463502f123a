# SPDX-License-Identifier: EUPL-1.2
"""PDF, Word and OpenDocument files: what they say, found by its words, and what a hostile one comes to."""

from __future__ import annotations

import random
from xml.parsers.expat import ParserCreate

import pytest

from archiver import documents, reading
from archiver.demo.pdf import pdf
from archiver.documents import FILES, Contents, read_file
from archiver.pages import read_pages
from archiver.reader import Reader
from archiver.reading import Unread, read, unread_page
from index.search import Filters, Search
from index.urlkey import text_name
from tests.support.exchanges import exchange_of
from tests.support.foreign import record
from tests.support.importing import EXAMPLE, empty_archive, found, problems, sha1, take, write
from tests.support.office import DOCX, ODS, ODT, PDF, docx, odt, pdf_of, zipped
from tests.support.snapshots import HOST, SITE, build_days, page


def said(text):
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


READ = {
    "pdf": (PDF, pdf("# Tarieven ë\n## Kop\nlinks\trechts", "nl-NL"), ("Tarieven ë", "nl-NL", "Tarieven ë\nKop\nlinks rechts")),
    "docx": (DOCX, docx(said("Één alinea &amp; meer") + said(" twee  drie "), "Over \n verlof", "nl-NL"), ("Over verlof", "nl-NL", "Één alinea & meer\ntwee drie")),
    "docx in parts": (DOCX, docx("<w:p><w:r><w:t>ver</w:t></w:r><w:r><w:t>lof</w:t><w:tab/><w:t>a</w:t><w:br/><w:t>b</w:t></w:r></w:p>"), ("", "", "verlof a\nb")),
    "docx, deleted and fields": (DOCX, docx("<w:p><w:r><w:delText>weg</w:delText><w:instrText>PAGE</w:instrText><w:t>er</w:t></w:r></w:p>"), ("", "", "er")),
    "docx, moved": (DOCX, docx(f"<w:p><w:moveFrom><w:r><w:t>van</w:t><w:br/></w:r></w:moveFrom></w:p><w:moveTo>{said('naar')}</w:moveTo>{said('na')}"), ("", "", "naar\nna")),
    "docx, hidden": (DOCX, docx("<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>" + "".join(f"<w:r><w:rPr>{how}</w:rPr><w:t>{text}</w:t></w:r>" for how, text in [("<w:vanish/>", "weg"), ("<w:b/><w:vanish w:val='on'/>", "weg"), ("<w:vanish w:val='0'/>", "er"), ("<w:rPrChange><w:rPr><w:vanish/></w:rPr></w:rPrChange>", "is")]) + "</w:p>"), ("", "", "eris")),
    "docx, drawn in two ways": (DOCX, docx("<w:p><w:r><mc:AlternateContent xmlns:mc='m'>" + "".join(f"<mc:{way}><w:txbxContent>{said('kader')}{more}</w:txbxContent></mc:{way}>" for way, more in [("Choice", "<mc:AlternateContent><mc:Fallback>" + said("binnen") + "</mc:Fallback></mc:AlternateContent>"), ("Choice", said("weg")), ("Fallback", said("weg"))]) + "</mc:AlternateContent><w:t>na</w:t></w:r></w:p>"), ("", "", "kader\nbinnen\nna")),
    "docx, language of the styles": (DOCX, docx(said("text"), styles="en-GB"), ("", "en-GB", "text")),
    "docx, table": (DOCX, docx(f"<w:tbl><w:tr><w:tc>{said('a')}</w:tc><w:tc>{said('b')}</w:tc></w:tr></w:tbl>"), ("", "", "a\nb")),
    "odt": (ODT, odt("<text:h>Kop</text:h><text:p>een<text:s/>twee<text:tab/>drie <text:span>v</text:span>ier</text:p>", "T", "nl"), ("T", "nl", "Kop\neen twee drie vier")),
    "odt, deleted": (ODT, odt("<text:tracked-changes><text:changed-region><text:deletion><text:p>weg<text:tab/></text:p></text:deletion></text:changed-region></text:tracked-changes><text:p>bedrag <text:change text:change-id='a'/>350</text:p>"), ("", "", "bedrag 350")),
    "odt, comment": (ODT, odt("<text:p>zin<office:annotation><dc:creator xmlns:dc='x'>Jan</dc:creator><text:p>intern</text:p><text:list><text:p/></text:list></office:annotation>nen<office:annotation-end/> na</text:p>"), ("", "", "zinnen na")),
    "odt, language of the styles": (ODT, odt("<text:p>a</text:p>", styles="nl"), ("", "nl", "a")),
    "ods": (ODS, odt("<table:table-row><table:table-cell><text:p>1</text:p></table:table-cell></table:table-row>"), ("", "", "1")),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_files(name):
    """Title, language and text of each kind of file."""
    mime, body, (title, language, text) = READ[name]
    assert read_file(mime, body) == Contents(title, language, text)


def test_many_pages(monkeypatch):
    """Of a PDF of more pages than are read, the first ones are, and it is said."""
    assert read_file(PDF, pdf_of(30)).text.count("bladzijde") == 30
    monkeypatch.setattr(documents, "MAX_PAGES", 7)
    found = read_file(PDF, pdf_of(30))
    assert found.text.count("bladzijde") == 7
    assert found.note == "its text was read in part: it has 30 pages"


def test_a_damaged_page_loses_no_other():
    """What a PDF has before and after a page that cannot be read is read, and it is said."""
    whole = pdf_of(5)
    place = whole.index(b"7 0 obj")
    found = read_file(PDF, whole[:place] + b"X" * 30 + whole[place + 30 :])
    assert found.text.count("bladzijde") == 4
    assert found.note == "its text was read in part: 1 of its 5 pages cannot be read"


@pytest.mark.parametrize("begun", ['<text:p x="', "<", "</", "<!--", "<?x "])
def test_one_tag_without_end(begun, monkeypatch):
    """Of a tag, name, comment or instruction of fifty megabytes no more is looked at than such may have."""
    read = []

    class Parser:
        def __init__(self):
            self.__dict__["parser"] = ParserCreate()

        def __setattr__(self, name, value):
            setattr(self.parser, name, value)

        def __getattr__(self, name):
            return getattr(self.parser, name)

        def Parse(self, piece, final):  # noqa: N802
            read.append(len(piece))
            return self.parser.Parse(piece, final)

    monkeypatch.setattr(documents.expat, "ParserCreate", Parser)
    found = read_file(ODT, odt("<text:p>voor</text:p>" + begun + "a" * 50_000_000))
    assert found.note.endswith(f"content.xml in it has a tag longer than {documents.MAX_TOKEN} bytes")
    assert found.text == "voor"
    assert sum(read) < 2 * documents.MAX_TOKEN


ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<a xmlns:text="b"><text:p>&b;</text:p></a>'
)
OUTSIDE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a xmlns:text="b"><text:p>&b;</text:p></a>'
HOSTILE = {
    "nothing": lambda: (PDF, b"", "could not be read"),
    "no pdf": lambda: (PDF, b"<html>", "could not be read"),
    "pdf without end": lambda: (PDF, pdf("# Title", "nl")[:300], "could not be read"),
    "no zip": lambda: (DOCX, b"\xd0\xcf\x11\xe0 a file of Word 97", "could not be read"),
    "zip without parts": lambda: (DOCX, zipped(other="a"), "could not be read"),
    "open document without content": lambda: (ODT, zipped(other="a"), "could not be read"),
    "torn xml": lambda: (ODT, zipped(content_xml="<a xmlns:text='b'><text:p>tot hier"), "could not be read"),
    "entities": lambda: (ODT, zipped(content_xml=ENTITIES), "could not be read"),
    "a file of the machine": lambda: (ODT, zipped(content_xml=OUTSIDE), "could not be read"),
    "forty megabytes of text": lambda: (ODT, odt("<text:p>" + "a b " * 10_000_000 + "</text:p>"), "read in part: it has more than 2000000 characters"),
    "blanks without end": lambda: (ODT, odt("<text:p>a</text:p>" + " " * documents.MAX_XML), "longer than"),
    "a title without end": lambda: (ODT, zipped(meta_xml="<a xmlns:dc='b'><dc:title>" + "a" * 10_000_000 + "</dc:title></a>", content_xml="<a/>"), ""),
    "elements within elements": lambda: (ODT, odt("<text:p>" * 300_000 + "diep" + "</text:p>" * 300_000), "nested deeper"),
    "attributes": lambda: (ODT, odt("<text:p " + " ".join(f'a{n}="b"' for n in range(100_000)) + ">x</text:p>"), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(name):
    """Whatever is in a file, reading it ends within its bounds and says what it could not do."""
    mime, body, note = HOSTILE[name]()
    found = read_file(mime, body)
    assert note in found.note
    assert bool(note) == bool(found.note)
    assert len(found.text) <= documents.MAX_TEXT
    assert len(found.title) <= documents.MAX_TITLE
    assert "root:" not in found.text


def test_time_of_one_file(monkeypatch):
    """A file that takes the processor too long is read in part."""
    monkeypatch.setattr(documents, "CPU_SECONDS", 0.05)
    found = read_file(ODT, odt("<text:p/>" * 2_000_000))
    assert "it takes more than" in found.note


@pytest.mark.parametrize("name", ["pdf", "docx", "odt"])
def test_damaged_files(name):
    """A file with flipped bytes or cut short gives some text or a note, never an error."""
    mime, body, _ = READ[name]
    chance = random.Random(name)
    for _ in range(150):
        torn = bytearray(body[: chance.randrange(len(body))] if chance.random() < 0.3 else body)
        for _ in range(chance.randrange(1, 6)):
            if torn:
                torn[chance.randrange(len(torn))] = chance.randrange(256)
        found = read_file(mime, bytes(torn))
        assert len(found.text) <= documents.MAX_TEXT


def answer(body, mime, *fields):
    lines = ("HTTP/1.1 200 OK", f"Content-Type: {mime}", *fields, f"Content-Length: {len(body)}")
    return exchange_of("".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body)


@pytest.mark.parametrize("mime", FILES)
def test_response(mime):
    """A response of each type is read as such a file, not as a page; its header fields may link."""
    body = {"p": pdf("# Titel\nwoord", "nl"), "w": docx(said("woord"))}.get(
        "p" if "pdf" in mime else "w" if "word" in mime else "", odt("<text:p>woord</text:p>")
    )
    found = read(unread_page(answer(body, f"{mime.upper()}; x=y", 'Link: </html>; rel="canonical"')))
    assert found.page is None
    assert found.file is not None
    assert "woord" in found.file[2]


def test_a_file_that_is_too_long(monkeypatch):
    """Of a file that is longer than is read nothing is, for its end says where all is; the ledger says so."""
    monkeypatch.setattr(reading, "MAX_DOCUMENT", 100)
    found = read(unread_page(answer(docx(said("woord")), DOCX)))
    assert found.file is None
    assert "longer than 100 bytes" in found.note


def test_in_its_process():
    """Files are read in the process that reads pages, and it goes on after a hostile one."""
    reader = Reader()
    try:
        for name in ("forty megabytes of text", "pdf without end", "pdf"):
            mime, body, *_ = HOSTILE[name]() if name in HOSTILE else READ[name]
            found = reader.read(Unread("http://a.example/", (("Content-Type", mime),), body))
        assert found.file == ("Tarieven ë", "nl", "Tarieven ë\nKop\nlinks rechts")
    finally:
        reader.close()


def file_of(mime, body):
    return 200, {"Content-Type": mime}, body


def test_files_are_found_by_their_words(tmp_path):
    """A crawl takes the text of files; a search finds it on its days, by type, and the list of pages names it."""
    first = {
        "/": page("Documenten", "/a.pdf", "/b.docx", "/c.odt"),
        "/a.pdf": file_of(PDF, pdf("# Leges\ntarief paspoort 2025", "nl")),
        "/b.docx": file_of(DOCX, docx(said("tarief verlof"), "Verlof", "nl")),
        "/c.odt": file_of(ODT, odt("<text:p>fees and permits</text:p>", "Fees", "en")),
    }
    second = {**first, "/a.pdf": file_of(PDF, pdf("# Leges\ntarief paspoort 2026", "nl"))}
    with build_days(tmp_path, [first, second, second]) as archive:
        search = Search(archive.shelves.history, archive.shelves.catalogue)
        days = [one.timestamp for one in archive.collection.snapshots(SITE)]

        def urls(asked, day, **filters):
            hits = search.find(SITE, asked, days[day], limit=9, filters=Filters(**filters)).hits
            return sorted(hit.url.removeprefix(HOST) for hit in hits)

        assert urls("tarief", 0) == ["/a.pdf", "/b.docx"]
        assert urls("tarief", 0, kind="pdf") == ["/a.pdf"]
        assert urls("tarief", 2, kind="document") == ["/b.docx"]
        assert urls("permit", 1) == ["/c.odt"]
        assert [urls("2025", day) for day in range(3)] == [["/a.pdf"], [], []]
        assert [urls('"paspoort 2026"', day) for day in range(3)] == [[], ["/a.pdf"], ["/a.pdf"]]
        newest = archive.collection.snapshots(SITE)[-1]
        titles = {
            one.url.removeprefix(HOST): (one.title, one.language) for one in read_pages(newest.pages_path)
        }
        assert titles["/a.pdf"] == ("Leges", "nl")
        assert titles["/c.odt"] == ("Fees", "en")
        held = [
            folder.index.find(text_name(f"{HOST}/a.pdf")) is not None
            for folder in archive.collection.snapshots(SITE)
        ]
        assert held == [True, True, False]


@pytest.mark.parametrize(
    ("mime", "body"), [(PDF, pdf("# Leges\ntarief", "nl")), (ODT, odt("<text:p>tarief</text:p>"))]
)
def test_imported_files_are_found(tmp_path, mime, body):
    """Of a day of another tool files are read as of a crawled one."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {mime}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    date, uri = "2026-02-10T11:00:00Z", f"{EXAMPLE}/a"
    digest = {"WARC_Date": date, "WARC_Payload_Digest": sha1(body)}
    given = write(tmp_path / "a.warc", [record(head + body, 1, WARC_Target_URI=uri, **digest)])
    with empty_archive(tmp_path / "data") as archive:
        take(archive, given)
        [folder] = archive.collection.snapshots(SITE)
        assert found(archive, "tarief", folder.timestamp) == [uri]
        assert problems(archive) == []
