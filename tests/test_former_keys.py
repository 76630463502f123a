# SPDX-License-Identifier: EUPL-1.2
"""An archive whose indexes have the former keys is refused with what to do, and doing that takes all of it over."""

from __future__ import annotations

import re
from pathlib import Path

from archiver.collection import Collection
from tests.support.archive import Reply, build
from tests.support.command import configure, inside

HOST = "https://www.example.org"
HOME = f"{HOST}/"
DAYS = {
    "20260302023000": {
        HOME: Reply("<title>Home</title>Monday"),
        f"{HOST}/list?p=1&p2=3": Reply("<title>List</title>one"),
        f"{HOST}/list?p2=3&p=1": Reply("<title>List</title>the other"),
        f"{HOST}/a//b": Reply("<title>B</title>b"),
    },
    "20260303023000": {
        HOME: Reply("<title>Home</title>Tuesday"),
        f"{HOST}/list?p=1&p2=3": Reply("<title>List</title>one"),
        f"{HOST}/list?p2=3&p=1": Reply("<title>List</title>another one"),
        f"{HOST}/a//b": Reply("", status=304),
    },
}


def captures(collection: Collection) -> list[tuple[str, ...]]:
    """Return what the index of every day has, texts apart: those lie where they are new."""
    return [
        (
            folder.timestamp[:8],
            one.url,
            one.timestamp,
            one.digest,
            one.content_type,
            str(one.effective_status),
        )
        for folder in collection.snapshots("example")
        for one in folder.index.captures()
        if not one.url.startswith("urn:")
    ]


def test_former_archive(tmp_path):
    """Every command says what to do; after that every day is there, by the keys of now, and verifies."""
    old, new = (configure(tmp_path / name, HOME) for name in ("old", "new"))
    with build(tmp_path / "old" / "data", {"example": DAYS}) as archive:
        before = captures(archive.collection)
    marker = tmp_path / "old" / "data" / "collection.json"
    marker.write_bytes(b'{"format":1,"software":"daykeep"}\n')
    for words in (["status"], ["verify"], ["rebuild"], ["history", HOME], ["crawl", "example"]):
        ended = inside(old, *words)
        assert ended.status == 1, words
        told = re.search(r"`daykeep import SITE (.*)`", " ".join(ended.err.split()))
        assert told, ended.err
    pattern = Path(told[1].replace("SITE", "example"))
    files = sorted(tmp_path.glob(str(pattern.relative_to(tmp_path))))
    assert len(files) == len(DAYS)
    assert inside(new, "import", "example", *files).status == 0
    collection = Collection.create(tmp_path / "new" / "data")
    assert captures(collection) == before
    assert {one.urlkey for one in collection.snapshots("example")[0].index.prefix("org,example)/list")} == {
        "org,example)/list?p=1&p2=3"
    }
    assert inside(new, "verify").status == 0
