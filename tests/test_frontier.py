# SPDX-License-Identifier: EUPL-1.2
"""The frontier: every URL once, in order, and the same again after a stop."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from archiver import frontier as module
from archiver.frontier import Frontier
from archiver.known import Known, Result
from archiver.ledger import UrlOutcome
from archiver.record_files import Position
from archiver.snapshot import StoppedError, take
from index.cdxj import format_line
from index.errors import DamagedError, StorageError
from index.model import Capture, Page
from index.urlkey import urlkey
from tests.support.sites import Web
from tests.support.snapshots import FIRST, SITE, HandClock, opened, page

A, B = "http://a.example", "http://b.example"
DONE = Result(UrlOutcome.CAPTURED, 200, "", 12, "20260302023001")


@pytest.fixture
def frontier(tmp_path):
    opened = Frontier(tmp_path / "state" / "f.sqlite")
    yield opened
    opened.close()


def path_of(frontier):
    return Path(frontier._db.execute("PRAGMA database_list").fetchone()[2])


def again(frontier):
    """Close a frontier as a crash does, and open it anew."""
    path = path_of(frontier)
    frontier.close()
    return Frontier(path)


def known(path, host=A, depth=0):
    return Known(f"{host}/{path}", depth, "seed", "outlink")


def capture(path, host=A):
    url = f"{host}/{path}"
    return Capture(urlkey(url), "20260302023001", url, "text/html", 200, "sha256:0", "f.warc", 0, 1)


def drained(frontier, host=A):
    found = []
    while one := frontier.next(host):
        found.append(one.url.rpartition("/")[2])
    return found


def test_each_url_is_known_once(frontier):
    """A URL that is known already is not added again, whatever it was found by."""
    assert frontier.add(known("1"))
    assert not frontier.add(known("1", depth=9))
    assert not frontier.add(known("1"), DONE)
    assert (len(frontier), frontier.waiting()) == (1, 1)


def test_urls_come_by_host_in_the_order_they_were_found(frontier):
    """Waiting URLs come one host at a time, oldest first, each once."""
    for path in "312":
        frontier.add(known(path))
        frontier.add(known(path, B))
    assert sorted(frontier.hosts()) == [A, B]
    assert (drained(frontier), frontier.hosts()) == (["3", "1", "2"], [B])
    assert drained(frontier, B) == ["3", "1", "2"]
    assert (drained(frontier), frontier.hosts()) == ([], [])


def test_what_is_being_asked_for_is_not_handed_out_again(frontier):
    """A URL that was handed out and has no outcome yet is not handed out a second time by a later find."""
    frontier.add(known("1"))
    assert (drained(frontier), drained(frontier)) == (["1"], [])
    frontier.add(known("2"))
    assert (frontier.hosts(), drained(frontier)) == ([A], ["2"])


def test_more_urls_than_are_held_at_once(frontier, monkeypatch):
    """However many wait, each comes once and in order."""
    monkeypatch.setattr(module, "_REFILL", 7)
    for number in range(50):
        frontier.add(known(f"{number:02}"))
    assert drained(frontier) == [f"{number:02}" for number in range(50)]


def test_outcomes_are_counted(frontier):
    """Every URL has one outcome, the last it was given; those that wait are not counted."""
    for path in "1234":
        frontier.add(known(path))
    frontier.add(known("5"), Result(UrlOutcome.ROBOTS))
    frontier.finish(f"{A}/1", Result(UrlOutcome.TIMEOUT))
    frontier.finish(f"{A}/1", DONE)
    frontier.finish(f"{A}/2", Result(UrlOutcome.HTTP_ERROR, 503))
    frontier.finish(f"{A}/3", Result(UrlOutcome.HTTP_ERROR, 429))
    assert frontier.counts() == {"captured": 1, "http-error": 2, "robots": 1}
    assert (frontier.waiting(), frontier.tallies().server_errors()) == (1, 2)


def test_closing_the_books(frontier):
    """What is left gets an outcome as well, and nothing is handed out any more."""
    for path in "123":
        frontier.add(known(path))
    frontier.next(A)
    frontier.finish(f"{A}/1", DONE)
    assert frontier.finish_waiting(Result(UrlOutcome.NOT_REACHED, reason="stopped")) == 2
    assert (frontier.counts(), frontier.waiting()) == ({"captured": 1, "not-reached": 2}, 0)
    assert (frontier.hosts(), frontier.next(A)) == ([], None)


def test_ledger_is_in_the_order_of_keys(frontier):
    """Entries come by key and then by URL, each with all that is known of it."""
    for path in ("b", "A", "a"):
        frontier.add(known(path, depth=2))
    frontier.finish(f"{A}/a", DONE)
    entries = list(frontier.entries())
    assert [one.url for one in entries] == [f"{A}/A", f"{A}/a", f"{A}/b"]
    assert (entries[1].outcome, entries[1].status, entries[1].bytes) == (UrlOutcome.CAPTURED, 200, 12)
    assert (entries[1].via, entries[1].depth, entries[1].timestamp) == ("seed", 2, "20260302023001")
    assert entries[0].outcome is UrlOutcome.NOT_REACHED


def test_index_lines_are_sorted_bytewise(frontier):
    """Index lines come as a CDXJ needs them, whatever the order of storing."""
    captures = [capture(path) for path in ("b", "a", "a~", "a!", "a?x=1")]
    for one in captures:
        frontier.add_capture(one)
    assert list(frontier.index_lines()) == sorted(map(format_line, captures))


def test_pages_are_those_of_known_urls(frontier):
    """Pages come in the order of their keys, the latest of each URL."""
    for path in "ba":
        frontier.add(known(path))
        frontier.add_page(Page(f"{A}/{path}", "20260302023001", "old", "nl"))
    frontier.add_page(Page(f"{A}/a", "20260302023002", "é", ""))
    assert [(page.url, page.title) for page in frontier.pages()] == [(f"{A}/a", "é"), (f"{A}/b", "old")]


def test_a_stop_loses_what_was_not_committed(frontier):
    """After a crash the state is that of the last commit, with the position that belongs to it."""
    frontier.add(known("1"))
    frontier.add(known("2"))
    frontier.next(A)
    frontier.finish(f"{A}/1", DONE, capture("1"))
    frontier.commit(Position("f.warc", 99), begun="yes")
    frontier.next(A)
    frontier.finish(f"{A}/2", DONE, capture("2"))
    frontier.add(known("3"))
    with_rest = again(frontier)
    assert (with_rest.counts(), len(with_rest), with_rest.waiting()) == ({"captured": 1}, 2, 1)
    assert (with_rest.position(), with_rest.meta("begun"), with_rest.meta("none")) == (
        Position("f.warc", 99),
        "yes",
        None,
    )
    assert list(with_rest.index_lines()) == [format_line(capture("1"))]
    assert (with_rest.hosts(), drained(with_rest)) == ([A], ["2"])
    with_rest.close()


def test_position_stays_where_nothing_new_was_written(frontier):
    """A commit without a position keeps the one there was; at first there is none."""
    assert frontier.position() is None
    frontier.commit(Position("f.warc", 7))
    frontier.commit(None)
    assert frontier.position() == Position("f.warc", 7)


KILLED = """
import os, signal, sys
from pathlib import Path
from archiver.frontier import Frontier
from archiver.known import Known
frontier = Frontier(Path(sys.argv[1]))
for number in range(1000):
    frontier.add(Known(f"http://a.example/{number}", 0, "seed", "outlink"))
    if number == 499:
        frontier.commit(None)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_process_leaves_the_last_commit(tmp_path):
    """A process that is killed leaves what it had committed, and no more."""
    path = tmp_path / "f.sqlite"
    ended = subprocess.run([sys.executable, "-c", KILLED, path], cwd=Path(__file__).parents[1], check=False)
    assert ended.returncode == -9
    frontier = Frontier(path)
    assert (len(frontier), len(drained(frontier))) == (500, 500)
    frontier.close()


