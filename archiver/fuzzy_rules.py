# SPDX-License-Identifier: EUPL-1.2
"""The rules of addresses that name the same page (config/fuzzy.toml), and those of a site. Applies none."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import msgspec

from index.errors import ConfigurationError
from index.fuzzy import Fuzzy, Rule, joined

from .settings import Site


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: tuple[Rule, ...]


@cache
def built_in() -> tuple[Rule, ...]:
    """Return the rules that come with the program, in their order."""
    here = Path(__file__).resolve().parent
    for path in (here / "data" / "fuzzy.toml", here.parent / "config" / "fuzzy.toml"):
        if path.is_file():
            return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).rule
    raise ConfigurationError("The rules of addresses are not in this installation; install Daykeep again.")


def fuzzy_of(site: Site | None) -> Fuzzy:
    """Return the rules for the addresses of a site; the built-in ones for one that is not configured."""
    return joined(built_in(), site.fuzzy if site else ())
