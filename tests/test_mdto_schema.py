# SPDX-License-Identifier: EUPL-1.2
"""What we write is valid against the archives' own schema of MDTO XML 1.0.1."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archiver.exporting.appraisal import Appraisal, Mdto, appraisal_of, creator_of, restriction_of
from archiver.exporting.mdto import Concept, Identification, InformationObject, encode
from tests.support.mdto import FOLDER, full_file, full_object, schema


def bare() -> InformationObject:
    """Return an object with what must be there alone, as it is without any configuration."""
    return InformationObject(
        identification=Identification("site", "Daykeep"),
        name="site",
        level=Concept("Serie", "Begrippenlijst Aggregatieniveaus MDTO"),
        appraisal=appraisal_of(Mdto(), Appraisal()),
        creators=(creator_of(Mdto()),),
        restrictions=(restriction_of(Mdto(), Appraisal()),),
    )


def test_the_archives_own_examples_are_valid():
    """The schema that we validate with accepts the four examples of its makers."""
    examples = sorted(FOLDER.glob("*Voorbeeld*.xml"))
    assert [schema().is_valid(str(example)) for example in examples] == [True] * 4


@pytest.mark.parametrize(
    "described",
    [
        pytest.param(full_object(), id="object with everything"),
        pytest.param(bare(), id="object with what must be there"),
        pytest.param(full_file(), id="file"),
        pytest.param(
            replace(full_file(), size=10**12, name="\x00<&>"), id="file of a terabyte with a hostile name"
        ),
        pytest.param(replace(full_object(), name="\x1b]0;\ud800" * 1000), id="hostile title"),
        pytest.param(
            replace(full_object(), languages=(), events=(), covers=None), id="nothing optional in the middle"
        ),
    ],
)
def test_documents_are_valid(described):
    """Every document is valid, with all that may stand in it and with the least."""
    schema().validate(encode(described).decode())


@pytest.mark.parametrize(
    "wrong",
    [
        replace(full_object(), creators=()),
        replace(full_object(), restrictions=()),
        replace(full_object(), retention="twenty years"),
        replace(full_object(), covers=("2 March", "2026-03-02")),
        replace(full_file(), checked="yesterday"),
    ],
)
def test_the_schema_would_tell(wrong):
    """A document that lacks what must be there, or says a date in words, is not valid: the check can fail."""
    assert not schema().is_valid(encode(wrong).decode())
