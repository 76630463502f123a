# SPDX-License-Identifier: EUPL-1.2
"""
What cannot be answered, told to a visitor in the language of the page, and how to go on from there.

    raise ToldError(filled(gettext("There is no list “%(name)s” here."), name=name), Way(gettext("…"), path))

Only such a sentence reaches a page: the messages of other errors are for operators, and in English. Whoever
has something to say writes it where it is raised, as a text of the catalogues (tests/test_both_languages.py
holds that). Knows nothing of pages.
"""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import gettext
from markupsafe import Markup

from index.errors import ArchiveError

from .apart import apart

SHOWN = 100
"""Characters that are shown of what was asked for."""


class Way(NamedTuple):
    """Where a visitor may go instead."""

    text: str
    path: str


class ToldError(ArchiveError):
    """What a visitor asked for and cannot have; the message is in the visitor's own language."""

    def __init__(self, said: str, *ways: Way, status: int = 404) -> None:
        super().__init__(str(said))
        self.said, self.ways, self.status = said, ways, status


def filled(text: str, **given: str) -> Markup:
    """Return a text of the catalogues with what a visitor gave in its places: escaped, short, set apart."""
    shown = {name: value if len(value) <= SHOWN else f"{value[:SHOWN]}…" for name, value in given.items()}
    return Markup(text) % {name: apart(value) for name, value in shown.items()}  # noqa: S704  a text of ours


def not_an_address() -> str:
    """Return what is said of what is no address of a page."""
    return str(gettext("That is not the address of a web page."))
