# SPDX-License-Identifier: EUPL-1.2
"""Segments that become one: what is found, its order and its scores stay; a day merges little, and few are left."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.compose import shelves_below
from archiver.rebuilding import rebuild_beside
from index import merging, postings
from index.catalogue import Catalogue
from index.document import Document
from index.merging import CROWDED, FAN, MOST, SMALLEST, worth_merging
from index.segment import Recent
from index.words import parse
from tests.support.daily import daily
from tests.support.daily import html as page
from tests.support.days import stamp
from tests.support.snapshots import SITE

WORDS = ["leges", "paspoort", "permits", "verlenging", "de", "op", "tijd", "zeldzaam"]
ASKED = [*WORDS, '"op tijd"', '"de de"', "leges -tijd", '"permits verlenging"', "naam7", "nergens"]


def made(number, chance):
    text = " ".join(chance.choices(WORDS, weights=[9, 8, 5, 4, 30, 9, 9, 1], k=chance.randint(0, 60)))
    name, title = f"id{number:04}", f"naam{number % 10} {chance.choice(WORDS)}"
    language = chance.choice(["nl", "en", "fr", ""])
    url = f"https://example.org/{number}"
    return Document(name, "demo", url, title, language, stamp(0), "t.warc", 0, 1, "sha256:0"), text


def answers(catalogue, generation):
    """Return what is found for everything that is asked, by id, with scores."""
    names = catalogue.documents(generation)
    among = bytes(1 for _ in names)
    found = {}
    for asked in ASKED:
        matches = catalogue.search(generation, parse(asked), among)
        pairs = zip(matches.numbers, matches.scores, strict=True)
        found[asked] = sorted((names[number], round(score, 9)) for number, score in pairs)
    return found, catalogue.corrections(generation, parse("pasport zeldzaan permitz"))


def segments(root, generation):
    return sorted(path.stat().st_size for path in (root / generation).glob("*.seg"))


@pytest.mark.parametrize(("blocks", "gaps"), [(postings._DOCUMENTS, postings._GAPS), (3, 64), (1, 1)])
def test_answers_stay(tmp_path, monkeypatch, blocks, gaps):
    """However often segments were merged, and however lists are cut into blocks, all is found as in one."""
    monkeypatch.setattr(postings, "_DOCUMENTS", blocks)
    monkeypatch.setattr(postings, "_GAPS", gaps)
    chance = random.Random(3)
    documents = [made(number, chance) for number in range(150)]
    with Catalogue(tmp_path / "one") as one, Catalogue(tmp_path / "many") as many:
        whole, generation = one.publish(None, documents), None
        for first in range(0, 150, 6):
            generation = many.publish(generation, documents[first : first + 6])
        assert len(segments(tmp_path / "many", generation)) < 8
        assert answers(many, generation) == answers(one, whole)
        assert sorted(many.documents(generation)) == sorted(one.documents(whole))
        monkeypatch.setattr(merging, "CROWDED", 2)
        settled = many.settled(generation)
        assert settled != generation
        assert len(segments(tmp_path / "many", settled)) == 1
        assert many.settled(settled) == settled
        assert answers(many, settled) == answers(one, whole)
        assert {path.suffix for path in (tmp_path / "many" / settled).iterdir()} == {".seg", ".toc"}


def test_memory_is_of_all_segments_together(tmp_path, monkeypatch):
    """What is kept of common words stays within its bound however many segments have them, and goes with them."""
    room, words = 40_000, [f"woord{number}" for number in range(30)]
    monkeypatch.setattr("index.catalogue.Recent", lambda: Recent(room))
    monkeypatch.setattr(merging, "worth_merging", lambda _sizes: [])
    text = " ".join(words * 4)
    with Catalogue(tmp_path / "search") as catalogue:
        generation = None
        for first in range(0, 1000, 250):
            some = [
                replace(made(number, random.Random(1))[0], id=f"{number}")
                for number in range(first, first + 250)
            ]
            generation = catalogue.publish(generation, [(one, text) for one in some])
        assert len(segments(tmp_path / "search", generation)) == 4
        for word, following in pairwise(words):
            asked = parse(f'{word} "{word} {following}"')
            assert len(catalogue.search(generation, asked, bytes([1] * 1000)).numbers) == 1000
        for kept in (catalogue._recent.postings, catalogue._recent.places):
            assert 0 < sum(size for size, _ in kept._kept.values()) <= room
            assert len({name[0] for name in kept._kept}) > 1
        catalogue.close()
        assert not catalogue._recent.postings._kept
        assert (catalogue._recent.postings._room, catalogue._recent.places._room) == (room, room)


@given(st.lists(st.integers(0, 4 * MOST), max_size=60))
def test_what_is_worth_it(sizes):
    """A few of about one size, never more than a day may cost; where there are many, only for being too large."""
    chosen = worth_merging(sizes)
    assert sum(sizes[number] for number in chosen) <= MOST
    assert len(chosen) in (0, FAN)
    assert len(set(chosen)) == len(chosen)
    if not chosen:
        assert sum(size < SMALLEST for size in sizes) < FAN


def test_ten_years():
    """By sizes alone: each day merges a bounded part, all of it a few times over, and few segments are left."""
    sizes, merged, written = [], [], 0
    for _ in range(3650):
        chosen = worth_merging(sizes)
        merged.append(sum(sizes[number] for number in chosen))
        sizes = [size for number, size in enumerate(sizes) if number not in chosen]
        sizes += [merged[-1]] if chosen else []
        sizes.append(600_000)
        written += 600_000
        if len(sizes) >= CROWDED:
            sizes = [sum(sizes)]
    assert max(merged) <= MOST
    assert sum(merged) < 4 * written
    assert len(sizes) < CROWDED


def test_a_catalogue_in_use_is_settled(tmp_path, monkeypatch):
    """When many segments have come together they are made one, after the day is there, and readers go on."""
    day = {"/": page("begin", "/a"), "/a": page("paspoort dag0")}
    with daily(tmp_path, day) as site:
        archive = site.archive
        monkeypatch.setattr(merging, "CROWDED", 3)
        visitor = site.visitor()
        for number in range(4):
            site.take(day | {"/a": page(f"paspoort dag{number}")})
            shown = visitor.get(f"/{SITE}/search?q=dag{number}").get_data(as_text=True)
            assert shown.count("<mark>") == 1
        generation = archive.shelves.history.generation()
        assert int(generation.partition("-")[0]) == 4 + 1  # one for each day, and one that was settled
        root = archive.collection.catalogue / "search"
        assert len(segments(root, generation)) < 3
        rebuild_beside(archive.collection, shelves_below, lambda *_: None, _raise)
        assert visitor.get(f"/{SITE}/search?q=dag3").get_data(as_text=True).count("<mark>") == 1


def _raise(_folder, error):
    raise error
