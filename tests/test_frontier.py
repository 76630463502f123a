# SPDX-License-Identifier: EUPL-1.2
"""The frontier: every URL once, in order, and the same again after a stop."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from archiver import frontier as module
from archiver.frontier import Frontier, Known, Result
from archiver.ledger import UrlOutcome
from archiver.warc import Position
from index.cdxj import format_line
from index.errors import DamagedError, StorageError
from index.model import Capture, Page
from index.urlkey import urlkey

A, B = "http://a.example", "http://b.example"
DONE = Result(UrlOutcome.CAPTURED, 200, "", 12, "20260302023001")


@pytest.fixture
def frontier(tmp_path):
    opened = Frontier(tmp_path / "state" / "f.sqlite")
    yield opened
    opened.close()


def again(frontier):
    """Close a frontier as a crash does, and open it anew."""
    frontier.close()
    return Frontier(frontier._path)


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
    assert (frontier.waiting(), frontier.server_errors()) == (1, 2)


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
from archiver.frontier import Frontier, Known
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


def test_synced_at_every_commit(frontier):
    """A commit is on disk when it returns: SQLite syncs fully."""
    assert frontier._db.execute("PRAGMA synchronous").fetchone() == (2,)
