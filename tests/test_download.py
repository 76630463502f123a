# SPDX-License-Identifier: EUPL-1.2
"""A day is downloaded from the viewer: in parts, by real clients, the same bytes each time, and never too much."""

from __future__ import annotations

import hashlib
import shutil
import socket
import subprocess
import threading
import time
import zipfile
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing import get_context
from urllib.request import urlopen

import msgspec
import pytest

from archiver.collection import finder
from archiver.exporting import kept_exports
from archiver.exporting.export import export
from archiver.exporting.kept_exports import KeptExports
from archiver.exporting.profiles import built_in
from archiver.exporting.zipping import TooLargeError
from archiver.settings import Mdto
from index.errors import ArchiveError, BusyError, ConfigurationError, StorageError
from tests.support.archive import Reply, build
from tests.support.ports import free_port
from tests.support.viewing import NOW, Visitor, serving
from viewer.app import create_app

SITE = "https://www.example.org"
DAY, LATER = "20260302023000", "20260303023000"
PAGE = Reply(b"<!doctype html><title>A page</title>" + b"x" * 5000, mime="text/html")
NOISE = Reply(bytes(hashlib.shake_256(b"noise").digest(300_000)), mime="application/octet-stream")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Two days of a site."""
    days = {DAY: {f"{SITE}/": PAGE, f"{SITE}/noise": NOISE}, LATER: {f"{SITE}/": PAGE}}
    with build(tmp_path_factory.mktemp("archive"), {"demo": days}) as built:
        yield built


@pytest.fixture(autouse=True)
def _nothing_kept(archive):
    shutil.rmtree(archive.collection.state / "exports", ignore_errors=True)


@pytest.fixture
def visitor(archive):
    return Visitor(archive)


PATH = f"/demo/{DAY}/export/wacz"


def test_download_is_the_export(archive, visitor, tmp_path):
    """What a visitor gets is what the command line makes, byte for byte, under a safe name."""
    answer = visitor.get(PATH)
    folder = archive.collection.snapshot("demo", DAY)
    export([folder], finder(archive.collection, "demo"), tmp_path / "x.wacz", profile=built_in()["wacz"])
    assert answer.status_code == 200
    assert answer.data == (tmp_path / "x.wacz").read_bytes()
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.data).hexdigest()}"'
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert 'attachment; filename="demo-2026-03-02-wacz.wacz"' in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("profile", ["warc", "nl-richtlijn"])
def test_a_folder_is_downloaded_as_a_zip(visitor, tmp_path, profile):
    """A folder comes as a ZIP whose members are stored, with its manifest and report."""
    (tmp_path / "x.zip").write_bytes(visitor.get(f"/demo/{DAY}/export/{profile}").data)
    with zipfile.ZipFile(tmp_path / "x.zip") as file:
        assert file.testzip() is None
        assert {info.compress_type for info in file.infolist()} == {zipfile.ZIP_STORED}
        assert {"manifest.json", "report.json", "index.cdxj"} <= set(file.namelist())


def test_head_tells_the_size(visitor):
    """HEAD has the fields of GET and no body."""
    head, got = visitor.ask("HEAD", "http://localhost:8080", PATH), visitor.get(PATH)
    assert (head.status_code, head.data) == (200, b"")
    same = ("Content-Length", "ETag", "Content-Disposition", "Accept-Ranges", "Content-Type")
    assert [head.headers[name] for name in same] == [got.headers[name] for name in same]


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=1000-", 1000, None),
        ("bytes=-50", -50, None),
        ("bytes=100000-200000", 100000, 200001),
        ("bytes=5-99999999999", 5, None),
    ],
)
def test_range(visitor, wanted, start, end):
    """A range is the same slice of the whole, and says which."""
    whole = visitor.get(PATH)
    part = visitor.get(PATH, Range=wanted)
    expected = whole.data[start:end]
    first = len(whole.data) + start if start < 0 else start
    told = f"bytes {first}-{first + len(expected) - 1}/{len(whole.data)}"
    assert (part.status_code, part.data) == (206, expected)
    assert (part.headers["Content-Range"], part.headers["Content-Length"]) == (told, str(len(expected)))
    assert part.headers["ETag"] == whole.headers["ETag"]


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,5-9", "bytes=9-1", "lines=1-2", "bytes=x", "bytes=", "nonsense"]
)
def test_ranges_that_are_passed_over(visitor, wanted):
    """Several ranges, or what is none, get the whole (RFC 9110 section 14.2 lets a server do so)."""
    whole = visitor.get(PATH)
    answer = visitor.get(PATH, Range=wanted)
    assert (answer.status_code, answer.data) == (200, whole.data)


def test_range_behind_the_end(visitor):
    """A range that begins behind the end is refused, and the length is told."""
    size = len(visitor.get(PATH).data)
    answer = visitor.get(PATH, Range=f"bytes={size}-")
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{size}")


def test_if_range(visitor):
    """A part is given of the very file that is meant; of another, the whole."""
    whole = visitor.get(PATH)
    same = visitor.get(PATH, Range="bytes=5-", If_Range=whole.headers["ETag"])
    assert (same.status_code, same.data) == (206, whole.data[5:])
    for other in ('"other"', f"W/{whole.headers['ETag']}", "Mon, 02 Mar 2026 02:30:00 GMT"):
        answer = visitor.get(PATH, Range="bytes=5-", If_Range=other)
        assert (answer.status_code, answer.data) == (200, whole.data)


def test_if_none_match(visitor):
    """Who has the file is told that it is still the same."""
    tag = visitor.get(PATH).headers["ETag"]
    assert visitor.get(PATH, If_None_Match=tag).status_code == 304


@pytest.mark.parametrize("profile", ["wacz", "warc", "nl-richtlijn"])
def test_made_again_it_is_the_same(archive, visitor, profile):
    """An export that was dropped and made again has the same bytes, so a cut download can be carried on."""
    path = f"/demo/{LATER}/export/{profile}"
    first = visitor.get(path)
    shutil.rmtree(archive.collection.state / "exports")
    again = Visitor(archive).get(path)
    assert (again.data, again.headers["ETag"]) == (first.data, first.headers["ETag"])


@pytest.mark.parametrize(
    "path", [f"/demo/{DAY}/export/zip", "/demo/2026-01-01/export/wacz", "/no/2026-03-02/export/wacz"]
)
def test_not_there(visitor, path):
    """No such profile, day or site: 404."""
    assert visitor.get(path).status_code == 404


def test_day_page_offers_downloads(visitor):
    """The page of a day links each copy in the visitor's language, with its size once it is known."""
    english = visitor.get(f"/demo/{DAY}/", Accept_Language="en").get_data(as_text=True)
    assert (
        f'<a href="/demo/{DAY}/export/wacz" download rel="nofollow">One file to look at (WACZ)</a></li>'
        in english
    )
    size = len(visitor.get(PATH).data)
    dutch = visitor.get(f"/demo/{DAY}/", Accept_Language="nl").get_data(as_text=True)
    told = f"{size / 1000:.1f}".replace(".", ",")
    assert f'Eén bestand om te bekijken (WACZ)</a> <span class="aside">{told} kB</span>' in dutch


