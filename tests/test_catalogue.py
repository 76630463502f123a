# SPDX-License-Identifier: EUPL-1.2
"""Search: words, generations, and days."""

from __future__ import annotations

import hashlib
import shutil
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import catalogue as module
from index.catalogue import Catalogue, excerpt
from index.document import Document
from index.errors import DamagedError, NotFoundError, StorageError
from index.history import History
from index.words import MAX_TERMS, parse
from tests.support.days import Answer, document, publish, stamp

QUERIES = [
    ("", []),
    ('"', []),
    ("? ! -", []),
    ("Paspoort LEGES", [("paspoort",), ("leges",)]),
    ('"op tijd" verlengen', [("op", "tijd"), ("verlengen",)]),
    ('verlengen "op tijd', [("verlengen",), ("op",), ("tijd",)]),
    ("„op tijd”", [("op", "tijd")]),
    ("au-pair ind.nl foto's", [("au", "pair"), ("ind", "nl"), ("foto", "s")]),
    ("Café cafe\u0301 cafe", [("cafe",)]),
    ("wat kost het?", [("wat",), ("kost",), ("het",)]),
    ("NOT NOT a AND (b OR", [("not",), ("a",), ("and",), ("b",), ("or",)]),
    ("title:x* ~y^2 [a TO b]", [("title", "x"), ("y", "2"), ("a",), ("to",), ("b",)]),
    ("snake_case", [("snake", "case")]),
    ("Straße ﬁn İ", [("strasse",), ("fin",), ("i",)]),
    ("x" * 150, [("x" * 64,)]),
    ("a" * 300, [("a" * 64,)]),
]
TEXTS = [
    (
        "nl1",
        "nl",
        "Aanvraag",
        "De verblijfsvergunningen voor een au-pair van café Ópera. Zie ind.nl en foto's.",
    ),
    ("nl2", "", "Paspoort", "Paspoorten verlengen op tijd; een au pair vraagt aan."),
    ("en1", "en", "Permits", "Residence permits for an au pair."),
    ("de1", "de", "Genehmigung", "Aufenthaltsgenehmigungen, leges"),
]
FOUND = [
    ("verblijfsvergunning", {"nl1"}),
    ("verblijfsvergunningen", {"nl1"}),
    ("au-pair", {"nl1", "nl2", "en1"}),
    ('"au pair"', {"nl1", "nl2", "en1"}),
    ('"pair au"', set()),
    ('"paspoorten verlengen"', {"nl2"}),
    ('"verlengen paspoort"', set()),
    ("verlengen paspoort", {"nl2"}),
    ("cafe opera", {"nl1"}),
    ("ind", {"nl1"}),
    ("ind.nl", {"nl1"}),
    ("foto's", {"nl1"}),
    ("permit", {"en1"}),
    ("Permits residences", {"en1"}),
    ("aufenthaltsgenehmigungen", {"de1"}),
    ("aufenthaltsgenehmigung", set()),
    ("paspoort permit", set()),
    ("aanvraag?", {"nl1"}),
    ("onbekend", set()),
    ("NOT NOT a", set()),
    ('"', set()),
]


def doc(name, language="nl", title="", site="demo"):
    return Document(name, site, f"https://example.org/{name}", title, language, stamp(0), "t.warc", 0, 1)


def ids(catalogue, generation, asked, site="demo", allowed=set, **other):
    return {
        hit.id for hit in catalogue.search(generation, site, asked, limit=100, allowed=allowed, **other).hits
    }


