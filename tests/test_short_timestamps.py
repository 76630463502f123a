# SPDX-License-Identifier: EUPL-1.2
"""
The beginning of a timestamp under /web/, as links to other archives are written: to the first capture in it.

Nothing else is shown in its place: what is nearest in another year, or on another day, is offered.
"""

from __future__ import annotations

import re

import pytest

from tests.support.archive import Reply, build
from tests.support.viewing import Visitor

HOME = "https://www.example.org/"
COSTS, LATER = f"{HOME}kosten", f"{HOME}later"
DAYS = ("20251231233000", "20260302023000", "20260302143000", "20260403023000")


@pytest.fixture(scope="module")
def visitor(tmp_path_factory):
    days = {name: {COSTS: Reply(f"<title>Kosten</title>{name}")} for name in DAYS}
    days[DAYS[-1]][LATER] = Reply("<title>Later</title>x")
    days[DAYS[0]] |= {f"{HOME}oud": Reply("<title>Oud</title>x")}
    with build(tmp_path_factory.mktemp("short"), {"demo": days}) as archive:
        yield Visitor(archive)


@pytest.mark.parametrize(
    ("asked", "day"),
    [
        ("2025", DAYS[0]),
        (
            "2026",
            DAYS[1],
        ),  # of a year the first, though the last of the year before is nearer to its beginning
        ("202603", DAYS[1]),
        ("20260302", DAYS[1]),
        ("2026030214", DAYS[2]),
        ("202603021430", DAYS[2]),
        ("202604", DAYS[3]),
    ],
)
@pytest.mark.parametrize("modifier", ["", "id_", "ns_"])
def test_first_capture(visitor, asked, day, modifier):
    """It leads to the first capture whose timestamp begins so, by its own second and in the same view."""
    answer = visitor.get(f"/web/{asked}{modifier}/{COSTS}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "no-cache")
    target = answer.headers["Location"]
    moment = target.removeprefix("/web/")[:14]
    assert target == f"/web/{moment}{modifier}/{COSTS}"
    assert visitor.get(target).status_code == 200
    assert day[:12] == moment[:12]


def test_written_otherwise(visitor):
    """An address is found by the other scheme and without one, as elsewhere under /web/."""
    for written in ("http://www.example.org/kosten", "www.example.org/kosten"):
        target = visitor.get(f"/web/2026/{written}").headers["Location"]
        assert target.endswith(f"/{COSTS}")


@pytest.mark.parametrize(
    ("asked", "url", "near"),
    [
        ("1999", COSTS, [DAYS[0]]),
        ("20260306", COSTS, [DAYS[2], DAYS[3]]),
        ("2027", COSTS, [DAYS[3]]),
        ("202603", LATER, [DAYS[3]]),
    ],
)
@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", ["begins with “{}” has this address", "<h1>Not in the archive at that time</h1>"]),
        ("nl", ["met “{}” begint, heeft dit adres", "<h1>Niet in het archief in die tijd</h1>"]),
    ],
)
def test_nothing_in_it(visitor, asked, url, near, language, says):
    """Where no capture begins so, the page says it and offers the nearest on each side: 404."""
    answer = visitor.get(f"/web/{asked}/{url}", Accept_Language=language)
    assert answer.status_code == 404
    assert [one for one in says if one.format(asked) not in answer.text] == []
    assert [day for day in DAYS if f'href="/web/{day}/{url}"' in answer.text] == near


def test_never_stored(visitor):
    """An address that no day has says so, and offers those that may have been meant."""
    answer = visitor.get(f"/web/1999/{HOME}kostn", Accept_Language="en")
    assert answer.status_code == 404
    assert "Never stored" in answer.text
    assert "Did you mean one of these pages?" in answer.text
    answer = visitor.get(f"/web/1999id_/{COSTS}")
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(
    ("asked", "day"),
    [
        ("2026-02-29/", None),
        ("2026-13-01/", None),
        ("99999999999999/", None),
        ("zzz/", None),
        ("", None),
        ("3-3-2026/", "2026-03-03"),
        ("2%20maart%202026/", "2026-03-02"),
        ("2026-3-2/", "2026-03-02"),
    ],
)
@pytest.mark.parametrize("written", [COSTS, "www.example.org/kosten"])
def test_no_moment(visitor, asked, day, written, language):
    """Where there is no moment in an address, the page is offered whose address stands in it, and the day that is meant."""
    answer = visitor.get(f"/web/{asked}{written}", Accept_Language=language)
    assert answer.status_code == 404
    assert f'href="/web/*/{COSTS}"' in answer.text
    offered = set(re.findall(r'href="/web/([^*/]*)/', answer.text))
    assert offered == ({day} if day else set())


def test_no_moment_and_no_address(visitor):
    """What has no address in it either is offered nothing, and what others wrote stays text."""
    assert "/web/*" not in visitor.get("/web/zzz").text
    answer = visitor.get("/web/%3Cscript%3Ealert(1)/https://www.example.org/%22%3E%3Cscript%3E")
    assert answer.status_code == 404
    assert "<script>" not in answer.text