def test_what_is_no_database_is_a_sentence(tmp_path):
    """A frontier that was overwritten is a sentence that says what to move away."""
    path = tmp_path / "f.sqlite"
    path.write_bytes(b"not a database, and long enough to be looked at\n" * 99)
    with pytest.raises(DamagedError, match=r"f\.sqlite cannot be read"):
        Frontier(path)


def test_folder_in_the_way_is_a_sentence(tmp_path):
    """Where the file cannot be opened, the message names it."""
    (tmp_path / "f.sqlite").mkdir()
    with pytest.raises(StorageError, match=r"frontier .*f\.sqlite"):
        Frontier(tmp_path / "f.sqlite")


def test_full_disk_is_a_sentence(frontier):
    """Where SQLite finds the disk full, the message says so."""
    frontier._db.execute("COMMIT")
    frontier._db.execute("PRAGMA max_page_count = 12")
    frontier._db.execute("BEGIN")
    with pytest.raises(StorageError, match="The disk is full"):
        _ = [frontier.add(known(f"{number:0200}")) for number in range(10_000)]


def test_reopened_where_known_urls_are(frontier):
    """What was stored before a stop is told by its URL as before, and new URLs come after it."""
    for path in "12":
        frontier.add(known(path))
    frontier.finish(f"{A}/1", DONE, capture("1"))
    frontier.commit(None)
    opened = again(frontier)
    opened.add(known("3"))
    opened.finish(f"{A}/2", Result(UrlOutcome.TIMEOUT))
    opened.add_page(Page(f"{A}/1", "20260302023001", "one", "nl"))
    told = [opened.outcome(f"{A}/{path}") for path in "1234"]
    assert told == [(UrlOutcome.CAPTURED, 200), (UrlOutcome.TIMEOUT, None), (None, None), None]
    assert ([page.title for page in opened.pages()], drained(opened)) == (["one"], ["3"])
    opened.close()


