# SPDX-License-Identifier: EUPL-1.2
"""Exports: self-contained, byte for byte, accepted by other people's tools, whole or not there at all."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import zipfile
from pathlib import Path

import pytest

from archiver.collection import finder
from archiver.exporting import copying
from archiver.exporting.export import export
from archiver.exporting.profiles import built_in
from archiver.records import iterate
from archiver.responses import open_response
from archiver.snapshot_folder import SnapshotFolder
from index.cdxj import Index, is_sorted
from index.errors import ArchiveError, DamagedError, NotFoundError, StorageError
from tests.support.snapshots import HOST, SITE, build_days, page

ORACLES = Path(__file__).parents[1] / ".venv-oracles" / "bin"
FIRST, SECOND, THIRD = "20260302023000", "20260303023000", "20260304023000"
SAME = page("always the same")
MOVED = (301, {"Location": "/same"}, b"")
CHUNKED = (200, {"Content-Type": "text/plain", "Transfer-Encoding": "chunked"}, b"hello")
DAYS = [
    {
        "/": page("Monday", "/same", "/moved", "/chunked", "/docs/"),
        "/same": SAME,
        "/moved": MOVED,
        "/chunked": CHUNKED,
    },
    {"/": page("Tuesday", "/same", "/chunked", "/docs/"), "/same": SAME, "/chunked": CHUNKED, "/docs/": SAME},
    {"/": page("Wednesday", "/same", "/docs/"), "/same": SAME, "/docs/": SAME},
]


@pytest.fixture(scope="module", params=["gzip", "none"])
def archive(request, tmp_path_factory):
    """Yield three days, the later ones deduplicated; in one module compressed and in the other not."""
    with build_days(tmp_path_factory.mktemp("archive"), DAYS, compression=request.param, name=SITE) as built:
        yield built


@pytest.fixture(scope="module")
def shouting(tmp_path_factory):
    """Yield a site whose name is in capitals, as many public bodies write theirs."""
    with build_days(tmp_path_factory.mktemp("shouting"), DAYS[:2], name="IND") as built:
        yield built


def send(archive, target, *, day=THIRD, site=SITE, **how):
    collection = archive.collection
    profile = built_in()[how.pop("profile", "wacz-stored")]
    days = [collection.snapshot(site, one) for one in ([day] if isinstance(day, str) else day)]
    return export(days, finder(collection, site), target, profile=profile, **how)


def suffix(archive):
    return ".warc.gz" if archive.settings.site[0].compression == "gzip" else ".warc"


def oracle(name, *arguments):
    """Run one of other people's tools."""
    program = ORACLES / name
    assert program.exists(), f"{program} is not here; make it with `make oracles`"
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


def unpacked(path, folder):
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return folder


def _made_of(record):
    """Return the id of the response that a metadata record says the origin of; None for any other record."""
    says = record.kind == "metadata" and record.block.read().startswith(b"rebuilt-from-record: <urn:uuid:")
    return record.field("WARC-Refers-To") if says else None


def opened(folder, index="indexes/index.cdxj", warcs="archive"):
    """Open every line of an exported index from the exported files alone: URL, status and payload of each."""
    found = []
    with Index(folder / index) as lines:
        assert is_sorted(lines.lines())
        for capture in lines.captures():
            with open_response(lambda _day, name: folder / warcs / name, "none", capture) as response:
                body = b"".join(response.body)
            assert f"sha256:{hashlib.sha256(body).hexdigest()}" == capture.digest, capture.url
            found.append((capture.url, response.status, body))
    return found


@pytest.mark.parametrize("day", [FIRST, SECOND, THIRD])
def test_wacz_is_valid_for_its_own_tool(archive, tmp_path, day):
    """`wacz validate` accepts an export of a first day and of a deduplicated one."""
    send(archive, tmp_path / "x.wacz", day=day)
    ran = oracle("wacz", "validate", "-f", tmp_path / "x.wacz")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Validation succeeded" in ran.stdout


