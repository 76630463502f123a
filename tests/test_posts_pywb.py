# SPDX-License-Identifier: EUPL-1.2
"""The same file with POST, PUT, HEAD and OPTIONS in pywb, cdxj-indexer and here: the same captures are found."""

from __future__ import annotations

import http.client
import json
import shutil
from pathlib import Path

import pytest

from tests.support.cdxj_rules import read_lines
from tests.support.importing import EXAMPLE, empty_archive, take, write
from tests.support.oracles import oracle
from tests.support.ports import LOOPBACK
from tests.support.posts import SENT, archived
from tests.support.pywb import collect, served
from tests.support.snapshots import SITE

NOON, STAMP = "2026-02-10T11:00:00Z", "20260210110000"
WITH_QUERY = {"POST", "PUT"}


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """Import a file with every method, and return the folder of the file, and that of the snapshot."""
    root = tmp_path_factory.mktemp("posts")
    given = write(root / "a.warc.gz", archived(NOON))
    with empty_archive(root / "data") as archive:
        take(archive, given, texts=False)
        [folder] = archive.collection.snapshots(SITE)
        yield root, folder


@pytest.fixture(scope="module")
def port(day):
    """Yield the port of a pywb with the file as it indexes it, and with our index in place of its own."""
    root, folder = day
    collect(root, "theirs", [root / "a.warc.gz"])
    ours = collect(root, "ours", [root / "a.warc.gz"])
    shutil.copyfile(folder.index_path, ours.index)
    with served(root) as port:
        yield port


def by_place(path: Path) -> dict[tuple[str | None, str | None], tuple[str | None, ...]]:
    lines = read_lines(path)
    return {one.place: (one["key"], one["method"], one["requestBody"] or None) for one in lines}


def test_cdxj_indexer_has_the_same_keys(day, tmp_path):
    """`cdxj-indexer -p` gives POST and PUT the keys that we give; of the other differences each is one of those told."""
    root, folder = day
    ran = oracle("cdxj-indexer", "-p", "--sort", "-o", tmp_path / "x.cdxj", root / "a.warc.gz")
    assert ran.returncode == 0, ran.stderr
    ours, theirs = by_place(folder.index_path), by_place(tmp_path / "x.cdxj")
    assert ours.keys() == theirs.keys()
    differing = {ours[place][:2] for place in ours if ours[place] != theirs[place]}
    assert differing == {
        # the leaves of JSON as JavaScript writes them, not as Python does
        ("org,example)/api?__wb_method=post&a=1&a.2_=2&a.3_=true&a.4_=null&a.5_=x+y", "POST"),
        # other methods have no key of their own there
        ("org,example)/doc?__wb_method=delete", "DELETE"),
        ("org,example)/api?__wb_method=options", "OPTIONS"),
        ("org,example)/?__wb_method=head", "HEAD"),
    }


@pytest.mark.usefixtures("port")
def test_pywb_index_has_the_same_keys(day):
    """What pywb writes into its own index is what stands in ours, HEAD and the like included."""
    root, folder = day
    theirs = by_place(root / "collections" / "theirs" / "indexes" / "index.cdxj")
    assert {place: (told[0], told[1]) for place, told in by_place(folder.index_path).items()} == {
        place: (told[0], None if told[1] == "GET" else told[1]) for place, told in theirs.items()
    }


@pytest.mark.parametrize(
    "sent", [one for one in SENT if one.method != "HEAD"], ids=lambda one: one.method + one.path
)
@pytest.mark.parametrize("collection", ["theirs", "ours"])
def test_pywb_replays_it(port, sent, collection):
    """Pywb answers each request with what was archived for its method and body, by its index and by ours."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=60)
    try:
        headers = {"Content-Type": sent.mime} if sent.mime else {}
        path = f"/{collection}/{STAMP}id_/{EXAMPLE}{sent.path}"
        connection.request(sent.method, path, sent.body or None, headers)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (sent.status, sent.answer)
    finally:
        connection.close()


def test_pywb_finds_our_lines(port):
    """A question to pywb's CDX server about the address with method and body finds the line in our index."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=60)
    try:
        asked = "http%3A%2F%2Fwww.example.org%2Fapi%3Fpage%3D1%26__wb_method%3DPOST%26q%3Dtwo%20words%26z%3D1"
        connection.request("GET", f"/ours/cdx?url={asked}&output=json")
        [line] = [json.loads(one) for one in connection.getresponse().read().splitlines()]
        assert (line["url"], line["method"]) == (f"{EXAMPLE}/api?page=1", "POST")
    finally:
        connection.close()
