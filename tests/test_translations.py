# SPDX-License-Identifier: EUPL-1.2
"""Every text of the viewer is in both languages, and the compiled catalogues are those of their sources."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "viewer/translations"
LANGUAGES = ("nl", "en")
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}


def texts() -> set:
    """Return every text that is marked in code and templates, as a catalogue has it: plural forms as a pair."""
    with (ROOT / "viewer/babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(ROOT, methods, options, KEYWORDS)
    return {tuple(text) if isinstance(text, (tuple, list)) else text for _, _, text, _, _ in found}


def catalogue(language: str) -> Catalog:
    with (FOLDER / language / "LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=language)


def forms(text) -> tuple:
    return tuple(text) if isinstance(text, (tuple, list)) else (text,)


def placeholders(text) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", "".join(forms(text))))


def test_there_are_texts():
    """The search for texts finds those of the code and those of the templates, with plurals."""
    found = texts()
    assert len(found) > 150
    assert "the server could not be reached" in found
    assert "Skip to the content" in found
    assert ("%(num)s address.", "%(num)s addresses.") in found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language):
    """A catalogue has every text of the viewer, none that is gone, and none that is empty or a guess."""
    messages = [message for message in catalogue(language) if message.id]
    assert {
        message.id if isinstance(message.id, str) else tuple(message.id) for message in messages
    } == texts()
    assert [message.id for message in messages if not all(forms(message.string)) or message.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_are_kept(language):
    """A translation fills in what its text fills in, and nothing else."""
    messages = [message for message in catalogue(language) if message.id]
    wrong = [
        message.id
        for message in messages
        if any(placeholders(form) != placeholders(message.id) for form in forms(message.string))
    ]
    assert wrong == []


def test_dutch_is_not_english():
    """No Dutch text was left as it is in English, but for words that both languages have."""
    same = {message.id for message in catalogue("nl") if message.id and message.id == message.string}
    assert same == {"Links", "Sites", "script", "status %(status)s"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogue_is_that_of_its_source(language):
    """The .mo file says what the .po file says."""
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    with (FOLDER / language / "LC_MESSAGES/messages.mo").open("rb") as file:
        stored = read_mo(file)
    compiled.seek(0)
    wanted = read_mo(compiled)
    assert {str(one.id): one.string for one in stored if one.id} == {
        str(one.id): one.string for one in wanted if one.id
    }


# What a visitor reads, once Jinja and markup are taken away; commands and addresses are the same everywhere.
_NOT_TEXT = re.compile(
    r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<(pre|style)\b.*?</\1>|<svg.*?</svg>|<!--.*?-->|<[^>]*>|&\w+;",
    re.DOTALL,
)


def bare_words(markup: str) -> list[str]:
    return re.findall(r"[^\W\d_]{2,}", _NOT_TEXT.sub(" ", markup))


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.name) for path in (ROOT / "viewer/templates").glob("*.[hx]*ml")]
)
def test_templates_have_no_unmarked_text(path):
    """Every word of a template that a visitor reads is marked for translation."""
    assert bare_words(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ("<p>{{ _('Hello') }}</p>", []),
        ('<a title="x">{% if a %}Yes{% endif %}</a>', ["Yes"]),
    ],
)
def test_bare_words(markup, words):
    """A word outside of marks is seen, one inside is not."""
    assert bare_words(markup) == words
