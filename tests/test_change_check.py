# SPDX-License-Identifier: EUPL-1.2
"""What a day says that it changed is told again from its records: a forged line is found, and a true one is not."""

from __future__ import annotations

import json
import shutil

import pytest

from archiver.checking.problem import Kind
from archiver.checking.verifying import verify_days
from index.noise import Rule
from tests.support.forgery import reseal
from tests.support.snapshots import HOST, SITE, build_days, page, writable_copy

NOTICE = page("Deze pagina is vervallen.")


def to(path):
    return 301, {"Location": path}, b""


def html(body):
    return 200, {"Content-Type": "text/html; charset=utf-8"}, f"<!doctype html><body>{body}".encode()


LINKS = ("/fee", "/queue", "/old", "/fixed", "/one", "/two", "/away")
FIRST_DAY = {
    "/": page("Welkom", *LINKS),
    "/fee": html("<p>Kosten 350 euro</p>"),
    "/queue": html("<p>Wachtrij: 7 mensen</p>"),
    "/old": page("Afspraak maken"),
    "/fixed": page("Kosten"),
    "/one": NOTICE,
    "/two": NOTICE,
    "/away": html("<p>Even weg</p>"),
}
DAYS = [
    FIRST_DAY,
    {**FIRST_DAY, "/fee": (503, {}, b"")},
    {
        "/": page("Welkom", "/fee", "/queue", "/old", "/new", "/costs", "/three", "/away"),
        "/fee": html("<p>Kosten 360 euro</p>"),
        "/queue": html("<p>Wachtrij: 9 mensen</p>"),
        "/old": to("/new"),
        "/new": page("Afspraak maken", title="Nieuw"),
        "/costs": page("Kosten"),
        "/three": NOTICE,
        "/away": html("<p>Weer terug</p>"),
    },
]
QUEUE = Rule(name="queue", pattern=r"wachtrij: \d{1,4} mensen")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """Return the data folder of three days, on the last of which pages changed and moved after a bad day."""
    root = tmp_path_factory.mktemp("changed") / "data"
    with build_days(root, DAYS, noise=(QUEUE,)) as archive:
        return archive.collection.root


@pytest.fixture
def data(sealed, tmp_path):
    return writable_copy(sealed, tmp_path / "data")


def told(collection):
    """Return what is said of the lists of changes of all days by themselves."""
    found = verify_days(collection, collection.snapshots(SITE), jobs=1)
    return [str(one) for _, one in found if getattr(one, "kind", None) in {Kind.CHANGES, Kind.COUNTS}]


def forge(folder, path, change):
    """Change the line of an address as it would have been sealed so, with all figures made to fit."""
    lines = [json.loads(line) for line in folder.changes_path.read_text().splitlines()]
    (line,) = [one for one in lines if one["url"] == f"{HOST}{path}"]
    change(line)
    folder.changes_path.write_text("".join(json.dumps(one) + "\n" for one in lines if one))
    kinds = {"unchanged": folder.package["daykeep"]["changes"]["unchanged"]}
    for one in filter(None, lines):
        kinds[one["kind"]] = kinds.get(one["kind"], 0) + 1
    texts = sum(one.get("text") is True for one in lines)
    described = json.loads((folder.path / "datapackage.json").read_bytes())
    noise = sum(one.get("text") is False and one["kind"] == "changed" for one in lines if one)
    described["daykeep"] |= {"changes": kinds, "changed_text": texts, "changed_noise": noise}
    (folder.path / "datapackage.json").write_text(json.dumps(described))
    reseal(folder.path)


def test_true_days(data):
    """Of days as they were sealed nothing is said, rules of the site, moves and a bad day between included."""
    last = data.snapshots(SITE)[-1]
    told_of = map(json.loads, last.changes_path.read_text().splitlines())
    lines = {line["url"].removeprefix(HOST): line for line in told_of}
    assert (lines["/fee"]["text"], lines["/queue"]["text"]) == (True, False)
    assert "since" in lines["/fee"]
    assert (lines["/old"]["to"], lines["/costs"]["from"]) == (f"{HOST}/new", f"{HOST}/fixed")
    assert told(data) == []


