# SPDX-License-Identifier: EUPL-1.2
"""Snapshots and lifelines."""

from __future__ import annotations

import re
import sqlite3
import threading
from dataclasses import replace

import pytest
import sqlalchemy
from hypothesis import given, settings
from hypothesis import strategies as st

from index.changes import Earlier, Kind, merge, says
from index.errors import ArchiveError, BusyError, DamagedError, NotFoundError, StorageError
from index.history import History
from index.lifeline import Moment, nearest, neighbours
from index.model import Outcome
from tests.support.days import Answer, capture, captures, document, publish, snapshot, stamp

A, B, C = (f"https://example.org/{name}" for name in "abc")
ONE, TWO = Answer("Een tekst. Over leges"), Answer("Andere tekst. Over leges")
GONE = Answer("niet gevonden", status=404)
DAYS = [{A: ONE, B: TWO}, {A: ONE, B: GONE}, {A: TWO}, {A: ONE, C: ONE}]

_ANSWERS = st.builds(
    Answer,
    st.sampled_from(["leges paspoort", "leges", "verlof", "paspoort verlof"]),
    st.sampled_from([200, 200, 200, 404, 503]),
    st.sampled_from(["text/html", "image/png"]),
)
_URLS = st.sampled_from([A, B, C, A.upper().replace("HTTPS://EXAMPLE.ORG", "https://example.org")])
_DAYS = st.lists(st.none() | st.dictionaries(_URLS, _ANSWERS, max_size=4), min_size=1, max_size=6)


@pytest.fixture
def history(tmp_path):
    with History(tmp_path / "catalogue" / "history.sqlite") as opened:
        yield opened


def spans(intervals):
    return [(one.first, one.last, one.until, one.still) for one in intervals]


def test_alike(history):
    """All URLs of one key come with their intervals, on every site; which of them is meant is for others to say."""
    plain, upper = A.replace("https://", "http://www."), A.replace("/a", "/A")
    publish(history, [{A: ONE, B: TWO, plain: TWO}, {A: ONE, upper: GONE}])
    found = [(one.url, one.first, one.last) for one in history.alike(plain)]
    assert found == [(one.url, one.first, one.last) for one in history.alike(A)]
    assert sorted(found) == sorted(
        [(A, stamp(0), stamp(1)), (plain, stamp(0), stamp(0)), (upper, stamp(1), stamp(1))]
    )


def test_lifeline(history):
    """A lifeline has an interval for every stretch of equal content, and says when the next one begins."""
    publish(history, DAYS)
    assert spans(history.lifeline(A)) == [
        (stamp(0), stamp(1), stamp(2), False),
        (stamp(2), stamp(2), stamp(3), False),
        (stamp(3), stamp(3), None, True),
    ]
    first = history.lifeline(A)[0]
    assert (first.first_day, first.last_day, first.status, first.mime) == (
        "2026-03-01",
        "2026-03-02",
        200,
        "text/html",
    )
    assert spans(history.lifeline(B)) == [
        (stamp(0), stamp(0), stamp(1), False),
        (stamp(1), stamp(1), None, False),
    ]
    assert history.lifeline("https://example.org/unknown") == []


def test_unchanged_day_writes_no_lifeline(history, tmp_path):
    """A day on which nothing changed costs one row: its snapshot."""
    publish(history, [DAYS[0]] * 5)
    with sqlite3.connect(tmp_path / "catalogue" / "history.sqlite") as database:
        rows = database.execute("SELECT count(*), max(last) FROM lifeline").fetchone()
    database.close()
    assert rows == (2, None)
    assert history.lifeline(A)[0].last == stamp(4)


def test_snapshots(history):
    """Snapshots come back as they were, oldest first."""
    publish(history, DAYS)
    publish(history, DAYS[:1], site="other")
    assert history.sites() == ["demo", "other"]
    assert history.snapshots("demo") == [snapshot(day) for day in range(4)]
    assert history.snapshot("demo", stamp(1)) == history.snapshots("demo")[1]
    assert history.newest("demo") == snapshot(3)
    assert history.snapshot("demo", stamp(9)) is None
    assert history.newest("unknown") is None


