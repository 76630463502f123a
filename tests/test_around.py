# SPDX-License-Identifier: EUPL-1.2
"""The pages around the archive: who runs it, accessibility, vulnerabilities, corrections; security.txt."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import sectxt

from archiver.presented import About
from archiver.settings import parse
from index.errors import BusyError, ConfigurationError
from tests.support.archive import Reply, build
from tests.support.viewing import Visitor
from viewer.i18n import LANGUAGES
from viewer.protocols.security_txt import SPOKEN, written

DAYS = {
    "20260301023000": {"https://www.example.org/": Reply("x")},
    "20260305023000": {"https://www.example.org/": Reply("y")},
}
PAGES = ("/about", "/about/accessibility", "/about/correction", "/about/security")


@pytest.fixture
def told(tmp_path):
    """Return a function that opens a viewer whose configuration says this of the operator."""
    with build(tmp_path, {"demo": DAYS}) as archive:

        def visit(*, operator: str = "", language: str = "nl", **about) -> Visitor:
            settings = msgspec.structs.replace(
                archive.settings, about=About(**about), operator=operator, language=language
            )
            return Visitor(replace(archive, settings=settings))

        yield visit


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_without_a_word_of_the_operator(told, path, language):
    """Each page stands by itself, leads to the others, and makes up no contact."""
    answer = told().get(path, Accept_Language=language)
    assert answer.status_code == 200
    assert all(f'href="{page}"' in answer.text for page in PAGES)
    assert "mailto:" not in answer.text
    assert f'<html lang="{language}">' in answer.text


def test_who_runs_it(told):
    """Name, text and contact of the operator stand on the page about the archive, in the visitor's language."""
    visitor = told(
        operator="Ministerie van Fictie, archief@example.org",
        name_nl="Archief van het ministerie",
        text_nl="Dit is\nons archief.\n\nMet <b>alles</b>.",
        text_en="This is ours.",
    )
    dutch, english = (visitor.get("/about", Accept_Language=one).text for one in ("nl", "en"))
    assert "<p>Dit is ons archief.</p>" in dutch
    assert "<p>Met &lt;b&gt;alles&lt;/b&gt;.</p>" in dutch
    assert "Dit archief wordt beheerd door Ministerie van Fictie." in dutch
    assert '<a href="mailto:archief@example.org">archief@example.org</a>' in dutch
    assert "since 1 March 2026" in english
    assert "<p>This is ours.</p>" in english
    assert all("– Archief van het ministerie</title>" in text for text in (dutch, english))


def test_each_page_has_its_own_contact(told):
    """Whoever may be asked for one thing alone is named on the page of that thing."""
    visitor = told(
        contact="mailto:all@example.org",
        correction_contact="https://www.example.org/correction",
        accessibility_contact="tel:+31-70-1234567",
        security_contact=("mailto:cert@example.org",),
    )
    for path, contact in zip(PAGES, ("all@", "+31-70-1234567", "/correction", "cert@"), strict=True):
        assert contact in visitor.get(path).text


@pytest.mark.parametrize("status", ["full", "partial", "started", "none"])
def test_accessibility_as_examined(told, status):
    """What the operator had examined is said, with the way to the statement."""
    pages = {
        one: told(accessibility_status=one, accessibility_statement="https://www.example.org/a")
        .get("/about/accessibility")
        .text
        for one in ("", status)
    }
    assert pages[status] != pages[""]
    assert 'href="https://www.example.org/a"' in pages[status]


def test_security_txt_by_its_validator(told):
    """The Digital Trust Center's validator finds nothing wrong in the file; it would have it signed, and offer a key."""
    address = "https://archive.example.org/.well-known/security.txt"
    contacts = ["mailto:cert@example.org", "https://www.example.org/report"]
    text = written(contacts, "https://archive.example.org", "nl", datetime.now(UTC))
    found = sectxt.Parser(text.encode(), urls=address)
    assert found.errors == []
    assert {one["code"] for one in found.recommendations} <= {"not_signed", "no_encryption"}
    answer = told(security_contact=tuple(contacts)).get("/.well-known/security.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert re.findall(r"Contact: (\S+)", answer.text) == contacts
    assert "Expires: 2026-09-06T00:00:00Z" in answer.text


def test_no_security_txt_without_a_contact(told):
    """RFC 9116 section 2.5.3: a Contact must be there; so where there is none, there is no file."""
    assert told().get("/.well-known/security.txt").status_code == 404
    assert "cert@example.org" in told(operator="X, cert@example.org").get("/.well-known/security.txt").text


def test_expires_is_less_than_a_year_away():
    """RFC 9116 section 2.5.5, at any hour of a day, and the same all day."""
    noon = datetime(2026, 12, 31, 12, tzinfo=UTC)
    texts = {
        written(["mailto:a@b.nl"], "https://a.nl", "en", noon + timedelta(hours=n)) for n in range(-12, 12)
    }
    [text] = texts
    assert "Expires: 2027-06-29T00:00:00Z" in text
    assert "Preferred-Languages: en, nl" in text


def test_it_speaks_what_the_viewer_speaks():
    """The languages named in security.txt are those there is a translation of."""
    assert set(SPOKEN) == set(LANGUAGES)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"contact": "archive@example.org"}, "write mailto:"),
        ({"contact": "javascript:alert(1)"}, "is no contact"),
        ({"contact": "mailto:a@b.nl?bcc=x@y.nl"}, "is no contact"),
        ({"security_contact": ["http://example.org/"]}, "about.security_contact"),
        ({"accessibility_statement": "ftp://x"}, "is not an http(s) address"),
        ({"accessibility_status": "whole"}, "about.accessibility_status"),
        ({"contct": ""}, "the nearest valid one is `contact`"),
    ],
)
def test_what_leads_nowhere_is_refused(tmp_path, about, words):
    """A contact that is no address, or one that would run a script, ends the start with the key's name."""
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        parse({"about": about}, tmp_path)


def test_busy_says_when_to_come_back(told, monkeypatch):
    """A viewer with no room for a question answers 503, and says in how many seconds to try again."""

    def busy(*_args: object, **_options: object) -> None:
        raise BusyError("too much at once")

    monkeypatch.setattr("viewer.pages.search._search", busy)
    answer = told().get("/demo/search?q=word")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert "10" in answer.text
    assert '/demo/search?q=word">Opnieuw proberen</a>' in answer.text
