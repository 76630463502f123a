# SPDX-License-Identifier: EUPL-1.2
"""Search as of a day: against a plain scan of that day's pages, with filters, facets, parts and corrections."""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.budget import Budget
from index.catalogue import Catalogue
from index.corrections import Dictionaries
from index.errors import DamagedError, NotFoundError, QueryError
from index.history import History
from index.model import Outcome
from index.search import Filters, Search, respelled
from index.words import parse
from tests.support.days import Answer, document, publish, snapshot, stamp

ROOT = "https://example.org/"
HTML, PDF, WORD = "text/html", "application/pdf", "application/msword"


@contextmanager
def opened(folder, days=()):
    """Publish days, and give the search over them with its history and catalogue."""
    with History(folder / "h.sqlite") as history, Catalogue(folder / "search") as catalogue:
        publish(history, days, catalogue=catalogue)
        yield Search(history, catalogue), history, catalogue


_WORDS = ["leges", "paspoort", "verlof", "tijd"]
_TEXTS = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=4).map(" ".join)
_PAGES = st.builds(
    Answer,
    _TEXTS,
    st.sampled_from([200, 200, 404]),
    st.sampled_from([HTML, PDF]),
    st.sampled_from(["nl", "en", "fr"]),
)
_DAYS = st.lists(
    st.dictionaries(st.sampled_from([f"{ROOT}{n}" for n in "abcd"]), _PAGES, max_size=4),
    min_size=1,
    max_size=4,
)
_ASKED = st.lists(
    st.sampled_from([*_WORDS, '"leges paspoort"', "tijd-verlof", "-leges", '-"tijd tijd"']),
    min_size=1,
    max_size=3,
)


def has(text, piece):
    phrase = piece.strip('-"').replace("-", " ")
    return f" {phrase} " in f" {text} "


def matches(text, asked):
    """Tell by reading whether a text has what is asked for."""
    wanted = [piece for piece in asked if piece[0] != "-"]
    return bool(wanted) and all(has(text, piece) != (piece[0] == "-") for piece in asked)


@settings(max_examples=12, deadline=None)
@given(days=_DAYS, asked=_ASKED)
def test_search_on_a_day_equals_a_scan(tmp_path_factory, days, asked):
    """What search finds on a day is what reading that day's pages one by one would find."""
    with opened(tmp_path_factory.mktemp("catalogue"), days) as (search, _, _):
        for day, answers in enumerate(days):
            found = search.find("demo", " ".join(asked), stamp(day), limit=100)
            expected = {
                document("demo", url, answer, day).id: answer.mime
                for url, answer in answers.items()
                if answer.status == 200 and matches(answer.text, asked)
            }
            assert {hit.id for hit in found.hits} == set(expected)
            assert found.total == sum(found.kinds.values()) == sum(found.years.values()) == len(expected)
            assert found.kinds.get("pdf", 0) == list(expected.values()).count(PDF)


