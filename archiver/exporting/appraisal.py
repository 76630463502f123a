# SPDX-License-Identifier: EUPL-1.2
"""
What a transfer package says that no crawl can know: who formed the archive, and on what terms it is kept.

    [mdto]         Mdto: the organisation, and the terms for all its sites
    [site.mdto]    Appraisal: the terms of one site, where they are other ones

Nothing is made up: what is not configured is called "niet opgegeven" where the schema of MDTO 1.0.1 asks for
something, and the appraisal is "Nader te bepalen" (code N, of the archives' own list of appraisals). Knows
nothing of XML.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from .mdto import Concept, Identification, Reference, Restriction

NOT_STATED = "niet opgegeven"
APPRAISALS = "Begrippenlijst Waarderingen MDTO"
_UNDECIDED = Concept("Nader te bepalen", APPRAISALS, "N")

Text = Annotated[str, Meta(max_length=2000)]
Duration = Annotated[str, Meta(pattern=r"^(P(?=\d)(\d{1,4}Y)?(\d{1,4}M)?(\d{1,5}D)?)?$")]
"""xsd:duration in years, months and days, such as P20Y."""


class Appraisal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The terms on which a site is kept. Each field is a key of `[mdto]` and of `[site.mdto]`."""

    description: Text = ""
    appraisal: Text = ""
    appraisal_code: Text = ""
    appraisal_list: Text = ""
    retention: Duration = ""
    category: Text = ""
    category_code: Text = ""
    category_list: Text = ""
    restriction: Text = ""
    restriction_list: Text = ""
    restriction_note: Text = ""


class Mdto(Appraisal, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The organisation as well. Each field is a key of `[mdto]`."""

    creator: Text = ""
    creator_id: Text = ""
    creator_source: Text = ""
    archive: Text = ""
    archive_id: Text = ""
    archive_source: Text = ""
    target: Text = ""
    contact: Text = ""


def appraisal_of(top: Appraisal, site: Appraisal) -> Concept:
    """Return the appraisal (waardering) of a site, undecided where none is configured."""
    one = site if site.appraisal else top
    if not one.appraisal:
        return _UNDECIDED
    return Concept(one.appraisal, one.appraisal_list or APPRAISALS, one.appraisal_code)


def retention_of(top: Appraisal, site: Appraisal) -> str:
    """Return how long a site is kept, an xsd:duration; empty where that is not configured."""
    return site.retention or top.retention


def category_of(top: Appraisal, site: Appraisal) -> Concept | None:
    """Return the category of the selection list that the appraisal rests on."""
    one = site if site.category else top
    if not one.category:
        return None
    return Concept(one.category, one.category_list or NOT_STATED, one.category_code)


def restriction_of(top: Appraisal, site: Appraisal) -> Restriction:
    """Return what limits the use of a site."""
    one = site if site.restriction else top
    kind = Concept(one.restriction or NOT_STATED, one.restriction_list or NOT_STATED)
    return Restriction(kind, one.restriction_note)


def creator_of(top: Mdto) -> Reference:
    """Return the organisation that formed the archive."""
    return _reference(top.creator, top.creator_id, top.creator_source)


def archive_of(top: Mdto) -> Reference:
    """Return the archive in the target system that takes the sites in."""
    return _reference(top.archive, top.archive_id, top.archive_source)


def _reference(name: str, mark: str, source: str) -> Reference:
    return Reference(name or NOT_STATED, Identification(mark, source or NOT_STATED) if mark else None)


def unstated(top: Mdto, site: Appraisal) -> list[str]:
    """Return the keys of what an archive institution must be told and the configuration does not."""
    lacking = [] if top.creator else ["mdto.creator"]
    either = [key for key in ("appraisal", "restriction") if not (getattr(top, key) or getattr(site, key))]
    return lacking + [f"mdto.{key}" for key in either]
