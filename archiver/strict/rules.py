# SPDX-License-Identifier: EUPL-1.2
"""
The rules of WARC/1.1 (ISO 28500:2017), read from their table. Knows nothing of how they are checked.

    data/warc_rules.toml   id = { section, level, sentence that is true of every right file }

`shall` is the standard's own word; `house` is what this archive promises beyond it (the Dutch guideline's
rules, references that lead somewhere); `should` is advice: of the standard, its annexes C and D, or the
community's annotations (# and the number of the issue in iipc/warc-specifications).
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import msgspec


class Level(StrEnum):
    """How much a rule binds."""

    SHALL = "shall"
    HOUSE = "house"
    SHOULD = "should"


class Rule(msgspec.Struct, frozen=True):
    """One rule."""

    section: str
    level: Level
    sentence: str


RULES = msgspec.toml.decode(
    (Path(__file__).parent.parent / "data" / "warc_rules.toml").read_bytes(),
    type=dict[str, Rule],
    strict=False,
)
