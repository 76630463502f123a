# SPDX-License-Identifier: EUPL-1.2
"""
The known faults of whoosh: each shown where it is, and that the catalogue does not have it.

The same file runs on `whoosh3`, which has the same import name and has mended some (`make whoosh3`).
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
import whoosh
from whoosh import fields, index, query
from whoosh.analysis import StandardAnalyzer
from whoosh.collectors import TimeLimitCollector
from whoosh.qparser import QueryParser
from whoosh.qparser.dateparse import DateParserPlugin
from whoosh.reading import SegmentReader
from whoosh.writing import SegmentWriter

from index.catalogue import Catalogue
from index.document import Document
from index.errors import StorageError
from tests.support.scored import scores

OLD = whoosh.__version__ == (2, 7, 4)
"""Whether this is the whoosh that Daykeep is installed with."""


def doc(name, language="nl", title=""):
    return Document(
        name, "demo", f"https://example.org/{name}", title, language, "20260301023000", "t", 0, 1, ""
    )


@pytest.fixture
def catalogue(tmp_path):
    with Catalogue(tmp_path / "search") as opened:
        yield opened


def found(catalogue, generation, asked, among):
    return set(scores(catalogue, generation, asked, among))


def plain(folder, schema, documents):
    """Return an index of whoosh's own."""
    folder.mkdir()
    opened = index.create_in(folder, schema)
    writer = opened.writer()
    for document in documents:
        writer.add_document(**document)
    writer.commit()
    return opened


def test_not_not(catalogue):
    """The parser of whoosh raises on negations in a row; ours reads one."""
    parser = QueryParser("text", fields.Schema(text=fields.TEXT))
    if OLD:
        with pytest.raises(IndexError):
            parser.parse("NOT NOT NOT a")
    generation = catalogue.publish(None, [(doc("a"), "a b"), (doc("b"), "b")])
    assert found(catalogue, generation, "b NOT NOT NOT a", {"a", "b"}) == {"b"}
    assert found(catalogue, generation, "NOT NOT NOT a", {"a", "b"}) == set()


def test_date_ranges(tmp_path, catalogue):
    """The date parser of whoosh takes a range for all there is; ours has days outside the query."""
    days = [{"at": datetime(2026, 3, day, tzinfo=UTC).replace(tzinfo=None)} for day in range(1, 21)]
    with plain(tmp_path / "own", fields.Schema(at=fields.DATETIME), days).searcher() as searcher:
        parser = QueryParser("at", searcher.schema)
        parser.add_plugin(DateParserPlugin())
        hits = len(searcher.search(parser.parse("at:[2026-03-05 to 2026-03-07]"), limit=None))
    assert (hits == 20) == OLD
    generation = catalogue.publish(None, [(doc(f"{n}"), "leges 2026-03-05 to 2026-03-07") for n in range(9)])
    assert found(catalogue, generation, "at:[2026-03-05 to 2026-03-07]", {"1", "2"}) == set()
    assert found(catalogue, generation, "[2026-03-05 to 2026-03-07]", {"1", "2"}) == {"1", "2"}


def test_filter_within_a_time_limit(tmp_path, catalogue):
    """With a time limit whoosh passes over the filter; ours finds nothing but what counts."""
    texts = [{"text": "leges", "kind": "ab"[n % 2]} for n in range(20)]
    schema = fields.Schema(text=fields.TEXT, kind=fields.ID)
    with plain(tmp_path / "own", schema, texts).searcher() as searcher:
        limited = TimeLimitCollector(searcher.collector(limit=None, filter=query.Term("kind", "a")), 10)
        searcher.search_with_collector(query.Term("text", "leges"), limited)
        hits = len(limited.results())
    assert (hits == 20) == OLD
    generation = catalogue.publish(None, [(doc(f"{n}"), "leges") for n in range(20)])
    assert found(catalogue, generation, "leges", {"3", "5"}) == {"3", "5"}