@pytest.mark.parametrize("day", [FIRST, SECOND, THIRD])
def test_wacz_as_it_comes_has_full_responses(archive, tmp_path, day):
    """By default a WACZ has no revisits: what stands for one says what it is made of, its digest the archive's."""
    told = send(archive, tmp_path / "x.wacz", day=day, profile="wacz")
    ran = oracle("wacz", "validate", "-f", tmp_path / "x.wacz")
    assert (ran.returncode, ran.stderr) == (0, "")
    folder = unpacked(tmp_path / "x.wacz", tmp_path / "x")
    stored = [one for one in archive.collection.snapshot(SITE, day).index.captures() if one.original]
    revisits = {(one.url, one.digest) for one in stored}
    with Index(folder / "indexes" / "index.cdxj") as lines:
        assert revisits <= {(one.url, one.digest) for one in lines.captures() if one.original is None}
    records = [(one, _made_of(one)) for path in (folder / "archive").iterdir() for _, one in iterate(path)]
    assert "revisit" not in {one.kind for one, _ in records}
    made_of = [response for _, response in records if response]
    assert (len(made_of), told.rebuilt, told.differences) == (len(stored), len(stored), 0)
    assert set(made_of) <= {one.field("WARC-Record-ID") for one, _ in records if one.kind == "response"}
    assert bool(stored) == (day != FIRST)
    for path in (folder / "archive").iterdir():
        assert oracle("warcio", "check", path).returncode == 0
    opened(folder)


def test_wacz_of_a_prefix_is_valid_too(archive, tmp_path):
    """`wacz validate` accepts an export of part of a day."""
    send(archive, tmp_path / "x.wacz", url=f"{HOST}/docs/")
    assert oracle("wacz", "validate", "-f", tmp_path / "x.wacz").returncode == 0


def test_wacz_of_a_name_in_capitals_is_valid(shouting, tmp_path):
    """A site's name in capitals makes no names that the data package standard refuses."""
    send(shouting, tmp_path / "x.wacz", day=SECOND, site="IND")
    assert oracle("wacz", "validate", "-f", tmp_path / "x.wacz").returncode == 0
    with zipfile.ZipFile(tmp_path / "x.wacz") as file:
        names = [one["name"] for one in json.loads(file.read("datapackage.json"))["resources"]]
    assert names == [name.lower() for name in names]


def test_wacz_members_are_stored_with_right_hashes(archive, tmp_path):
    """Members are stored as they are, and hash and size of each, and of the list itself, are right."""
    told = send(archive, tmp_path / "x.wacz")
    with zipfile.ZipFile(tmp_path / "x.wacz") as file:
        assert {info.compress_type for info in file.infolist()} == {zipfile.ZIP_STORED}
        described = json.loads(file.read("datapackage.json"))
        for one in described["resources"]:
            data = file.read(one["path"])
            assert (one["bytes"], one["hash"]) == (len(data), f"sha256:{hashlib.sha256(data).hexdigest()}")
        digest = json.loads(file.read("datapackage-digest.json"))
        assert digest == {
            "path": "datapackage.json",
            "hash": f"sha256:{hashlib.sha256(file.read('datapackage.json')).hexdigest()}",
        }
        listed = {one["path"] for one in described["resources"]} | {
            "datapackage.json",
            "datapackage-digest.json",
        }
        assert set(file.namelist()) == listed
    assert (told.files, told.bytes) == (len(listed), (tmp_path / "x.wacz").stat().st_size)


def test_wacz_holds_the_snapshot_byte_for_byte(archive, tmp_path):
    """WARCs, pages and logs are in the copy as they are in the archive."""
    send(archive, tmp_path / "x.wacz")
    there = archive.collection.at(SITE, THIRD).path
    folder = unpacked(tmp_path / "x.wacz", tmp_path / "x")
    for path in [
        *(there / "archive").iterdir(),
        *(there / "logs").iterdir(),
        there / "pages" / "pages.jsonl",
    ]:
        assert (folder / path.relative_to(there)).read_bytes() == path.read_bytes()


