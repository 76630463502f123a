# SPDX-License-Identifier: EUPL-1.2
"""Every kind of damage to a sealed day is found: as it happens, and by who makes all of our files anew to match."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from archiver.checking.package_check import check_kept
from archiver.checking.problem import Kind
from archiver.checking.verifying import verify_days
from archiver.collection import Collection
from archiver.package import hash_file
from archiver.seals import keep_found, newest_path, read_seals, seals_path
from tests.support.command import configure, inside
from tests.support.forgery import PAGE, WARC_DAMAGE, follow, make_anew, read, reseal
from tests.support.oracles import ORACLES, needed
from tests.support.snapshots import FIRST, HOST, SITE, build_days, page, writable_copy

SUNDAY, MONDAY, TUESDAY = "20260302023000", "20260303023000", "20260304023000"
DAYS = [
    {"/": page("Sunday", "/twin"), "/twin": page("as on Sunday")},
    {
        "/": page("Monday", "/same", "/twin", "/moved"),
        "/same": page("as on Monday"),
        "/twin": page("as on Sunday"),
        "/moved": (301, {"Location": "/same"}, b""),
    },
    {"/": page("Tuesday", "/same"), "/same": page("as on Monday")},
]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """Yield the data folder of three sealed days, the second of which will be damaged."""
    root = tmp_path_factory.mktemp("sealed") / "data"
    with build_days(root, DAYS) as archive:
        yield archive.collection.root


@pytest.fixture
def data(sealed, tmp_path):
    """Return a copy of it that may be damaged."""
    return writable_copy(sealed, tmp_path / "data")


def warc_of(collection, day=MONDAY):
    return next(iter(collection.at(SITE, day).warcs))


def problems(collection, day=MONDAY):
    """Return the problems of a day by itself, without what is kept outside its folder."""
    found = verify_days(collection, [collection.at(SITE, day)], jobs=1)
    return [one for _, one in found if hasattr(one, "kind")]


def seal_problems(collection, kept):
    return [
        one for name, digest in kept.items() for one in check_kept(collection.at(SITE, name), digest, "copy")
    ]


def damage(collection, name):
    path = warc_of(collection)
    warc = read(path)
    WARC_DAMAGE[name](warc)
    path.write_bytes(warc.encode())


def test_whole_days_have_no_problems(data):
    """Of the days as they were sealed nothing is said, nor of one whose files were made anew without a change."""
    kept = {one.seal.snapshot: one.seal.package for one in read_seals(seals_path(data, SITE))}
    assert set(kept) == {SUNDAY, MONDAY, TUESDAY}
    assert problems(data) + problems(data, TUESDAY) + seal_problems(data, kept) == []
    make_anew(data.at(SITE, MONDAY).path)
    follow(data.at(SITE, TUESDAY).path, data.at(SITE, MONDAY).path)
    assert [str(one) for one in problems(data) + problems(data, TUESDAY)] == []


def test_there_are_enough_kinds():
    """Each kind differs from the others, and there are more than the field has counted."""
    assert len(WARC_DAMAGE) >= 45


@pytest.mark.parametrize("name", WARC_DAMAGE)
def test_damage_is_found(name, data):
    """A damaged WARC is found by its file's digest, and also where only that was made to fit."""
    damage(data, name)
    assert Kind.FILE_CHANGED in {one.kind for one in problems(data)}


@pytest.mark.parametrize("name", WARC_DAMAGE)
def test_forgery_with_all_of_ours_made_anew_is_found(name, data):
    """Where index, lists, datapackage.json and its digest fit the forgery, what is kept outside still tells."""
    kept = {one.seal.snapshot: one.seal.package for one in read_seals(seals_path(data, SITE))}
    damage(data, name)
    make_anew(data.at(SITE, MONDAY).path)
    assert [(one.kind, one.snapshot) for one in seal_problems(data, kept)] == [(Kind.SEAL, MONDAY)]


# ---- days, with the command itself ---------------------------------------------------------------------------


