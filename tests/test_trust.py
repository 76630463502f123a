# SPDX-License-Identifier: EUPL-1.2
"""The proof of a day, checked by the very commands that its page shows, and its report on the Dutch guideline."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace

import msgspec
import pytest

from archiver.package import encode, encode_digest, hash_file
from archiver.seals import keep_seal, read_seals, seal_of, seals_path
from tests.support.archive import Reply, build
from tests.support.command import DAYKEEP
from tests.support.kinds import measure
from tests.support.viewing import Visitor
from viewer.pages.day_log import SHOWN

HOME = "https://www.example.org/"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
DAYS = {
    MONDAY: {HOME: Reply("<title>Home</title>Monday")},
    TUESDAY: {HOME: Reply("<title>Home</title>Tuesday")},
}
NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "</code></table>",
    "../../etc/passwd",
    "&lt;b&gt;",
    "\x00\x07",
    "x" * 3000,
)
BLOCK = re.compile(r'<pre tabindex="0"><code>(.*?)</code></pre>', re.DOTALL)
LINK = re.compile(r'<a href="([^"]+)" download')


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Make two days with their lines in the register of seals, the second of them measured."""
    with build(tmp_path_factory.mktemp("trust"), {"demo": DAYS}, texts=True) as built:
        for folder in built.collection.snapshots("demo"):
            keep_seal(built.collection, folder)
        measure(built, TUESDAY)
        yield built


@pytest.fixture
def visitor(archive):
    return Visitor(archive)


def shown(visitor, day, page, language="en"):
    answer = visitor.get(f"/demo/{day}/{page}", Accept_Language=language)
    assert answer.status_code == 200
    return answer.text


def blocks(text):
    return [html.unescape(block) for block in BLOCK.findall(text)]


def taken_away(visitor, text, place):
    """Do as a visitor who follows every link that is for taking away; return what the files are called."""
    for path in dict.fromkeys(LINK.findall(text)):
        answer = visitor.get(path)
        while answer.status_code == 503:  # it is being made
            answer = visitor.get(path)
        name = re.search(r'filename="([^"]+)"', answer.headers["Content-Disposition"])
        assert (answer.status_code, bool(name)) == (200, True), path
        (place / name[1]).write_bytes(answer.data)
    return {path.name for path in place.iterdir()}


def run(command, place):
    """Run the lines of a page as they stand."""
    return subprocess.run(["sh", "-ec", command], cwd=place, capture_output=True, text=True, check=False)


@pytest.fixture
def checked(visitor, tmp_path):
    """Return the folder of what a visitor took away of Tuesday, and the commands of its page."""
    text = shown(visitor, TUESDAY, "proof")
    commands = [one for one in blocks(text) if not one.startswith(("wacz", "daykeep"))]
    assert len(commands) == 3
    names = taken_away(visitor, text, tmp_path)
    assert names >= {"datapackage.json", "datapackage-digest.json", "SHA256SUMS", "seal.json"}
    return tmp_path, commands


def test_the_commands_of_the_page(archive, checked):
    """They run as they stand, on what the page offers, without anything of ours, and find all as it was sealed."""
    place, commands = checked
    theirs = (place / "SHA256SUMS").read_text().splitlines(keepends=True)
    for command in commands:
        done = run(command, place)
        assert done.returncode == 0, done.stderr
        assert "FAILED" not in done.stdout
    assert (place / "SHA256SUMS").read_text() == "".join(theirs[1:])  # ours names the list itself first
    there = [path.name for path in archive.collection.at("demo", TUESDAY).warcs]
    assert done.stdout.splitlines() == [f"day/{name}: OK" for name in there]


