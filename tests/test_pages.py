# SPDX-License-Identifier: EUPL-1.2
"""The list of pages: its format, and back."""

from __future__ import annotations

import json
import re

import pytest

from archiver.pages import read_pages, write_pages
from index.errors import DamagedError
from index.model import Page

PAGES = [
    Page("https://a.example/é", "20260302023001", 'A "title"\nof two lines', "nl"),
    Page("https://a.example/2", "20260302235959", "", ""),
]


def test_format_of_the_list():
    """The first line names the format, each other is a page with the moment as the standard spells it."""
    head, first, second = map(json.loads, write_pages(PAGES))
    assert head == {"format": "json-pages-1.0", "id": "pages", "title": "All pages"}
    assert list(first.items()) == [
        ("id", "20260302023001-0"),
        ("url", "https://a.example/é"),
        ("ts", "2026-03-02T02:30:01Z"),
        ("title", 'A "title"\nof two lines'),
        ("language", "nl"),
    ]
    assert second["id"] == "20260302235959-1"


def test_each_page_is_one_line():
    """Whatever a title holds, a page stays on one line."""
    assert [line.count(b"\n") for line in write_pages(PAGES)] == [1, 1, 1]


def test_list_is_read_back(tmp_path):
    """What is written is read back the same."""
    (tmp_path / "p").write_bytes(b"".join(write_pages(PAGES)))
    assert list(read_pages(tmp_path / "p")) == PAGES


def test_lists_of_other_tools(tmp_path):
    """Keys we do not know are passed over, a language may be missing, and a moment may have a fraction."""
    line = (
        b'{"id":"1","url":"https://a.example/","ts":"2026-03-02T04:30:01.5+02:00","title":"T","text":"x"}\n'
    )
    (tmp_path / "p").write_bytes(b'{"format":"json-pages-1.0"}\n' + line)
    assert list(read_pages(tmp_path / "p")) == [Page("https://a.example/", "20260302023001", "T", "")]


@pytest.mark.parametrize("content", [b"", b"".join(write_pages([]))])
def test_no_pages(tmp_path, content):
    """A day without pages has an empty list."""
    (tmp_path / "p").write_bytes(content)
    assert list(read_pages(tmp_path / "p")) == []


BROKEN = [
    b"{",
    b"{}",
    b"\xff",
    b'{"id":"1","url":"u","ts":"yesterday","title":""}',
    b'{"id":1,"url":"u","ts":"2026-03-02T02:30:01Z","title":""}',
    b'{"x":' + b"[" * 100_000,
]


@pytest.mark.parametrize("line", BROKEN)
def test_broken_line_is_named(tmp_path, line):
    """A line that is no page is named by file and number."""
    (tmp_path / "p").write_bytes(b"".join(write_pages(PAGES)) + line)
    with pytest.raises(DamagedError, match=re.escape(f"{tmp_path / 'p'} line 4 is not a page")):
        list(read_pages(tmp_path / "p"))


def test_missing_list_is_a_sentence(tmp_path):
    """A list that is not there is a sentence."""
    with pytest.raises(DamagedError, match="cannot be read: No such file"):
        list(read_pages(tmp_path / "none"))