def test_sites_are_apart(history):
    """A URL that two sites captured has a lifeline in each."""
    publish(history, DAYS)
    publish(history, [{A: TWO}], site="other")
    assert [one.site for one in history.lifeline(A)] == ["demo", "demo", "demo", "other"]
    assert [one.until for one in history.lifeline(A)][2:] == [None, None]
    assert history.sites_with(A) == ["demo", "other"]
    assert history.sites_with(B) == ["demo"]
    assert len(history.lifeline(A, "other")) == 1


def test_pages(history):
    """A day's pages are its HTML of status 200, with titles, in order, in parts."""
    other = {f"https://example.org/{number:02}": ONE for number in range(5)}
    extra = {"https://example.org/pic": Answer("x", mime="image/png"), B: GONE, A: TWO}
    publish(history, [other | extra])
    pages = history.pages("demo", stamp(0))
    assert [page.url for page in pages] == [*other, A]
    assert (pages[-1].title, pages[-1].language, pages[-1].timestamp) == ("Andere tekst", "nl", stamp(0))
    parts = history.pages("demo", stamp(0), limit=4), history.pages("demo", stamp(0), after=pages[3].url)
    assert [*parts[0], *parts[1]] == pages
    assert history.count_pages("demo", stamp(0)) == 6
    assert [page.url for page in history.pages("demo", stamp(0), contains="ANDERE")] == [A]
    assert history.count_pages("demo", stamp(0), contains="/0") == 5
    assert history.count_pages("demo", stamp(0), contains="%") == 0


@pytest.mark.parametrize("ask", ["pages", "count_pages", "changes"])
def test_unknown_snapshot(history, ask):
    """A day that is not there is told, not answered with another one."""
    publish(history, DAYS)
    calls = {
        "pages": lambda: history.pages("demo", stamp(9)),
        "count_pages": lambda: history.count_pages("demo", stamp(9)),
        "changes": lambda: history.changes("demo", stamp(0), stamp(9)),
    }
    with pytest.raises(NotFoundError, match=stamp(9)):
        calls[ask]()


def test_changes_between_two_days(history):
    """What differs between two days, whatever came between them."""
    publish(history, DAYS)
    assert [one[:2] for one in history.changes("demo", stamp(0), stamp(1))] == [("removed", B)]
    assert [one[:2] for one in history.changes("demo", stamp(0), stamp(3))] == [("new", C)]
    assert [one[:2] for one in history.changes("demo", stamp(1), stamp(2))] == [("changed", A)]
    assert [one[:2] for one in history.changes("demo", stamp(0), stamp(3), kinds=Kind)][1:] != []
    assert history.changes("demo", stamp(2), stamp(2)) == []


BAD = Answer("kapot", status=503)
BRIDGED = [
    ([{A: ONE}, {A: BAD}, {A: ONE}], (1, 2), []),
    ([{A: ONE}, {}, {A: ONE}], (1, 2), []),
    ([{A: ONE, B: ONE}, {A: BAD}, {A: TWO, B: GONE}], (1, 2), [("changed", A), ("removed", B)]),
    ([{A: GONE}, {A: ONE}, {A: BAD}, {A: BAD}, {A: ONE}], (3, 4), []),
    ([{A: ONE}, {A: GONE}, {A: BAD}, {A: ONE}], (2, 3), [("new", A)]),
    ([{A: BAD}, {A: ONE}], (0, 1), [("new", A)]),
    ([{A: BAD}, {A: GONE}], (0, 1), []),
]


@pytest.mark.parametrize(("days", "two", "found"), BRIDGED)
def test_changes_since_a_bad_day(history, days, two, found):
    """Where the first of two days does not say what a URL is, the last day before it that does is compared."""
    publish(history, days)
    assert [one[:2] for one in history.changes("demo", stamp(two[0]), stamp(two[1]))] == found


def test_nearest():
    """The nearest moment; of two as near, the earlier."""
    days = [Moment("demo", stamp(day)) for day in range(4)]
    cases = {
        "20260301023000": 0,
        "20250101000000": 0,
        "20260302120000": 1,
        "20260302200000": 2,
        "20270101000000": 3,
    }
    cases["20260302143000"] = 1
    assert {asked: days.index(nearest(days, asked)) for asked in cases} == cases
    assert nearest([], stamp(0)) is None