@pytest.mark.parametrize("which", ["list", "file"])
def test_they_find_what_was_changed(checked, which):
    """One letter in the list, or one byte of a file, and a command fails."""
    place, commands = checked
    if which == "list":
        path = place / "datapackage.json"
        path.write_text(path.read_text().replace("Site demo", "Site Demo"))
        assert run(commands[0], place).returncode != 0
        return
    assert run(commands[1], place).returncode == 0
    assert run(commands[2], place).returncode == 0
    stored = next((place / "day").glob("*.warc.gz"))
    stored.chmod(0o644)
    data = bytearray(stored.read_bytes())
    data[len(data) // 2] ^= 1
    stored.write_bytes(data)
    told = run(commands[2].splitlines()[-1], place)
    assert (told.returncode != 0, "FAILED" in told.stdout) == (True, True)


def test_the_day_itself_is_as_its_sums(archive, visitor, tmp_path):
    """SHA256SUMS holds for a copy of the day's folder, its list of files included."""
    copy = tmp_path / "copy"
    shutil.copytree(archive.collection.at("demo", TUESDAY).path, copy)
    sums = tmp_path / "SHA256SUMS"
    sums.write_bytes(visitor.get(f"/demo/{TUESDAY}/proof/SHA256SUMS").data)
    done = run(f"sha256sum --check --strict {sums}", copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "datapackage.json: OK" in done.stdout


def test_the_kept_seal(archive, visitor, checked, tmp_path):
    """`daykeep verify --against seal.json`, as the page shows it, knows the day again; and not another one."""
    place, _ = checked
    command = blocks(shown(visitor, TUESDAY, "proof"))[-1]
    assert command == f"daykeep verify demo {TUESDAY} --against seal.json"
    config = tmp_path / "daykeep.toml"
    config.write_text(f'data = "{archive.settings.root}"\n[[site]]\nname = "demo"\nseeds = ["{HOME}"]\n')
    words = command.replace("daykeep ", f"{DAYKEEP} --config {config} ", 1)
    assert run(words, place).returncode == 0
    row = json.loads((place / "seal.json").read_text())
    assert row["seal"] == [kept.digest for kept in read_seals(seals_path(archive.collection, "demo"))][1]
    (place / "seal.json").write_text(json.dumps(row | {"package": "sha256:" + "0" * 64}))
    told = run(words, place)
    assert (told.returncode, "seal.json" in told.stdout) == (3, True)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_file_is_listed(archive, visitor, language):
    """The table has each file of the list with its size and digest, in rows and columns that have heads."""
    text = shown(visitor, TUESDAY, "proof", language)
    files = archive.collection.at("demo", TUESDAY).package["resources"]
    rows = re.findall(
        r'<tr><th scope="row"><bdi>([^<]+)</bdi></th><td class="number">([\d.,]+)</td><td><code>(\w+)', text
    )
    assert [(path, int(re.sub(r"\D", "", size)), f"sha256:{digest}") for path, size, digest in rows] == [
        (one["path"], one["bytes"], one["hash"]) for one in files
    ]
    assert text.count('<th scope="col"') == 3
    assert "<caption" in text


def test_line_in_the_register(archive, visitor):
    """The line of a day is found, and that before it; a day without one has none, and its page says what there is."""
    first, second = read_seals(seals_path(archive.collection, "demo"))
    text = shown(visitor, TUESDAY, "proof")
    assert second.digest in text
    assert first.digest in text
    assert seal_of(archive.collection, archive.collection.at("demo", MONDAY)) == first
    assert seal_of(archive.collection, archive.collection.at("demo", "20260304023000")) is None
    assert seal_of(archive.collection, archive.collection.at("other", MONDAY)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"no line",
        b'{"snapshot":"20260302023000"}\n',
        b'{"snapshot":"20260302023000"',
        b'"snapshot":"20260302023000"\n',
    ],
)
def test_register_that_is_none(tmp_path, data):
    """What is no line of a register is passed over."""
    with build(tmp_path, {"demo": {MONDAY: DAYS[MONDAY]}}) as built:
        path = seals_path(built.collection, "demo")
        path.write_bytes(data)
        assert seal_of(built.collection, built.collection.at("demo", MONDAY)) is None
        text = shown(Visitor(built), MONDAY, "proof")
        assert "register of seals" not in text
        assert hash_file(built.collection.at("demo", MONDAY).path / "datapackage.json")[7:] in text


def forged(archive, resources):
    """Give the day of an archive another list of files, with a digest that fits."""
    folder = archive.collection.at("demo", MONDAY)
    folder.path.chmod(0o755)
    path = folder.path / "datapackage.json"
    path.chmod(0o644)
    path.write_bytes(encode({**folder.package, "resources": resources}))
    digest = folder.path / "datapackage-digest.json"
    digest.chmod(0o644)
    digest.write_bytes(encode_digest(hash_file(path)))


def test_names_that_others_gave(tmp_path):
    """Names of files that came along are shown as text, and are one line each in the sums, as sha256sum has them."""
    names = [*NAMES, "two\nlines", "back\\slash", "\u202egnp.exe"]
    files = [{"path": name, "hash": "sha256:" + "a" * 64, "bytes": 1} for name in names]
    with build(tmp_path, {"demo": {MONDAY: DAYS[MONDAY]}}) as built:
        forged(built, files)
        visitor = Visitor(built)
        text = shown(visitor, MONDAY, "proof")
        assert "<script>" not in text.replace('<script src="/static/', "")
        assert text.count("<bdi>") == len(names)
        sums = visitor.get(f"/demo/{MONDAY}/proof/SHA256SUMS").text
        assert len([*filter(None, sums.split("\n"))]) == len(names) + 1
        assert "\\" + "a" * 64 + "  two\\nlines" in sums.splitlines()


def test_many_files_are_paged(tmp_path):
    """A day of many files is shown a hundred at a time; the sums have them all."""
    files = [{"path": f"originals/{n:05}", "hash": "sha256:" + "b" * 64, "bytes": n} for n in range(1234)]
    with build(tmp_path, {"demo": {MONDAY: DAYS[MONDAY]}}) as built:
        forged(built, files)
        visitor = Visitor(built)
        last = shown(visitor, MONDAY, "proof?page=13")
        assert re.findall(r"<bdi>originals/(\d+)", last)[0] == "01200"
        assert last.count("<bdi>") == 1234 - 12 * SHOWN
        assert len(shown(visitor, MONDAY, "proof")) < 60_000
        assert "No files found" in shown(visitor, MONDAY, "proof?page=99")
        assert visitor.get(f"/demo/{MONDAY}/proof/SHA256SUMS").text.count("\n") == 1235


@pytest.mark.parametrize(
    "resources", [None, {}, [1], [{"path": 1}], [{"path": "x", "hash": "y", "bytes": "z"}]]
)
def test_list_that_is_damaged(tmp_path, resources):
    """A list of files that is none is told as damage, or is empty; never a fault of the program."""
    with build(tmp_path, {"demo": {MONDAY: DAYS[MONDAY]}}) as built:
        forged(built, resources)
        visitor = Visitor(built)
        status = visitor.get(f"/demo/{MONDAY}/proof").status_code
        assert status == (500 if isinstance(resources, list) else 200)
        assert visitor.get(f"/demo/{MONDAY}/proof/SHA256SUMS").status_code == status
        assert visitor.get(f"/demo/{MONDAY}/proof/datapackage.json").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/demo/2026-03-03/proof", 200),
        ("/demo/2026-03-04/proof", 404),
        ("/other/2026-03-03/proof", 404),
        ("/demo/2026-03-03/proof/datapackage.json", 200),
        ("/demo/2026-03-03/proof/ledger.jsonl", 404),
        ("/demo/2026-03-03/proof/..%2fdatapackage.json", 404),
        ("/demo/2026-03-03/proof/..", 404),
        ("/demo/2026-03-02/conformance", 200),
        ("/demo/2026-03-02/conformance.json", 404),
        ("/demo/2026-03-03/conformance.json", 200),
        ("/demo/2026-03-04/conformance", 404),
    ],
)
def test_what_there_is(visitor, path, status):
    """Days by date and by name; no file but the lists."""
    assert visitor.get(path).status_code == status


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["met", "not met", "Harvested every day", "Rule by rule", "primary source"]),
        ("nl", ["voldoet", "voldoet niet", "Elke dag", "Regel voor regel", "bron"]),
    ],
)
def test_report_in_the_visitors_language(visitor, language, words):
    """Every rule with its outcome in words, what was measured, and what that cannot tell."""
    text = shown(visitor, TUESDAY, "conformance", language)
    told = json.loads(visitor.get(f"/demo/{TUESDAY}/conformance.json").data)
    assert re.findall(r'<th scope="row"><a href="#(R\d+)">', text) == [rule["id"] for rule in told["rules"]]
    assert len(told["rules"]) == 17
    plain = html.unescape(re.sub(r"<[^>]+>", "", text))
    for rule in told["rules"]:
        for said in (rule["title"], rule["asks"], rule["blind"], *rule["facts"]):
            assert said[language].replace("`", "") in plain
    for verdict, number in told["counts"].items():
        assert len(re.findall(rf'<span class="verdict {verdict}">', text)) == 2 * number
    assert told["counts"]["fail"] > 0
    assert [word for word in words if word.lower() not in plain.lower()] == []


