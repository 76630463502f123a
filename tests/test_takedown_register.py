# SPDX-License-Identifier: EUPL-1.2
"""The register of takedowns: what a decision is about, its file under crashes and damage, and its commands."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from archiver.cli.compose import shelves
from archiver.collection import Collection
from archiver.settings import load
from archiver.takedowns import MAX_LINE, add_takedown, read_takedowns, takedowns_path
from bench.launch import family
from index.errors import DamagedError
from index.takedown import (
    MAX_REASON,
    VERSION,
    Action,
    Decision,
    Register,
    forces,
    page_of,
    reach_of,
)
from index.urlkey import MAX_URL, text_name, urlkey
from tests.support.archive import Archive, Reply, build
from tests.support.command import command, configure, inside
from tests.support.faults import Disk
from tests.support.faults import build as build_library
from tests.support.standing import standing_still
from tests.support.viewing import Visitor
from viewer.takedowns import Takedowns

SITE = "https://www.example.org"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
AT = "2026-03-09T08:00:00Z"
PAGE = f"{SITE}/a"
DAYS = {
    MONDAY: {f"{SITE}/": Reply("<title>Home</title>"), PAGE: Reply("<title>A</title>geheim")},
    TUESDAY: {f"{SITE}/": Reply("<title>Home</title>"), PAGE: Reply("<title>A</title>geheim")},
}


def hide(url: str = PAGE, action: Action = Action.HIDE, **more) -> Decision:
    return Decision(takedowns=VERSION, action=action, url=url, at=AT, **{"reason": "een reden", **more})


def show(url: str = PAGE, **more) -> Decision:
    return hide(url, Action.SHOW, **more)


def day_of(snapshot: str) -> str:
    return f"{snapshot[:4]}-{snapshot[4:6]}-{snapshot[6:8]}"


def withheld(url: str, *decisions: Decision, snapshot: str = MONDAY) -> bool:
    return Register(decisions).withheld(url, snapshot, day_of) is not None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (PAGE, True),
        ("http://www.example.org/a", True),
        ("https://example.org/A", True),
        ("https://www.example.org/a/", True),
        ("https://www.example.org/a?x=1", False),
        ("https://www.example.org/ab", False),
        ("https://www.example.org/", False),
        ("https://other.example/a", False),
        (text_name(PAGE), True),
        (text_name(f"{SITE}/b"), False),
    ],
)
def test_which_addresses_a_decision_is_about(url, expected):
    """All that share the key of the address, and the text that was read of them."""
    assert withheld(url, hide()) is expected


@pytest.mark.parametrize(
    ("prefix", "url", "expected"),
    [
        (f"{SITE}/brieven/", f"{SITE}/brieven", True),
        (f"{SITE}/brieven/", f"{SITE}/brieven/1?a=b", True),
        (f"{SITE}/brieven/", f"{SITE}/brieven?jaar=2026", True),
        (f"{SITE}/brieven/", f"{SITE}/brievenbus", False),
        (f"{SITE}/brieven", f"{SITE}/brievenbus", True),
        (f"{SITE}/", f"{SITE}/", True),
        (f"{SITE}/", "http://example.org/Brieven", True),
        (f"{SITE}/", "https://sub.example.org/", False),
        (f"{SITE}/", "https://www.example.org:8443/", False),
        (f"{SITE}/zoek?naam=", f"{SITE}/zoek?naam=jansen", True),
        (f"{SITE}/zoek?naam=", f"{SITE}/zoek?plaats=jansen", False),
    ],
)
def test_which_addresses_begin_so(prefix, url, expected):
    """A prefix that ends in a slash is a folder; any other is the beginning of a name."""
    assert withheld(url, hide(prefix, prefix=True)) is expected
    assert withheld(text_name(url), hide(prefix, prefix=True)) is expected


def test_the_text_of_a_numbered_host():
    """The name of a text has no brackets in its host, and is still that of its page."""
    url = "http://[2001:db8::1]:8080/a%5B1%5D"
    assert page_of(text_name(url)) == url
    assert withheld(text_name(url), hide(url))


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("", "", "1111"),
        ("2026-03-03", "", "0111"),
        ("", "2026-03-03", "1100"),
        ("2026-03-03", "2026-03-04", "0110"),
        ("20260303023000", "20260303023000", "0100"),
        ("20260303023001", "", "0011"),
        ("2026-03-10", "", "0000"),
    ],
)
def test_which_days(since, until, expected):
    """Both ends are included; a snapshot is meant by its day, or by its own second."""
    days = [f"2026030{day}023000" for day in (2, 3, 4, 5)]
    one = hide(since=since, until=until)
    assert "".join(str(int(withheld(PAGE, one, snapshot=day))) for day in days) == expected


def test_the_last_decision_counts():
    """Whatever was decided before, of all decisions about an address on a day the last one counts."""
    assert not withheld(PAGE, hide(), show())
    assert withheld(PAGE, hide(), show(), hide())
    assert withheld(PAGE, hide(f"{SITE}/", prefix=True), show(f"{SITE}/b"))
    assert not withheld(f"{SITE}/b", hide(f"{SITE}/", prefix=True), show(f"{SITE}/b"))
    assert withheld(PAGE, hide(), show(since="2026-03-03"))
    assert not withheld(PAGE, hide(), show(since="2026-03-03"), snapshot=TUESDAY)
    assert not Register([show()])
    assert not Register()


def test_against_every_decision_asked_one_by_one():
    """Whatever is decided in whatever order, the register answers as a look through all of it from the end."""
    rng = random.Random(42)
    urls = [f"{SITE}{path}" for path in ("/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/a?x=1", "/b")]
    days = [f"202603{day:02}023000" for day in range(1, 10)]
    for _ in range(300):
        made = [
            hide(
                rng.choice(urls),
                rng.choice(list(Action)),
                prefix=rng.random() < 0.4,
                since=rng.choice(["", "2026-03-03", "20260304023000"]),
                until=rng.choice(["", "2026-03-06", "20260307023000"]),
            )
            for _ in range(rng.randrange(1, 8))
        ]
        register = Register(made)
        for url, day in ((url, day) for url in urls for day in days):
            about = [one for one in made if reach_of(one).has(urlkey(url)) and one.covers(day, day_of)]
            expected = about[-1] if about and about[-1].action is Action.HIDE else None
            assert register.withheld(url, day, day_of) == expected
            if expected:
                assert register.concerns(urlkey(url))
                assert urlkey(url).startswith(tuple(register.starts))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ([hide()], "all"),
        ([hide(), show()], "none all"),
        ([hide(), show(since="2026-03-03")], "part all"),
        ([hide(since="2026-03-03", until="2026-03-04"), show(since="2026-03-05")], "all all"),
        ([hide(f"{SITE}/", prefix=True), show()], "part all"),
        ([hide(), show(f"{SITE}/", prefix=True)], "none all"),
        ([hide(f"{SITE}/a/", prefix=True), hide(f"{SITE}/a/b/", prefix=True)], "part all"),
        ([hide(f"{SITE}/a/b/", prefix=True), show(f"{SITE}/a/", prefix=True)], "none all"),
        ([hide(), hide(f"{SITE}/b")], "all all"),
        ([hide(since=MONDAY, until=MONDAY), show(since="2026-03-02", until="2026-03-02")], "none all"),
    ],
)
def test_how_much_still_counts(made, expected):
    """A decision counts wholly, in part, or no longer, by those that came after it."""
    assert " ".join(forces(made)) == expected


@pytest.fixture
def collection(tmp_path) -> Collection:
    return Collection.create(tmp_path / "data")


def test_what_is_written_is_read(collection):
    """Decisions stand in the file in their order, one line each, with nothing that is not said."""
    made = [hide(by="Ik"), hide(f"{SITE}/b/", prefix=True, since="2026-03-02"), show(reason="")]
    for one in made:
        add_takedown(collection, one)
    path = takedowns_path(collection)
    assert read_takedowns(path).decisions == tuple(made)
    assert json.loads(path.read_text().splitlines()[2]) == {
        "takedowns": 1, "action": "show", "url": PAGE, "at": AT
    }  # fmt: skip


def test_everyone_may_read_it(collection):
    """Whoever decides, with whatever rights new files get, the process that shows pages can read what was decided."""
    before = os.umask(0o077)
    try:
        add_takedown(collection, hide())
    finally:
        os.umask(before)
    assert takedowns_path(collection).stat().st_mode & 0o777 == 0o644


def test_the_longest_decision_fits_a_line(collection):
    """No address and no reason is too long for a line, whatever is in them."""
    longest = hide(
        f"{SITE}/{'a' * (MAX_URL - len(SITE) - 1)}", reason="\U0001f600" * MAX_REASON, by='"' * 200
    )
    add_takedown(collection, longest)
    assert takedowns_path(collection).stat().st_size < MAX_LINE
    add_takedown(collection, hide())
    assert len(read_takedowns(takedowns_path(collection)).decisions) == 2


@pytest.mark.parametrize("left", range(0, 100, 7))
def test_a_line_that_a_crash_cut_was_never_decided(collection, left):
    """What of a last line came to the disk is passed over by readers, and cut away by the next decision."""
    path = takedowns_path(collection)
    add_takedown(collection, hide())
    line = path.read_bytes()
    with path.open("ab") as file:
        file.write(line[:left])
    assert read_takedowns(path).decisions == (hide(),)
    add_takedown(collection, show())
    assert read_takedowns(path).decisions == (hide(), show())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{}\n", "no decision"),
        (b"\xff\xfe\n", "no decision"),
        (b'{"takedowns":2,"verb":"hide"}\n', "version 2; this version of Daykeep reads version 1"),
        (
            b'{"takedowns":1,"action":"erase","url":"https://a.example/","at":"2026-03-09T08:00:00Z"}\n',
            "no decision",
        ),
        (b'{"takedowns":1,"action":"hide","url":"https://a.example/","at":"yesterday"}\n', "no decision"),
        (
            b'{"takedowns":1,"action":"hide","url":"https://a.example/","at":"2026-03-09T08:00:00Z","only":"nl"}\n',
            "no decision",
        ),
        (b"[" * 100_000 + b"\n", "no decision"),
    ],
)
def test_a_damaged_register_is_refused(collection, line, said):
    """Nothing is added to what cannot be read, and no viewer begins with it: it would show what is withheld."""
    path = takedowns_path(collection)
    path.write_bytes(line)
    with pytest.raises(DamagedError, match=said):
        add_takedown(collection, hide())
    with pytest.raises(DamagedError, match=r"takedowns\.jsonl line 1"):
        Takedowns(collection, ZoneInfo("Europe/Amsterdam"))
    assert path.read_bytes() == line


def test_a_register_that_became_less_takes_nothing_back(collection):
    """What a viewer knows to be withheld stays so, whatever becomes of the file, and new decisions count."""
    path = takedowns_path(collection)
    known = Takedowns(collection, ZoneInfo("Europe/Amsterdam"))
    add_takedown(collection, hide())
    known.refresh()
    before = path.read_bytes()
    for damaged in (b"", before[:-20], b"not a register\n", None):
        path.unlink(missing_ok=True) if damaged is None else path.write_bytes(damaged)
        known.refresh()
        assert known.of(PAGE, MONDAY) == hide()
    add_takedown(collection, hide(f"{SITE}/b"))
    known.refresh()
    assert known.of(PAGE, MONDAY) is not None
    assert known.of(f"{SITE}/b", MONDAY) is not None
    path.write_bytes(before)
    add_takedown(collection, show())
    known.refresh()
    assert known.of(PAGE, MONDAY) is None


def test_many_processes_decide_at_once(collection):
    """No decision is lost or torn where several are made at the same moment."""
    script = (
        "import sys; from pathlib import Path; from archiver.collection import Collection\n"
        "from archiver.takedowns import add_takedown; from index.takedown import *\n"
        "for n in range(20):\n"
        "    add_takedown(Collection(Path(sys.argv[1])), Decision(takedowns=1, action=Action.HIDE,\n"
        "        url=f'https://www.example.org/{sys.argv[2]}/{n}', at='2026-03-09T08:00:00Z', reason='x' * 900))\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", script, collection.root, str(number)],
            cwd=Path(__file__).parent.parent,
        )
        for number in range(4)
    ]
    assert [one.wait(timeout=60) for one in running] == [0] * 4
    urls = [one.url for one in read_takedowns(takedowns_path(collection)).decisions]
    assert len(set(urls)) == 80
    for number in range(4):
        own = [url for url in urls if f"/{number}/" in url]
        assert own == [f"https://www.example.org/{number}/{n}" for n in range(20)]


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    return build_library(tmp_path_factory.mktemp("faults"))


ADDING = (
    "import sys; from pathlib import Path; from archiver.collection import Collection\n"
    "from archiver.takedowns import add_takedown; from index.takedown import *\n"
    "add_takedown(Collection(Path(sys.argv[1])), Decision(takedowns=1, action=Action.HIDE, url=sys.argv[2],\n"
    "    at='2026-03-09T08:00:00Z', reason='x' * 900))\n"
    "print('decided')\n"
)


def add_under(disk: Disk, env: dict[str, str], url: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-P", "-c", ADDING, disk.root, url],
        env=env,
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("deed", ["kill", "eio", "enospc"])
def test_killed_or_refused_at_every_call(tmp_path, library, deed):
    """A decision is whole or not there, wherever its process dies or the disk refuses; what was told is kept."""
    disk = Disk(tmp_path / "data", library)
    collection = Collection.create(disk.root)
    add_takedown(collection, hide())
    shutil.copytree(disk.root, tmp_path / "before")
    disk.put_back(tmp_path / "before")
    path = takedowns_path(collection)
    assert add_under(disk, disk.watched(), f"{SITE}/b").stdout == b"decided\n"
    calls = disk.calls()[deed]
    assert calls >= 1
    seen = set()
    for number in range(1, calls + 1):
        disk.put_back(tmp_path / "before")
        ended = add_under(disk, disk.fault(deed, number), f"{SITE}/b")
        told = ended.stdout == b"decided\n"
        found = [one.url for one in read_takedowns(path).decisions]
        assert found in ([PAGE], [PAGE, f"{SITE}/b"])
        disk.cut_power()
        left = [one.url for one in read_takedowns(path).decisions]
        assert left in ([PAGE], [PAGE, f"{SITE}/b"])
        assert left == [PAGE, f"{SITE}/b"] or not told
        add_takedown(collection, hide(f"{SITE}/c"))
        assert [one.url for one in read_takedowns(path).decisions] == [*left, f"{SITE}/c"]
        seen.add(told)
    assert False in seen


def test_a_first_decision_outlives_a_power_cut(tmp_path, library):
    """The file is new, and its name in the folder is synced too."""
    disk = Disk(tmp_path / "data", library)
    collection = Collection.create(disk.root)
    disk.put_back(shutil.copytree(disk.root, tmp_path / "before"))
    assert add_under(disk, disk.watched(), PAGE).stdout == b"decided\n"
    disk.cut_power()
    assert [one.url for one in read_takedowns(takedowns_path(collection)).decisions] == [PAGE]


@pytest.fixture
def config(tmp_path) -> Path:
    with build(tmp_path / "data", {"example": DAYS}):
        return configure(tmp_path, f"{SITE}/")


def register_of(config: Path):
    return read_takedowns(config.parent.parent / "data" / "takedowns.jsonl").decisions


def test_hide_and_unhide(config):
    """The commands say what is withheld and where it is, list it, and keep every decision."""
    done = inside(config, "hide", PAGE, "--reason", " Op verzoek\n van betrokkene ", "--by", "redactie")
    assert done.status == 0, done.err
    assert done.out == f"{PAGE} is withheld from the public: all days, and those to come.\n"
    assert "2 sealed day(s) have it, from 2026-03-02 to 2026-03-03." in done.err
    (one,) = register_of(config)
    assert (one.reason, one.by, one.url) == ("Op verzoek van betrokkene", "redactie", PAGE)
    (row,) = inside(config, "hidden", "--json").json()
    assert (row["url"], row["in_force"], row["by"]) == (PAGE, "yes", "redactie")
    assert "Op verzoek van betrokkene" in inside(config, "hidden").out
    part = inside(config, "unhide", PAGE, "--from", "2026-03-03", "--json").json()
    assert (part["action"], part["from"], part["days"], part["first_day"]) == (
        "show",
        "2026-03-03",
        1,
        "2026-03-03",
    )
    assert inside(config, "hidden", "--json").json()[0]["in_force"] == "in part"
    assert inside(config, "unhide", PAGE).status == 0
    assert inside(config, "hidden", "--json").json() == []
    assert [one["action"] for one in inside(config, "hidden", "--all", "--json").json()] == [
        "hide",
        "show",
        "show",
    ]
    assert len(register_of(config)) == 3


def test_what_was_never_stored_is_said(config):
    """An address that no day has may be hidden all the same: days to come may have it."""
    done = inside(config, "hide", f"{SITE}/nooit", "--reason", "vooraf")
    assert (done.status, len(register_of(config))) == (0, 1)
    assert "No sealed day has it yet" in done.err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["hide", PAGE], 2, "--reason"),
        (["hide", PAGE, "--reason", "  "], 2, "--reason"),
        (["hide", PAGE, "--reason", "x" * (MAX_REASON + 1)], 2, "1000 characters"),
        (["hide", PAGE, "--reason", "a\u202eb"], 2, "cannot be shown"),
        (["hide", PAGE, "--reason", "a\x00b"], 2, "cannot be shown"),
        (["hide", PAGE, "--reason", "a", "--by", "x" * 201], 2, "--by"),
        (["hide", "niet-een-adres", "--reason", "a"], 2, "not an http(s) address"),
        (["hide", "ftp://example.org/", "--reason", "a"], 2, "not an http(s) address"),
        (["hide", PAGE, "--reason", "a", "--from", "gisteren"], 2, "is not a date"),
        (["hide", PAGE, "--reason", "a", "--from", "2026-03-04", "--to", "2026-03-03"], 2, "is before"),
        (["hide", PAGE, "--reason", "a", "--from", TUESDAY, "--to", MONDAY], 2, "is before"),
        (["unhide", PAGE], 1, "Nothing of https://www.example.org/a is withheld"),
    ],
)
def test_wrong_usage(config, words, status, said):
    """What makes no sense is told in one sentence, and nothing is decided."""
    done = inside(config, *words)
    assert done.status == status
    assert said in done.err
    assert register_of(config) == ()


def test_no_archive(tmp_path):
    """Where there is no archive there is nothing to hide."""
    done = inside(configure(tmp_path, f"{SITE}/"), "hide", PAGE, "--reason", "a")
    assert done.status == 1
    assert "There is no archive" in done.err


def test_operators_see_everything(config, tmp_path):
    """Verify, export, rebuild, history and search of the command line read what is withheld, as ever."""
    assert inside(config, "status").status == 3  # which keeps the digests of days made by hand
    before = {
        "verify": inside(config, "verify", "--json").json(),
        "history": inside(config, "history", PAGE, "--json").json(),
        "search": inside(config, "search", "example", "geheim", "--json").json(),
    }
    assert inside(config, "hide", PAGE, "--reason", "a").status == 0
    assert inside(config, "rebuild").status == 0
    assert len(register_of(config)) == 1
    assert {
        "verify": inside(config, "verify", "--json").json(),
        "history": inside(config, "history", PAGE, "--json").json(),
        "search": inside(config, "search", "example", "geheim", "--json").json(),
    } == before
    for number, (words, status) in enumerate(
        [([], 0), (["--public"], 1), (["--public", "--url", f"{SITE}/b"], 1), (["--url", PAGE], 0)]
    ):
        target = tmp_path / f"out{number}"
        done = inside(config, "export", "example", MONDAY, "-o", target, "--profile", "warc", *words)
        assert (done.status, target.exists()) == (status, not status)
        assert ("are withheld from the public, such as https://www.example.org/a" in done.err) is (
            number != 2
        )


def test_a_rebuilt_catalogue_withholds_too(config, tmp_path):
    """The register is no part of the catalogue, and what is made anew from the sealed days is seen through it."""
    assert inside(config, "hide", PAGE, "--reason", "a").status == 0
    shutil.rmtree(tmp_path / "data" / "catalogue")
    assert inside(config, "rebuild").status == 0
    collection = Collection(tmp_path / "data")
    with shelves(collection) as opened:
        visitor = Visitor(Archive(load(config), collection, opened.history, opened.catalogue))
        assert visitor.get(f"/web/{MONDAY}/{PAGE}").status_code == 451
        assert PAGE not in visitor.get("/example/search?q=geheim").text
        assert PAGE not in visitor.get(f"/example/{MONDAY}/").text


def ask(port: int, path: str) -> int:
    """Ask the viewer once, on a connection of its own, and return the status."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(client):
        client.request("GET", path, headers={"Host": f"localhost:{port}"})
        answer = client.getresponse()
        answer.read()
        return answer.status


def test_every_process_stops_at_once(config, tmp_path):
    """A running server, of two processes, shows nothing of it once the command has ended, and all after `unhide`."""
    arguments = command(config, "serve", "--port", "0", "--processes", "2", "--no-schedule")
    with (tmp_path / "log").open("wb") as err:
        server = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=err)
    try:
        assert server.stdout is not None
        line = server.stdout.readline().decode()
        port = int(line.rstrip("/\n").rpartition(":")[2])
        first, second = family(server.pid)[1:]
        path = f"/web/{MONDAY}id_/{PAGE}"

        def statuses() -> set[int]:
            found = set()
            for still, _ in ((first, second), (second, first)):  # so that each of them answers alone
                with standing_still(still):
                    found |= {ask(port, path) for _ in range(3)}
            return found

        for _ in range(2):
            assert statuses() == {200}
            assert inside(config, "hide", PAGE, "--reason", "a").status == 0
            assert statuses() == {451}
            assert inside(config, "unhide", PAGE).status == 0
        assert statuses() == {200}
    finally:
        server.terminate()
        server.communicate(timeout=30)