def contents(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture
def catalogue(tmp_path):
    with Catalogue(tmp_path / "search") as opened:
        yield opened


@pytest.fixture
def filled(catalogue):
    return catalogue.publish(
        None, [(doc(name, language, title), text) for name, language, title, text in TEXTS]
    )


@pytest.mark.parametrize(("asked", "phrases"), QUERIES)
def test_parse(asked, phrases):
    """Words, phrases, and nothing else that has a meaning."""
    assert parse(asked) == phrases


def test_parse_is_bounded():
    """A query of a hundred words is one of twenty."""
    assert sum(map(len, parse(" ".join(map(str, range(100)))))) == MAX_TERMS
    assert sum(map(len, parse('"' + " ".join(map(str, range(60))) + '"'))) == MAX_TERMS


@pytest.mark.parametrize(("asked", "found"), FOUND)
def test_search(catalogue, filled, asked, found):
    """Words are found in every form their language gives them, phrases in their order."""
    assert ids(catalogue, filled, asked) == found


def test_title_weighs_more(catalogue):
    """A page that has the word in its title comes first."""
    texts = [(doc("a", title="Verlof"), "over leges"), (doc("b", title="Leges"), "over verlof")]
    generation = catalogue.publish(None, texts)
    assert [hit.id for hit in catalogue.search(generation, "demo", "leges", limit=9, allowed=set).hits] == [
        "b",
        "a",
    ]


def test_sites_are_apart(catalogue):
    """A search is within one site."""
    texts = [(doc("a"), "leges"), (doc("b", site="other"), "leges")]
    generation = catalogue.publish(None, texts)
    assert ids(catalogue, generation, "leges") == {"a"}
    assert ids(catalogue, generation, "leges", site="other") == {"b"}
    assert ids(catalogue, generation, "leges", site="none") == set()


def test_parts_and_total(catalogue):
    """The total counts what is allowed, whichever part is shown."""
    generation = catalogue.publish(None, [(doc(f"{number:02}"), "leges") for number in range(30)])
    even = {f"{number:02}" for number in range(0, 30, 2)}
    shown = [
        catalogue.search(generation, "demo", "leges", limit=10, offset=offset, allowed=even.intersection)
        for offset in (0, 10, 20)
    ]
    assert [hit.id for part in shown for hit in part.hits] == sorted(even)
    assert {(part.total, part.complete) for part in shown} == {(15, True)}


def test_depth_is_bounded(catalogue, monkeypatch):
    """Where more match than are looked at, the answer says so."""
    monkeypatch.setattr(module, "DEPTHS", (5, 10))
    generation = catalogue.publish(None, [(doc(f"{number:02}"), "leges") for number in range(20)])
    few = catalogue.search(generation, "demo", "leges", limit=3, allowed=set)
    assert (len(few.hits), few.total, few.complete) == (3, 5, False)
    none = catalogue.search(generation, "demo", "leges", limit=3, allowed=lambda _: set())
    assert (none.hits, none.total, none.complete) == ([], 0, False)


def test_generations_never_change(catalogue, tmp_path):
    """Publishing again and again, merges included, leaves every earlier generation byte for byte."""
    generations, kept = [], {}
    for number in range(12):
        last = generations[-1] if generations else None
        generations.append(catalogue.publish(last, [(doc(f"{number:02}"), f"leges woord{number}")]))
        kept[generations[-1]] = contents(tmp_path / "search" / generations[-1])
    for number, generation in enumerate(generations):
        assert contents(tmp_path / "search" / generation) == kept[generation]
        assert len(ids(catalogue, generation, "leges")) == number + 1
    assert len(kept[generations[-1]]) < 12
    assert not [name for names in kept.values() for name in names if "LOCK" in name or "tmp" in name]


def test_same_document_once(catalogue):
    """A document that is published twice is there once, and nothing new makes no new generation."""
    first = catalogue.publish(None, [(doc("a"), "leges"), (doc("a"), "leges")])
    assert catalogue.publish(first, [(doc("a"), "leges")]) == first
    assert catalogue.publish(first, []) == first
    assert catalogue.search(first, "demo", "leges", limit=9, allowed=set).total == 1


def test_empty_catalogue(catalogue):
    """The first day of a site without pages has a generation without documents."""
    generation = catalogue.publish(None, [])
    assert ids(catalogue, generation, "leges") == set()
    assert ids(catalogue, catalogue.publish(generation, [(doc("a"), "leges")]), "leges") == {"a"}


def test_failure_leaves_the_old_generation(catalogue, filled, tmp_path):
    """A text that cannot be had stops publishing; the old generation stands, and nothing else is left."""
    before = contents(tmp_path / "search" / filled)

    def failing():
        yield doc("new"), "leges"
        raise DamagedError("torn")

    with pytest.raises(DamagedError, match="torn"):
        catalogue.publish(filled, failing())
    assert [path.name for path in (tmp_path / "search").iterdir()] == [filled]
    assert contents(tmp_path / "search" / filled) == before
    assert ids(catalogue, catalogue.publish(filled, [(doc("new"), "leges")]), "leges") == {"new", "de1"}


def test_failing_commit(catalogue, filled, tmp_path, monkeypatch):
    """A disk that is full during the commit leaves no lock and no half generation."""
    from whoosh.writing import SegmentWriter

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(SegmentWriter, "_commit_toc", full)
        with pytest.raises(StorageError, match="No space left"):
            catalogue.publish(filled, [(doc("new"), "leges")])
    assert [path.name for path in (tmp_path / "search").iterdir()] == [filled]
    assert ids(catalogue, catalogue.publish(filled, [(doc("new"), "leges")]), "leges") == {"new", "de1"}


def test_crash_is_cleared_away(catalogue, filled, tmp_path):
    """What a crash left half made goes when the next generation is made."""
    shutil.copytree(tmp_path / "search" / filled, tmp_path / "search" / "00000002-dead.partial")
    catalogue.publish(filled, [(doc("new"), "leges")])
    assert not list((tmp_path / "search").glob("*.partial"))


def test_collect(catalogue, filled, tmp_path):
    """Generations that nothing names are deleted; one that is gone is told."""
    newer = catalogue.publish(filled, [(doc("new"), "leges")])
    assert ids(catalogue, filled, "leges") == {"de1"}
    catalogue.collect({newer})
    assert [path.name for path in (tmp_path / "search").iterdir()] == [newer]
    assert ids(catalogue, newer, "leges") == {"de1", "new"}
    with pytest.raises(NotFoundError, match=filled):
        ids(catalogue, filled, "leges")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # whoosh leaves the file open
def test_damaged_generation(catalogue, filled, tmp_path):
    """A generation that cannot be read is damage, and a rebuild mends it."""
    for path in (tmp_path / "search" / filled).glob("*.toc"):
        path.write_bytes(b"\x00" * 100)
    with pytest.raises(DamagedError, match="rebuild"):
        ids(catalogue, filled, "leges")


def test_threads(catalogue, filled):
    """Threads that search at once each get their own answer."""
    wrong = []

    def look():
        wrong.extend(asked for asked, found in FOUND * 5 if ids(catalogue, filled, asked) != found)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_hostile_page(catalogue):
    """A page of one word and a query of the same do not keep the searcher for long."""
    generation = catalogue.publish(None, [(doc("a"), "de " * 200_000)])
    start = time.process_time()
    assert ids(catalogue, generation, '"' + "de " * 20 + '"') == {"a"}
    assert excerpt("de " * 200_000, "de", "nl")
    assert time.process_time() - start < 10


EXCERPTS = [
    (
        "De leges voor paspoorten.",
        "paspoort",
        [("De leges voor ", False), ("paspoorten", True), (".", False)],
    ),
    ("Café  open", "cafe", [("Café", True), (" open", False)]),
    ("Niets daarvan", "leges", [("Niets daarvan", False)]),
    ("<b>leges</b>", "leges", [("<b>", False), ("leges", True), ("</b>", False)]),
    ("", "leges", []),
]


@pytest.mark.parametrize(("text", "asked", "pieces"), EXCERPTS)
def test_excerpt(text, asked, pieces):
    """An excerpt marks the words asked for, whatever their ending and accents."""
    assert excerpt(text, asked, "nl") == pieces


def test_excerpt_takes_the_best_stretch():
    """Of a long text, the stretch with most of the words is shown."""
    text = "leges " + "vulling " * 200 + "het tarief van de leges " + "vulling " * 200
    pieces = excerpt(text, "tarief leges", "nl")
    assert [piece for piece, marked in pieces if marked] == ["tarief", "leges"]
    assert (pieces[0][0], pieces[-1][0]) == ("… ", " …")
    assert sum(len(piece) for piece, _ in pieces) < 320


_WORDS = ["leges", "paspoort", "verlof", "tijd"]
_TEXTS = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=4).map(" ".join)
_PAGES = st.builds(
    Answer,
    _TEXTS,
    st.sampled_from([200, 200, 404]),
    st.just("text/html"),
    st.sampled_from(["nl", "en", "fr"]),
)
_DAYS = st.lists(
    st.dictionaries(st.sampled_from([f"https://example.org/{n}" for n in "abcd"]), _PAGES, max_size=4),
    min_size=1,
    max_size=4,
)
_ASKED = st.lists(st.sampled_from([*_WORDS, '"leges paspoort"', "tijd-verlof"]), min_size=1, max_size=3)


def has(text, piece):
    phrase = piece.strip('"').replace("-", " ")
    return f" {phrase} " in f" {text} "


@settings(max_examples=12, deadline=None)
@given(days=_DAYS, asked=_ASKED)
def test_search_on_a_day_equals_a_scan(tmp_path_factory, days, asked):
    """What search finds on a day is what reading that day's pages one by one would find."""
    folder = tmp_path_factory.mktemp("catalogue")
    with History(folder / "h.sqlite") as history, Catalogue(folder / "search") as catalogue:
        publish(history, days, catalogue=catalogue)
        for day, answers in enumerate(days):
            results = catalogue.search(
                history.generation(),
                "demo",
                " ".join(asked),
                limit=100,
                allowed=lambda ids, day=day: history.online(ids, "demo", stamp(day)),
            )
            expected = {
                document("demo", url, answer, day).id
                for url, answer in answers.items()
                if answer.status == 200 and all(has(answer.text, piece) for piece in asked)
            }
            assert {hit.id for hit in results.hits} == expected
            assert (results.total, results.complete) == (len(expected), True)
