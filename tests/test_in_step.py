# SPDX-License-Identifier: EUPL-1.2
"""An index read along with a list gives what searching it gives, in whatever order it is asked."""

from __future__ import annotations

import random

import pytest

from archiver.checking import in_step
from archiver.checking.in_step import InStep
from index.cdxj import Index, format_line
from index.model import Capture
from index.urlkey import urlkey

URLS = [f"https://example.org/{letter}{number}" for letter in "aAb" for number in range(20)]
ABSENT = ["https://example.org/", "https://example.org/a55", "https://example.org/zz", "https://zz.org/"]


@pytest.fixture
def index(tmp_path):
    """Yield an index of two captures for each address; keys of `a` and `A` are the same."""
    captures = [
        Capture(
            urlkey(url),
            f"2026030202300{second}",
            url,
            "text/html",
            200,
            "sha256:" + "0" * 64,
            "x.warc.gz",
            7,
            8,
        )
        for url in URLS
        for second in range(2)
    ]
    path = tmp_path / "index.cdxj"
    path.write_bytes(b"".join(sorted(map(format_line, captures))))
    with Index(path) as opened:
        yield opened


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("most", [1, 3, 1000])
def test_any_order_gives_what_a_search_gives(index, monkeypatch, seed, most):
    """In order, in disorder, doubled, not there, and with more lines for a key than are held."""
    monkeypatch.setattr(in_step, "MAX_HELD", most)
    asked = sorted([*URLS, *URLS, *ABSENT], key=urlkey)
    if seed:
        random.Random(seed).shuffle(asked)
    lines = InStep(index)
    assert [list(lines.lines(url)) for url in asked] == [list(index.lines_of(url)) for url in asked]


def test_in_order_nothing_is_searched_for(index, monkeypatch):
    """A list in the order of keys is read along with the index."""
    monkeypatch.setattr(Index, "lines_of", lambda *_: pytest.fail("searched"))
    lines = InStep(index)
    assert sum(len(list(lines.lines(url))) for url in sorted(URLS, key=urlkey)) == 40 * 4 + 20 * 2
