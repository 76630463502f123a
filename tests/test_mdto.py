# SPDX-License-Identifier: EUPL-1.2
"""MDTO documents, names and packing slips, without the archives' schema (tests/test_mdto_schema.py has that)."""

from __future__ import annotations

import hashlib
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from archiver.exporting.appraisal import (
    Appraisal,
    Mdto,
    appraisal_of,
    archive_of,
    category_of,
    creator_of,
    restriction_of,
    retention_of,
    unstated,
)
from archiver.exporting.mdto import Concept, Identification, Reference, clean, encode
from archiver.exporting.packing_slip import Counts, Slip, counted, differences
from archiver.exporting.packing_slip import encode as encode_slip
from archiver.exporting.transfer_names import FILE_SIDECAR, form_of, safe_name
from archiver.settings import Settings, parse
from index.errors import ConfigurationError, DamagedError
from tests.support.mdto import full_file, full_object, schema

ROOT = Path(__file__).resolve().parent.parent
NS = {"m": "https://www.nationaalarchief.nl/mdto"}


def test_order_of_elements_is_the_schemas():
    """An object's elements stand in the order of the schema's sequence."""
    (inner,) = ET.fromstring(encode(full_object()))
    names = [child.tag.partition("}")[2] for child in inner]
    assert list(dict.fromkeys(names)) == [
        "identificatie", "naam", "aggregatieniveau", "omschrijving", "raadpleeglocatie", "dekkingInTijd", "taal",
        "event", "waardering", "bewaartermijn", "informatiecategorie", "isOnderdeelVan", "bevatOnderdeel",
        "heeftRepresentatie", "aanvullendeMetagegevens", "archiefvormer", "beperkingGebruik",
    ]  # fmt: skip


def test_file_says_size_format_and_checksum():
    """A file's document has its bytes, its PRONOM code and its SHA-256."""
    root = ET.fromstring(encode(full_file()))
    told = [
        root.findtext(path, namespaces=NS)
        for path in (".//m:omvang", ".//m:bestandsformaat/m:begripCode", ".//m:checksumWaarde")
    ]
    assert told == ["5120", "fmt/1281", "ab" * 32]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Café ’t Hoekje", "Café ’t Hoekje"),
        ("a\tb\nc", "a\tb\nc"),
        ("nul \x00 bell \x07 escape \x1b", "nul � bell � escape �"),
        ("half a pair \ud800, no character \uffff", "half a pair �, no character �"),
        ("beyond the first plane \U0001f600", "beyond the first plane \U0001f600"),
    ],
)
def test_characters_that_xml_cannot_hold(text, kept):
    """What XML 1.0 cannot hold becomes the replacement character, and nothing else changes."""
    assert clean(text) == kept


def test_markup_in_a_title_is_text():
    """A title with markup in it, or with what XML cannot hold, stands in the document as text."""
    title = '</naam><x a="&amp;">]]>\x0b'
    root = ET.fromstring(encode(replace(full_object(), name=title)))
    assert root.findtext("./m:informatieobject/m:naam", namespaces=NS) == '</naam><x a="&amp;">]]>�'


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("ind-20260302023000-00000.warc", "ind-20260302023000-00000.warc"),
        ("ind.warc.gz", "ind-warc.gz"),
        ('a<b>c:d"e/f\\g|h?i*j#k&l m.warc', "a-b-c-d-e-f-g-h-i-j-k-l-m.warc"),
        ("één dag.warc", "n-dag.warc"),
        ("..", "zonder-naam"),
        ("", "zonder-naam"),
        ("no extension", "no-extension"),
        ("a.b.c.d.jsonl", "a-b-c-d.jsonl"),
        ("line\nend.warc", "line-end.warc"),
        ("x." + "y" * 30, "x-" + "y" * 30),
    ],
)
def test_safe_names(name, safe):
    """A name keeps letters, digits, hyphens and underscores, and one full stop before its extension."""
    assert safe_name(name) == safe


def test_names_are_unique_and_short():
    """A name that is taken, in whatever case, gets a number; with its sidecar it has 255 characters at most."""
    assert safe_name("A.warc", {"a.warc", "a-2.warc"}) == "A-3.warc"
    long = safe_name("n" * 400 + ".warc", {("n" * 233 + ".warc")})
    assert len(long + FILE_SIDECAR) == 255
    assert long.endswith("n-2.warc")


