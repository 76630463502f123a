# SPDX-License-Identifier: EUPL-1.2
"""Files and folders are there whole and synced, or not at all; and the disk's refusals become sentences."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import signal
from pathlib import Path

import pytest

from archiver.durable import publish_dir, reopen_dir, storage, sync_dir, write_file
from index.errors import StorageError

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def synced(monkeypatch):
    """Return the list of paths that were really synced, in order."""
    paths = []
    real = os.fsync

    def fsync(descriptor):
        real(descriptor)
        paths.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)

    monkeypatch.setattr(os, "fsync", fsync)
    return paths


def in_a_process(work):
    """Run a function in a process of its own, and return how that ended."""
    process = FORK.Process(target=work)
    process.start()
    process.join(20)
    return process.exitcode


def test_write_file_writes_everything_and_tells_its_size(tmp_path):
    """A file has all that was given, and its size is returned."""
    assert write_file(tmp_path / "f", [b"one", b"", b"two"]) == 6
    assert (tmp_path / "f").read_bytes() == b"onetwo"


def test_write_file_syncs_file_before_folder(tmp_path, synced):
    """The bytes are synced before the name appears, and the folder after it."""
    write_file(tmp_path / "f", [b"x"])
    assert synced == [".f.tmp", tmp_path.name]


def test_name_appears_only_at_the_end(tmp_path):
    """While a file is being written its old content stands under its name."""
    path = tmp_path / "f"
    path.write_bytes(b"old")
    seen = []

    def chunks():
        yield b"new"
        seen.append(path.read_bytes())

    write_file(path, chunks())
    assert (seen, path.read_bytes()) == ([b"old"], b"new")


def test_killed_in_the_middle_leaves_no_name(tmp_path):
    """A process that is killed while it writes leaves nothing under the name, and the next one can write it."""

    def chunks():
        yield b"half"
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_process(lambda: write_file(tmp_path / "f", chunks())) == -signal.SIGKILL
    assert not (tmp_path / "f").exists()
    write_file(tmp_path / "f", [b"whole"])
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_fault_of_the_source_leaves_nothing(tmp_path):
    """Where what is to be written cannot be made, neither the file nor a temporary one stays behind."""

    def chunks():
        yield b"half"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_file(tmp_path / "f", chunks())
    assert list(tmp_path.iterdir()) == []


def test_failed_sync_is_final(tmp_path, monkeypatch):
    """After a sync that failed the old file stands, the new one is gone, and nobody tries again."""
    path = tmp_path / "f"
    path.write_bytes(b"old")
    calls = []

    def fsync(_descriptor):
        calls.append(1)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(
        StorageError,
        match=r"Cannot write .*Input/output error\. The disk failed\. What was stored before is intact",
    ):
        write_file(path, [b"new"])
    assert (calls, path.read_bytes(), [one.name for one in tmp_path.iterdir()]) == ([1], b"old", ["f"])


def test_full_disk_leaves_the_old_file(tmp_path):
    """Where the disk takes no more, the message says so, and the old file is intact."""
    path = tmp_path / "f"
    path.write_bytes(b"old")

    def work():
        # the kernel's own refusal: no file of this process may become longer
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            write_file(path, [b"x" * 1_000_000])
        except StorageError as error:
            os._exit(0 if "Cannot write" in str(error) and "File too large" in str(error) else 1)
        os._exit(2)

    assert in_a_process(work) == 0
    assert ([one.name for one in tmp_path.iterdir()], path.read_bytes()) == (["f"], b"old")


def test_folder_without_rights_is_named(tmp_path):
    """Where this user may not write, the message says whom to give which right."""
    for folder in [tmp_path, *list(tmp_path.parents)[:2]]:
        folder.chmod(0o755)

    def work():
        if os.getuid() == 0:
            os.setuid(65534)
        else:
            tmp_path.chmod(0o555)
        try:
            write_file(tmp_path / "f", [b"x"])
        except StorageError as error:
            os._exit(0 if "Permission denied. Give the user" in str(error) else 1)
        os._exit(2)

    assert in_a_process(work) == 0
    tmp_path.chmod(0o755)
    assert list(tmp_path.iterdir()) == []


ADVICE = [
    (errno.ENOSPC, "The disk is full."),
    (errno.EDQUOT, "The quota is used up."),
    (errno.EACCES, "Give the user that runs Daykeep the right to write there"),
    (errno.EPERM, "Give the user that runs Daykeep the right to write there"),
    (errno.EROFS, "The disk is mounted read-only."),
    (errno.ENOTDIR, "Something that is not a folder is in the way."),
    (errno.ENOENT, "The folder it belongs in is not there."),
    (errno.EIO, "The disk failed. What was stored before is intact; check the disk"),
    (errno.EFBIG, "No file may grow that far here."),
    (errno.EMFILE, "Too many files are open."),
    (errno.ENODEV, "What was stored before is intact; mend the disk"),
]


@pytest.mark.parametrize(("number", "advice"), ADVICE)
def test_each_refusal_has_its_advice(number, advice):
    """Each refusal of the disk becomes one sentence with what, why and what to do."""
    with pytest.raises(StorageError) as caught, storage("write x"):
        raise OSError(number, os.strerror(number))
    assert str(caught.value).startswith(f"Cannot write x: {os.strerror(number)}. {advice}")


def filled(folder):
    (folder / "sub").mkdir(parents=True)
    (folder / "a").write_bytes(b"a")
    (folder / "sub" / "b").write_bytes(b"b")
    return folder


def test_publish_dir_syncs_all_then_renames(tmp_path, synced):
    """Every file and folder is synced before the folder has its final name, and the parent after it."""
    publish_dir(filled(tmp_path / "p"), tmp_path / "f")
    assert sorted(synced[:2]) == ["b", "sub"]
    assert synced[2:] == ["a", "p", tmp_path.name]
    assert (tmp_path / "f" / "sub" / "b").read_bytes() == b"b"


def test_publish_dir_makes_read_only(tmp_path):
    """What was published may be read and not written, folders included."""
    publish_dir(filled(tmp_path / "p"), tmp_path / "f")
    modes = {
        path.name: path.stat().st_mode & 0o777 for path in [tmp_path / "f", *(tmp_path / "f").rglob("*")]
    }
    assert modes == {"f": 0o555, "sub": 0o555, "a": 0o444, "b": 0o444}


def test_reopened_folder_can_be_published_again(tmp_path, monkeypatch):
    """What a crash left read-only just before its final name can be written in, and published, after all."""
    partial = filled(tmp_path / "p")
    monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "gone")))
    with pytest.raises(StorageError):
        publish_dir(partial, tmp_path / "f")
    monkeypatch.undo()
    assert partial.stat().st_mode & 0o222 == 0
    reopen_dir(partial)
    assert {path.stat().st_mode & 0o700 for path in (partial, partial / "sub")} == {0o700}
    publish_dir(partial, tmp_path / "f")
    assert (tmp_path / "f" / "sub" / "b").stat().st_mode & 0o222 == 0


def test_publish_dir_never_replaces(tmp_path):
    """A folder that is there already is not touched."""
    filled(tmp_path / "f")
    with pytest.raises(StorageError, match="it is there already"):
        publish_dir(filled(tmp_path / "p"), tmp_path / "f")
    assert (tmp_path / "p" / "a").exists()
    assert (tmp_path / "f" / "a").stat().st_mode & 0o200


def test_failed_sync_does_not_publish(tmp_path, monkeypatch):
    """Where one file cannot be synced the folder does not get its name."""
    filled(tmp_path / "p")

    def fsync(_descriptor):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StorageError, match="Cannot seal"):
        publish_dir(tmp_path / "p", tmp_path / "f")
    assert not (tmp_path / "f").exists()


def test_sync_dir_of_what_is_no_folder(tmp_path):
    """Only a folder can be synced as one."""
    (tmp_path / "f").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        sync_dir(tmp_path / "f")
