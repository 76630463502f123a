# SPDX-License-Identifier: EUPL-1.2
"""
A thousand damaged files, in every form that is imported: no crash, and no silent loss.

Captures whose bytes nobody touched are in the snapshot with their payload digest; of those that were touched
each is there all the same, or named in the report and in logs/import.jsonl, where it is read in place by an
offset that touches the damage. All thousand are read by each run;
every tenth is imported, and by `make test-large` every one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archiver.scanning.forms import form_of, in_place
from archiver.scanning.scan import scan
from archiver.scanning.seen import Seen, Skipped
from archiver.scanning.unpack import unpack
from index.errors import DamagedError
from tests.support.damage import FORMS, KINDS, UNCHECKED, Damaged, good, variant
from tests.support.importing import empty_archive, problems, take
from tests.support.snapshots import SITE

ALL = 1000
BATCH = 50


def put(folder: Path, damaged: Damaged) -> Path:
    path = folder / f"given{FORMS[damaged.form][1]}"
    path.write_bytes(damaged.data)
    return path


def read(
    path: Path, folder: Path, region: tuple[int, int] | None = None
) -> tuple[set[tuple[str, str]], bool]:
    """
    Return URL and payload digest of every record of a file, and whether anything of it was named.

    Where records are read in place that counts only at a place which touches the damaged bytes.
    """
    try:
        form = form_of(path)
        unpacked = None if in_place(form) else unpack(path, form, folder)
        paths = [part.path for part in unpacked.files] if unpacked else [path]
        found = [one for part in paths for one in scan(part)]
    except DamagedError:
        return set(), True  # named as a whole
    seen = [one for one in found if isinstance(one, Seen)]
    skipped = [one for one in found if isinstance(one, Skipped)] + (unpacked.skipped if unpacked else [])
    told = [(one.offset, one.end) for one in [*skipped, *(one for one in seen if one.faults)]]
    if region is not None and unpacked is None:
        told = [(begin, end) for begin, end in told if begin <= region[1] and end >= region[0]]
    named = bool(told)
    return {(one.url, one.digest) for one in seen}, named


def lost(damaged: Damaged, found: set[tuple[str, str]], *, named: bool) -> list[str]:
    """Return what is missing although it is intact, and what is missing without a word."""
    missing = [
        f"{one.url} is intact and gone" for one in damaged.intact if (one.url, one.digest) not in found
    ]
    if named or damaged.hidden:
        return missing
    urls, digests = {url for url, _ in found}, {digest for _, digest in found}
    for one in damaged.touched:
        there = one.digest in digests or (damaged.form in UNCHECKED and one.url in urls)
        if not there:
            missing.append(f"{one.url} is gone without a word")
    return missing


# ---- the thousand ----------------------------------------------------------------------------------------------


def test_every_form_meets_every_damage():
    """Forms and kinds of damage take turns, and one number is one file: the same in every run."""
    made = [variant(number) for number in range(len(FORMS) * len(KINDS))]
    assert len({(one.form, one.what) for one in made}) == len(FORMS) * len(KINDS) == 70
    assert made[3].data == variant(3).data
    assert all(len(one.intact) + len(one.touched) >= 11 for one in made)


@pytest.mark.parametrize("form", FORMS)
def test_undamaged_files_are_read_whole(tmp_path, form):
    """The files that are damaged are good ones: every capture is read, and nothing is named."""
    known = good(form, 7)
    path = tmp_path / f"good{FORMS[form][1]}"
    path.write_bytes(FORMS[form][0]([one.raw for one in known]).data)
    (tmp_path / "unpacked").mkdir()
    found, named = read(path, tmp_path / "unpacked")
    assert {(one.url, one.digest) for one in known if one.url} <= found
    assert not named


@pytest.mark.parametrize("first", range(0, ALL, BATCH))
def test_reading_loses_nothing_intact(tmp_path, first):
    """Each of the thousand is read to its end."""
    wrong = []
    for number in range(first, first + BATCH):
        folder = tmp_path / str(number)
        (folder / "unpacked").mkdir(parents=True)
        damaged = variant(number)
        found, named = read(put(folder, damaged), folder / "unpacked", damaged.region)
        wrong += [(number, damaged.form, damaged.what, one) for one in lost(damaged, found, named=named)]
    assert wrong == []


def imported(folder: Path, damaged: Damaged) -> list[str]:
    """Import a damaged file into an empty archive, and return what is wrong afterwards."""
    path = put(folder, damaged)
    with empty_archive(folder / "data") as archive:
        report = take(archive, path, texts=False)
        [told] = report.files
        found, lines, standing = set(), [], set()
        for snapshot in archive.collection.snapshots(SITE):
            found |= {(one.url, one.digest) for one in snapshot.index.captures()}
            standing |= {f"archive/{one.name}" for one in snapshot.warcs if one.read_bytes() == damaged.data}
            log = snapshot.path / "logs" / "import.jsonl"
            lines += [json.loads(line) for line in log.read_text().splitlines()]
        faults = [line for line in lines if "offset" in line]
        named = bool(told.problem) or any(_touches(line, damaged, standing) for line in faults)
        wrong = lost(damaged, found, named=named)
        if found and told.problems and not faults:
            wrong.append("problems are counted that no line names")
        wrong += [f"names no file: {line}" for line in faults if not line["file"] or line["offset"] < 0]
        return wrong + [f"verify: {problem}" for problem in problems(archive)]


def _touches(line: dict[str, Any], damaged: Damaged, standing: set[str]) -> bool:
    """Tell whether a line of the log speaks of the damaged bytes; of what had to be unpacked any may do so."""
    begin, end = damaged.region or (0, len(damaged.data))
    in_place = line["file"] in standing
    return not in_place or (line["offset"] <= end and line["offset"] + line["bytes"] >= begin)


def imported_of(folder: Path, numbers: range) -> list[tuple[object, ...]]:
    wrong: list[tuple[object, ...]] = []
    for number in numbers:
        home = folder / str(number)
        home.mkdir()
        damaged = variant(number)
        wrong += [(number, damaged.form, damaged.what, one) for one in imported(home, damaged)]
    return wrong


@pytest.mark.parametrize("first", range(4))
def test_import_loses_nothing_intact(tmp_path, first):
    """Every form with every damage is imported once: what is intact is kept, the rest named; the result verifies."""
    assert imported_of(tmp_path, range(first, len(FORMS) * len(KINDS), 4)) == []


@pytest.mark.large
@pytest.mark.parametrize("first", range(0, ALL, BATCH))
def test_import_of_each_loses_nothing_intact(tmp_path, first):
    """Each of the thousand is imported."""
    assert imported_of(tmp_path, range(first, first + BATCH)) == []
