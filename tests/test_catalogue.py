# SPDX-License-Identifier: EUPL-1.2
"""Search: words, generations, and days."""

from __future__ import annotations

import hashlib
import shutil
import threading

import pytest

from index import catalogue as catalogue_module
from index import segment
from index.catalogue import Catalogue, Excerpts
from index.document import Document
from index.errors import DamagedError, GoneError, NotFoundError, StorageError
from index.words import parse
from index.writing import write_part
from tests.support.days import stamp
from tests.support.scored import scores

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
    ("au-pair -verlengen", {"nl1", "en1"}),
    ("au-pair NOT verlengen", {"nl1", "en1"}),
    ("au-pair AND verlengen", {"nl2"}),
    ('au-pair -"pair vraagt"', {"nl1", "en1"}),
    ("au-pair -permits -paspoorten", {"nl1"}),
    ("au -pair", set()),
    ("-verlengen", set()),
    ('"verblijfsvergunningen voor" "ópera zie"', {"nl1"}),
    ('"aanvraag de"', set()),
    ('"een au pair vraagt aan"', {"nl2"}),
    ("de voor een van", {"nl1"}),
    ('"', set()),
]


def doc(name, language="nl", title="", site="demo"):
    return Document(
        name, site, f"https://example.org/{name}", title, language, stamp(0), "t.warc", 0, 1, "sha256:0"
    )


def ids(catalogue, generation, asked, among=None):
    return set(scores(catalogue, generation, asked, among))


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


@pytest.mark.parametrize(("asked", "found"), FOUND)
def test_search(catalogue, filled, asked, found):
    """Words are found in every form their language gives them, phrases in their order."""
    assert ids(catalogue, filled, asked) == found


def test_title_weighs_more(catalogue):
    """A page that has the word in its title is the better one, and of texts the one that has it more often."""
    texts = [
        (doc("a", title="Verlof"), "over leges"),
        (doc("b", title="Leges"), "over verlof"),
        (doc("c", title="Verlof"), "leges leges"),
    ]
    found = scores(catalogue, catalogue.publish(None, texts), "leges")
    assert sorted(found, key=found.get, reverse=True) == ["b", "c", "a"]


def test_only_what_counts(catalogue, filled):
    """Of the documents that match, those that count are returned."""
    assert ids(catalogue, filled, "au-pair", {"nl2", "en1", "other"}) == {"nl2", "en1"}
    assert ids(catalogue, filled, "au-pair", frozenset()) == set()


def test_scores_do_not_depend_on_segments(catalogue):
    """A generation in one segment, in many and in parts of several processes gives every document one score."""
    texts = [(doc(f"{n:02}", title="Leges"), "tarief " * (n % 5) + f"woord{n % 7} leges") for n in range(40)]
    whole = catalogue.publish(None, texts)
    pieces = None
    for start in range(0, 40, 10):
        pieces = catalogue.publish(pieces, texts[start : start + 10])
    by_id = {one.id: text for one, text in texts}

    def write(parts):
        for folder, documents in parts:
            write_part(folder, ((one, by_id[one.id]) for one in documents))

    parts = catalogue.publish_in_parts(None, [one for one, _ in texts], 3, write)
    for asked in ("leges", "tarief", '"woord3 leges"', "tarief -woord1", "tarief leges woord2"):
        expected = scores(catalogue, whole, asked)
        assert expected
        for other in (pieces, parts):
            assert scores(catalogue, other, asked) == pytest.approx(expected), asked


def test_parts_are_added(catalogue, filled, tmp_path):
    """Parts go beside what a generation has; a document that is there, or comes twice, is there once."""
    documents = [doc("nl1"), doc("new"), doc("new"), doc("newer")]

    def write(parts):
        for folder, some in parts:
            write_part(folder, ((one, "leges") for one in some))

    newer = catalogue.publish_in_parts(filled, documents, 2, write)
    assert ids(catalogue, newer, "leges") == {"de1", "new", "newer"}
    assert ids(catalogue, filled, "leges") == {"de1"}
    assert catalogue.publish_in_parts(newer, documents, 2, write) == newer
    names = {path.name for path in (tmp_path / "search" / newer).iterdir()}
    assert not [name for name in names if "part" in name or "LOCK" in name or "tmp" in name]


def test_a_part_that_fails(catalogue, filled, tmp_path):
    """Where a part cannot be written, the old generation stands and nothing is left."""

    def write(parts):
        write_part(parts[0][0], [(doc("new"), "leges")])
        raise DamagedError("torn")

    with pytest.raises(DamagedError, match="torn"):
        catalogue.publish_in_parts(filled, [doc("new"), doc("newer")], 2, write)
    assert [path.name for path in (tmp_path / "search").iterdir()] == [filled]
    assert ids(catalogue, filled, "leges") == {"de1"}


CORRECTED = [
    ("paspoortt", {"paspoortt": ["paspoort"]}),
    ("passpoort", {"passpoort": ["paspoort"]}),
    ("pasport", {"pasport": ["paspoort"]}),
    ("aspoort", {"aspoort": ["paspoort"]}),
    ("apspoort", {"apspoort": ["paspoort"]}),
    ("verbljfsvergunningen", {"verbljfsvergunningen": ["verblijfsvergunningen"]}),
    ("verblyfsvergunningen", {"verblyfsvergunningen": ["verblijfsvergunningen"]}),
    ("opra", {"opra": ["opera"]}),
    ("paspoort", {}),
    ("zzzzzz", {"zzzzzz": []}),
    ("xx", {"xx": []}),
    ("opra paspoor tijdd", {"opra": ["opera"], "paspoor": ["paspoort"], "tijdd": ["tijd"]}),
    ("opra paspoor zzzzzz yyyyyy", {"opra": [], "paspoor": [], "zzzzzz": [], "yyyyyy": []}),
    ("a" * 200, {"a" * 64: []}),
    ("", {}),
]