def test_neighbours(history):
    """Before and after a day stand the versions that differ from that day's, over a gap too."""
    publish(history, [{A: ONE}, {}, {A: ONE}, {A: TWO}, {A: ONE}])
    before, after = neighbours(history.lifeline(A, "demo"), stamp(2))
    assert (before, after.first) == (None, stamp(3))
    before, after = neighbours(history.lifeline(A, "demo"), stamp(3))
    assert (before.first, after.first) == (stamp(2), stamp(4))
    before, after = neighbours(history.lifeline(A, "demo"), stamp(1))
    assert (before.first, after.first) == (stamp(0), stamp(2))


def test_documents(history):
    """A text seen again is the same document, and keeps the record it was first seen in."""
    publish(history, DAYS)
    first, other = document("demo", A, ONE, 0), document("demo", A, TWO, 2)
    assert [one.document_id for one in history.lifeline(A)] == [first.id, other.id, first.id]
    assert history.documents([first.id, "unknown"]) == {first.id: first}


def test_publishing_twice_changes_nothing(history):
    """A snapshot that is already there is left as it is."""
    publish(history, DAYS[:2])
    before = history.lifeline(A), history.snapshots("demo")
    changes = iter(merge(captures(DAYS[0], 0), captures(DAYS[2], 1)))
    assert not history.publish(snapshot(1), changes, {}, previous=stamp(0), generation="other")
    assert (history.lifeline(A), history.snapshots("demo")) == before
    assert history.generation() is None


OUT_OF_ORDER = [(0, None), (5, None), (5, 1), (0, 3)]


@pytest.mark.parametrize(("day", "previous"), OUT_OF_ORDER)
def test_out_of_order(history, day, previous):
    """An older snapshot, or one compared with another than the newest, needs a rebuild."""
    publish(history, [None, *DAYS[:3]])
    named = None if previous is None else stamp(previous)
    with pytest.raises(ArchiveError, match="daykeep rebuild"):
        history.publish(snapshot(day), [], {}, previous=named, generation=None)


def test_failure_leaves_nothing(history):
    """A publication that fails on the way leaves the state before it."""
    publish(history, DAYS[:1])
    before = history.snapshots("demo"), history.lifeline(A), history.lifeline(C)

    def failing():
        yield from merge(captures(DAYS[0], 0), captures({A: TWO, B: TWO, C: ONE}, 1))
        raise DamagedError("torn")

    with pytest.raises(DamagedError, match="torn"):
        history.publish(snapshot(1), failing(), {}, previous=stamp(0), generation="new")
    assert (history.snapshots("demo"), history.lifeline(A), history.lifeline(C)) == before
    assert history.generation() is None


def test_changes_that_do_not_fit(history):
    """Changes against another day than the one published are damage, not silently half written."""
    publish(history, [{A: ONE}])
    with pytest.raises(DamagedError, match="1 intervals end, 0 were open"):
        history.publish(snapshot(1), merge(captures({B: ONE}, 0), []), {}, previous=stamp(0), generation=None)


def test_state_outlives_the_process(tmp_path):
    """What was published is there when the file is opened again; clearing it empties it."""
    path = tmp_path / "h.sqlite"
    with History(path) as history:
        publish(history, DAYS)
        lifeline = history.lifeline(A)
        history.publish(snapshot(9), [], {}, previous=stamp(3), generation="g2")
    with History(f"sqlite:///{path}") as history:
        assert history.lifeline(A)[:2] == lifeline[:2]
        assert history.generation() == "g2"
        history.clear()
        assert (history.sites(), history.lifeline(A), history.generation()) == ([], [], None)


def test_long_urls(history):
    """URLs longer than the key that is kept are still told apart."""
    long, longer = "https://example.org/" + "x" * 2000, "https://example.org/" + "x" * 2001
    publish(history, [{long: ONE, longer: TWO}, {long: ONE, longer: ONE}])
    assert len(history.lifeline(long)) == 1
    assert len(history.lifeline(longer)) == 2
    assert [page.url for page in history.pages("demo", stamp(0), after=long)] == [longer]


def test_many_changes(history):
    """More changes than fit in one statement."""
    urls = [f"https://example.org/{number:04}" for number in range(1201)]
    publish(history, [dict.fromkeys(urls, ONE), dict.fromkeys(urls, TWO)])
    assert history.count_pages("demo", stamp(1)) == 1201
    assert len(history.changes("demo", stamp(0), stamp(1))) == 1201


