# SPDX-License-Identifier: EUPL-1.2
"""The process that reads pages: the same answers as reading here, and what a page may do to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from archiver.reader import MAX_MEMORY, Reader, ReaderError, UnreadableError
from archiver.reading import Unread, read

HTML = (("Content-Type", "text/html; charset=utf-8"),)
PAGE = Unread("http://a.example/", HTML, b'<title>T</title><html lang="nl"><a href="/b">B</a><img src=c.png>')
CASES = {
    "a page": PAGE,
    "a sitemap": Unread(
        "http://a.example/sitemap.xml",
        (("Content-Type", "application/xml"),),
        b"<urlset><url><loc>http://a.example/x</loc></url></urlset>",
        sitemap=True,
    ),
    "headers alone": Unread(
        "http://a.example/i.png", (("Content-Type", "image/png"), ("Link", "</s.css>; rel=stylesheet")), b""
    ),
    "a header beyond ASCII": Unread("http://a.example/", (*HTML, ("X-Name", "caf\xe9\xff")), b"<p>x"),
    "cut": Unread("http://a.example/", HTML, b"<a href=/b>", cut=True),
    "larger than a pipe": Unread("http://a.example/", HTML, b"<p>words " * 200_000 + b"<a href=/last>"),
    "an answer larger than a pipe": Unread(
        "http://a.example/", HTML, b"".join(b"<a href=/%d>" % number for number in range(20_000))
    ),
}


@pytest.fixture
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.close()


@pytest.mark.parametrize("name", CASES)
def test_reads_as_here(reader: Reader, name: str):
    """What comes back over the pipes is what reading in this process gives."""
    assert reader.read(CASES[name]) == read(CASES[name])


def test_one_process_for_all(reader: Reader):
    """The process is started once, and not before it is needed."""
    assert reader.pid is None
    reader.read(PAGE)
    first = reader.pid
    assert first is not None
    reader.read(PAGE)
    assert reader.pid == first


def test_halves_of_pairs(reader: Reader):
    """Half a surrogate pair, which a page can spell and UTF-8 cannot, does not stop the reading."""
    page = reader.read(
        Unread("http://a.example/", HTML, b"<title>\xed\xa0\x80&#xD800;</title><p>\xed\xa0\x80")
    ).page
    assert page is not None
    assert all(part.encode("utf-8") is not None for part in page)


def test_death_between_pages(reader: Reader):
    """A reader that was killed is replaced, and the page is read."""
    reader.read(PAGE)
    first = reader.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert reader.read(PAGE) == read(PAGE)
    assert reader.pid != first


def _kill_again_and_again(reader: Reader, over: threading.Event) -> None:
    while not over.wait(0.002):
        process = reader._process
        if process and process.begun:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


def test_page_that_kills(reader: Reader):
    """Where a second reader dies of the page as well, the page is unreadable and says how they ended."""
    over = threading.Event()
    killer = threading.Thread(target=_kill_again_and_again, args=(reader, over))
    killer.start()
    try:
        with pytest.raises(UnreadableError, match=f"status -{signal.SIGKILL.value}"):
            reader.read(CASES["larger than a pipe"])
    finally:
        over.set()
        killer.join()
    assert reader.read(PAGE) == read(PAGE)


def test_no_reader_at_all(monkeypatch):
    """Where no reader can begin that is an error of its own, and not a page that could not be read."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    reader = Reader()
    with pytest.raises(ReaderError, match="ends before it begins, with status 1"):
        reader.read(PAGE)
    monkeypatch.setattr(sys, "executable", "/nowhere")
    with pytest.raises(ReaderError, match="cannot be started"):
        reader.read(PAGE)
    assert reader.pid is None


def test_limits_of_its_surroundings_are_kept():
    """Where the crawl itself may take less memory than a reader is granted, less is granted."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "from archiver.reader import Reader; from archiver.reading import Unread\n"
        "reader = Reader(); print(reader.read(Unread('http://a.example/', (), b'')).links); reader.close()"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (told.stdout, told.stderr) == ("()\n", "")


@pytest.mark.parametrize(
    "answer",
    [b"\x93\x01\x02\x03", b"\xc1", b"", (1 << 60).to_bytes(8, "big")],
    ids=["other", "no", "empty", "endless"],
)
def test_answer_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes):
    """What a page made the reader say instead of an answer is as good as its death."""
    frame = answer if len(answer) == 8 else len(answer).to_bytes(8, "big") + answer
    script = tmp_path / "reader"
    script.write_text(f"#!{sys.executable}\nimport os\nos.write(1, bytes(8) + {frame!r})\nos.read(0, 9)\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    reader = Reader(seconds=20)
    with pytest.raises(UnreadableError, match="the reader ended with status"):
        reader.read(PAGE)
    reader.close()


@pytest.mark.parametrize("name", ["a page", "larger than a pipe"])
def test_takes_too_long(name: str):
    """A reader that does not answer is killed, and the next page has a new one."""
    reader = Reader(seconds=5.0)
    try:
        reader.read(PAGE)
        stuck = reader.pid
        assert stuck is not None
        os.kill(stuck, signal.SIGSTOP)
        with pytest.raises(UnreadableError, match="longer than 5 seconds"):
            reader.read(CASES[name])
        assert reader.read(PAGE) == read(PAGE)
        assert reader.pid != stuck
    finally:
        reader.close()


def test_stop_from_another_thread():
    """A stop ends a read that is under way, and starts no new process."""
    reader = Reader()
    reader.read(PAGE)
    assert reader.pid is not None
    os.kill(reader.pid, signal.SIGSTOP)
    threading.Timer(0.2, reader.stop).start()
    started = time.monotonic()
    with pytest.raises(UnreadableError, match="stopped"):
        reader.read(PAGE)
    assert time.monotonic() - started < 20
    reader.close()
    assert reader.pid is None


def _limits(pid: int) -> dict[str, str]:
    rows = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return {row[:25].strip(): row[26:46].strip() for row in rows}


def test_limits(reader: Reader):
    """It may take so much memory, leaves no image of itself on the disk, and passes over a stop of the group."""
    reader.read(PAGE)
    pid = reader.pid
    assert pid is not None
    limits = _limits(pid)
    assert limits["Max address space"] == str(MAX_MEMORY)
    assert limits["Max core file size"] == "0"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)
    assert reader.read(PAGE) == read(PAGE)
    assert reader.pid == pid


def test_ends_with_the_crawl():
    """Where the crawl is killed, its reader ends by itself."""
    code = (
        "import os, signal; from archiver.reader import Reader; from archiver.reading import Unread\n"
        "reader = Reader(); reader.read(Unread('http://a.example/', (), b''))\n"
        "print(reader.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert told.returncode == -signal.SIGKILL
    gone = Path(f"/proc/{int(told.stdout)}/cmdline")
    until = time.monotonic() + 30
    while gone.exists() and gone.read_bytes():  # a zombie's is empty
        assert time.monotonic() < until
        time.sleep(0.01)
