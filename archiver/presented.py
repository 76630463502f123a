# SPDX-License-Identifier: EUPL-1.2
"""
What the operator says and shows of itself: the tables `[about]` and `[theme]` of the configuration.

    About    who runs the archive, and where the public turns to with what
    Theme    the operator's logo, colour and letters, in place of the viewer's own

A colour in which words could not be read is refused here, not found out by readers. Knows nothing of pages.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from index.errors import ConfigurationError
from index.urlkey import normalise

from .colour import contrast

Line = Annotated[str, Meta(max_length=200, pattern=r"\A[^\x00-\x1f\x7f]*\Z")]
"""Text on one line."""
Words = Annotated[str, Meta(max_length=20_000)]
"""Text of several paragraphs, an empty line between them."""
Colour = Annotated[str, Meta(pattern=r"\A(#[0-9a-fA-F]{6})?\Z")]
Status = Literal["", "full", "partial", "started", "none"]
"""How far the viewer meets WCAG 2.2 AA, as the operator had it examined; empty: nobody has yet."""

READABLE = 4.5
"""Contrast that words need at least: WCAG 2.2, success criterion 1.4.3."""
LIGHT_GROUND = "#ffffff"
DARK_GROUND = "#10171e"
"""The grounds of static/viewer.css, on which the operator's colour is read."""
LOGO_TYPES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}
FONT_TYPES = {".woff2": "font/woff2", ".woff": "font/woff"}
MOST_BYTES = 2_000_000
"""Of a logo or a font: every visitor gets it."""

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}[A-Za-z0-9]", re.ASCII)


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who runs the archive and where to turn to. Contacts are `mailto:`, `tel:` or https addresses."""

    name_nl: Line = ""
    name_en: Line = ""
    text_nl: Words = ""
    text_en: Words = ""
    contact: Line = ""
    correction_contact: Line = ""
    security_contact: tuple[Line, ...] = ()
    accessibility_contact: Line = ""
    accessibility_status: Status = ""
    accessibility_statement: Line = ""

    def name(self, language: str) -> str:
        """Return what the archive is called in that language, or in the other; empty where it has no name."""
        names = (self.name_nl, self.name_en)
        return (names if language == "nl" else names[::-1])[0] or "".join(names)

    def text(self, language: str) -> list[str]:
        """Return what the operator tells of the archive, in paragraphs."""
        texts = (self.text_nl, self.text_en)
        text = (texts if language == "nl" else texts[::-1])[0] or "".join(texts)
        return [" ".join(part.split()) for part in re.split(r"\n[ \t]*\n", text) if part.strip()]


class Theme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the viewer wears. Files are relative to the configuration, absolute once loaded."""

    logo: str = ""
    logo_dark: str = ""
    colour: Colour = ""
    colour_dark: Colour = ""
    font: str = ""


def check_about(about: About) -> None:
    """Raise ConfigurationError for a contact that leads nowhere."""
    for key in ("contact", "correction_contact", "accessibility_contact"):
        _check_contact(getattr(about, key), key)
    for one in about.security_contact:
        _check_contact(one, "security_contact")
    statement = about.accessibility_statement
    if statement and normalise(statement) is None:
        raise ConfigurationError(
            f"key `about.accessibility_statement`: {statement!r} is not an http(s) address."
        )


def _check_contact(contact: str, key: str) -> None:
    if contact and not _is_contact(contact):
        raise ConfigurationError(
            f"key `about.{key}`: {contact!r} is no contact; write mailto:archive@example.org, "
            "tel:+31-70-0000000 or an https address."
        )


def _is_contact(contact: str) -> bool:
    scheme, _, rest = contact.partition(":")
    if scheme == "mailto":
        return _EMAIL.fullmatch(rest) is not None
    if scheme == "tel":
        return re.fullmatch(r"\+?[0-9][0-9-]{2,30}", rest, re.ASCII) is not None
    return scheme == "https" and normalise(contact) is not None


def contact_of(about: About, operator: str, own: str = "") -> str:
    """Return where to turn to: `own`, else the contact for everything, else the operator's e-mail address."""
    found = _EMAIL.search(operator)
    return own or about.contact or (f"mailto:{found[0]}" if found else "")


def security_contacts(about: About, operator: str) -> list[str]:
    """Return where to report a vulnerability, the preferred one first; none where nobody said so."""
    return [*about.security_contact] or list(filter(None, [contact_of(about, operator)]))


def name_of(operator: str) -> str:
    """Return who an operator is, without the e-mail address that may stand beside or in brackets."""
    return _EMAIL.sub("", operator).strip(" ,;<>()")


def words_of_contact(contact: str) -> str:
    """Return a contact as it reads: an e-mail address, a number, an address without its scheme."""
    scheme, _, rest = contact.partition(":")
    return rest if scheme in {"mailto", "tel"} else contact.removeprefix("https://").rstrip("/")


def placed(theme: Theme, folder: Path) -> Theme:
    """Return the theme with absolute names of files. Raises ConfigurationError for what cannot be shown."""
    found = {}
    for key, types in (("logo", LOGO_TYPES), ("logo_dark", LOGO_TYPES), ("font", FONT_TYPES)):
        name = getattr(theme, key)
        found[key] = str(_file(folder, name, f"theme.{key}", types)) if name else ""
    if theme.logo_dark and not theme.logo:
        raise ConfigurationError("key `theme.logo_dark`: it goes beside a `logo`, which is not there.")
    _check_colour(theme.colour, LIGHT_GROUND, "theme.colour", "darker")
    _check_colour(theme.colour_dark, DARK_GROUND, "theme.colour_dark", "lighter")
    return msgspec.structs.replace(theme, **found)


def _file(folder: Path, name: str, key: str, types: dict[str, str]) -> Path:
    if "\0" in name:
        raise ConfigurationError(f"key `{key}`: the name of a file has no NUL character in it.")
    path = (folder / name).resolve()
    if path.suffix.lower() not in types:
        raise ConfigurationError(f"key `{key}`: {name!r} is none of {', '.join(types)}.")
    try:
        size = path.stat().st_size if path.is_file() else -1
    except OSError as error:
        raise ConfigurationError(f"key `{key}`: cannot read {path}: {error.strerror or error}.") from error
    if size < 0:
        raise ConfigurationError(f"key `{key}`: there is no file {path}; names are relative to this file.")
    if size > MOST_BYTES:
        raise ConfigurationError(
            f"key `{key}`: {path} has {size:,} bytes; every visitor gets it, so {MOST_BYTES:,} is the most."
        )
    return path


def _check_colour(colour: str, ground: str, key: str, way: str) -> None:
    if colour and contrast(colour, ground) < READABLE:
        raise ConfigurationError(
            f"key `{key}`: words in {colour} on {ground} have a contrast of {contrast(colour, ground):.1f}; "
            f"{READABLE} is needed to be read by all (WCAG 2.2, 1.4.3). Take a {way} one."
        )