def test_not_measured_yet(visitor):
    """A day without a report says so, and how to get one; nobody who looks starts anything."""
    text = shown(visitor, MONDAY, "conformance")
    assert "has not been measured yet" in text
    assert blocks(text) == [f"daykeep conform demo {MONDAY}"]
    assert shown(visitor, MONDAY, "conformance") == text


def test_what_a_site_said_is_text(tmp_path):
    """Addresses of a site in a report are shown as text."""
    evil = "https://www.example.org/`<script>alert(1)</script>`"
    day = {HOME: Reply("<title>x</title>x"), evil: Reply("x", headers=(("Content-Length", "1"),))}
    with build(tmp_path, {"demo": {MONDAY: day}}, texts=True) as built:
        measure(built, MONDAY)
        visitor = Visitor(built)
        text = shown(visitor, MONDAY, "conformance")
        assert "alert(1)" in text
        assert "<script>alert" not in text


def test_report_of_another_day_is_not_shown(tmp_path):
    """A report counts for the day that was sealed so, and for none that took its place."""
    with build(tmp_path, {"demo": {MONDAY: DAYS[MONDAY]}}, texts=True) as built:
        measure(built, MONDAY)
        assert "Rule by rule" in shown(Visitor(built), MONDAY, "conformance")
        forged(built, [])
        assert "has not been measured yet" in shown(Visitor(built), MONDAY, "conformance")


def test_the_day_leads_there(visitor):
    """The page of a day leads to both."""
    text = shown(visitor, TUESDAY, "")
    assert f'href="/demo/{TUESDAY}/proof"' in text
    assert f'href="/demo/{TUESDAY}/conformance"' in text


def test_no_downloads_no_commands_for_them(archive):
    """Where no copies are offered, the page shows no commands for them."""
    viewer = msgspec.structs.replace(archive.settings.viewer, download_bytes=0)
    text = shown(
        Visitor(replace(archive, settings=msgspec.structs.replace(archive.settings, viewer=viewer))),
        TUESDAY,
        "proof",
    )
    assert len(blocks(text)) == 3
    assert "/export/" not in text
