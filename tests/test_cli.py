# SPDX-License-Identifier: EUPL-1.2
"""The command line as an operator and a script see it: what stands on stdout, and the exit status."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import zipfile

import msgspec
import pytest

from archiver.cli import COMMANDS, show
from archiver.cli import daykeep as program
from archiver.cli.listening import with_address
from archiver.demo.run import SITE
from archiver.demo.site import DAYS, HOST
from archiver.settings import Settings, Viewer, load
from tests.support.command import DAYKEEP, command, configure, daykeep, inside
from tests.support.ports import wait_until_accepting
from tests.support.sites import Web, text
from tests.support.snapshots import page

FIRST, LAST, PARTIAL = DAYS[0].date, DAYS[-1].date, DAYS[4].date
FEES = f"http://{HOST}/nl/kosten"
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")

# Words of the command, exit status, and what the JSON document has: its type, or keys of it or of its first row.
LOOKS = [
    (["status"], 0, {"site", "last", "outcome", "gaps", "next_due", "bytes"}),
    (["snapshots", SITE], 0, {"timestamp", "date", "outcome", "known", "counts", "changed", "demonstration"}),
    (
        ["ledger", SITE, PARTIAL],
        0,
        {"site", "snapshot", "known", "totals", "missed_hints", "reasons", "urls"},
    ),
    (["ledger", SITE, PARTIAL, "--outcome", "http-error"], 0, {"urls"}),
    (
        ["history", f"http://{HOST}/"],
        0,
        {"url", "first", "last", "first_day", "last_day", "status", "digest"},
    ),
    (["changes", SITE, FIRST, LAST], 0, {"site", "from", "to", "changes"}),
    (["search", SITE, "aanvragen"], 0, {"query", "snapshot", "total", "facets", "suggestion", "pages"}),
    (
        ["search", SITE, "aanvragen", "--on", FIRST],
        0,
        {"query", "snapshot", "total", "facets", "suggestion", "pages"},
    ),
    (["search", SITE, "zzzzzz"], 0, {"total"}),
    (["verify", SITE, FIRST], 0, {"snapshots", "problems"}),
    (["rebuild"], 0, {"snapshots", "problems"}),
    (["run-due"], 0, set()),
]


@pytest.mark.parametrize(("words", "status", "keys"), LOOKS)
def test_json(demo, words, status, keys):
    """With --json there is one document on stdout and nothing else."""
    ended = daykeep(demo, *words, "--json")
    assert ended.status == status, ended.err
    document = ended.json()
    row = document[0] if isinstance(document, list) and document else document
    assert keys <= set(row)


# Words of the command, exit status, and what stands on stdout.
TEXTS = [
    (["status"], 0, f"{SITE}\t{LAST}\tcomplete\t7"),
    (["status"], 0, " MB\t8\t4\n"),
    (["snapshots", SITE], 0, f"\t{FIRST}\tcomplete\t"),
    (["ledger", SITE, FIRST], 0, "captured\t200\t"),
    (["history", f"http://{HOST}/"], 0, f"{FIRST}\t"),
    (["changes", SITE, FIRST, LAST], 0, "new\thttp://"),
    (["search", SITE, "aanvragen"], 0, f"\thttp://{HOST}/nl/"),
    (["verify", SITE, FIRST], 0, ""),
    (["rebuild"], 0, "7 snapshot(s) are in the catalogue."),
    (["run-due"], 0, "Nothing was due."),
    (["--version"], 0, "daykeep, version "),
]


@pytest.mark.parametrize(("words", "status", "out"), TEXTS)
def test_text(demo, words, status, out):
    """Without --json stdout has lines whose columns tabs part, and the exit status is that of the contract."""
    ended = inside(demo, *words)
    assert (ended.status, out in ended.out) == (status, True), ended


def test_documents_agree_with_each_other(demo):
    """The ledger's totals add up to what `snapshots` says is known, and its URLs are as many."""
    rows = {row["date"]: row for row in inside(demo, "snapshots", SITE, "--json").json()}
    ledger = inside(demo, "ledger", SITE, PARTIAL, "--json").json()
    assert sum(ledger["totals"].values()) == ledger["known"] == len(ledger["urls"]) == rows[PARTIAL]["known"]
    assert (ledger["totals"], ledger["snapshot"]) == (rows[PARTIAL]["counts"], rows[PARTIAL]["timestamp"])
    assert set(ledger["urls"][0]) >= {"url", "outcome", "status", "reason", "via", "bytes", "timestamp"}
    by_timestamp = inside(demo, "ledger", SITE, ledger["snapshot"], "--json").json()
    assert by_timestamp == ledger