FORGED = [
    ("/fee", lambda line: line.update(text=False), "whether a reader sees another text"),
    ("/queue", lambda line: line.update(text=True), "whether a reader sees another text"),
    ("/fee", lambda line: line.pop("text"), "whether a reader sees another text"),
    ("/fee", lambda line: line.pop("since"), "since when that was there"),
    ("/fee", lambda line: line.update(before="sha256:" + "0" * 64), "what was there before"),
    ("/fee", lambda line: line.update(kind="new"), "the kind of change"),
    ("/old", lambda line: line.update(to=f"{HOST}/costs"), "where it moved"),
    (
        "/old",
        lambda line: (line.pop("to"), line.update(kind="changed")),
        "the kind of change and where it moved",
    ),
    ("/costs", lambda line: line.pop("from"), "where it came from"),
    ("/one", lambda line: line.update(kind="moved", to=f"{HOST}/three", text=False), "where it moved"),
    ("/fee", lambda line: line.clear(), f"by the days it is of {HOST}/fee;"),
]


@pytest.mark.parametrize(("path", "change", "said"), FORGED)
def test_forged_lines(data, path, change, said):
    """A line that says otherwise than the records, with every figure and digest made to fit, is found and named."""
    forge(data.snapshots(SITE)[-1], path, change)
    found = told(data)
    assert len(found) == 1, found
    assert said in found[0]
    if change is not FORGED[-1][1]:
        assert f"{HOST}{path} " in found[0]


def test_a_line_too_many(data):
    """A line of an address that did not change is found."""
    folder = data.snapshots(SITE)[-1]
    more = {"kind": "unavailable", "url": f"{HOST}/zz", "before": None, "after": None, "status": None}
    folder.changes_path.write_text(folder.changes_path.read_text() + json.dumps(more) + "\n")
    reseal(folder.path)
    assert [one for one in told(data) if f"is of {HOST}/zz, and by the days it is not there" in one]


def test_what_cannot_be_told_again(data):
    """A day that does not keep what it was compared with, or whose day before is gone, is as valid as ever."""
    first, second, last = data.snapshots(SITE)
    described = json.loads((last.path / "datapackage.json").read_bytes())
    assert described["daykeep"]["compared"]["with"] == [second.timestamp, first.timestamp]
    described["daykeep"].pop("compared")
    (last.path / "datapackage.json").write_text(json.dumps(described))
    reseal(last.path)
    assert told(data) == []


def test_the_day_before_was_forged(data):
    """A forged day before, all of its files made anew, is told by the changes of the day after."""
    first = data.snapshots(SITE)[0]
    lines = [json.loads(line.split(b" ", 2)[2]) for line in first.index_path.read_bytes().splitlines()]
    digest = next(one["digest"] for one in lines if one["url"] == f"{HOST}/fee")
    first.index_path.write_bytes(
        first.index_path.read_bytes().replace(digest.encode(), b"sha256:" + b"1" * 64)
    )
    reseal(first.path)
    assert any("what was there before" in one for one in told(data))


def test_the_day_before_is_damaged(data):
    """Where the day before is not as it was sealed, that is told of it, and nothing of the changes of the day after."""
    folders = data.snapshots(SITE)
    for folder in folders[:-1]:
        folder.index_path.write_bytes(folder.index_path.read_bytes()[:-40])
    found = verify_days(data, [folders[-1]], jobs=1)
    assert [str(one) for _, one in found if getattr(one, "kind", None) is Kind.CHANGES] == []
    shutil.rmtree(folders[0].path)
    assert [one for one in told(data) if folders[-1].timestamp in one] == []
