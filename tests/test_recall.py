# SPDX-License-Identifier: EUPL-1.2
"""
What search finds of a real site beside a plain scan of its texts and SQLite's full text: nothing is missed.

The pages are those of the Python manual on this machine (Debian's python3.11-doc): prose, dotted names, code.
"""

from __future__ import annotations

import random
import re
import sqlite3
from pathlib import Path

import pytest
from whoosh.analysis import StandardAnalyzer

from archiver.links import read_document
from index.catalogue import Catalogue
from index.document import Document
from index.words import words
from tests.support.scored import scores

MANUAL = Path("/usr/share/doc/python3.11/html")
PAGES = 150
_BOUNDARY = r"(?<![^\W_]){}(?![^\W_])"


@pytest.fixture(scope="module")
def texts():
    """Return the texts of some pages, by name; in a seeded choice."""
    paths = random.Random(1).sample(sorted(MANUAL.glob("library/*.html")), PAGES)
    found = {}
    for path in paths:
        headers = (("Content-Type", "text/html; charset=utf-8"),)
        found[path.name] = read_document("http://a.example/", headers, path.read_bytes()).text
    return found


@pytest.fixture(scope="module", params=[80, pytest.param(250, marks=pytest.mark.large)])
def asked(texts, request):
    """Words as pages have them, common ones more often, and half as many pairs of neighbours."""
    chance = random.Random(2)
    found = [[word.folded for word in words(text)] for text in texts.values()]
    single = {chance.choice(chance.choice(found)) for _ in range(request.param)}
    pairs = set()
    for _ in range(request.param // 2):
        some = chance.choice(found)
        at = chance.randrange(len(some) - 1)
        pairs.add(f"{some[at]} {some[at + 1]}")
    return sorted(single), sorted(pairs)


@pytest.fixture(scope="module")
def search(texts, tmp_path_factory):
    with Catalogue(tmp_path_factory.mktemp("recall")) as catalogue:
        documents = [
            (Document(name, "s", f"http://a.example/{name}", "", "en", "20260301023000", "t", 0, 1, ""), text)
            for name, text in texts.items()
        ]
        generation = catalogue.publish(None, documents)
        yield lambda query: set(scores(catalogue, generation, query))


@pytest.fixture(scope="module")
def fts(texts):
    """SQLite's FTS5 over the same texts, its tokens those of Unicode 6.1 without accents."""
    with sqlite3.connect(":memory:") as base:
        base.execute(
            "CREATE VIRTUAL TABLE t USING fts5(name UNINDEXED, text, tokenize='unicode61 remove_diacritics 2')"
        )
        base.executemany("INSERT INTO t VALUES (?, ?)", texts.items())

    def find(query):
        return {name for (name,) in base.execute("SELECT name FROM t WHERE text MATCH ?", (f'"{query}"',))}

    yield find
    base.close()


def test_words_as_a_plain_scan(texts, asked, search):
    """Every page that has a word, as reading it with a regular expression tells, is found by that word."""
    for word in asked[0]:
        pattern = re.compile(_BOUNDARY.format(re.escape(word)), re.IGNORECASE)
        scanned = {name for name, text in texts.items() if pattern.search(text)}
        assert scanned
        assert scanned - search(word) == set(), word


def test_phrases_as_a_plain_scan(texts, asked, search):
    """Every page that has two words one after the other is found by them in quotes."""
    for pair in asked[1]:
        gap = r"[\W_]+".join(map(re.escape, pair.split()))
        pattern = re.compile(_BOUNDARY.format(gap), re.IGNORECASE)
        scanned = {name for name, text in texts.items() if pattern.search(text)}
        assert scanned - search(f'"{pair}"') == set(), pair


def test_nothing_less_than_sqlite(asked, search, fts):
    """Whatever SQLite's full text finds, of words and of rows of words, is found."""
    for query in [*asked[0], *(f"{pair}" for pair in asked[1])]:
        assert fts(query) - search(f'"{query}"') == set(), query


def test_what_whoosh_would_miss(texts, asked, search):
    """Whoosh's own analyser loses hits in these very texts: common and short words, and parts of dotted names."""
    analyser = StandardAnalyzer()
    tokens = {name: {token.text for token in analyser(text)} for name, text in texts.items()}
    theirs = sum(word in some for word in asked[0] for some in tokens.values())
    ours = sum(len(search(word)) for word in asked[0])
    assert theirs < 0.91 * ours