def test_other_format_is_refused(tmp_path):
    """A catalogue of another format is told, with both versions."""
    path = tmp_path / "h.sqlite"
    History(path).close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE setting SET value = '99'")
    database.close()
    with pytest.raises(ArchiveError, match=r"format 99.*rebuild"):
        History(path)


def test_column_that_came_later(tmp_path):
    """A catalogue from before a column is opened, by several at once too; its days do not tell what stands there."""
    path = tmp_path / "h.sqlite"
    with History(path) as history:
        publish(history, DAYS[:1])
    with sqlite3.connect(path) as database:
        database.execute("ALTER TABLE snapshot DROP COLUMN changed_text")
    database.close()
    opened: list[History] = []
    threads = [threading.Thread(target=lambda: opened.append(History(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == len(threads)
    assert [one.changed_text for one in opened[0].snapshots("demo")] == [None]
    told = replace(snapshot(7), changed_text=3)
    assert opened[0].publish(told, (), {}, previous=stamp(0), generation=None)
    assert opened[1].snapshot("demo", told.timestamp) == told
    for one in opened:
        one.close()


def test_damaged_file(tmp_path):
    """A file that is no database is damage."""
    (tmp_path / "h.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(DamagedError, match="rebuild"):
        History(tmp_path / "h.sqlite")


def test_unreachable_file(tmp_path):
    """A place where nothing can be written is told as that."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="file"):
        History(tmp_path / "file" / "h.sqlite")


def test_full_disk(history):
    """Where there is no room, the message says what to do about it."""
    with history._writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(StorageError, match=r"full\)\. Free space .* run the command again"):
        publish(history, [{f"{A}{number}": ONE for number in range(2000)}])


def test_busy(tmp_path):
    """A lock that another process holds too long is told as that."""
    path = tmp_path / "h.sqlite"
    with History(path) as history:
        with history._reading() as connection:  # the one connection of the pool, made impatient
            connection.exec_driver_sql("PRAGMA busy_timeout=50")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BusyError, match="another process"), history._writing() as connection:
            connection.exec_driver_sql("SELECT 1")
        other.close()


def test_readers_see_whole_states(history):
    """While a day is being published, readers see the day before, all of it."""
    publish(history, [{A: ONE}])
    seen = []

    def changes():
        yield from merge(captures({A: ONE}, 0), captures({A: TWO}, 1))
        reader = threading.Thread(
            target=lambda: seen.append((history.newest("demo"), history.lifeline(A)[0].still))
        )
        reader.start()
        reader.join()

    history.publish(snapshot(1), changes(), {}, previous=stamp(0), generation=None)
    assert seen == [(snapshot(0), True)]
    assert history.newest("demo") == snapshot(1)


@settings(max_examples=12, deadline=None)
@given(days=_DAYS)
def test_lifelines_answer_what_each_day_said(tmp_path_factory, days):
    """For every URL and day the lifeline answers exactly what that day's index has; so do pages and changes."""
    taken = {day: answers for day, answers in enumerate(days) if answers is not None}
    with History(tmp_path_factory.mktemp("history") / "h.sqlite") as history:
        publish(history, days)
        for url in {url for answers in taken.values() for url in answers}:
            lifeline = history.lifeline(url)
            for day, answers in taken.items():
                around = [one.content for one in lifeline if one.first <= stamp(day) <= one.last]
                assert around == ([capture(url, answers[url], day).content] if url in answers else [])
        for day, answers in taken.items():
            online = {url for url, one in answers.items() if (one.status, one.mime) == (200, "text/html")}
            assert {page.url for page in history.pages("demo", stamp(day))} == online
        for before, after in zip(taken, list(taken)[1:], strict=False):
            scanned = merge(
                captures(taken[before], before), captures(taken[after], after), said(taken, before)
            )
            expected = [(one.kind, one.url) for one in scanned if not one.same]
            assert [
                one[:2] for one in history.changes("demo", stamp(before), stamp(after), kinds=Kind)
            ] == expected


def said(taken, before):
    """Return what looks through all days before one for an answer that says what a URL is."""

    def look(url):
        earlier = [capture(url, taken[day][url], day) for day in taken if day < before and url in taken[day]]
        saying = [one for one in earlier if says(one)]
        return Earlier(saying[-1].timestamp, saying[-1]) if saying else None

    return look


def fail(history, day):
    history.publish(replace(snapshot(day), outcome=Outcome.FAILED), (), {}, previous=None, generation=None)


def test_failed_day_changes_no_lifeline(history):
    """A day that saw nothing is a snapshot without captures; the next is compared with the last good one."""
    publish(history, DAYS[:1])
    before = history.lifeline(A), history.pages("demo", stamp(0))
    fail(history, 1)
    fail(history, 2)
    assert (history.lifeline(A), history.pages("demo", stamp(0))) == before
    assert history.lifeline(A)[0].last == stamp(0)
    assert history.newest("demo").outcome is Outcome.FAILED
    publish(history, [DAYS[0], None, None, DAYS[0]], start=3)
    assert [(one.first, one.last) for one in history.lifeline(A)] == [(stamp(0), stamp(3))]


def test_failed_day_shows_nothing(history):
    """No page was online to a snapshot that failed."""
    publish(history, DAYS[:1])
    fail(history, 1)
    assert history.pages("demo", stamp(1)) == []
    assert history.count_pages("demo", stamp(1)) == 0
    assert history.changes("demo", stamp(0), stamp(1)) == []


def test_failed_day_comes_in_order(history):
    """A failed snapshot older than what is published needs a rebuild like any other."""
    publish(history, [None, DAYS[0]])
    with pytest.raises(ArchiveError, match="daykeep rebuild"):
        fail(history, 0)


def test_counts_survive(history):
    """Counts and marks of a snapshot come back with it."""
    told = replace(snapshot(0), counts={"captured": 3, "timeout": 1}, demonstration=True)
    history.publish(told, [], {}, previous=None, generation=None)
    assert history.snapshot("demo", stamp(0)) == told
    assert history.newest("demo").known == 4


def test_written_tells_of_every_commit(tmp_path):
    """The number stays while others only read, and is another one after anybody's commit, here or elsewhere."""
    path = tmp_path / "history.sqlite"
    with History(path) as reader, History(path) as writer:
        before = reader.written()
        reader.sites()
        writer.sites()
        assert before is not None
        assert reader.written() == before
        publish(writer, [{A: ONE}])
        after = reader.written()
        assert after != before
        reader.name_generation("another")
        assert reader.written() != after


@given(_DAYS)
@settings(max_examples=60, deadline=None)
def test_many_at_once_is_one_after_the_other(tmp_path_factory, days):
    """Lifelines of many addresses are those of each, and so are the pages counted for all days at once."""
    with History(tmp_path_factory.mktemp("history") / "h.sqlite") as history:
        publish(history, days)
        urls = [A, B, C, "https://example.org/never"]
        each = {url: history.lifeline(url, "demo") for url in urls}
        assert history.lifelines(urls, "demo") == {url: found for url, found in each.items() if found}
        counted = {
            one.timestamp: history.count_pages("demo", one.timestamp) for one in history.snapshots("demo")
        }
        assert history.page_counts("demo") == counted


BY_DAY, BY_ADDRESS = {"lifeline_by_first", "lifeline_by_last"}, {"lifeline_by_key"}


@pytest.mark.parametrize(
    ("asks", "used"),
    [
        (lambda history: history.first_changes("demo", stamp(0), stamp(1), 10), BY_DAY),
        (lambda history: history.first_changes("demo", stamp(1), stamp(0), None), BY_DAY),
        (lambda history: history.pages("demo", stamp(1)), BY_ADDRESS),
        (lambda history: history.lifeline(A, "demo"), BY_ADDRESS),
        (lambda history: publish(history, [*DAYS, {A: TWO}], start=len(DAYS)), BY_ADDRESS),
    ],
)
def test_intervals_are_found_by_index(history, asks, used):
    """What turned between two days is found by when it did; a page, and what a day closes, by its address."""
    publish(history, DAYS)
    plans: set[str] = set()

    def explain(connection, _cursor, statement, parameters, *_):
        if "lifeline" in statement and not statement.startswith("INSERT"):
            some = parameters[0] if isinstance(parameters, list) else parameters
            rows = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", some)
            plans.update(re.findall(r"lifeline_by_\w+", " ".join(str(row) for row in rows)))

    sqlalchemy.event.listen(history._engine, "before_cursor_execute", explain)
    asks(history)
    assert plans == used