def test_search_as_the_site_stood(demo):
    """A word is found on the days on which the page had it."""
    whole = [
        inside(demo, "search", SITE, "aanvragen", "--on", day.date, "--json").json()
        for day in (DAYS[0], DAYS[6])
    ]
    assert [answer["snapshot"][:8] for answer in whole] == [FIRST.replace("-", ""), LAST.replace("-", "")]
    assert all(page["url"].startswith(f"http://{HOST}/") for answer in whole for page in answer["pages"])


def test_search_in_what_is_not_a_year(demo):
    """It is wrong usage, and said so."""
    ended = inside(demo, "search", SITE, "aanvragen", "--year", "abc")
    assert (ended.status, ended.out, "not a year of four digits" in ended.err) == (2, "", True)


def test_search_on_any_day(demo):
    """`--ever` finds each text that one of the days has, and does not go with a day."""
    ever = inside(demo, "search", SITE, "dwangsom", "--ever", "--limit", "1000", "--json").json()
    days = [
        inside(demo, "search", SITE, "dwangsom", "--on", day.date, "--limit", "1000", "--json").json()
        for day in DAYS
    ]
    assert ever["snapshot"] is None
    assert ever["total"] == len(ever["pages"]) > max(day["total"] for day in days)
    assert {page["url"] for page in ever["pages"]} == {page["url"] for day in days for page in day["pages"]}
    both = inside(demo, "search", SITE, "dwangsom", "--ever", "--on", DAYS[0].date)
    assert (both.status, "Either --on a day, or --ever." in both.err) == (2, True)


def test_search_filters_and_counts(demo):
    """Filters keep what they say, counts are of all that match, and a word that nobody wrote is corrected."""
    whole = inside(demo, "search", SITE, "aanvragen", "--limit", "1", "--json").json()
    assert (
        sum(whole["facets"]["type"].values()) == sum(whole["facets"]["year"].values()) == whole["total"] > 1
    )
    [first] = whole["pages"]
    assert {"url", "title", "type", "year", "score", "excerpt"} == set(first)
    assert any(piece["hit"] for piece in first["excerpt"])
    dutch = inside(
        demo, "search", SITE, "aanvragen", "--url", f"{HOST}/nl/", "--type", "html", "--json"
    ).json()
    assert all(page["url"].startswith(f"http://{HOST}/nl/") for page in dutch["pages"])
    assert 0 < dutch["total"] <= whole["total"]
    assert inside(demo, "search", SITE, "aanvragen -aanvragen", "--json").json()["total"] == 0
    meant = inside(demo, "search", SITE, "aanvragn")
    assert (meant.status, meant.out) == (0, "")
    assert "Did you mean: aanvragen" in meant.err


@pytest.mark.parametrize("name", [None, *sorted(COMMANDS)])
def test_help(name):
    """Every command tells its exit statuses, and needs no configuration to do so."""
    ended = inside(None, *([name] if name else []), "--help")
    assert (ended.status, ended.err) == (0, "")
    assert "Exit status: 0" in " ".join(ended.out.split())


def test_module_is_the_same_program(demo):
    """`python -m archiver` is the command `daykeep`."""
    words = [
        str(DAYKEEP.with_name("python")),
        "-m",
        "archiver",
        "--config",
        str(demo),
        "snapshots",
        SITE,
        "--json",
    ]
    ran = subprocess.run(words, capture_output=True, check=True)
    assert json.loads(ran.stdout) == daykeep(demo, "snapshots", SITE, "--json").json()


def test_configuration_from_the_environment(demo):
    """$DAYKEEP_CONFIG names the configuration, and --config wins over it."""
    environment = {**os.environ, "DAYKEEP_CONFIG": str(demo)}
    assert daykeep(None, "snapshots", SITE, env=environment).status == 0
    assert daykeep(demo.with_name("no.toml"), "snapshots", SITE, env=environment).status == 2


def test_export(demo, tmp_path):
    """An export is one file that is a ZIP, and is not overwritten."""
    target = tmp_path / "day.wacz"
    ended = daykeep(demo, "export", SITE, FIRST, "-o", target, "--json")
    assert (ended.status, ended.json()["site"]) == (0, SITE)
    assert "datapackage.json" in zipfile.ZipFile(target).namelist()
    before = target.read_bytes()
    again = daykeep(demo, "export", SITE, FIRST, "-o", target)
    assert (again.status, str(target) in again.err) == (1, True)
    assert target.read_bytes() == before


