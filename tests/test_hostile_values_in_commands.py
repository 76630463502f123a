# SPDX-License-Identifier: EUPL-1.2
"""
What websites may write steers no terminal: commands print it with a sign for what shows nothing.

To a pipe and to a terminal, in tables, in JSON and in errors. JSON says such characters by their number, so that
programs get the value as it is.
"""

from __future__ import annotations

import json
import os
import pty
import subprocess
import unicodedata
from pathlib import Path

import pytest

from tests.support.command import Ended, command, configure, inside
from tests.support.hostile_values import SITE, VALUES, archive_of, page_of, sendable

MONDAY, TUESDAY = "2026-03-02", "2026-03-03"
LISTS = (
    ("status",),
    ("snapshots", "demo"),
    ("ledger", "demo", TUESDAY),
    ("changes", "demo", MONDAY, TUESDAY),
    ("changes", "demo", "--proposals"),
    ("search", "demo", "aanvraag", "--limit", "1000"),
    ("search", "demo", "donaudampfschifffahrtsgeselschaftskapitaen"),
    ("history", f"{SITE}/"),
)


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Path:
    """Make an archive with all values, and its configuration."""
    folder = tmp_path_factory.mktemp("commands")
    with archive_of(folder / "data", [one.value for one in VALUES]):
        pass
    return configure(folder, f"{SITE}/", name="demo")


def steering(text: str) -> list[str]:
    """Return the characters of what was printed that may steer a terminal or turn its lines round."""
    return sorted(
        {one for one in text if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}}
        - {"\n", "\t"}
    )


def on_a_terminal(config: Path, *words: str) -> str:
    """Run a command with a terminal as its output, one that knows no colours; return what it was sent."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "COLUMNS": "200"}
    with subprocess.Popen(
        command(config, *words), stdin=slave, stdout=slave, stderr=slave, env=environment
    ) as running:
        os.close(slave)
        said = b"".join(iter(lambda: _read(master), b""))
        running.wait()
    os.close(master)
    return said.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # EIO: the other end has been closed
        return b""


def said_by(ended: Ended) -> str:
    return ended.out + ended.err


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_lists(config: Path, words: tuple[str, ...]) -> None:
    """Tables of all values, for programs, hold nothing that steers; nor do they in JSON, which is JSON."""
    plain, told = inside(config, *words), inside(config, *words, "--json")
    assert (steering(said_by(plain)), steering(said_by(told))) == ([], [])
    assert "Traceback" not in said_by(plain) + said_by(told)
    json.loads(told.out)


@pytest.mark.parametrize("words", LISTS[2:6:3] + LISTS[5:6], ids=" ".join)
def test_on_a_terminal(config: Path, words: tuple[str, ...]) -> None:
    """A terminal gets the same tables drawn, and no value is read as markup of the table."""
    said = on_a_terminal(config, *words)
    assert steering(said) == []
    assert "Traceback" not in said


def test_values_in_json(config: Path) -> None:
    """A program gets from JSON the very reasons that stand in the ledger."""
    known = {
        one["url"]: one["reason"]
        for one in inside(config, "ledger", "demo", TUESDAY, "--json").json()["urls"]
    }
    for number, (name, _, value) in enumerate(VALUES):
        assert known[f"{SITE}/a/b/lost{number:03}.png"] == sendable(value[:2000]), name


@pytest.mark.parametrize("number", range(0, len(VALUES), 4), ids=[one.name for one in VALUES[::4]])
def test_what_was_given(config: Path, number: int) -> None:
    """What is no address, day, site or file is told again without what steers."""
    value = sendable(VALUES[number].value[:300])
    url = page_of(number, VALUES[number].value)
    for words in (
        ("history", "--", value),
        ("history", url, "--passage", f"x{value}"),
        ("ledger", "demo", f"x{value}"),
        ("snapshots", f"x{value}"),
        ("search", "demo", "--", f"x{value}"),
    ):
        ended = inside(config, *words)
        assert ended.status in {0, 1, 2}, words
        assert steering(said_by(ended)) == [], words
