# SPDX-License-Identifier: EUPL-1.2
"""
Kinds of export as data: one TOML file each, read into frozen values. Knows nothing of how one is written.

    title        = { nl = "…", en = "…" }      what a visitor is offered
    container    = "wacz" | "folder"           one ZIP with datapackage.json, or files in a folder
    single       = true                        a target named *.warc or *.warc.gz is written as one file
    records      = "stored" | "whole"          as they are, or every revisit made a full response again
    compression  = "stored" | "none" | "gzip"  of the records
    max_file     = 1_000_000_000               bytes of a WARC that is written anew; 0: ISO 28500 Annex C
    parts        = ["index", "pages", "logs", "originals", "report", "manifest"]
    packing      = ""                          what is added at the end (archiver.exporting.packing)
    [names]                                    where each part stands; {site} {day} {timestamp} {name}

The built-in ones are config/profiles/*.toml; an operator's own stand in `profiles/` beside his configuration.
"""

from __future__ import annotations

import difflib
import re
import string
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from index.errors import ConfigurationError

Part = Literal["index", "pages", "logs", "originals", "report", "manifest"]

MAX_FILE = 10**9
"""Bytes of a WARC where a profile does not say: ISO 28500:2017 Annex C."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", re.ASCII)
_KNOWN = frozenset({"site", "day", "timestamp", "name"})


class Title(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a visitor reads, in each language of the viewer."""

    nl: str
    en: str


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Patterns of paths within the export, with `/` between folders."""

    records: str = "{name}"
    index: str = "index.cdxj"
    pages: str = "pages.jsonl"
    logs: str = "{name}"
    originals: str = "originals/{name}"
    report: str = "report.json"
    manifest: str = "manifest.json"


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kind of export. Each field is a key of its file; docs/exports.md tells what it does."""

    name: str = ""
    """The name of its file, without `.toml`."""
    title: Title
    container: Literal["wacz", "folder"]
    single: bool = False
    records: Literal["stored", "whole"]
    compression: Literal["stored", "none", "gzip"]
    max_file: Annotated[int, Meta(ge=0, le=10**12)] = 0
    parts: tuple[Part, ...] = ("index", "pages", "logs", "report", "manifest")
    packing: Literal["", "mdto"] = ""
    names: Names = msgspec.field(default_factory=Names)

    @property
    def largest(self) -> int:
        """The most bytes of a WARC that is written anew."""
        return self.max_file or MAX_FILE

    @property
    def as_stored(self) -> bool:
        """Whether records go along byte for byte."""
        return self.records == "stored"

    @property
    def suffix(self) -> str:
        """What the name of a download ends in: a folder is downloaded as a ZIP."""
        return ".wacz" if self.container == "wacz" else ".zip"


def built_in() -> dict[str, Profile]:
    """Return the profiles that come with the program, by name, in the order they are offered."""
    here = Path(__file__).resolve().parent.parent
    for folder in (here / "data" / "profiles", here.parent / "config" / "profiles"):
        if folder.is_dir():
            found = _read_folder(folder)
            return {name: found[name] for name in sorted(found, key=_order)}
    raise ConfigurationError("The export profiles are not in this installation; install Daykeep again.")


def profiles(beside: Path | None = None) -> dict[str, Profile]:
    """
    Return all profiles by name: the built-in ones, and those in `profiles/` of the folder `beside`.

    One of the same name as a built-in one takes its place. Raises ConfigurationError naming file and key.
    """
    own = beside / "profiles" if beside else None
    return built_in() | (_read_folder(own) if own and own.is_dir() else {})


def chosen(known: Mapping[str, Profile], name: str) -> Profile:
    """Return a profile by name. Raises ConfigurationError with the nearest name there is."""
    if name in known:
        return known[name]
    raise ConfigurationError(f"There is no export profile {name!r}; {_hint(name, known)}.")


def parse(raw: Mapping[str, Any], name: str) -> Profile:
    """Turn parsed TOML into a profile. Raises ConfigurationError that names the key."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"{name!r} is not a name for a profile; use a-z, digits and hyphens.")
    for place, table, kind in (("", raw, Profile), ("names.", raw.get("names"), Names)):
        _refuse_unknown(place, table, [key for key in kind.__struct_fields__ if key != "name"])
    try:
        profile = msgspec.convert({**raw, "name": name}, Profile)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        raise ConfigurationError(f"key `{where.strip('`').removeprefix('$.')}`: {what}.") from error
    if profile.as_stored and profile.compression != "stored":
        raise ConfigurationError("key `compression`: records that go along as stored stay as they are.")
    for key in profile.names.__struct_fields__:
        _check_pattern(key, getattr(profile.names, key))
    return profile


def _order(name: str) -> tuple[int, str]:
    usual = ("wacz", "warc", "nl-richtlijn", "mdto", "wacz-stored")
    return (usual.index(name) if name in usual else len(usual)), name


def _read_folder(folder: Path) -> dict[str, Profile]:
    try:
        return {path.stem: _read(path) for path in sorted(folder.glob("*.toml"))}
    except OSError as error:
        raise ConfigurationError(f"The profiles in {folder} cannot be read: {error.strerror}.") from error


def _read(path: Path) -> Profile:
    try:
        return parse(tomllib.loads(path.read_text(encoding="utf-8")), path.stem)
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8
        raise ConfigurationError(f"{path} is not valid TOML: {error}.") from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _refuse_unknown(place: str, table: Any, valid: Iterable[str]) -> None:
    valid = list(valid)
    for key in table if isinstance(table, Mapping) else ():
        if key not in valid:
            raise ConfigurationError(f"unknown key `{place}{key}`; {_hint(key, valid)}.")


def _hint(word: str, words: Iterable[str]) -> str:
    words = list(words)
    near = difflib.get_close_matches(word, words, n=1)
    return f"the nearest is `{near[0]}`" if near else f"there are: {', '.join(words)}"


def _check_pattern(key: str, pattern: str) -> None:
    try:
        fields = {field for _, field, _, _ in string.Formatter().parse(pattern) if field is not None}
    except ValueError as error:
        raise ConfigurationError(f"key `names.{key}`: {pattern!r}: {error}.") from error
    if not fields <= _KNOWN:
        raise ConfigurationError(
            f"key `names.{key}`: {pattern!r} may have {{site}}, {{day}}, {{timestamp}} and {{name}} in it."
        )
    parts = pattern.split("/")
    if not all(parts) or ".." in parts or "." in parts or "\\" in pattern:
        raise ConfigurationError(f"key `names.{key}`: {pattern!r} is not a path within the export.")
    if key in {"records", "logs", "originals"} and "name" not in fields:
        raise ConfigurationError(f"key `names.{key}`: {pattern!r} needs {{name}}: there are several files.")