def test_init(tmp_path):
    """`init` writes a configuration that loads, for the site asked for, and leaves one that is there alone."""
    ended = inside(None, "init", tmp_path, "--seed", "http://localhost:8000/docs/")
    config = tmp_path / "config" / "daykeep.toml"
    assert (ended.status, f"--config {config} crawl localhost" in ended.out) == (0, True)
    [site] = load(config).site
    assert (site.name, site.seeds) == ("localhost", ("http://localhost:8000/docs/",))
    assert site.allow_addresses == ("127.0.0.0/8", "::1")
    assert (tmp_path / "data" / "collection.json").exists()
    before = config.read_bytes()
    again = inside(None, "init", tmp_path, "--seed", "https://other.example/")
    assert (again.status, "left as it is" in again.err) == (0, True)
    assert config.read_bytes() == before


SEEDS = [
    ("https://www.ind.nl/", "ind-nl", ()),
    ("http://127.0.0.1:8080/", "127-0-0-1", ("127.0.0.1",)),
    ("http://[::1]:8080/", "1", ("::1",)),
    ("http://intranet.localhost/", "intranet-localhost", ("127.0.0.0/8", "::1")),
    ("http://10.1.2.3/", "10-1-2-3", ("10.1.2.3",)),
    ("https://bücher.example/", "xn-bcher-kva-example", ()),
]


@pytest.mark.parametrize(("seed", "name", "allowed"), SEEDS)
def test_init_for_any_address(tmp_path, seed, name, allowed):
    """Name and allowed addresses follow from the seed, also where it is an address of a private network."""
    assert program.main(["init", str(tmp_path), "--seed", seed], standalone_mode=False) == 0
    [site] = load(tmp_path / "config" / "daykeep.toml").site
    assert (site.name, site.allow_addresses) == (name, allowed)


@pytest.mark.parametrize(
    ("seed", "name"),
    [("ftp://x.example/", "x"), ("https://x.example/", 'a"b'), ("https://x.example/", "web")],
)
def test_init_refuses_and_writes_nothing(tmp_path, seed, name):
    """A seed or a name that cannot be is wrong usage, told before anything is written."""
    ended = inside(None, "init", tmp_path / "new", "--seed", seed, "--name", name)
    assert (ended.status, ended.out) == (2, "")
    assert not (tmp_path / "new").exists()


def test_crawl(tmp_path):
    """A crawl ends with one document that tells how it went; a partial one with status 3."""
    with Web({"/": page("home", "/a"), "/a": page("a")}) as web:
        config = configure(tmp_path, web.seed)
        whole = daykeep(config, "crawl", "example", "--json")
        assert (whole.status, whole.json()["outcome"]) == (0, "complete")
        web.pages["/a"] = text("oops", status=500)
        partial = daykeep(config, "crawl", "example")
        assert (partial.status, "partial" in partial.out) == (3, True)
    status = daykeep(config, "status", "--json")
    assert (status.status, status.json()[0]["outcome"]) == (3, "partial")


def test_run_due(tmp_path):
    """`run-due` takes what is due and tells it, and the second time that nothing was."""
    with Web({"/": page("home")}) as web:
        config = configure(tmp_path, web.seed, at="00:00")
        [row] = daykeep(config, "run-due", "--json").json()
        assert (row["site"], row["outcome"]) == ("example", "complete")
        assert daykeep(config, "run-due", "--json").json() == []


def test_schedule_ends_on_a_signal(tmp_path):
    """`daykeep schedule` runs until SIGTERM, and that is no failure."""
    with Web({"/": page("home")}) as web:
        config = configure(tmp_path, web.seed, at="00:00")
        process = subprocess.Popen(command(config, "schedule"), stdout=-1, stderr=subprocess.STDOUT)
        lines = iter(process.stdout.readline, b"")
        assert any(b'"taken"' in line for line in lines)
        process.terminate()
        process.communicate(timeout=15)
    assert process.returncode == 0


def test_serve(demo):
    """`daykeep serve --no-schedule` answers on the port it names, and ends on SIGTERM."""
    process = subprocess.Popen(command(demo, "serve", "--port", "0", "--no-schedule"), stdout=-1, stderr=-1)
    try:
        line = process.stdout.readline().decode()
        port = int(re.fullmatch(r"Viewer: http://localhost:(\d+)/\n", line)[1])
        wait_until_accepting(port, lambda: process.poll() is None)
    finally:
        process.terminate()
    _, err = process.communicate(timeout=15)
    assert (process.returncode, b"Traceback" in err) == (0, False)