def _site(seed, days, pages):
    """Return days of a site on which now and then a page changes, goes or comes back."""
    chance = random.Random(seed)
    words = [f"woord{n}" for n in range(60)]

    def text():
        return " ".join(chance.choices(words, weights=range(60, 0, -1), k=chance.randint(5, 60)))

    site, made = {f"{ROOT}{n}": text() for n in range(pages)}, []
    for _ in range(days):
        for url in chance.sample(sorted(site), max(1, pages // 10)):
            site[url] = text() if chance.random() < 0.7 else site[url]
        gone = set(chance.sample(sorted(site), pages // 20))
        made.append(
            {
                url: Answer(said, language=("nl", "en", "fr")[len(said) % 3])
                for url, said in site.items()
                if url not in gone
            }
        )
    return made, words, chance


@pytest.mark.large
def test_a_thousand_random_queries(tmp_path):
    """A thousand queries of words, phrases and words that must not be there, each on a random day, equal a scan."""
    days, words, chance = _site(5, days=40, pages=60)
    with opened(tmp_path, days) as (search, _, _):
        some = 0
        for _ in range(1000):
            day = chance.randrange(len(days))
            text = chance.choice(list(days[day].values())).text.split()
            at = chance.randrange(len(text))
            asked = [
                chance.choice([chance.choice(words), f'"{" ".join(text[at : at + chance.randint(2, 3)])}"'])
            ]
            asked += chance.choice([[], [chance.choice(words)], [f"-{chance.choice(words)}"]])
            found = search.find("demo", " ".join(asked), stamp(day), limit=1000)
            expected = {url for url, answer in days[day].items() if matches(answer.text, asked)}
            assert {hit.url for hit in found.hits} == expected, (asked, day)
            assert found.total == len(expected)
            some += 0 < len(expected) < len(days[day])
        assert some > 500


KINDS = {
    f"{ROOT}nl/a": Answer("leges paspoort", mime=HTML),
    f"{ROOT}nl/b": Answer("leges", mime=PDF),
    f"{ROOT}en/c": Answer("leges verlof", mime=WORD),
    f"{ROOT}en/d": Answer("leges tijd", mime="application/xhtml+xml"),
    "http://example.org/nl/e": Answer("leges oud", mime=HTML),
}
FILTERED = [
    (Filters(), "abcde"),
    (Filters(kind="html"), "ade"),
    (Filters(kind="pdf"), "b"),
    (Filters(kind="document"), "c"),
    (Filters(prefix="https://example.org/nl/"), "abe"),
    (Filters(prefix="example.org/nl/"), "abe"),
    (Filters(prefix="EXAMPLE.org/nl"), "abe"),
    (Filters(prefix="https://example.org/NL/"), ""),
    (Filters(prefix="example.org/nl/", kind="html"), "ae"),
    (Filters(prefix="HTTP://example.org/nl/"), "abe"),
    (Filters(year="2026"), "abcde"),
    (Filters(year="2025"), ""),
    (Filters(prefix="x" * 10_000, kind="nothing", year="never"), ""),
]


@pytest.mark.parametrize(("filters", "found"), FILTERED)
def test_filters(tmp_path, filters, found):
    """Addresses that begin so, whatever the scheme; files of a type; texts first seen in a year."""
    with opened(tmp_path, [KINDS]) as (search, _, _):
        assert (
            "".join(
                sorted(
                    hit.url[-1]
                    for hit in search.find("demo", "leges", stamp(0), limit=9, filters=filters).hits
                )
            )
            == found
        )


@pytest.mark.parametrize("prefix", ["", "https://", "HTTP://"])
def test_an_address_that_has_another_in_it(tmp_path, prefix):
    """It is a scheme that an address begins with, and nothing else."""
    url = f"{ROOT}naar?u=http://a.example/b"
    with opened(tmp_path, [{url: Answer("leges"), f"{ROOT}naar": Answer("leges")}]) as (search, _, _):
        for end, found in (("example.org/naar?u=http://a", [url]), ("a.example/b", [])):
            filters = Filters(prefix=prefix + end)
            hits = search.find("demo", "leges", stamp(0), limit=9, filters=filters).hits
            assert [hit.url for hit in hits] == found


def test_facets(tmp_path):
    """Each facet counts what there would be with another value of it, the other filters as they are."""
    years = [{**KINDS}, {**KINDS, f"{ROOT}nl/f": Answer("leges nieuw")}]
    with opened(tmp_path, years) as (search, _, _):
        found = search.find("demo", "leges", stamp(1), limit=9)
        assert found.kinds == {"html": 4, "pdf": 1, "document": 1}
        assert found.years == {"2026": 6}
        one = search.find("demo", "leges", stamp(1), limit=9, filters=Filters(kind="pdf"))
        assert (one.total, one.kinds, one.years) == (1, found.kinds, {"2026": 1})
        none = search.find("demo", "leges", stamp(1), limit=9, filters=Filters(year="1999"))
        assert (none.total, none.kinds, none.years) == (0, {}, {"2026": 6})


def test_parts_and_total(tmp_path):
    """The total counts all that match, whichever part is shown; equals are in the order of their addresses."""
    pages = {f"{ROOT}{n:02}": Answer(f"leges {n}") for n in range(30)}
    with opened(tmp_path, [pages]) as (search, _, _):
        parts = [
            search.find("demo", "leges", stamp(0), limit=10, offset=offset) for offset in (0, 10, 20, 30)
        ]
        assert [hit.url for part in parts for hit in part.hits] == sorted(pages)
        assert {part.total for part in parts} == {30}
        assert search.find("demo", "leges", stamp(0), limit=0).hits == []


def test_best_first(tmp_path):
    """The page that speaks of it most comes first."""
    pages = {f"{ROOT}{n}": Answer("a. " + "tarief " * n + "vulling " * (20 - n)) for n in range(1, 9)}
    with opened(tmp_path, [pages]) as (search, _, _):
        found = search.find("demo", "tarief", stamp(0), limit=3)
        assert [hit.url[-1] for hit in found.hits] == ["8", "7", "6"]


def test_suggestion(tmp_path):
    """A word that nobody wrote is corrected where that finds something on that day, all else as it was typed."""
    days = [{f"{ROOT}a": Answer("leges voor het paspoort")}, {f"{ROOT}a": Answer("niets meer")}]
    with opened(tmp_path, days) as (search, _, _):

        def suggested(asked, day=0):
            return search.find("demo", asked, stamp(day), limit=9).suggestion

        assert suggested("pasport") == "paspoort"
        assert suggested('"HET Paßport" -boete leges') == '"HET paspoort" -boete leges'
        assert suggested("paspoort") == ""
        assert suggested("pasport", day=1) == ""
        assert suggested("pasport zzzzzz") == ""
        assert suggested("pasport -leges") == ""
        assert suggested("") == ""


def test_suggestion_as_filtered(tmp_path):
    """A word is proposed where it finds something under the filters that are chosen, and only there."""
    pages = {f"{ROOT}a": Answer("paspoort", mime=PDF), f"{ROOT}b": Answer("verlof")}
    with opened(tmp_path, [pages]) as (search, _, _):
        for filters, found in (
            (Filters(), "paspoort"),
            (Filters(kind="pdf"), "paspoort"),
            (Filters(year="2026"), "paspoort"),
            (Filters(kind="html"), ""),
            (Filters(year="2025"), ""),
            (Filters(prefix="example.org/b"), ""),
        ):
            assert search.find("demo", "pasport", stamp(0), limit=9, filters=filters).suggestion == found


def test_others_search_while_words_are_corrected(tmp_path, monkeypatch):
    """Corrections take their time outside the lock that all searches share."""
    begun, go_on = threading.Event(), threading.Event()
    nearest = Dictionaries.nearest

    def waiting(self, word, most):
        begun.set()
        assert go_on.wait(30)
        return nearest(self, word, most)

    monkeypatch.setattr(Dictionaries, "nearest", waiting)
    with opened(tmp_path, [KINDS]) as (search, _, _):
        found = []
        ask = lambda: found.append(search.find("demo", "legez", stamp(0), limit=9).suggestion)  # noqa: E731
        thread = threading.Thread(target=ask)
        thread.start()
        assert begun.wait(30)
        assert search.find("demo", "leges", stamp(0), limit=9).total == 5
        assert found == []
        go_on.set()
        thread.join()
        assert found == ["leges"]


@pytest.mark.parametrize("asked", ["de", '"de de"', '"de de de de de"', "leges -de", '"leges de" de'])
def test_what_one_search_may_cost(tmp_path, monkeypatch, asked):
    """Words that would have to be looked at too often are told to be too common; with more room they are found."""
    pages = {f"{ROOT}{n}": Answer("leges " + "de " * 50, title="") for n in range(10)}
    with opened(tmp_path, [pages]) as (search, _, _):
        wide = search.find("demo", asked, stamp(0), limit=99)
        assert wide.total == (0 if "-" in asked else 10)
        monkeypatch.setattr("index.search.Budget", lambda: Budget(9))
        with pytest.raises(QueryError, match="too common"):
            search.find("demo", asked, stamp(0), limit=99)


def test_a_long_phrase_of_one_word_is_bounded(tmp_path):
    """Twenty times a word that stands on pages a hundred thousand times costs what a search may, and no more."""
    pages = {f"{ROOT}{n}": Answer("de " * 100_000) for n in range(3)}
    with opened(tmp_path, [pages]) as (search, _, catalogue):
        phrase = '"' + "de " * 20 + '"'
        spent = []

        class Counting(Budget):
            def spend(self, number):
                spent.append(number)
                super().spend(number)

        generation = catalogue._open[0] if catalogue._open else search._history.generation()
        with pytest.raises(QueryError):
            catalogue.search(generation, parse(phrase), b"\1" * 3, Counting(1_000_000))
        assert sum(spent) <= 1_000_000 + 100_003
        assert search.find("demo", phrase, stamp(0), limit=9).total == 3


def test_respelled():
    """Words are replaced where they stand."""
    assert respelled("Één, twee-één!", {"een": "1"}) == "1, twee-1!"


def test_failed_and_unknown_days(tmp_path):
    """Nothing was online to a snapshot that failed, and one that is not there is told."""
    with opened(tmp_path, [KINDS]) as (search, history, _):
        assert search.find("demo", "leges", stamp(0), limit=9).total == 5
        failed = replace(snapshot(1), outcome=Outcome.FAILED)
        history.publish(failed, (), {}, previous=stamp(0), generation=None)
        assert search.find("demo", "leges", stamp(1), limit=9).total == 0
        assert search.find("demo", "leges", stamp(0), limit=9).total == 5
        with pytest.raises(NotFoundError, match=stamp(2)):
            search.find("demo", "leges", stamp(2), limit=9)
        with pytest.raises(NotFoundError, match="other"):
            search.find("other", "leges", stamp(0), limit=9)


def test_sites_are_apart(tmp_path):
    """A search is within one site, whatever others have."""
    with opened(tmp_path, [KINDS]) as (search, history, catalogue):
        publish(history, [{f"{ROOT}z": Answer("leges")}], site="other", catalogue=catalogue)
        assert [hit.url for hit in search.find("other", "leges", stamp(0), limit=9).hits] == [f"{ROOT}z"]
        assert search.find("demo", "leges", stamp(0), limit=9).total == 5


def test_no_day_is_published_yet(tmp_path):
    """A site without a page has a day on which nothing is found."""
    with opened(tmp_path) as (search, history, _):
        history.publish(snapshot(0), (), {}, previous=None, generation=None)
        assert search.find("demo", "leges", stamp(0), limit=9).total == 0


def test_readers_while_publishing(tmp_path):
    """Whoever searches while days are published finds all of a day, old or new, at every moment."""
    days = [
        {f"{ROOT}{n}": Answer(f"leges {day if n % 3 == day % 3 else 0} {n}") for n in range(12)}
        for day in range(25)
    ]
    with opened(tmp_path, days[:1]) as (search, history, catalogue):
        wrong, asked, stop = [], [], threading.Event()

        def read():
            while not stop.is_set():
                for snapshot_ in history.snapshots("demo"):
                    total = search.find("demo", "leges", snapshot_.timestamp, limit=100).total
                    asked.append(total)
                    if total != 12:
                        wrong.append((snapshot_.timestamp, total))

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for day in range(1, len(days)):
            before = history.generation()
            publish(history, days[: day + 1], catalogue=catalogue, start=day)
            catalogue.collect({before, history.generation()})
        stop.set()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert len(asked) > 25


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # whoosh leaves the file open
def test_damage_is_told(tmp_path):
    """A catalogue whose words cannot be read is told as damage, and not as pages that have none."""
    with opened(tmp_path, [KINDS]) as (search, _, _):
        for path in (tmp_path / "search").rglob("*.toc"):
            path.write_bytes(b"\x00" * 100)
        with pytest.raises(DamagedError, match="rebuild"):
            search.find("demo", "leges", stamp(0), limit=9)