def test_wacz_of_a_deduplicated_day_needs_nothing_else(archive, tmp_path):
    """Every line of the exported index opens from the exported files alone, originals of earlier days included."""
    told = send(archive, tmp_path / "x.wacz")
    found = opened(unpacked(tmp_path / "x.wacz", tmp_path / "x"))
    assert (f"{HOST}/same", 200, SAME[2]) in found
    assert (f"{HOST}/docs/", 200, SAME[2]) in found
    assert any(url == f"{HOST}/" and b"Wednesday" in body for url, _, body in found)
    assert told.originals == 2  # /same of the first day, /docs/ of the second
    assert (
        f"archive/originals-{SITE}-{THIRD}{suffix(archive)}"
        in zipfile.ZipFile(tmp_path / "x.wacz").namelist()
    )


def test_originals_come_with_their_requests_and_warcinfo(archive, tmp_path):
    """The file of originals is a WARC of its own: whole records, each with what stands beside it, and its warcinfo."""
    send(archive, tmp_path / "x.wacz")
    folder = unpacked(tmp_path / "x.wacz", tmp_path / "x")
    records = [one for _, one in iterate(folder / "archive" / f"originals-{SITE}-{THIRD}{suffix(archive)}")]
    assert [one.kind for one in records] == ["warcinfo", "response", "request", "metadata"] * 2
    known = {one.field("WARC-Record-ID") for one in records if one.kind == "warcinfo"}
    assert {one.field("WARC-Warcinfo-ID") for one in records if one.kind != "warcinfo"} == known


def test_first_day_has_no_originals(archive, tmp_path):
    """A day that refers to no other goes along alone."""
    told = send(archive, tmp_path / "x.wacz", day=FIRST)
    assert told.originals == 0
    assert not any("originals" in name for name in zipfile.ZipFile(tmp_path / "x.wacz").namelist())


def test_prefix_takes_what_begins_with_it_and_no_more(archive, tmp_path):
    """With a prefix only matching captures, their text, their requests and their originals go along."""
    told = send(archive, tmp_path / "x.wacz", url=f"{HOST}/docs/")
    folder = unpacked(tmp_path / "x.wacz", tmp_path / "x")
    assert {url for url, _, _ in opened(folder)} == {f"{HOST}/docs/"}
    assert (told.captures, told.originals) == (1, 1)
    assert sorted(path.name for path in (folder / "archive").iterdir()) == [
        f"extract-{SITE}-{THIRD}{suffix(archive)}",
        f"originals-{SITE}-{THIRD}{suffix(archive)}",
    ]
    pages = (folder / "pages" / "pages.jsonl").read_text().splitlines()[1:]
    assert [json.loads(line)["url"] for line in pages] == [f"{HOST}/docs/"]
    assert [path.name for path in (folder / "logs").iterdir()] == ["digests.json"]


def test_prefix_of_a_first_day_takes_texts_along(archive, tmp_path):
    """The extracted text of a page belongs to it."""
    send(archive, tmp_path / "x.wacz", day=FIRST, url=f"{HOST}/same")
    found = opened(unpacked(tmp_path / "x.wacz", tmp_path / "x"))
    assert [url for url, _, _ in found] == [f"{HOST}/same", f"urn:text:{HOST}/same"]


def test_unknown_prefix_is_not_found(archive, tmp_path):
    """Where no address begins with the prefix nothing is written."""
    with pytest.raises(NotFoundError, match=r"begins with http://other\.example/"):
        send(archive, tmp_path / "x.wacz", url="http://other.example/")
    assert list(tmp_path.iterdir()) == []


def test_warc_folder_has_a_manifest(archive, tmp_path):
    """A folder of WARCs says in its manifest what each file is, with size and digest."""
    told = send(archive, tmp_path / "out", profile="warc")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {one["name"] for one in manifest["files"]} | {"manifest.json"} == names
    for one in manifest["files"]:
        data = (tmp_path / "out" / one["name"]).read_bytes()
        assert (one["bytes"], one["hash"]) == (len(data), f"sha256:{hashlib.sha256(data).hexdigest()}")
    assert (manifest["site"], manifest["snapshot"], manifest["profile"]) == (SITE, THIRD, "warc")
    assert told.bytes == sum(path.stat().st_size for path in (tmp_path / "out").iterdir())
    assert told.files == len(names)