@pytest.mark.parametrize("change", ["PRAGMA user_version = 0", "PRAGMA user_version = 999"])
def test_frontier_of_another_version(frontier, change):
    """A frontier that an older or a newer version of the program made is a sentence, and stays as it is."""
    path = path_of(frontier)
    frontier.add(known("1"))
    frontier.commit(None)
    frontier.close()
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(change)
    before = path.read_bytes()
    with pytest.raises(
        DamagedError, match=rf"f\.sqlite is of format {change[-3:].strip(' =')}, and .* format 2"
    ):
        Frontier(path)
    assert path.read_bytes() == before


def test_file_that_a_crash_left_empty(tmp_path):
    """A frontier of no bytes is a new one: a crash came while it was made."""
    (tmp_path / "f.sqlite").touch()
    frontier = Frontier(tmp_path / "f.sqlite")
    assert (len(frontier), frontier.add(known("1"))) == (0, True)
    frontier.close()


EVERYTHING = {
    "add": lambda one: one.add(known("2")),
    "confirm": lambda one: one.confirm(f"{A}/hint", "seed", "outlink"),
    "current": lambda one: one.current(Known(f"{A}/unknown", 1, A, "hint")),
    "reopen": lambda one: one.reopen(known("1")),
    "next": lambda one: one.next(A),
    "finish": lambda one: one.finish(f"{A}/1", DONE),
    "finish, no answer": lambda one: one.finish(f"{A}/1", Result(UrlOutcome.TIMEOUT)),
    "reopen_failed": lambda one: one.reopen_failed(),
    "add_capture": lambda one: one.add_capture(capture("1")),
    "add_page": lambda one: one.add_page(Page(f"{A}/1", "20260302023001", "", "")),
    "finish_waiting": lambda one: one.finish_waiting(DONE),
    "waiting": lambda one: one.waiting(),
    "commit": lambda one: one.commit(None, begun="yes"),
    "position": lambda one: one.position(),
    "entries": lambda one: list(one.entries()),
    "seed_redirects": lambda one: one.seed_redirects(),
    "not_modified": lambda one: one.tallies().not_modified(),
    "flag_unchanged": lambda one: one.flag_unchanged(f"{A}/1", "maintenance", ""),
    "flag": lambda one: one.flag(f"{A}/1", "soft-404", ""),
    "settle_recalled": lambda one: one.settle_recalled(),
    "any_not_modified": lambda one: one.any_not_modified(),
    "outcome": lambda one: one.outcome(f"{A}/1"),
    "counts": lambda one: one.counts(),
    "tallies": lambda one: one.tallies().own_counts(),
    "note_front": lambda one: one.note_front(1),
    "front_text": lambda one: one.tallies().front_text(),
    "index_lines": lambda one: list(one.index_lines()),
    "pages": lambda one: list(one.pages()),
}


@pytest.mark.parametrize("name", EVERYTHING)
def test_damage_is_a_sentence_wherever_it_is_met(frontier, name):
    """Whatever is asked of a frontier whose tables are gone, the error is ours and names the file."""
    frontier.add(known("1"))
    frontier.add(Known(f"{A}/hint", 1, A, "hint"))
    for table in ("url", "capture", "page", "meta"):
        frontier._db.execute(f"DROP TABLE {table}")
    with pytest.raises(DamagedError, match=r"frontier .*f\.sqlite cannot be read \(no such table"):
        EVERYTHING[name](frontier)


def test_every_method_is_asked_of_a_damaged_one():
    """The table above has every method that reads or writes the file."""
    methods = {name for name in vars(Frontier) if not name.startswith("_")} - {"hosts", "close", "meta"}
    assert methods <= set(EVERYTHING)


def test_unfinished_snapshot_of_another_version_is_set_aside(tmp_path):
    """Where the frontier is of another version, the WARCs are kept aside to the byte, and the next attempt begins."""
    pages = {"/": page("Home", *(f"/{number}" for number in range(9)))}
    with Web(pages) as web, opened(tmp_path, web, clock := HandClock()) as archive:
        site = archive.settings.site[0]
        with pytest.raises(StoppedError):
            take(archive, site, report=lambda progress: archive.stop.set() if progress.done > 4 else None)
        archive.stop.clear()
        partial = archive.collection.unfinished(SITE)
        kept = {path.name: path.read_bytes() for path in partial.warcs}
        [path] = archive.collection.state.glob("frontier/*.sqlite")
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA user_version = 999")
        with pytest.raises(DamagedError, match=r"format 999.*set aside in .*\.damaged; the next attempt"):
            take(archive, site)
        aside = partial.path.with_suffix(".damaged")
        assert kept
        assert {one.name: one.read_bytes() for one in (aside / "archive").iterdir()} == kept
        clock.set(FIRST + timedelta(hours=1))
        assert take(archive, site).outcome == "complete"


def test_synced_at_every_commit(frontier):
    """A commit is on disk when it returns: SQLite syncs fully."""
    assert frontier._db.execute("PRAGMA synchronous").fetchone() == (2,)
