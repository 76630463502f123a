# SPDX-License-Identifier: EUPL-1.2
"""The catalogue is made of the sealed snapshots: at once, after a crash, and wholly anew with the same answers."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from whoosh.fields import ID, TEXT, Schema
from whoosh.index import create_in

from archiver import publish as module
from archiver.publish import publish, publish_waiting, unpublished
from archiver.snapshot import UnpublishedError, take
from index.errors import ArchiveError
from index.search import Filters
from tests.support.command import configure, inside
from tests.support.published import DAYS, answers, found
from tests.support.sites import Web
from tests.support.snapshots import FIRST, HOST, SITE, HandClock, build_days, opened, page


def remove_everything(catalogue):
    shutil.rmtree(catalogue)


def remove_history(catalogue):
    for path in catalogue.glob("history.sqlite*"):
        path.unlink()


def remove_search(catalogue):
    shutil.rmtree(catalogue / "search")


def write_garbage(catalogue):
    for path in catalogue.glob("history.sqlite-*"):
        path.unlink()
    (catalogue / "history.sqlite").write_bytes(b"garbage" * 1000)


def tear_search(catalogue):
    for path in (catalogue / "search").rglob("*.toc"):
        path.write_bytes(b"torn")


def age_search(catalogue):
    """Put indexes of another form, as of another version of the program, in the place of the generations."""
    for generation in (catalogue / "search").iterdir():
        shutil.rmtree(generation)
        generation.mkdir()
        create_in(generation, Schema(id=ID(unique=True, stored=True), text_nl=TEXT())).close()


HARMS = [remove_everything, remove_history, remove_search, write_garbage, tear_search, age_search]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Archive four days, with what the catalogue answers about them."""
    root = tmp_path_factory.mktemp("kept")
    with build_days(root / "data", DAYS) as archive:
        return root, answers(archive)


@pytest.mark.parametrize("harm", HARMS)
def test_rebuild(kept, tmp_path, harm):
    """Whatever is gone or torn of the catalogue, `daykeep rebuild` brings back every answer as it was."""
    root, before = kept
    config = configure(tmp_path, f"{HOST}/")
    shutil.copytree(root / "data", tmp_path / "data")
    harm(tmp_path / "data" / "catalogue")
    ended = inside(config, "rebuild", "--json")
    assert (ended.status, ended.json()) == (0, {"snapshots": 4, "problems": []}), ended.err
    with Web({}) as web, opened(tmp_path / "data", web, HandClock()) as archive:
        assert answers(archive) == before
        hits, total, *_ = before["search"]["tarief", before["snapshots"][0].timestamp, Filters()]
        assert (len(hits), total) == (1, 1)


def test_rebuild_on_all_cores(kept, tmp_path, monkeypatch):
    """Many documents at once are written by a process for each core, and every answer is as before."""
    root, before = kept
    shutil.copytree(root / "data", tmp_path / "data")
    remove_everything(tmp_path / "data" / "catalogue")
    monkeypatch.setattr(module, "MANY", 2)
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda _: {0, 1})
    with Web({}) as web, opened(tmp_path / "data", web, HandClock()) as archive:
        assert publish_waiting(archive.collection, archive.shelves) == 4
        assert answers(archive) == before
    first = min((tmp_path / "data" / "catalogue" / "search").iterdir())
    assert len(list(first.glob("*.seg"))) >= 2


def test_damaged_catalogue_says_what_to_do(kept, tmp_path):
    """A catalogue that is no database is told in a sentence that names `daykeep rebuild`."""
    config = configure(tmp_path, f"{HOST}/")
    shutil.copytree(kept[0] / "data", tmp_path / "data")
    write_garbage(tmp_path / "data" / "catalogue")
    ended = inside(config, "status")
    assert (ended.status, ended.out) == (1, "")
    assert "damaged" in ended.err
    assert "daykeep rebuild" in ended.err
    assert inside(config, "rebuild").status == 0
    assert inside(config, "history", f"{HOST}/a").status == 0


def test_rebuild_under_a_reader(kept, tmp_path):
    """Who has the catalogue open while it is rebuilt sees the rebuilt one, without opening it again."""
    config = configure(tmp_path, f"{HOST}/")
    shutil.copytree(kept[0] / "data", tmp_path / "data")
    with Web({}) as web, opened(tmp_path / "data", web, HandClock()) as archive:
        before = answers(archive)
        assert inside(config, "rebuild").status == 0
        assert answers(archive) == before


def test_interrupted_publish_is_completed(tmp_path):
    """A snapshot that was sealed and not published is published by the next command, and by the next crawl."""
    with Web(DAYS[0]) as web, opened(tmp_path, web, clock := HandClock()) as archive:
        site, search = archive.settings.site[0], archive.collection.catalogue / "search"
        search.write_text("in the way")
        with pytest.raises(UnpublishedError, match="sealed, but not yet in the catalogue"):
            take(archive, site)
        assert archive.shelves.history.snapshots(SITE) == []
        search.unlink()
        assert publish_waiting(archive.collection, archive.shelves) == 1
        assert unpublished(archive.collection, archive.shelves, [SITE]) == []
        search.rename(search.with_name("aside"))
        search.write_text("in the way")
        clock.set(FIRST + timedelta(days=1))
        web.pages["/a"] = page("tarief 2026")
        with pytest.raises(UnpublishedError):
            take(archive, site)
        search.unlink()
        search.with_name("aside").rename(search)
        clock.set(FIRST + timedelta(days=2))
        take(archive, site)
        days = [snapshot.day for snapshot in archive.shelves.history.snapshots(SITE)]
        assert days == ["2026-03-02", "2026-03-03", "2026-03-04"]
        spans = [(one.first_day, one.last_day) for one in archive.shelves.history.lifeline(f"{HOST}/a")]
        assert spans == [("2026-03-02", "2026-03-02"), ("2026-03-03", "2026-03-04")]


