# SPDX-License-Identifier: EUPL-1.2
"""A day that has an address several times: the text of each payload is that of this payload, or none."""

from __future__ import annotations

import pytest

from tests.support.importing import (
    EXAMPLE,
    empty_archive,
    exchange,
    found,
    html,
    problems,
    revisit,
    sha1,
    take,
    write,
)

APPLE, PEAR = html("appel"), html("peer")
MORNING, NOON, EVENING = (f"2026-02-10T{hour}:00:00Z" for hour in ("09", "12", "18"))
LATER = "2026-02-11T12:00:00Z"
HOME = f"{EXAMPLE}/"


def fruit(*more: bytes) -> list[bytes]:
    """Return a day on which an address had two payloads, the second last."""
    return [*exchange("/", APPLE, MORNING, 1), *exchange("/", PEAR, NOON, 2), *more]


@pytest.mark.parametrize("path", ["/", "/elsewhere"])
def test_what_came_back_has_not_the_words_of_what_came_between(tmp_path, path):
    """A later day that had the first payload again, at this address or another, is not found by the second's words."""
    refers = {"WARC_Refers_To_Target_URI": HOME, "WARC_Refers_To_Date": MORNING}
    with empty_archive(tmp_path / "data") as archive:
        take(archive, write(tmp_path / "1.warc", fruit()))
        take(archive, write(tmp_path / "2.warc", [revisit(path, LATER, 3, sha1(APPLE), **refers)]))
        first, second = archive.collection.timestamps("example")
        assert found(archive, "peer", first) == [HOME]
        assert found(archive, "peer", second) == []
        if path != "/":  # what another address had is read again
            assert found(archive, "appel", second) == [EXAMPLE + path]
        assert problems(archive) == []


def test_first_payload_again_on_the_same_day(tmp_path):
    """What the address had in the end is what it is found by, also where that is a revisit of what it had first."""
    refers = {"WARC_Refers_To_Target_URI": HOME, "WARC_Refers_To_Date": MORNING}
    again = revisit("/", EVENING, 3, sha1(APPLE), **refers)
    with empty_archive(tmp_path / "data") as archive:
        take(archive, write(tmp_path / "1.warc", fruit(again)))
        [day] = archive.collection.timestamps("example")
        assert (found(archive, "appel", day), found(archive, "peer", day)) == ([HOME], [])
        assert problems(archive) == []