def exchange_records(collection):
    """Put Monday's page into Tuesday and the other way round, and make both days anew."""
    warcs = {day: read(warc_of(collection, day)) for day in (MONDAY, TUESDAY)}
    numbers = {day: warc.find(*PAGE) for day, warc in warcs.items()}
    pages = {day: warcs[day].records[number] for day, number in numbers.items()}
    for day, other in ((MONDAY, TUESDAY), (TUESDAY, MONDAY)):
        warcs[day].records[numbers[day]] = pages[other]
        warc_of(collection, day).write_bytes(warcs[day].encode())
        make_anew(collection.at(SITE, day).path)


def replace_day(collection):
    """Put a copy of Sunday in the place of Monday."""
    shutil.rmtree(collection.at(SITE, MONDAY).path)
    shutil.copytree(collection.at(SITE, SUNDAY).path, collection.at(SITE, MONDAY).path)


def move_warc(collection):
    """Move Monday's WARC to Tuesday, and make both days anew."""
    path = warc_of(collection)
    path.rename(collection.at(SITE, TUESDAY).warc(path.name))
    reseal(collection.at(SITE, MONDAY).path)
    reseal(collection.at(SITE, TUESDAY).path)


def add_day(collection):
    """Put a day in that was never there; the next command takes it for one that a crash left unpublished."""
    shutil.copytree(collection.at(SITE, SUNDAY).path, collection.at(SITE, "20260305023000").path)


def forge_and_seal(collection):
    """Forge Monday, and change its line in seals.jsonl to fit."""
    damage(collection, "a page and its text forged")
    make_anew(collection.at(SITE, MONDAY).path)
    path = seals_path(collection, SITE)
    old = {one.seal.snapshot: one.seal.package for one in read_seals(path)}[MONDAY]
    path.write_text(
        path.read_text().replace(old, hash_file(collection.at(SITE, MONDAY).path / "datapackage.json"))
    )


def forge_all_seals(collection):
    """Forge Monday, and make all of seals.jsonl anew."""
    forge_and_seal(collection)
    seals_path(collection, SITE).unlink()
    newest_path(collection, SITE).unlink()
    keep_found(collection, FIRST)


def forge_and_lose_seals(collection):
    """Forge Monday, and let the next command make seals.jsonl anew."""
    forge_and_seal(collection)
    seals_path(collection, SITE).unlink()


def cut_seals(collection):
    """Forge Tuesday, and put an older copy of seals.jsonl back that does not know it."""
    path = seals_path(collection, SITE)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    package = collection.at(SITE, TUESDAY).path / "datapackage.json"
    package.write_bytes(package.read_bytes() + b" ")
    reseal(collection.at(SITE, TUESDAY).path)


def spoil_a_line_and_forge(collection):
    """Forge Tuesday, and spoil the line of Sunday."""
    path = seals_path(collection, SITE)
    path.write_bytes(b"x" + path.read_bytes())
    reseal(collection.at(SITE, TUESDAY).path)


def remove_day_and_seals(collection):
    """Remove Tuesday, all that was derived of it, and make seals.jsonl anew."""
    shutil.rmtree(collection.at(SITE, TUESDAY).path)
    shutil.rmtree(collection.catalogue)
    seals_path(collection, SITE).unlink()
    newest_path(collection, SITE).unlink()


def nothing(_collection):
    """Change nothing."""


# What happens, the kinds that `verify` finds by what is kept here, and those with a list kept elsewhere.
DAYS_DAMAGED = [
    (nothing, set(), set()),
    (exchange_records, {"seal", "revisit"}, {"seal", "revisit"}),
    (replace_day, {"seal", "revisit"}, {"seal", "revisit"}),
    (move_warc, {"seal", "record-missing", "record-unlisted"}, {"seal", "record-missing", "record-unlisted"}),
    (
        lambda collection: shutil.rmtree(collection.at(SITE, TUESDAY).path),
        {"snapshot-gone"},
        {"snapshot-gone"},
    ),
    (forge_and_seal, {"seal"}, {"seal"}),
    (forge_all_seals, {"revisit"}, {"seal"}),
    (forge_and_lose_seals, {"seal", "revisit"}, {"seal"}),
    (cut_seals, {"seal"}, {"seal"}),
    (spoil_a_line_and_forge, {"seal"}, {"seal"}),
    (add_day, {"package"}, {"package"}),
    (remove_day_and_seals, set(), {"snapshot-gone"}),
]