def test_publishing_twice(kept, tmp_path):
    """A snapshot that is published already is left as it is."""
    shutil.copytree(kept[0] / "data", tmp_path / "data")
    with Web({}) as web, opened(tmp_path / "data", web, HandClock()) as archive:
        for folder in archive.collection.snapshots(SITE):
            publish(archive.collection, archive.shelves, folder)
        assert publish_waiting(archive.collection, archive.shelves) == 0
        assert answers(archive) == kept[1]


def test_damaged_day_is_passed_over(kept, tmp_path):
    """A day whose index cannot be read is told and left out; the days around it are there."""
    shutil.copytree(kept[0] / "data", tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "catalogue")
    with Web({}) as web, opened(tmp_path / "data", web, HandClock()) as archive:
        second = archive.collection.snapshots(SITE)[1]
        second.index_path.chmod(0o644)
        second.index_path.write_bytes(b"not an index\n" + second.index_path.read_bytes())
        told = []
        done = publish_waiting(
            archive.collection, archive.shelves, lambda folder, _: told.append(folder.timestamp)
        )
        assert (done, told) == (3, [second.timestamp])
        assert [one.day for one in archive.shelves.history.snapshots(SITE)] == [
            "2026-03-02", "2026-03-04", "2026-03-05",
        ]  # fmt: skip
        with pytest.raises(ArchiveError):
            publish_waiting(archive.collection, archive.shelves)


def test_text_that_cannot_be_read(kept, tmp_path):
    """A truncated WARC costs the words of its pages, not the lifelines."""
    shutil.copytree(kept[0] / "data", tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "catalogue")
    with Web({}) as web, opened(tmp_path / "data", web, HandClock()) as archive:
        first = archive.collection.snapshots(SITE)[0]
        first.warcs[0].chmod(0o644)
        first.warcs[0].write_bytes(first.warcs[0].read_bytes()[:600])
        assert publish_waiting(archive.collection, archive.shelves) == 4
        assert answers(archive)["lifelines"] == kept[1]["lifelines"]
        assert found(archive.shelves, "geduld", first.timestamp) == []


def test_days_after_a_lost_one_are_published(kept, tmp_path):
    """Where a day is gone from the disk, the days after it are there with what they hold themselves."""
    shutil.copytree(kept[0] / "data", tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "catalogue")
    with Web({}) as web, opened(tmp_path / "data", web, HandClock()) as archive:
        first, second, *_ = archive.collection.snapshots(SITE)
        for path in [first.path, *first.path.rglob("*")]:
            path.chmod(0o755)
        shutil.rmtree(first.path)
        assert publish_waiting(archive.collection, archive.shelves) == 3
        assert [hit for hit, _ in found(archive.shelves, "2026", second.timestamp)]
        assert archive.shelves.history.lifeline(f"{HOST}/")


@pytest.mark.parametrize("order", [(0, 2, 3, 1), (3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2)])
def test_days_of_the_past_take_their_place(kept, tmp_path, order):
    """In whatever order days are published, all answers are those of days published oldest first."""
    shutil.copytree(kept[0] / "data", tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "catalogue")
    with Web({}) as web, opened(tmp_path / "data", web, HandClock()) as archive:
        folders = archive.collection.snapshots(SITE)
        for number in order:
            publish(archive.collection, archive.shelves, folders[number])
        assert answers(archive) == kept[1]


def test_a_day_of_the_past_that_fails_changes_nothing(kept, tmp_path):
    """While a site is published anew readers see it as it was, and so it stays where that fails."""
    shutil.copytree(kept[0] / "data", tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "catalogue")
    with Web({}) as web, opened(tmp_path / "data", web, HandClock()) as archive:
        _, second, third, fourth = archive.collection.snapshots(SITE)
        for path in (second.path, third.path, fourth.path):
            path.rename(path.with_suffix(".away"))
        third.path.with_suffix(".away").rename(third.path)
        assert publish_waiting(archive.collection, archive.shelves) == 2
        before = answers(archive)
        second.path.with_suffix(".away").rename(second.path)
        third.index_path.chmod(0o644)
        whole = third.index_path.read_bytes()
        third.index_path.write_bytes(whole + b"no line\n")
        waiting = archive.collection.snapshot(SITE, second.timestamp)
        with pytest.raises(ArchiveError):
            publish(archive.collection, archive.shelves, waiting)
        third.index_path.write_bytes(whole)
        assert answers(archive) | {"changes": {}} == before | {"changes": {}}
        publish(archive.collection, archive.shelves, waiting)
        fourth.path.with_suffix(".away").rename(fourth.path)
        assert publish_waiting(archive.collection, archive.shelves) == 1
        assert answers(archive) == kept[1]
