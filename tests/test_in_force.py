# SPDX-License-Identifier: EUPL-1.2
"""A site's own rules for session and tracking parameters, wherever an address of its archive is looked up."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from archiver.in_force import CONFIGURATION, tidy_of
from archiver.snapshot import take
from archiver.snapshot_folder import SnapshotFolder
from index.parameters import Tidy
from tests.support import archive as by_hand
from tests.support.archive import Archive
from tests.support.command import configure, inside
from tests.support.sites import Web, text
from tests.support.snapshots import FIRST, HOST, SITE, HandClock, opened, page
from tests.support.viewing import Visitor

PLAIN = "/kosten?jaar=2026"
VISIT = "/kosten?zaak=4711&jaar=2026"
WRITTEN = f"{VISIT}&utm_source=mail"
CLOSED = "/dicht?zaak=4711"
OWN = ("default", "zaak")
WEB = {
    "/": page("Voorpagina", WRITTEN, CLOSED),
    "/robots.txt": text("User-agent: *\nDisallow: /dicht"),
    PLAIN: page("De leges, van niemand"),
    VISIT: page("De leges van zaak 4711"),
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Two days: on the first `zaak` is a session parameter of the site, on the second no longer."""
    root = tmp_path_factory.mktemp("own-rules")
    with Web(WEB) as web:
        clock = HandClock()
        with opened(root, web, clock, session_parameters=OWN) as first:
            take(first, first.settings.site[0])
        clock.set(FIRST + timedelta(days=1))
        with opened(root, web, clock) as second:
            take(second, second.settings.site[0])
            shelves = second.shelves
            yield Archive(second.settings, second.collection, shelves.history, shelves.catalogue)


@pytest.fixture(scope="module")
def still_own(archive):
    """Return the same archive, where the configuration has the rule to this day."""
    site = structs.replace(archive.settings.site[0], session_parameters=OWN)
    return replace(archive, settings=structs.replace(archive.settings, site=(site,)))


def days(archive):
    return [folder.timestamp for folder in archive.collection.snapshots(SITE)]


@pytest.mark.parametrize(
    ("day", "path", "shown"),
    [
        (0, WRITTEN, b"van niemand"),
        (0, VISIT, b"van niemand"),
        (0, PLAIN, b"van niemand"),
        (0, f"{PLAIN}&fbclid=1", b"van niemand"),
        (1, WRITTEN, b"van zaak 4711"),
        (1, f"{PLAIN}&fbclid=1", b"van niemand"),
    ],
)
def test_link_as_written(archive, day, path, shown):
    """A link leads to what was asked for in its place, by the rules of that day, and as that very page."""
    answer = Visitor(archive).replay(days(archive)[day], f"{HOST}{path}", Sec_Fetch_Dest="iframe")
    assert answer.status_code == 200
    assert shown in answer.data
    assert answer.headers.get("X-Daykeep-Approximate") == (None if path == PLAIN else "tidied")


def test_what_the_rules_of_a_day_do_not_name_is_another_page(archive):
    """Where no rule takes a parameter off, another value of it is a gap."""
    monday, tuesday = days(archive)
    other = f"{HOST}/kosten?zaak=1&jaar=2026"
    assert Visitor(archive).replay(monday, other).status_code == 200
    assert Visitor(archive).replay(tuesday, other).status_code == 404


def test_frame_shows_the_page_of_a_link_as_written(archive):
    """The frame has the page, and its lifeline, under the address it was kept by."""
    answer = Visitor(archive).get(f"/web/{days(archive)[0]}/{HOST}{WRITTEN}")
    assert answer.status_code == 200
    assert 'id="daykeep-page"' in answer.text


@pytest.mark.parametrize(("own", "kept"), [(True, PLAIN), (False, VISIT)])
def test_history_of_a_link_as_written(archive, still_own, own, kept):
    """The history, which is about many days, goes by the rules that the configuration has now."""
    visitor = Visitor(still_own if own else archive)
    answer = visitor.get(f"/{SITE}/history?url={quote(HOST + WRITTEN, safe='')}")
    assert answer.status_code == 200
    assert f"{HOST}{kept}".replace("&", "&amp;") in answer.text
    found = visitor.get(f"/web/*/{HOST}{WRITTEN}")
    assert (found.status_code, found.location.partition("?")[0]) == (302, f"/{SITE}/history")


def test_day_without_it_offers_the_days_that_have_it(still_own):
    """A day that lacks a page offers the days that have it, however the link to it was written."""
    answer = Visitor(still_own).get(f"/web/2026-03-09/{HOST}{WRITTEN}")
    assert answer.status_code == 404
    assert days(still_own)[1] in answer.text


def test_ledger_tells_of_a_link_as_written(archive):
    """What was never captured is told by what the ledger says of it, under the address the crawler had."""
    answer = Visitor(archive).get(f"/web/{days(archive)[0]}/{HOST}{CLOSED}")
    assert answer.status_code == 404
    assert "robots.txt" in answer.text


def test_history_command_goes_by_the_rules_of_the_site(tmp_path):
    """`daykeep history` finds a page by a link as written, by the rules of the configuration."""
    with Web(WEB) as web:
        config = configure(tmp_path, web.seed, session_parameters=OWN)
        assert inside(config, "crawl", "example").status == 0
        ended = inside(config, "history", "--json", f"{web.seed}{WRITTEN[1:]}")
        assert [row["url"] for row in ended.json()] == [f"{web.seed}{PLAIN[1:]}"]
        assert inside(config, "history", f"{web.seed}nooit?zaak=1").status == 1


def test_snapshot_without_its_configuration(tmp_path):
    """A snapshot that keeps no configuration goes by the rules that are built in."""
    day = {"20260302023000": {f"{HOST}/": by_hand.Reply("<title>x</title>")}}
    with by_hand.build(tmp_path, {SITE: day}) as made:
        assert tidy_of(made.collection.snapshots(SITE)[0]) == Tidy.of()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"zaak"]', b'"z??k["'),
        (b'"session_parameters":["default","zaak"]', b'"session_parameters":["=[x","zaak",1]  '),
        (b'"session_parameters":["default","zaak"]', b'"session_parameters":["a=(((xx","zaak"]'),
        (b"WARC/1.1\r\nWARC-Type: resource", b"XARC/1.1\r\nWARC-Type: resource"),
    ],
)
def test_configuration_that_cannot_be_read(tmp_path, old, new):
    """A configuration that cannot be read costs a line in the log, and the built-in rules take its place."""
    folder = uncompressed(tmp_path)
    assert tidy_of(folder) == Tidy.of(session=OWN)
    assert len(old) == len(new)
    path = folder.warc(folder.index.find(CONFIGURATION).filename)
    path.write_bytes(path.read_bytes().replace(old, new))
    with capture_logs() as logs:
        rules = tidy_of(folder)
    assert (rules, [line["event"] for line in logs]) == (Tidy.of(), ["rules-unknown"])


def uncompressed(root):
    """Return a copy, which may be written in, of a day that was crawled without compression."""
    with Web(WEB) as web, opened(root, web, HandClock(), session_parameters=OWN, compression="none") as made:
        take(made, made.settings.site[0])
        sealed = made.collection.snapshots(SITE)[0]
        copy = root / "copy"
        shutil.copytree(sealed.path, copy, copy_function=shutil.copyfile)
        for name in (copy, *copy.rglob("*")):
            name.chmod(0o755)
    return SnapshotFolder(SITE, sealed.timestamp, copy)
