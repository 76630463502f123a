# SPDX-License-Identifier: EUPL-1.2
"""A site that begins with imported files is crawled on from them: by condition, and with revisits of them."""

from __future__ import annotations

import pytest

from archiver.responses import open_response
from archiver.snapshot import take as crawl
from tests.support.foreign import record
from tests.support.importing import found, http, outcomes, problems, take, write
from tests.support.snapshots import HOST, SITE, HandClock, opened, page, serving

BODY = page("vergunning")[2]
BEFORE = "2026-03-01T11:00:00Z"


@pytest.mark.parametrize("fields", [{}, {"WARC_Record_ID": None}])
def test_crawl_after_an_import(tmp_path, fields):
    """What was imported and is still so is a revisit of the imported record; all of it verifies."""
    given = record(http(BODY), 1, WARC_Target_URI=f"<{HOST}/>", WARC_Date=BEFORE, **fields)
    with serving() as server, opened(tmp_path / "data", server, HandClock(), full="never") as archive:
        server.day = {"/": page("vergunning")}
        take(archive, write(tmp_path / "a.warc", [given]))
        crawl(archive, archive.settings.site[0])
        first, second = archive.collection.snapshots(SITE)
        line = second.index.find(f"{HOST}/")
        assert (outcomes(first), outcomes(second)[f"{HOST}/"]) == (
            {f"{HOST}/": "captured"},
            "captured" if fields else "unchanged",
        )
        with open_response(
            lambda day, name: archive.collection.at(SITE, day).warc(name), second.timestamp, line
        ) as stored:
            assert b"".join(stored.body) == BODY
        assert found(archive, "vergunning", second.timestamp) == [f"{HOST}/"]
        assert problems(archive) == []
