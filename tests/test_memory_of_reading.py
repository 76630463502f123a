# SPDX-License-Identifier: EUPL-1.2
"""Reading takes the same memory for a file of any size, and for records of any number."""

from __future__ import annotations

import gzip
import random
import sys
from pathlib import Path

import pytest

from bench.measure import measure
from tests.support.command import configure
from tests.support.foreign import record

DAYKEEP = Path(sys.executable).with_name("daykeep")
SITE = "http://www.example.org"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n"
ADDED = 48
"""MiB that four times as many records may add: what a process holds depends on when it is looked at."""


def write_small(path, count):
    """Write a WARC of many small records of one day, which no compression makes smaller: 1.4 kB each."""
    noise = random.Random(count)
    with path.open("wb") as out:
        for number in range(count):
            second = f"2026-03-02T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
            uri = f"{SITE}/{number * 7919 % 1_000_003:07d}.html"
            one = record(HEAD + noise.randbytes(1000), number, WARC_Target_URI=uri, WARC_Date=second)
            out.write(gzip.compress(one, 1))
    return path


@pytest.fixture(scope="module", params=[pytest.param(80_000, marks=pytest.mark.large)])
def own(request, tmp_path_factory):
    """
    Return what import and verify hold of their own, in MiB, for so many records and four times as many.

    So many make a file that both read by several processes: a shorter one takes less, read by one.
    """
    found = {}
    for count in (request.param, 4 * request.param):
        folder = tmp_path_factory.mktemp("records")
        config = configure(folder, f"{SITE}/")
        file = write_small(folder / "small.warc.gz", count)
        for words in (["import", "--no-text", "example", file], ["verify", "example"]):
            usage = measure([DAYKEEP, "--config", config, *words], folder).whole
            found.setdefault(words[0], []).append(usage.own)
    return found


@pytest.mark.parametrize("command", ["import", "verify"])
def test_memory_does_not_grow_with_records(own, command):
    """Four times as many records take no more memory."""
    few, many = own[command]
    assert 10 < many < few + ADDED
