# SPDX-License-Identifier: EUPL-1.2
"""Which days and addresses a command means, and what it says of them: damaged, renamed, or written in short."""

from __future__ import annotations

import shutil

import msgspec
import pytest

from tests.support import archive as made_up
from tests.support.command import configure, inside
from tests.support.daily import daily, html
from tests.support.snapshots import HOST, SITE
from tests.support.viewing import Visitor
from viewer import places
from viewer.pages import lifeline

START = html("begin hier", "/a")
URL = f"{HOST}/a"


@pytest.fixture
def kept(tmp_path):
    """Archive three days, with a passage that was away on the second; return the configuration and the visitor."""
    with daily(tmp_path, {"/": START, "/a": html("paspoort een")}) as site:
        site.take()
        site.take({"/": START, "/a": html("paspoort twee")})
        site.take({"/": START, "/a": html("paspoort een")})
        yield configure(site.root, f"{HOST}/"), site


def test_a_passage_that_was_away(kept):
    """That it was there from one day to another is not said where it was away in between."""
    config, site = kept
    told = inside(config, "history", URL, "--passage", "een")
    assert told.err == (
        f"{SITE}: the first day it was there is 2026-03-02, the last 2026-03-04, the newest day; "
        "on some days between it was not there.\n"
    )
    [row] = inside(config, "history", URL, "--passage", "een", "--json").json()
    assert row["throughout"] == "not there"
    path = f"/{SITE}/history?url={URL}&passage=een"
    answers = (site.visitor().get(path, Accept_Language=language) for language in ("en", "nl"))
    english, dutch = (answer.get_data(as_text=True) for answer in answers)
    assert (
        "The first day it was there is 2 March 2026, and it is there on 4 March 2026, the newest day. "
        "On some days between it was not there." in english
    )
    assert (
        "De eerste dag dat het er stond is 2 maart 2026, en het staat er op 4 maart 2026, de nieuwste dag. "
        "Op sommige dagen daartussen stond het er niet." in dutch
    )
    assert "It was there from" not in english


def test_the_newest_day_is_damaged(kept):
    """A day that cannot be published hides no day before it, and who asks for it is told what to do."""
    config, site = kept
    [_, second, third] = site.archive.collection.snapshots(SITE)
    third.index_path.chmod(0o644)
    third.index_path.write_bytes(b"not an index\n" + third.index_path.read_bytes())
    shutil.rmtree(site.archive.collection.catalogue)
    found = inside(config, "search", SITE, "paspoort")
    assert (found.status, found.out) == (0, f"Een pagina\t{URL}\n")
    assert f"1 page(s) of {SITE} on {second.summary.day}" in found.err
    for command in (("search", SITE, "paspoort", "--on"), ("changes", SITE, "2026-03-02")):
        refused = inside(config, *command, "2026-03-04")
        assert refused.status == 1
        assert f"`daykeep verify {SITE} {third.timestamp}` tells why it is not." in refused.err


def test_no_day_can_be_searched(kept):
    """Where not one day can be published, it is said what to do."""
    config, site = kept
    for folder in site.archive.collection.snapshots(SITE):
        folder.index_path.chmod(0o644)
        folder.index_path.write_bytes(b"not an index\n")
    shutil.rmtree(site.archive.collection.catalogue)
    refused = inside(config, "search", SITE, "paspoort")
    assert (refused.status, f"`daykeep verify {SITE}` tells what is wrong" in refused.err) == (1, True)


def test_another_time_zone(kept):
    """A day keeps the name that it was sealed with, in every command, whatever time zone is configured since."""
    config, _ = kept
    asked = (
        ("history", URL),
        ("history", URL, "--json"),
        ("history", URL, "--passage", "twee"),
        ("search", SITE, "paspoort", "--on", "2026-03-02"),
        ("search", SITE, "paspoort", "--on", "2026-03-01"),
        ("search", SITE, "paspoort"),
        ("ledger", SITE, "2026-03-05"),
        ("changes", SITE, "2026-03-02", "2026-03-03"),
        ("snapshots", SITE),
        ("verify", SITE, "2026-03-03"),
        ("verify", SITE, "--from", "2026-03-03"),
        ("verify", SITE, "--to", "2026-03-03"),
    )
    before = [inside(config, *one) for one in asked]
    assert [one.status for one in before] == [0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]
    own = config.read_text()
    for zone in ("America/Los_Angeles", "Pacific/Kiritimati"):
        lines = [one for one in own.splitlines() if not one.startswith("timezone")]
        config.write_text("\n".join([f'timezone = "{zone}"', *lines]))
        for one, was in zip(asked, before, strict=True):
            assert inside(config, *one) == was, one


def test_an_address_without_a_scheme(kept):
    """Without a scheme the address is that of https, or else of http; where neither was captured, both are told."""
    config, site = kept
    bare = URL.removeprefix("http://")
    assert inside(config, "history", bare) == inside(config, "history", URL)
    assert len(inside(config, "history", bare, "--json").json()) == 3
    refused = inside(config, "history", f"{bare}/never")
    assert (
        refused.status,
        f"https://{bare}/never or http://{bare}/never was never captured" in refused.err,
    ) == (1, True)
    visitor = site.visitor()
    answer = visitor.get(f"/{SITE}/history?url={bare}")
    said = answer.get_data(as_text=True).replace("<wbr>", "")
    assert (answer.status_code, f'<p class="lead address">{URL}</p>' in said) == (200, True)
    led = visitor.get(f"/{SITE}/history?url={bare}&on=2026-03-03")
    assert led.headers["Location"].endswith(f"/web/2026-03-03/{URL}")
    never = visitor.get(f"/{SITE}/history?url={bare}/never")
    said = never.get_data(as_text=True).replace("<wbr>", "")
    assert (never.status_code, f"https://{bare}/never" in said) == (404, True)


def test_the_viewer_in_another_time_zone(kept):
    """The viewer calls the days that a change is told against by the names that they were sealed with."""
    _, site = kept
    archive, shelves = site.archive, site.archive.shelves
    settings = msgspec.structs.replace(archive.settings, timezone="America/Los_Angeles")
    visitor = Visitor(made_up.Archive(settings, archive.collection, shelves.history, shelves.catalogue))
    page = visitor.get(f"/{SITE}/2026-03-03/changes", Accept_Language="en").get_data(as_text=True)
    assert "version before, of 2 March 2026" in page


def test_no_more_passages_than_there_is_room_for(kept, monkeypatch):
    """One more than are looked for at once is told to come again; lifelines are shown, and the room is given back."""
    _, site = kept
    monkeypatch.setattr(lifeline, "LONG", 1)
    monkeypatch.setattr(places, "PATIENCE", 0.01)
    visitor = site.visitor()
    path, real, inside = f"/{SITE}/history?url={URL}", lifeline.date_passage, []

    def while_busy(*given, **more):
        if not inside:
            inside.append(visitor.get(f"{path}&passage=een").status_code)
            inside.append(visitor.get(path).status_code)
        return real(*given, **more)

    monkeypatch.setattr(lifeline, "date_passage", while_busy)
    assert visitor.get(f"{path}&passage=een").status_code == 200
    assert inside == [503, 200]
    assert visitor.get(f"{path}&passage=een").status_code == 200