def test_lock_after_a_failed_commit(tmp_path, catalogue, monkeypatch):
    """After a commit that fails whoosh's index is locked for good; ours is published to again."""

    def full(*_):
        raise OSError(28, "No space left on device")

    own = plain(tmp_path / "own", fields.Schema(text=fields.TEXT), [{"text": "a"}])
    first = catalogue.publish(None, [(doc("a"), "leges")])
    with monkeypatch.context() as patched:
        patched.setattr(SegmentWriter, "_commit_toc", full)
        writer = own.writer()
        writer.add_document(text="b")
        with pytest.raises(OSError, match="No space left"):
            writer.commit()
        with pytest.raises(StorageError, match="No space left"):
            catalogue.publish(first, [(doc("b"), "leges")])
    lock = own.lock("WRITELOCK")
    free = lock.acquire()
    assert free != OLD
    (lock if free else writer.writelock).release()
    second = catalogue.publish(first, [(doc("b"), "leges")])
    assert found(catalogue, second, "leges", {"a", "b"}) == {"a", "b"}


def test_reader_during_a_commit(tmp_path, catalogue):
    """A merge takes files away from whoosh's readers that open late; a generation keeps its own."""
    own = plain(tmp_path / "own", fields.Schema(text=fields.TEXT), [{"text": "a"}])
    late = own._segments()
    writer = own.writer()
    writer.add_document(text="b")
    writer.commit(optimize=True)
    with pytest.raises(OSError, match="No such file"):
        SegmentReader(own.storage, own.schema, late[0])
    generations = [catalogue.publish(None, [(doc("0"), "leges")])]
    for number in range(1, 12):
        generations.append(catalogue.publish(generations[-1], [(doc(f"{number}"), "leges")]))
    names = {f"{number}" for number in range(12)}
    for number, generation in enumerate(generations):
        assert len(found(catalogue, generation, "leges", names)) == number + 1


def test_require(tmp_path, catalogue):
    """`Require` of whoosh drops what it should demand; ours demands every word."""
    own = plain(tmp_path / "own", fields.Schema(text=fields.TEXT), [{"text": "aap noot"}, {"text": "aap"}])
    with own.searcher() as searcher:
        asked = query.Require(query.Term("text", "aap"), query.Term("text", "noot"))
        try:
            hits = {hit.docnum for hit in searcher.search(asked)}
        except Exception:  # noqa: BLE001  whatever it says, it is no answer
            hits = None
    assert (hits == {0}) != OLD
    generation = catalogue.publish(None, [(doc("a"), "aap noot"), (doc("b"), "aap")])
    assert found(catalogue, generation, "aap noot", {"a", "b"}) == {"a"}


def test_length_of_a_field_that_a_document_lacks(tmp_path, catalogue):
    """Whoosh's length of a field that a document lacks and others have is None; ours takes it for nothing."""
    schema = fields.Schema(a=fields.TEXT, b=fields.TEXT)
    with plain(tmp_path / "own", schema, [{"a": "aap"}, {"b": "noot"}]).reader() as reader:
        assert reader.doc_field_length(0, "b", 0) is None
    generation = catalogue.publish(None, [(doc("a", "en"), "permit"), (doc("b"), "paspoort")])
    assert found(catalogue, generation, "permits", {"a", "b"}) == {"a"}


DROPPED = ["to be or not to be", "the who", "a", "vitamine a", "ind.nl", "example.org", "x"]


@pytest.mark.parametrize("text", DROPPED)
def test_every_word_is_found(catalogue, text):
    """Whoosh's own analyser drops common and short words and keeps dotted names whole; ours finds each word."""
    generation = catalogue.publish(None, [(doc("a"), f"begin {text} end"), (doc("b"), "iets anders")])
    for word in text.replace(".", " ").split():
        assert found(catalogue, generation, word, {"a", "b"}) == {"a"}
    assert found(catalogue, generation, f'"begin {text} end"', {"a", "b"}) == {"a"}
    kept = [token.text for token in StandardAnalyzer()(text)]
    assert kept != text.replace(".", " ").split()


def test_one_position_for_all_threads(catalogue):
    """Whoosh's readers share the position in their file: several threads at once get their own answers here."""
    texts = [(doc(f"{n}"), " ".join(f"woord{m}" for m in range(n % 13 + 1))) for n in range(200)]
    generation = catalogue.publish(None, texts)
    names = {one.id for one, _ in texts}
    expected = {m: found(catalogue, generation, f"woord{m}", names) for m in range(13)}
    wrong = []

    def look():
        for _ in range(8):
            wrong.extend(
                m for m in expected if found(catalogue, generation, f"woord{m}", names) != expected[m]
            )

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(expected[12]) == 15