def test_day_without_its_seal(tmp_path):
    """A day that has lost its seal is still shown; a copy of it is refused."""
    with build(tmp_path / "data", {"demo": {DAY: {f"{SITE}/": PAGE}}}) as built:
        folder = built.collection.snapshot("demo", DAY).path
        folder.chmod(0o755)
        (folder / "datapackage-digest.json").unlink()
        seen = Visitor(built)
        assert seen.get(f"/demo/{DAY}/").status_code == 200
        assert seen.get(PATH).status_code == 404


def test_no_downloads(archive):
    """Where there is no room for copies none is offered, and none is made."""
    viewer = msgspec.structs.replace(archive.settings.viewer, download_bytes=0)
    closed = Visitor(replace(archive, settings=msgspec.structs.replace(archive.settings, viewer=viewer)))
    assert closed.get(PATH).status_code == 404
    assert "/export/" not in closed.get(f"/demo/{DAY}/").get_data(as_text=True)


def test_unknown_download_is_told_at_the_start(archive):
    """A download in the configuration that is no profile is a fault of the configuration."""
    viewer = msgspec.structs.replace(archive.settings.viewer, downloads=("wazc",))
    settings = msgspec.structs.replace(archive.settings, viewer=viewer)
    with pytest.raises(ConfigurationError, match="There is no export profile 'wazc'"):
        create_app(settings, archive.collection, archive.history, archive.catalogue, now=lambda: NOW)


def kept(archive, *, limit=10**9, wait=20.0, refused=3600.0, **changed):
    viewer = msgspec.structs.replace(archive.settings.viewer, download_bytes=limit)
    settings = msgspec.structs.replace(archive.settings, viewer=viewer, **changed)
    return KeptExports(archive.collection, settings, built_in(), wait, refused)


