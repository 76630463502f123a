# SPDX-License-Identifier: EUPL-1.2
"""What is wrong from outside is told in a sentence: what, why and what to do. Nothing is lost by it."""

from __future__ import annotations

import re
import shutil
import socket

import pytest

from archiver.collection import Collection
from archiver.demo.run import SITE
from archiver.demo.site import DAYS
from tests.support.command import configure, daykeep, inside
from tests.support.ports import free_port
from tests.support.sites import Web
from tests.support.snapshots import page

FIRST = DAYS[0].date

# Words of the command, exit status, and what the one sentence must have.
ASKED = [
    (["ledger", SITE, "1999-01-01"], 1, ["no snapshot", "1999-01-01", FIRST]),
    (["ledger", SITE, "9999-12-31"], 2, ["9999-12-31", "YYYY-MM-DD"]),
    (["ledger", SITE, "0001-01-01"], 2, ["0001-01-01", "YYYY-MM-DD"]),
    (["ledger", SITE, "yesterday"], 2, ["'yesterday'", "YYYY-MM-DD"]),
    (["ledger", SITE, "2026-02-30"], 2, ["2026-02-30", "YYYY-MM-DD"]),
    (["ledger", SITE, "20261399999999"], 2, ["14 digits"]),
    (["ledger", SITE, "20260302000001"], 1, ["20260302000001", f"daykeep snapshots {SITE}"]),
    (["changes", SITE, FIRST, "1999-01-01"], 1, ["1999-01-01"]),
    (["search", SITE, "x", "--on", "1999-01-01"], 1, ["1999-01-01"]),
    (["snapshots", "verblijfsdiens"], 2, ["verblijfsdiens", SITE]),
    (["crawl", "../../etc"], 2, ["../../etc"]),
    (["ledger", "nosite", FIRST], 2, ["nosite", SITE]),
    (["verify", "nosite"], 2, ["nosite"]),
    (
        ["history", "https://nowhere.example/"],
        1,
        ["https://nowhere.example/", "never captured", "daykeep search"],
    ),
    (["history", "http://[bad"], 2, ["not an http(s) address"]),
    (["export", SITE, FIRST, "-o", "/proc/x.wacz"], 1, ["/proc"]),
    (["export", SITE, FIRST, "-o", "x", "--profile", "zip"], 2, ["zip", "wacz"]),
    (["serve", "--host", "192.0.2.1", "--port", "0"], 1, ["192.0.2.1", "--host"]),
    (["serve", "--host", "no.such.name.invalid"], 1, ["no.such.name.invalid", "--host"]),
    (["serve", "--port", "70000"], 2, ["70000"]),
    (["import", SITE, "x.warc"], 1, ["x.warc", "No such file"]),
    (["crawl"], 2, ["SITE"]),
    (["search", SITE, "x", "--limit", "0"], 2, ["--limit"]),
]


@pytest.mark.parametrize(("words", "status", "parts"), ASKED)
def test_asked_for_what_is_not_there(demo, words, status, parts):
    """A day, site, address or option that cannot be is named, with what there is instead."""
    ended = (daykeep if words[0] in {"serve", "crawl"} else inside)(demo, *words)
    assert (ended.status, ended.out) == (status, ""), ended.err
    assert [part for part in parts if part not in ended.err] == [], ended.err


# Configuration, and what the sentence must have beside the file's name.
CONFIGURATIONS = [
    ('dta = "x"', ["dta", "data"]),
    ('[[site]]\nname = "a"\nseeds = ["https://a.example/"]\ndelai = 2', ["delai", "delay"]),
    ('[[site]]\nname = "a"\nseeds = ["https://a.example/"]\ndelay = "x"', ["site[0].delay", "str"]),
    ('[[site]]\nname = "a"\nseeds = ["https://a.example/"]\n' * 2, ["two sites named"]),
    ('[[site]]\nname = "a"', ["seeds"]),
    ("data = ", ["TOML"]),
    ('timezone = "Europe/Nowhere"', ["timezone", "Europe/Nowhere"]),
    (b"\xff\xfe", ["TOML"]),
    (None, ["daykeep init"]),
]


@pytest.mark.parametrize(("content", "parts"), CONFIGURATIONS)
def test_configuration(tmp_path, content, parts):
    """A faulty configuration is status 2, names file and key, and nothing is touched."""
    config = tmp_path / "daykeep.toml"
    if content is not None:
        config.write_bytes(content if isinstance(content, bytes) else content.encode())
    ended = inside(config, "status")
    assert (ended.status, ended.out) == (2, "")
    assert [part for part in [str(config), *parts] if part not in ended.err] == [], ended.err
    assert list(tmp_path.iterdir()) == ([] if content is None else [config])