@pytest.mark.parametrize(("do", "here", "elsewhere_"), DAYS_DAMAGED)
def test_days_that_are_damaged(do, here, elsewhere_, data, tmp_path):
    """Days exchanged, replaced, taken away or forged with their seals are found, the last by a list kept elsewhere."""
    config = configure(tmp_path, f"{HOST}/")
    listed = inside(config, "snapshots", SITE, "--json")
    (tmp_path / "kept.json").write_text(listed.out)
    do(data)
    for words, wanted in (((), here), (("--against", tmp_path / "kept.json"), elsewhere_)):
        ended = inside(config, "verify", SITE, "--json", *words)
        found = {one["kind"] for one in ended.json()["problems"] if not one["advice"]}
        assert wanted <= found, (words, ended.out)
        assert (ended.status, bool(found)) == ((3, True) if wanted else (0, False)), (words, ended.out)


# ---- other people's tools ------------------------------------------------------------------------------------

SEEN_BY_OTHERS = """
import contextlib, io, json, sys
from types import SimpleNamespace
from click.testing import CliRunner
from fastwarc.cli import main
from warcio.checker import Checker

def warcio(path):
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            return Checker(SimpleNamespace(inputs=[path], verbose=False)).process_all() != 0
        except Exception:
            return True

def fastwarc(path):
    return CliRunner().invoke(main, ["check", "-q", path]).exit_code != 0

json.dump({path: [warcio(path), fastwarc(path)] for path in sys.argv[1:]}, sys.stdout)
"""


def rows_of_the_table(sealed, folder):
    """Return the table of docs/validators.md: who sees which damage to a WARC, all of ours made anew to match."""
    files, by_itself = {}, {}
    for number, name in enumerate(["nothing", *WARC_DAMAGE]):
        copy = Collection(folder / f"d{number}")
        shutil.copytree(sealed, copy.root)
        for path in copy.root.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        if name != "nothing":
            damage(copy, name)
            make_anew(copy.at(SITE, MONDAY).path)
            follow(copy.at(SITE, TUESDAY).path, copy.at(SITE, MONDAY).path)
        files[name] = warc_of(copy)
        by_itself[name] = bool(problems(copy) + problems(copy, TUESDAY))
    script = [needed(ORACLES / "python"), "-c", SEEN_BY_OTHERS, *map(str, files.values())]
    ran = subprocess.run(script, capture_output=True, text=True, check=True, timeout=300)
    seen = json.loads(ran.stdout)
    assert (seen[str(files.pop("nothing"))], by_itself.pop("nothing")) == ([False, False], False)
    return [(name, *seen[str(path)], by_itself[name]) for name, path in files.items()]


def test_table_in_the_documentation(sealed, tmp_path):
    """docs/validators.md says of each kind of damage which tool sees it, as it is."""
    rows = rows_of_the_table(sealed, tmp_path)
    lines = [
        f"| {name} | {' | '.join('sees it' if one else '' for one in seen)} | sees it |"
        for name, *seen in rows
    ]
    sums = [sum(seen) for seen in list(zip(*rows, strict=True))[1:]]
    lines.append(f"| **of {len(rows)}** | **{'** | **'.join(map(str, sums))}** | **{len(rows)}** |")
    page_ = (Path(__file__).parents[1] / "docs/validators.md").read_text(encoding="utf-8")
    table = "\n".join(re.sub(" +", " ", line) for line in lines)
    (tmp_path / "table.md").write_text(table)
    assert table in page_, table