@pytest.mark.parametrize(
    ("name", "first", "code"),
    [
        ("a.warc", b"WARC/1.1\r\n", "fmt/1281"),
        ("a.warc", b"WARC/1.0\r\n", "fmt/1355"),
        ("a.warc", b"WARC/0.18\r\n", "fmt/289"),
        ("a.warc.gz", b"\x1f\x8b\x08", "x-fmt/266"),
        ("a.jsonl", b"{}", "x-fmt/111"),
        ("a.cdxj", b"nl,", "x-fmt/111"),
        ("a.JSON", b"{}", "fmt/817"),
        ("a.xml", b"<?xml", "fmt/101"),
        ("a.strange", b"", ""),
    ],
)
def test_pronom_codes(name, first, code):
    """A format is told by how the file begins, else by its extension, else it is unknown."""
    assert form_of(name, first).code == code


# ---- configuration -------------------------------------------------------------------------------------------


def test_nothing_is_made_up():
    """Without configuration the package says that it is not stated, and that the appraisal is to be decided."""
    top, site = Mdto(), Appraisal()
    assert creator_of(top) == Reference("niet opgegeven")
    assert archive_of(top) == Reference("niet opgegeven")
    assert appraisal_of(top, site) == Concept("Nader te bepalen", "Begrippenlijst Waarderingen MDTO", "N")
    assert restriction_of(top, site).kind == Concept("niet opgegeven", "niet opgegeven")
    assert (retention_of(top, site), category_of(top, site)) == ("", None)
    assert unstated(top, site) == ["mdto.creator", "mdto.appraisal", "mdto.restriction"]


def test_a_sites_own_terms_go_first():
    """A word of the site takes its code and list along, and never those of another word."""
    top = Mdto(appraisal="Blijvend te bewaren", appraisal_code="B", creator="Gemeente X", creator_id="1",
               category="Een", category_code="1.1", restriction="Geen beperking")  # fmt: skip
    site = Appraisal(
        appraisal="Tijdelijk te bewaren", retention="P5Y", category="Twee", category_list="Lijst"
    )
    assert appraisal_of(top, site) == Concept("Tijdelijk te bewaren", "Begrippenlijst Waarderingen MDTO", "")
    assert category_of(top, site) == Concept("Twee", "Lijst", "")
    assert retention_of(top, site) == "P5Y"
    assert creator_of(top) == Reference("Gemeente X", Identification("1", "niet opgegeven"))
    assert unstated(top, site) == []


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({"mdto": {"creater": "x"}}, "`mdto.creater`; the nearest valid one is `creator`"),
        ({"mdto": {"retention": "twenty years"}}, "`mdto.retention`"),
        ({"mdto": {"retention": "P"}}, "`mdto.retention`"),
        ({"mdto": {"creator": 5}}, "`mdto.creator`"),
        (
            {"site": [{"name": "a", "seeds": ["http://a.nl/"], "mdto": {"contact": "x"}}]},
            "`site[0].mdto.contact`",
        ),
    ],
)
def test_wrong_configuration(raw, key):
    """An unknown key or a value of the wrong form is named."""
    with pytest.raises(ConfigurationError, match=re.escape(key)):
        parse(raw, Path("/"))


