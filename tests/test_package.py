# SPDX-License-Identifier: EUPL-1.2
"""datapackage.json and its digest, as WACZ 1.1.1 has them."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from archiver import package
from archiver.checking.verify import hash_file

MOMENT = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)


def sha256(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def filled(folder):
    for name in (
        "archive/B.warc.gz",
        "archive/a.warc.gz",
        "indexes/index.cdxj",
        "pages/pages.jsonl",
        "logs/ledger.jsonl",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    (folder / "notes.txt").write_bytes(b"not a part")
    return folder


def test_resources_are_every_file_of_the_parts(tmp_path):
    """Every file below the parts of a WACZ is listed in order of its path, with size and digest."""
    listed = package.resources(filled(tmp_path), hash_file)
    paths = [
        "archive/B.warc.gz",
        "archive/a.warc.gz",
        "indexes/index.cdxj",
        "logs/ledger.jsonl",
        "pages/pages.jsonl",
    ]
    assert [one["path"] for one in listed] == paths
    assert [(one["bytes"], one["hash"]) for one in listed] == [
        (len(path), sha256(path.encode())) for path in paths
    ]
    assert [one["name"] for one in listed][:2] == ["b.warc.gz", "a.warc.gz"]


def test_description_has_what_the_standard_asks():
    """The description has profile, version, moment and main page, and what only we know under our own key."""
    described = package.describe(
        "T", "https://a.example/", MOMENT, [package.resource("a/B", "sha256:0", 1)], {"x": 1}
    )
    assert described == {
        "profile": "data-package",
        "wacz_version": "1.1.1",
        "title": "T",
        "created": "2026-03-02T02:30:00Z",
        "modified": "2026-03-02T02:30:00Z",
        "software": "daykeep/0.1",
        "mainPageUrl": "https://a.example/",
        "mainPageDate": "2026-03-02T02:30:00Z",
        "resources": [{"name": "b", "path": "a/B", "hash": "sha256:0", "bytes": 1}],
        "daykeep": {"x": 1},
    }


def test_description_reads_well():
    """The file is indented, keeps the order of its keys, and ends in a newline."""
    assert package.encode({"b": [1], "a": "é"}) == '{\n  "b": [\n    1\n  ],\n  "a": "é"\n}\n'.encode()


def test_digest_is_over_the_file_as_written(tmp_path):
    """The digest file names datapackage.json and its digest, and nothing else."""
    package.write_package(tmp_path, {"title": "é"}, hash_file)
    written = (tmp_path / "datapackage.json").read_bytes()
    assert json.loads(written) == {"title": "é"}
    digest = json.loads((tmp_path / "datapackage-digest.json").read_bytes())
    assert digest == {"path": "datapackage.json", "hash": sha256(written)}