def test_serving_elsewhere_changes_the_addresses_alone():
    """With another port all else that is configured for the viewer still holds."""
    viewer = Viewer(downloads=("warc",), download_bytes=1000)
    moved = with_address(Settings(viewer=viewer), 8123).viewer
    assert (moved.downloads, moved.download_bytes) == (("warc",), 1000)
    assert (moved.base_url, moved.replay_url) == ("http://localhost:8123", "http://{label}.localhost:8123")


def test_nothing_of_a_website_steers_the_terminal(tmp_path):
    """Escape sequences in titles and addresses come out replaced in text, and escaped in JSON."""
    title = "\x1b]0;owned\x07\x9b31m\u202eevil"
    with Web({"/": page("tekst", title=title)}) as web:
        config = configure(tmp_path, web.seed)
        assert daykeep(config, "crawl", "example").status == 0
        for words in (["search", "example", "tekst"], ["search", "example", "tekst", "--json"]):
            ended = daykeep(config, *words)
            assert not CONTROL.search(ended.out.replace("\t", "")), ended.out
            assert "owned" in ended.out
    said = daykeep(config, "history", "http://x.example/\x1b[31m\x9b")
    assert not CONTROL.search(said.err)


@pytest.mark.parametrize(
    "value",
    [
        "\x1b[2J",
        "\x9b",
        "\u202e",
        "\U000e0001",
        "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
        "é",
        "\n",
    ],
)
def test_json_escapes_are_lossless(capsys, value):
    """What is escaped in a document reads back as it was."""
    show.json_document({"value": value})
    assert msgspec.json.decode(capsys.readouterr().out) == {"value": value}


def watched(words):
    """Run a command on a terminal of its own and return its exit status and what the terminal received."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ |= {"TERM": "xterm", "COLUMNS": "100"}
        os.execv(words[0], words)
    received = b""
    try:
        while data := os.read(terminal, 65536):
            received += data
    except OSError:  # how Linux says that the other side has gone
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), received.decode(errors="replace")


def test_progress_bar_on_a_terminal_only(tmp_path):
    """A bar moves while a crawl runs before a person's eyes, and nowhere else."""
    site = {"/": page("home", *(f"/[/x]{n}" for n in range(30)))}
    with Web(site, pause=0.03) as web:
        config = configure(tmp_path, web.seed, connections=1)
        status, received = watched(command(config, "crawl", "example"))
        assert status == 0
        plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", received)
        assert re.search(r"example ━+ +\d+/33 ", plain)
        assert "127.0.0.1" in plain
        ended = daykeep(config, "crawl", "example")
    assert (ended.status, "\x1b" in ended.err + ended.out) == (0, False)
    assert "/33 " not in ended.err


def test_table_on_a_terminal(demo):
    """A person gets headings."""
    status, received = watched(command(demo, "snapshots", SITE))
    assert (status, "timestamp" in received, FIRST in received) == (0, True, True)


def test_reader_that_goes_away(demo):
    """`| head` is no fault."""
    words = " ".join(command(demo, "ledger", SITE, FIRST))
    ran = subprocess.run(["/bin/bash", "-c", f"{words} | head -1"], capture_output=True, check=False)
    assert ran.stdout.count(b"\n") == 1
    assert b"Traceback" not in ran.stderr
    assert b"Exception" not in ran.stderr


@pytest.mark.parametrize("words", [["status"], ["search", SITE, "dwangsom"], ["rebuild"]])
def test_json_is_all_there_is_on_stdout(demo, tmp_path, words):
    """What a command logs on the way, here of a truncated WARC, goes to stderr."""
    shutil.copytree(demo.parent.parent, tmp_path / "archive")
    config = tmp_path / "archive" / "config" / "daykeep.toml"
    shutil.rmtree(tmp_path / "archive" / "data" / "catalogue")
    warc = next((tmp_path / "archive" / "data").glob("sites/*/snapshots/20260302*/archive/*"))
    warc.chmod(0o644)
    warc.write_bytes(warc.read_bytes()[:2000])
    ended = daykeep(config, *words, "--json")
    assert ended.json()
    assert "text-unreadable" in ended.err


def test_verify_misses_a_day_that_is_gone(demo, tmp_path):
    """A sealed day that somebody removed is a problem, told by the catalogue and by the table of runs."""
    shutil.copytree(demo.parent.parent, tmp_path / "archive")
    config = tmp_path / "archive" / "config" / "daykeep.toml"
    day = next((tmp_path / "archive" / "data").glob("sites/*/snapshots/20260308*"))
    for path in [day, *day.rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(day)
    for _ in range(2):
        ended = daykeep(config, "verify", SITE)
        assert (ended.status, ended.out.count("its folder is gone")) == (3, 1)
        shutil.rmtree(tmp_path / "archive" / "data" / "catalogue", ignore_errors=True)
