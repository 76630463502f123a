# SPDX-License-Identifier: EUPL-1.2
"""MDTO values with everything in them, and the archives' own schema, which stands beside the checkout."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from xmlschema import XMLSchema

from archiver.exporting.mdto import (
    Concept,
    Event,
    File,
    Identification,
    InformationObject,
    Reference,
    Restriction,
)

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "mdto"
"""CC BY-SA, of the National Archives of the Netherlands: not ours to carry."""


@cache
def _schema() -> XMLSchema:
    return XMLSchema(str(FOLDER / "MDTO-XML1.0.1.xsd"))


def schema() -> XMLSchema:
    """Return the schema. Where it is not beside the checkout the test cannot run; in CI that is a failure."""
    if not FOLDER.is_dir():
        why = f"the archives' schema is not in {FOLDER}; get it from github.com/NationaalArchief/MDTO-XSD"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return _schema()


def full_object() -> InformationObject:
    """Return an object that uses every element we write."""
    word, mark = Concept("woord", "lijst", "W"), Identification("1", "bron")
    return InformationObject(
        identification=mark,
        name="Een site",
        level=Concept("Dossier", "Begrippenlijst Aggregatieniveaus MDTO"),
        appraisal=Concept("Blijvend te bewaren", "Begrippenlijst Waarderingen MDTO", "B"),
        creators=(Reference("Gemeente X", mark), Reference("Gemeente Y")),
        restrictions=(Restriction(word, "toelichting"), Restriction(word)),
        description="omschrijving",
        online="https://archief.example/site/2026-03-02/",
        covers=("2026-03-02", "2026-03-02"),
        coverage=word,
        languages=("nl", "en"),
        events=(Event(word, "2026-03-02T02:30:00Z", "Daykeep", "goed"), Event(word, "")),
        retention="P20Y",
        category=word,
        part_of=(Reference("Archief", mark),),
        parts=(Reference("deel", mark), Reference("deel 2")),
        files=(Reference("bestand", mark),),
        more=(Reference("ledger", mark),),
    )


def full_file() -> File:
    """Return a file."""
    return File(
        identification=Identification("site/1/a.warc", "Daykeep"),
        name="a.warc",
        size=5120,
        form=Concept("WARC 1.1", "PRONOM-register", "fmt/1281"),
        checksum="ab" * 32,
        checked="2026-03-02T03:00:00Z",
        represents=Reference("Een site 2026-03-02", Identification("site/1", "Daykeep")),
    )