def names(archive):
    return sorted(path.name for path in (archive.collection.state / "exports").iterdir())


def test_one_is_made_at_a_time(archive, visitor, monkeypatch):
    """While an export is made nobody else gets one made: 503 with Retry-After, and a page that comes back."""
    begun, go_on, made = threading.Event(), threading.Event(), []

    def slow(days, *arguments, **how):
        made.append(days)
        begun.set()
        go_on.wait(20)
        return export(days, *arguments, **how)

    monkeypatch.setattr(kept_exports, "export", slow)
    answers = []
    first = threading.Thread(target=lambda: answers.append(visitor.get(PATH)))
    first.start()
    assert begun.wait(10)
    for path in (PATH, f"/demo/{LATER}/export/wacz"):
        refused = visitor.get(path, Accept_Language="en")
        assert (refused.status_code, refused.headers["Retry-After"], refused.headers["Refresh"]) == (
            503,
            "15",
            "15",
        )
        assert "A copy is being made" in refused.get_data(as_text=True)
    with pytest.raises(BusyError):  # as another process of the same archive does it
        kept(archive).get(archive.collection.snapshot("demo", LATER), built_in()["wacz"])
    go_on.set()
    first.join(20)
    assert answers[0].status_code == 200
    assert len(made) == 1


def test_who_asked_is_not_kept_waiting_for_ever(archive, monkeypatch):
    """After a while the first visitor is told to come back, and gets it then."""
    go_on = threading.Event()
    whole = export

    def slow(*arguments, **how):
        go_on.wait(20)
        return whole(*arguments, **how)

    monkeypatch.setattr(kept_exports, "export", slow)
    exports, day = kept(archive, wait=0.05), archive.collection.snapshot("demo", DAY)
    with pytest.raises(BusyError):
        exports.get(day, built_in()["wacz"])
    go_on.set()
    exports._making.thread.join(20)
    ready = exports.get(day, built_in()["wacz"])
    ready.file.close()
    assert ready.bytes > 300_000


def test_oldest_go_first(archive):
    """What is kept stays below half of the limit when another is made; those used last stay."""
    exports = kept(archive, limit=1_500_000)
    days = {day: archive.collection.snapshot("demo", day) for day in (DAY, LATER)}
    for day, name in [(DAY, "wacz"), (DAY, "warc"), (DAY, "wacz"), (DAY, "nl-richtlijn"), (LATER, "wacz")]:
        exports.get(days[day], built_in()[name]).file.close()
        time.sleep(0.01)
    sizes = {name: exports.size(days[DAY], built_in()[name]) for name in ("wacz", "warc", "nl-richtlijn")}
    assert sizes["warc"] is None
    assert sizes["nl-richtlijn"] is not None
    assert sum(path.stat().st_size for path in (archive.collection.state / "exports").iterdir()) < 1_500_000


def test_too_large(archive):
    """An export that does not fit is not made, leaves nothing, and is not tried again."""
    exports, day = kept(archive, limit=200_000), archive.collection.snapshot("demo", DAY)
    for _ in range(2):
        with pytest.raises(TooLargeError):
            exports.get(day, built_in()["wacz"])
    assert names(archive) == []
    viewer = msgspec.structs.replace(archive.settings.viewer, download_bytes=200_000)
    small = Visitor(replace(archive, settings=msgspec.structs.replace(archive.settings, viewer=viewer)))
    answer = small.get(PATH, Accept_Language="en")
    assert (answer.status_code, "Too large to download here" in answer.get_data(as_text=True)) == (413, True)


@pytest.mark.parametrize(
    "failure",
    [StorageError("The disk is full."), ValueError("no export foresees this")],
    ids=["foreseen", "not foreseen"],
)
def test_what_could_not_be_made_is_tried_again_later(archive, monkeypatch, failure):
    """A failure, foreseen or not, is told to who asked, keeps the machine idle for a while, and no longer."""
    tried = []

    def failing(*_arguments, **_how):
        tried.append(1)
        raise failure

    day, wacz = archive.collection.snapshot("demo", DAY), built_in()["wacz"]
    for refused, times in ((3600.0, 1), (0.0, 2)):
        exports = kept(archive, refused=refused)
        with monkeypatch.context() as patched:
            patched.setattr(kept_exports, "export", failing)
            tried.clear()
            for _ in range(2):
                with pytest.raises(ArchiveError) as told:
                    exports.get(day, wacz)
                assert not isinstance(told.value, BusyError)
        assert len(tried) == times
    exports.get(day, wacz).file.close()  # the disk has room again