def test_seed_that_does_not_resolve(tmp_path):
    """The sentence names the host and why; the attempt is kept as a failed snapshot, good days stay as they are."""
    with Web({"/": page("home")}) as web:
        config = configure(tmp_path, web.seed)
        assert daykeep(config, "crawl", "example").status == 0
    configure(tmp_path, "http://no-such-host.invalid/")
    ended = daykeep(config, "crawl", "example")
    assert ended.status == 1
    assert [
        part
        for part in ("no-such-host.invalid", "DNS", "check the seeds", "example")
        if part not in ended.err
    ] == []
    rows = daykeep(config, "snapshots", "example", "--json").json()
    assert [row["outcome"] for row in rows] == ["complete", "failed"]
    assert daykeep(config, "history", web.seed).status == 0


def test_seed_in_a_private_network(tmp_path):
    """A seed on an address that is not allowed says so, and which key allows it."""
    config = configure(tmp_path, "http://127.0.0.1:9/", allow_addresses=[])
    ended = daykeep(config, "crawl", "example")
    assert (ended.status, "allow_addresses" in ended.err, "loopback" in ended.err) == (1, True, True)


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_port_in_use(demo, command):
    """A port that another program has is told, before anything is begun."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = [command, *([demo.parent.parent] if command == "demo" else []), "--port", port]
        ended = daykeep(demo, *words)
    assert (ended.status, ended.out) == (1, "")
    assert [part for part in (port, "in use", "--port") if part not in ended.err] == []


UNWRITABLE = ["/proc/daykeep", "file/data", "/dev/null"]


@pytest.mark.parametrize("data", UNWRITABLE)
@pytest.mark.parametrize("command", [["status"], ["crawl", "example"]])
def test_data_folder_that_cannot_be_written(tmp_path, data, command):
    """A folder that cannot be made is told with its name and what to do."""
    (tmp_path / "file").write_text("a file")
    where = data if data.startswith("/") else str(tmp_path / data)
    config = configure(tmp_path, "https://www.example.org/")
    config.write_text(config.read_text().replace("../data", where))
    ended = daykeep(config, *command)
    assert (ended.status, ended.out) == (1, "")
    assert where in ended.err
    assert "data folder" in ended.err
    assert re.search("choose another|mend the disk", ended.err.lower())


def damaged(demo, tmp_path):
    """Copy the demonstration, and return its configuration and its first snapshot, to be damaged."""
    shutil.copytree(demo.parent.parent, tmp_path / "copy")
    config = tmp_path / "copy" / "config" / "daykeep.toml"
    return config, Collection(tmp_path / "copy" / "data").snapshots(SITE)[0]


def test_truncated_warc(demo, tmp_path):
    """A WARC that was cut is found by verify, with file and offset; everything else goes on."""
    config, folder = damaged(demo, tmp_path)
    [warc] = folder.warcs
    warc.chmod(0o644)
    whole = warc.stat().st_size
    with warc.open("r+b") as file:
        file.truncate(whole // 2)
    ended = daykeep(config, "verify", SITE, FIRST, "--json")
    assert ended.status == 3
    problems = ended.json()["problems"]
    assert {f"archive/{warc.name}"} <= {problem["file"] for problem in problems}
    text = inside(config, "verify")
    assert (text.status, warc.name in text.out) == (3, True)
    assert inside(config, "snapshots", SITE).status == 0
    assert inside(config, "rebuild").status == 0


@pytest.mark.parametrize(
    "name", ["datapackage.json", "indexes/index.cdxj", "logs/ledger.jsonl", "pages/pages.jsonl"]
)
@pytest.mark.parametrize("content", [b"\x00garbage", None])
def test_damaged_snapshot(demo, tmp_path, name, content):
    """Whatever file of a snapshot is damaged, verify tells it, and no command shows a traceback."""
    config, folder = damaged(demo, tmp_path)
    path = folder.path / name
    path.parent.chmod(0o755)
    path.chmod(0o644)
    path.write_bytes(content) if content is not None else path.unlink()
    assert inside(config, "verify", SITE, FIRST).status == 3
    for words in (
        ["ledger", SITE, FIRST],
        ["rebuild"],
        ["status"],
        ["export", SITE, FIRST, "-o", tmp_path / "x.wacz"],
    ):
        assert inside(config, *words).status in {0, 1, 3}
    assert inside(config, "ledger", SITE, DAYS[1].date).status == 0


def test_port_is_free_again(demo):
    """A free port works, as the other cases would fail for any port."""
    ended = daykeep(demo, "demo", demo.parent.parent, "--no-serve", "--port", str(free_port()))
    assert ended.status == 0