@pytest.mark.parametrize(("asked", "found"), CORRECTED)
def test_corrections(catalogue, filled, asked, found):
    """A word that no document has is given for what it may have been meant as, as pages write it."""
    assert catalogue.corrections(filled, parse(asked)) == found


def test_the_commonest_correction_first(catalogue):
    """Of words as near as each other the one that more documents have comes first, and there are three."""
    texts = [(doc(f"{n}"), text) for n, text in enumerate(["boek", "boek bork", "boei boem boef"])]
    generation = catalogue.publish(None, texts)
    assert catalogue.corrections(generation, parse("boen")) == {"boen": ["boek", "boef", "boei"]}


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
    assert ids(catalogue, first, "leges") == {"a"}


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
    """A page of one word and a query of the same: whoosh's own pairs of positions would take half a minute."""
    generation = catalogue.publish(None, [(doc("a"), "de " * 200_000)])
    assert ids(catalogue, generation, '"' + "de " * 20 + '"') == {"a"}
    assert ids(catalogue, generation, '"' + "de " * 19 + 'het"') == set()
    assert Excerpts("de").of("de " * 200_000, "nl")


def test_hostile_pages_are_read_in_stretches(catalogue, monkeypatch):
    """Where the positions of a word are too many to be held, rows are found all the same."""
    texts = [(doc(f"{n}"), "de het " * 50 + f"de woord{n % 3}") for n in range(400)]
    generation = catalogue.publish(None, texts)
    expected = {f"{n}" for n in range(400) if n % 3 == 1}
    assert ids(catalogue, generation, '"het de woord1"') == expected
    monkeypatch.setattr(segment, "ROOM", 1000)
    assert ids(catalogue, generation, '"het de woord1"') == expected


HOSTILE = {
    "no words": "\x00\x01 --- \u200b …",
    "controls": "leges\x00naald\x1b[31m\u202e",
    "one word of nearly a million letters": "a" * 900_000 + " naald",
    "letters with a thousand accents": "n" + "\u0301" * 1000 + "aald naald",
    "many different words": " ".join(f"w{n}" for n in range(120_000)) + " te laat",
    "every script": "naald 针 иглa βελόνα إبرة סיכה 바늘 \U0001d4b3",
    "what whoosh gives a meaning": 'naald OR * ? ~ ^ [a TO z] text:nl "',
    "ligatures": "ﬁ ﷺ " * 1000 + "naald",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts(catalogue, name):
    """Whatever a page holds is indexed up to its bounds, and disturbs no other page."""
    generation = catalogue.publish(
        None, [(doc("a", title=HOSTILE[name][:5000]), HOSTILE[name]), (doc("b"), "naald")]
    )
    expected = {"a", "b"} if "naald" in HOSTILE[name] else {"b"}
    assert ids(catalogue, generation, "naald") == expected
    assert ids(catalogue, generation, "laat") == set()
    assert catalogue.corrections(generation, parse("naaldd")) == {"naaldd": ["naald"]}
    assert Excerpts("naald").of(HOSTILE[name], "nl") is not None


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
    assert Excerpts(asked).of(text, "nl") == pieces


def test_excerpt_is_a_sentence_rather_than_a_menu():
    """Unless the menu has more of the words; and it begins where its line does."""
    sentence = "Is onze beslissing te laat, dan kunt u ons schrijven; wij betalen een bedrag voor elke dag."
    text = f"Te late beslissing\nKosten\nContact\nAls onze beslissing te laat is\n{sentence}\nKosten"
    shown = "".join(piece for piece, _ in Excerpts("beslissing").of(text, "nl"))
    assert shown.removeprefix("… ").strip().startswith("Is onze beslissing te laat")
    shown = "".join(piece for piece, _ in Excerpts("contact beslissing").of(text, "nl"))
    assert shown.startswith("Te late beslissing")


def test_excerpt_takes_the_best_stretch():
    """Of a long text, the stretch with most of the words is shown."""
    text = "leges " + "vulling " * 200 + "het tarief van de leges " + "vulling " * 200
    pieces = Excerpts("tarief leges").of(text, "nl")
    assert [piece for piece, marked in pieces if marked] == ["tarief", "leges"]
    assert (pieces[0][0], pieces[-1][0]) == ("… ", " …")
    assert sum(len(piece) for piece, _ in pieces) < 320


def test_a_generation_that_goes_while_it_is_opened_is_gone(tmp_path, monkeypatch):
    """A reader that opens a generation just as it is deleted is told that it is gone, and may take the next."""
    with Catalogue(tmp_path / "search") as writer, Catalogue(tmp_path / "search") as reader:
        older = writer.publish(None, [(doc("1"), "leges")])
        newer = writer.publish(older, [(doc("2"), "kosten")])
        whole = catalogue_module.index.open_dir

        def late(folder, **options):
            writer.collect({newer})
            return whole(folder, **options)

        monkeypatch.setattr(catalogue_module.index, "open_dir", late)
        with pytest.raises(GoneError):
            reader.check(older)
        reader.check(newer)
    assert [path.name for path in (tmp_path / "search").iterdir()] == [newer]