def test_a_failure_is_told_to_nobody_else(archive, monkeypatch):
    """Who waits while another day's export fails is told to come back, not that his own cannot be made."""
    begun, go_on = threading.Event(), threading.Event()

    def failing(*_arguments, **_how):
        begun.set()
        go_on.wait(20)
        raise TooLargeError("too large")

    monkeypatch.setattr(kept_exports, "export", failing)
    exports, wacz = kept(archive), built_in()["wacz"]
    days = [archive.collection.snapshot("demo", one) for one in (DAY, LATER)]
    whole = exports._begin

    def late(*arguments):
        found = whole(*arguments)
        if begun.is_set():
            go_on.set()
            found[0].thread.join(20)
        return found

    def ask():
        with pytest.raises(TooLargeError):
            exports.get(days[0], wacz)

    first = threading.Thread(target=ask)
    first.start()
    assert begun.wait(10)
    monkeypatch.setattr(exports, "_begin", late)
    with pytest.raises(BusyError):
        exports.get(days[1], wacz)
    first.join(20)


def test_two_processes_at_once(archive):
    """Of several processes that are asked for one export together, one makes it, and all give the same bytes."""
    day, wacz, context = archive.collection.snapshot("demo", LATER), built_in()["wacz"], get_context("fork")
    told = context.Queue()

    def ask():
        exports = kept(archive)
        while True:
            try:
                with exports.get(day, wacz).file as file:
                    told.put(hashlib.sha256(file.read()).hexdigest())
                return
            except BusyError:
                time.sleep(0.01)

    asking = [context.Process(target=ask) for _ in range(4)]
    for one in asking:
        one.start()
    digests = {told.get(timeout=60) for _ in asking}
    for one in asking:
        one.join(20)
    assert len(digests) == 1
    assert [name.split(".")[1] for name in names(archive)] == list(digests)


def test_a_transfer_package_follows_the_configuration(archive):
    """What is configured for MDTO stands in the package, so another configuration makes it anew."""
    day, mdto = archive.collection.snapshot("demo", DAY), built_in()["mdto"]
    tags = []
    for creator in ("Dienst A", "Dienst B", "Dienst A"):
        ready = kept(archive, mdto=Mdto(creator=creator)).get(day, mdto)
        ready.file.close()
        tags.append(ready.sha256)
    assert tags[0] == tags[2] != tags[1]


def test_what_a_crash_left_behind_goes(archive, visitor):
    """Half an export of a process that is gone is cleared away by the next one."""
    left = archive.collection.state / "exports" / ".0123.tmp"
    left.mkdir(parents=True)
    (left / "x").write_bytes(b"half")
    visitor.get(PATH)
    assert [name for name in names(archive) if name.startswith(".")] == []


def test_a_cut_download_is_carried_on(tmp_path):
    """wget, which has a part, gets the rest from waitress, though the export was dropped meanwhile."""
    port, target = free_port(), tmp_path / "x.wacz"
    days = {DAY: {f"{SITE}/": PAGE, f"{SITE}/noise": NOISE}}
    with build(tmp_path / "data", {"demo": days}, port=port) as built, serving(built, port) as base:
        whole = Visitor(built, port).get(PATH).data
        shutil.rmtree(built.collection.state / "exports")
        target.write_bytes(whole[:100_000])
        command = ["wget", "-nv", "-S", "-c", "-O", target, base + PATH]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "HTTP/1.1 206 " in done.stderr
    assert f"Content-Range: bytes 100000-{len(whole) - 1}/{len(whole)}" in done.stderr
    assert target.read_bytes() == whole


def test_slow_visitors_hold_no_thread(tmp_path):
    """More visitors than the server has threads may download slowly, and the pages are still answered."""
    port = free_port()
    big = Reply(bytes(hashlib.shake_256(b"big").digest(30_000_000)), mime="application/octet-stream")
    with build(tmp_path / "data", {"demo": {DAY: {f"{SITE}/big": big}}}, port=port) as built:
        Visitor(built, port).ask("HEAD", f"http://localhost:{port}", PATH)
        with serving(built, port) as base:
            asked = f"GET {PATH} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
            with ExitStack() as stack:
                for _ in range(12):
                    slow = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                    slow.sendall(asked)
                    assert slow.recv(12) == b"HTTP/1.1 200"
                answer = stack.enter_context(urlopen(f"{base}/healthz", timeout=10))
                assert answer.status == 200
            time.sleep(0.5)  # waitress is to see that they hung up before it is closed itself