def test_warc_folder_needs_nothing_else(archive, tmp_path):
    """Every line of the index in the folder opens from the files beside it."""
    send(archive, tmp_path / "out", profile="warc")
    found = opened(tmp_path / "out", "index.cdxj", ".")
    assert (f"{HOST}/same", 200, SAME[2]) in found


def test_warc_folder_passes_warcio(archive, tmp_path):
    """Warcio's checker agrees with every record of the folder."""
    send(archive, tmp_path / "out", profile="warc")
    for path in (tmp_path / "out").glob("*.warc*"):
        ran = oracle("warcio", "check", path)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_one_warc_is_all_of_them_joined(archive, tmp_path):
    """One file holds the day's WARCs and the originals, one after the other, and warcio agrees with it."""
    target = tmp_path / f"out{suffix(archive)}"
    told = send(archive, target, profile="warc")
    send(archive, tmp_path / "out", profile="warc")
    joined = [
        (tmp_path / "out" / f"{kind}{SITE}-{THIRD}{rest}{suffix(archive)}")
        for kind, rest in (("", "-00000"), ("originals-", ""))
    ]
    assert target.read_bytes() == b"".join(path.read_bytes() for path in joined)
    ran = oracle("warcio", "check", target)
    assert (ran.returncode, ran.stdout, told.files) == (0, "", 1)


def test_one_warc_is_named_as_it_is_stored(archive, tmp_path):
    """Records are copied as they are stored, so a name that says otherwise is refused."""
    wrong = ".warc" if suffix(archive) == ".warc.gz" else ".warc.gz"
    with pytest.raises(ArchiveError, match="an export leaves them as they are"):
        send(archive, tmp_path / f"out{wrong}", profile="warc")
    assert list(tmp_path.iterdir()) == []


def test_day_stored_both_ways(tmp_path):
    """Originals from days of another compression stand in a file of their own kind."""
    with build_days(tmp_path / "a", DAYS[:1], compression="gzip") as built:
        _continue(built, "none")
        send(built, tmp_path / "x.wacz", day=SECOND)
        with pytest.raises(ArchiveError, match=r"\.warc and \.warc\.gz"):
            send(built, tmp_path / "x.warc", day=SECOND, profile="warc")
    folder = unpacked(tmp_path / "x.wacz", tmp_path / "x")
    assert sorted(path.name for path in (folder / "archive").iterdir()) == [
        f"example-{SECOND}-00000.warc",
        f"originals-example-{SECOND}.warc.gz",
    ]
    assert (f"{HOST}/same", 200, SAME[2]) in opened(folder)


def _continue(built, compression):
    """Take one more day with another compression."""
    from dataclasses import replace
    from datetime import timedelta

    import msgspec

    from archiver.snapshot import take
    from tests.support.snapshots import FIRST as BEGIN
    from tests.support.snapshots import HandClock, serving

    with serving() as server:
        server.day = DAYS[1]
        clock = HandClock(BEGIN + timedelta(days=1))
        again = replace(built, now=clock, resolve=lambda _host, _port: [("127.0.0.1", server.port)])
        take(again, msgspec.structs.replace(built.settings.site[0], compression=compression))


TARGETS = [("x.wacz", "wacz-stored"), ("x{suffix}", "warc"), ("x", "warc")]


