# SPDX-License-Identifier: EUPL-1.2
"""A transfer package of real days: what stands in it, what describes it, and what is not handed over."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from archiver.exporting.export import export
from archiver.exporting.packing_slip import differences
from archiver.exporting.profiles import built_in
from archiver.exporting.transfer_names import FILE_SIDECAR, OBJECT_SIDECAR, safe_name
from index.errors import ArchiveError, DamagedError
from tests.support.command import inside
from tests.support.conforming import SITE, archived, copied
from tests.support.mdto import schema

NS = {"m": "https://www.nationaalarchief.nl/mdto"}
HOSTILE = '<naam> & "één" \\ \U0001f600'


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    with archived(tmp_path_factory.mktemp("good"), title=HOSTILE) as archive:
        yield archive


def packed(copy, path: Path) -> Path:
    """Write a package of all three days."""
    days = copy.collection.snapshots(SITE)
    export(days, copy.subject.find, path, profile=built_in()["mdto"], settings=copy.settings)
    return path


@pytest.fixture(scope="module")
def package(good, tmp_path_factory) -> Path:
    return packed(good, tmp_path_factory.mktemp("export") / "package")


def document(path: Path) -> ET.Element:
    """Return what stands in an MDTO document."""
    (inner,) = ET.parse(path).getroot()
    return inner


def texts(element: ET.Element, path: str) -> list[str]:
    return [found.text or "" for found in element.iterfind(path, NS)]


def test_folders_are_aggregations(package):
    """The site is a folder with its sidecar, each day a folder in it with its own, and beside each file its sidecar."""
    site = package / "sip" / SITE
    days = sorted(path.name for path in site.iterdir() if path.is_dir())
    assert days == [f"{SITE}-2026030{number}023000" for number in (2, 3, 4)]
    assert (site / f"{SITE}{OBJECT_SIDECAR}").is_file()
    for day in days:
        names = {path.name for path in (site / day).iterdir()}
        files = {name for name in names if not name.endswith(OBJECT_SIDECAR)}
        assert names - files == {f"{day}{OBJECT_SIDECAR}", *(f"{name}{FILE_SIDECAR}" for name in files)}
        assert {f"{day}-index.cdxj", f"{day}-pages.jsonl"} <= files
        assert [name for name in files if name.startswith(f"{day}-ledger")] != []
        assert any(name.endswith(".warc") for name in files)


def test_documents_are_valid_against_the_schema(package):
    """Every sidecar of a package of real days is valid, whatever stands in a title."""
    sidecars = sorted(package.rglob("*.MDTO.xml"))
    assert len(sidecars) > 15
    for sidecar in sidecars:
        schema().validate(str(sidecar))


def test_names_are_safe_and_unique(package):
    """Names have no character that the specification forbids, and are unlike each other in the whole package."""
    paths = [path for path in (package / "sip").rglob("*") if path.is_file()]
    names = [path.name.removesuffix(FILE_SIDECAR).removesuffix(OBJECT_SIDECAR) for path in paths]
    assert [name for name in names if safe_name(name) != name] == []
    assert len({path.name.lower() for path in paths}) == len(paths)


def test_slip_counts_the_package(package):
    """The packing slip is right, and other people's tools say so of the sums."""
    assert differences(package) == []
    slip = ET.parse(package / "pakbon.xml").getroot()
    assert slip.findtext("aantalInformatieobjecten") == "4"
    assert slip.findtext("organisatie") == "Gemeente X"
    assert slip.findtext("contactpersoon") == "info@x.example"
    assert slip.findtext("locatieDoelsysteem") == "niet opgegeven"
    assert slip.findtext("hashcodeSIP") == hashlib.sha256((package / "sip.sha256").read_bytes()).hexdigest()
    subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "sip.sha256"], cwd=package, check=True)
    listed = (package / "sip.sha256").read_text().count("\n")
    assert listed == sum(path.is_file() for path in (package / "sip").rglob("*"))


def test_site_is_a_series(package):
    """The series names its days and its period, and the archive it belongs in."""
    series = document(package / "sip" / SITE / f"{SITE}{OBJECT_SIDECAR}")
    assert texts(series, "m:aggregatieniveau/m:begripLabel") == ["Serie"]
    assert texts(series, "m:naam") == [HOSTILE]
    assert texts(series, "m:dekkingInTijd/m:dekkingInTijdBegindatum") == ["2026-03-02"]
    assert texts(series, "m:dekkingInTijd/m:dekkingInTijdEinddatum") == ["2026-03-04"]
    assert len(texts(series, "m:bevatOnderdeel/m:verwijzingNaam")) == 3
    assert texts(series, "m:isOnderdeelVan/m:verwijzingNaam") == ["niet opgegeven"]
    assert texts(series, "m:waardering/m:begripCode") == ["B"]