@pytest.mark.parametrize("key", [field.name for field in msgspec.structs.fields(Mdto)])
def test_every_key_is_documented(key):
    """Each key of [mdto] is in docs/mdto.md."""
    assert f"`mdto.{key}`" in (ROOT / "docs/mdto.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("ci", "outcome"), [("true", "Failed"), ("", "Skipped")])
def test_schema_that_is_not_there(monkeypatch, tmp_path, ci, outcome):
    """Where the archives' schema is not beside the checkout its tests say where to get it; in CI they fail."""
    monkeypatch.setattr("tests.support.mdto.FOLDER", tmp_path / "none")
    monkeypatch.setenv("CI", ci)
    with pytest.raises(BaseException, match=r"github\.com/NationaalArchief/MDTO-XSD") as left:
        schema()
    assert type(left.value).__name__ == outcome


def test_contact_is_in_no_crawl():
    """Who is to be asked about a package is no part of a site, whose configuration every crawl keeps."""
    settings = parse(
        {"mdto": {"contact": "x"}, "site": [{"name": "a", "seeds": ["http://a.nl/"]}]}, Path("/")
    )
    assert isinstance(settings, Settings)
    assert b"contact" not in msgspec.json.encode(settings.site[0])


# ---- packing slip --------------------------------------------------------------------------------------------


def package(root: Path) -> Path:
    """Make a small package whose slip is right."""
    files = {
        "sip/s/s.MDTO.xml": b"<MDTO/>",
        "sip/s/d/d.MDTO.xml": b"<MDTO/>",
        "sip/s/d/a.warc": b"WARC/1.1\r\n",
        "sip/s/d/a.warc.bestand.MDTO.xml": b"<MDTO/>",
    }
    counts = Counts()
    lines = []
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        counts = counted(counts, name, len(data))
        lines.append(f"{hashlib.sha256(data).hexdigest()}  {name}\n")
    sums = "".join(lines).encode()
    (root / "sip.sha256").write_bytes(sums)
    counts = replace(counts, digest=hashlib.sha256(sums).hexdigest())
    slip = Slip(
        "urn:x",
        "A < B",
        "E-depot",
        "2026-03-03T00:00:00Z",
        "Gemeente",
        "info@example.org",
        counts,
        ("bijzonder",),
    )
    (root / "pakbon.xml").write_bytes(encode_slip(slip))
    return root


def test_slip_says_all_that_the_specification_lists(tmp_path):
    """Every item of the specification's list has an element, and the counts are those of the package."""
    root = ET.parse(package(tmp_path) / "pakbon.xml").getroot()
    assert {
        child.tag: child.text for child in root if child.tag not in {"hashcodeSIP", "bijzonderheden"}
    } == {
        "identificatienummer": "urn:x",
        "titel": "A < B",
        "locatieDoelsysteem": "E-depot",
        "tijdstipCreatie": "2026-03-03T00:00:00Z",
        "organisatie": "Gemeente",
        "contactpersoon": "info@example.org",
        "aantalInformatieobjecten": "2",
        "aantalBestanden": "1",
        "aantalBestandenAndersDanMDTO": "1",
        "omvangInBytes": "10",
    }
    assert [remark.text for remark in root.iterfind("bijzonderheden/*")] == ["bijzonder"]


@pytest.mark.parametrize("around", ["", "package/"])
def test_right_slip_has_no_differences(tmp_path, around):
    """A package is as its slip says, as a folder and as a ZIP, with or without a folder around it."""
    root = package(tmp_path / "package")
    assert differences(root) == []
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as archive:
        for path in root.rglob("*"):
            archive.write(path, around + path.relative_to(root).as_posix())
    assert differences(tmp_path / "package.zip") == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda root: (root / "sip/s/d/b.warc").write_bytes(b"more"), "aantalBestandenAndersDanMDTO"),
        (
            lambda root: (root / "sip/s/d/a.warc").write_bytes(b"WARC/1.1\r\r"),
            "a.warc is not as sip.sha256 says",
        ),
        (lambda root: (root / "sip/s/d/a.warc").unlink(), "a.warc is in sip.sha256 and not in the package"),
        (lambda root: (root / "sip/s/s.MDTO.xml").unlink(), "aantalInformatieobjecten"),
        (lambda root: (root / "sip.sha256").write_bytes(b"x"), "hashcodeSIP"),
    ],
)
def test_wrong_slip_is_told(tmp_path, change, said):
    """A file too many, too few, or another one, and sums of other files, are all told."""
    root = package(tmp_path)
    change(root)
    assert any(said in line for line in differences(root))


@pytest.mark.parametrize(
    "slip",
    [None, b"no xml", b'<!DOCTYPE p [<!ENTITY a "aaaa">]><pakbon>&a;</pakbon>', b"<pakbon/>"],
)
def test_what_is_no_slip(tmp_path, slip):
    """A package without a slip that can be read is damaged, and a document type is never expanded."""
    root = package(tmp_path)
    (root / "pakbon.xml").unlink()
    if slip is not None:
        (root / "pakbon.xml").write_bytes(slip)
    with pytest.raises(DamagedError):
        differences(root)