@pytest.mark.parametrize(("name", "profile"), TARGETS)
def test_export_never_overwrites(archive, tmp_path, name, profile):
    """What is there already stays as it is, also a link that leads nowhere."""
    target = tmp_path / name.format(suffix=suffix(archive))
    target.write_bytes(b"mine")
    with pytest.raises(ArchiveError, match="an export never overwrites"):
        send(archive, target, profile=profile)
    assert target.read_bytes() == b"mine"
    target.unlink()
    target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ArchiveError, match="an export never overwrites"):
        send(archive, target, profile=profile)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_folder_with_something_in_it_is_not_taken(archive, tmp_path):
    """A folder export goes into a new folder or an empty one, and a file export into neither."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_bytes(b"")
    with pytest.raises(ArchiveError, match="never overwrites"):
        send(archive, tmp_path / "full", profile="warc")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArchiveError, match="never overwrites"):
        send(archive, tmp_path / "empty")
    assert send(archive, tmp_path / "empty", profile="warc").files > 3


def test_day_on_which_nothing_changed(tmp_path):
    """A day that is like the one before has no changes to list, and its export is valid as well."""
    with build_days(tmp_path / "a", [DAYS[2], DAYS[2]]) as built:
        assert built.collection.snapshot(SITE, SECOND).changes_path.read_bytes() == b""
        send(built, tmp_path / "x.wacz", day=SECOND)
    assert oracle("wacz", "validate", "-f", tmp_path / "x.wacz").returncode == 0


def beside(target, profile):
    """Return the names of what stands beside an export: the report, where it is one WARC."""
    return [f"{target.name}.report.json"] if profile == "warc" and target.suffix else []


def in_a_process(work):
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(30)
    return process.exitcode


@pytest.mark.parametrize(("name", "profile"), TARGETS)
def test_killed_in_the_middle_leaves_no_name(archive, tmp_path, name, profile):
    """An export that is killed leaves nothing under its name, and can be made again."""
    target = tmp_path / name.format(suffix=suffix(archive))

    def work():
        whole = copying.sealed_chunks

        def killed(name, path, sealed):
            yield from whole(name, path, sealed)
            os.kill(os.getpid(), signal.SIGKILL)

        copying.sealed_chunks = killed
        send(archive, target, profile=profile)

    assert in_a_process(work) == -signal.SIGKILL
    assert not target.exists()
    send(archive, target, profile=profile)
    assert sorted(path.name for path in tmp_path.iterdir()) == [target.name, *beside(target, profile)]


@pytest.mark.parametrize(("name", "profile"), TARGETS)
def test_full_disk_leaves_nothing(archive, tmp_path, name, profile):
    """Where the disk takes no more, one sentence says so and nothing is left behind."""
    target = tmp_path / name.format(suffix=suffix(archive))

    def work():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
        try:
            send(archive, target, profile=profile)
        except StorageError as error:
            os._exit(0 if str(error).startswith("Cannot ") else 1)
        os._exit(2)

    assert in_a_process(work) == 0
    assert list(tmp_path.iterdir()) == []


def copied(archive, folder):
    """Return the third day in a copy of the archive that may be damaged, and how its WARCs are found."""
    shutil.copytree(archive.collection.site_folder(SITE), folder / "snapshots")
    for path in [folder / "snapshots", *(folder / "snapshots").rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    home = folder / "snapshots"
    return SnapshotFolder(SITE, THIRD, home / THIRD), lambda day, name: home / day / "archive" / name


def test_damaged_archive_exports_nothing(archive, tmp_path):
    """Where an original cannot be read the export is refused, and nothing is written."""
    folder, find = copied(archive, tmp_path)
    for path in (folder.path.parent / FIRST / "archive").iterdir():
        path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(DamagedError):
        export([folder], find, tmp_path / "x.wacz", profile=built_in()["wacz-stored"])
    (folder.path.parent / FIRST / "indexes" / "index.cdxj").write_bytes(b"")
    with pytest.raises(DamagedError, match="whose index does not know it"):
        export([folder], find, tmp_path / "x.wacz", profile=built_in()["wacz-stored"])
    shutil.rmtree(folder.path / "archive")
    with pytest.raises(DamagedError, match="cannot be listed"):
        export([folder], find, tmp_path / "x.wacz", profile=built_in()["wacz-stored"])
    assert not (tmp_path / "x.wacz").exists()


def test_day_on_which_nothing_was_captured(tmp_path):
    """A failed day can be exported as well: its ledger says what could not be had."""
    with build_days(tmp_path / "a", [{}]) as built:
        told = send(built, tmp_path / "x.wacz", day=FIRST)
    assert told.captures == 3  # 404 for the page, robots.txt and the sitemap
    assert oracle("wacz", "validate", "-f", tmp_path / "x.wacz").returncode == 0