def test_day_is_a_file_of_records(package):
    """The dossier tells its day, where it can be seen, its language, how it was made, and its files."""
    day = f"{SITE}-20260303023000"
    dossier = document(package / "sip" / SITE / day / f"{day}{OBJECT_SIDECAR}")
    assert texts(dossier, "m:naam") == [f"{HOSTILE} 2026-03-03"]
    assert texts(dossier, "m:dekkingInTijd/m:dekkingInTijdBegindatum") == ["2026-03-03"]
    assert texts(dossier, "m:raadpleeglocatie/*") == [f"http://localhost:8080/{SITE}/2026-03-03/"]
    assert texts(dossier, "m:taal") == ["nl"]
    assert texts(dossier, "m:event/m:eventType/m:begripLabel") == ["Creatie", "Validatie"]
    assert texts(dossier, "m:event/m:eventTijd")[0] == "2026-03-03T02:30:00Z"
    assert texts(dossier, "m:event/m:eventResultaat")[0].startswith("Oogst: complete. ")
    assert texts(dossier, "m:isOnderdeelVan/m:verwijzingIdentificatie/m:identificatieKenmerk") == [SITE]
    folder = package / "sip" / SITE / day
    files = sorted(path.name for path in folder.iterdir() if not path.name.endswith(".xml"))
    assert sorted(texts(dossier, "m:heeftRepresentatie/m:verwijzingNaam")) == files
    more = texts(dossier, "m:aanvullendeMetagegevens/m:verwijzingNaam")
    assert sorted(more) == [f"{day}-index.cdxj", f"{day}-ledger.jsonl"]


def test_file_is_described_as_it_is(package):
    """A file's sidecar has its size, its SHA-256 and its format, and names the day it belongs to."""
    for warc in package.rglob("*.warc"):
        described = document(warc.with_name(warc.name + FILE_SIDECAR))
        data = warc.read_bytes()
        assert data.startswith(b"WARC/1.1\r\n")
        assert texts(described, "m:omvang") == [str(len(data))]
        assert texts(described, "m:checksum/m:checksumWaarde") == [hashlib.sha256(data).hexdigest()]
        assert texts(described, "m:bestandsformaat/m:begripCode") == ["fmt/1281"]
        mark = warc.parent.name.replace(f"{SITE}-", f"{SITE}/")
        assert texts(described, "m:isRepresentatieVan//m:identificatieKenmerk") == [mark]


def test_days_stand_alone(package):
    """No record in a package is a revisit: what it referred to is there in full."""
    for warc in package.rglob("*.warc"):
        assert b"\r\nWARC-Type: revisit\r\n" not in warc.read_bytes()


def test_damaged_day_is_not_handed_over(good, tmp_path):
    """A day that is not as it was sealed is refused with what is wrong, and nothing is left where it was to go."""
    with copied(good, tmp_path / "copy") as copy:
        pages = copy.day / "pages/pages.jsonl"
        pages.write_bytes(pages.read_bytes().replace(b"A page", b"A pace"))
        with pytest.raises(DamagedError):
            packed(copy, tmp_path / "package")
    assert not (tmp_path / "package").exists()


def test_without_configuration(good, tmp_path):
    """Nobody's package says that it is nobody's; it is valid all the same."""
    with copied(good, tmp_path / "copy") as copy:
        copy.settings = msgspec.structs.replace(copy.settings, site=(), mdto=type(copy.settings.mdto)())
        package = packed(copy, tmp_path / "package")
    series = package / "sip" / SITE / f"{SITE}{OBJECT_SIDECAR}"
    assert texts(document(series), "m:naam") == [SITE]
    assert texts(document(series), "m:archiefvormer/m:verwijzingNaam") == ["niet opgegeven"]
    assert texts(document(series), "m:waardering/m:begripLabel") == ["Nader te bepalen"]
    for sidecar in package.rglob("*.MDTO.xml"):
        schema().validate(str(sidecar))


def test_part_of_a_day_is_no_package(good, tmp_path):
    """A package describes whole days; a part of one is refused before anything is written."""
    with pytest.raises(ArchiveError, match="whole days"):
        export(
            [good.folder],
            good.subject.find,
            tmp_path / "package",
            profile=built_in()["mdto"],
            url="http://example.test/a",
        )
    assert list(tmp_path.iterdir()) == []


def test_command(good, tmp_path):
    """`daykeep export --profile mdto` makes the package, of a day, with the terms of the configuration."""
    config = tmp_path / "daykeep.toml"
    root = good.collection.root
    site = f'[[site]]\nname = "{SITE}"\nseeds = ["http://example.test/"]\n'
    config.write_text(f'data = "{root}"\n[mdto]\ncreator = "Gemeente Z"\n{site}')
    done = inside(config, "export", SITE, "2026-03-03", "-o", tmp_path / "package", "--profile", "mdto")
    assert done.status == 0, done.err
    assert differences(tmp_path / "package") == []
    slip = (tmp_path / "package" / "pakbon.xml").read_text(encoding="utf-8")
    assert re.findall("<organisatie>(.*)</organisatie>", slip) == ["Gemeente Z"]
