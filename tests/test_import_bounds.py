# SPDX-License-Identifier: EUPL-1.2
"""What no import may be led into by what it is given: snapshots without end, waiting for ever, a device that never ends."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from archiver.importing.taking import MAX_DAYS
from index.errors import NotFoundError
from tests.support.foreign import record
from tests.support.importing import empty_archive, exchange, html, take, write
from tests.support.snapshots import SITE

NOON = "2026-02-10T11:00:00Z"


def test_days_without_end(tmp_path):
    """A file that would become more snapshots than is sane is refused, with its days; the others are imported."""
    first = datetime(1995, 1, 1)  # noqa: DTZ001
    days = [(first + timedelta(days=n)).strftime("%Y-%m-%dT12:00:00Z") for n in range(MAX_DAYS + 1)]
    given = write(tmp_path / "days.warc", [record(number=n, WARC_Date=day) for n, day in enumerate(days)])
    good = write(tmp_path / "good.warc", exchange("/", html("leges"), NOON, 1))
    with empty_archive(tmp_path / "data") as archive:
        report = take(archive, given, good)
        assert f"of {MAX_DAYS + 1} days (1995-01-01 to 2000-06-23)" in report.files[0].problem
        assert [one.day for one in report.snapshots] == ["2026-02-10"]
        assert len(archive.collection.timestamps(SITE)) == 1
        assert not report.whole


@pytest.mark.parametrize(("make", "said"), [(os.mkfifo, "a pipe"), (os.mkdir, "a folder")])
def test_what_is_no_file(tmp_path, make, said):
    """A pipe is not waited for, nor read twice, and a folder is called one."""
    make(tmp_path / "given.warc")
    with empty_archive(tmp_path / "data") as archive, pytest.raises(NotFoundError, match=said):
        take(archive, tmp_path / "given.warc")


def test_a_device_without_end(tmp_path):
    """A device that gives bytes for ever is not copied."""
    with empty_archive(tmp_path / "data") as archive, pytest.raises(NotFoundError, match="a device"):
        take(archive, Path("/dev/zero"))
