# SPDX-License-Identifier: EUPL-1.2
"""Export profiles are data: read, checked, and an operator may have his own."""

from __future__ import annotations

import pytest

from archiver.exporting.profiles import MAX_FILE, built_in, chosen, parse, profiles
from index.errors import ConfigurationError

GOOD = {
    "title": {"nl": "een", "en": "one"},
    "container": "folder",
    "records": "stored",
    "compression": "stored",
}


@pytest.mark.parametrize(
    ("name", "container", "single", "records", "compression", "largest", "suffix"),
    [
        ("wacz", "wacz", False, "whole", "gzip", MAX_FILE, ".wacz"),
        ("wacz-stored", "wacz", False, "stored", "stored", MAX_FILE, ".wacz"),
        ("warc", "folder", True, "stored", "stored", MAX_FILE, ".zip"),
        ("nl-richtlijn", "folder", True, "whole", "none", 10**9, ".zip"),
        ("mdto", "folder", False, "whole", "none", 10**9, ".zip"),
    ],
)
def test_built_in_profiles(name, container, single, records, compression, largest, suffix):
    """What each built-in profile makes."""
    profile = built_in()[name]
    assert (profile.container, profile.single, profile.records) == (container, single, records)
    assert (profile.compression, profile.largest, profile.suffix) == (compression, largest, suffix)
    assert profile.as_stored is (records == "stored")
    assert profile.title.nl != profile.title.en


def test_order_of_the_built_in_profiles():
    """They are offered with the one for everybody first."""
    assert list(built_in()) == ["wacz", "warc", "nl-richtlijn", "mdto", "wacz-stored"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"recods": "whole"}, "unknown key `recods`; the nearest is `records`"),
        ({"name": "other"}, "unknown key `name`"),
        ({"names": {"pags": "x"}}, "unknown key `names.pags`; the nearest is `pages`"),
        ({"records": "some"}, "key `records`"),
        ({"container": "tar"}, "key `container`"),
        ({"compression": 6}, "key `compression`"),
        ({"compression": "none"}, "key `compression`: records that go along as stored"),
        ({"max_file": -1}, "key `max_file`"),
        ({"parts": ["index", "photos"]}, r"key `parts\[1\]`"),
        ({"title": {"nl": "een"}}, "key `title`"),
        ({"packing": "boxes"}, "key `packing`"),
        ({"names": {"index": "{town}.cdxj"}}, "key `names.index`"),
        ({"names": {"index": "{"}}, "key `names.index`"),
        ({"names": {"records": "archive/x.warc"}}, r"`names.records`.* needs \{name\}"),
        ({"names": {"logs": "../{name}"}}, "not a path within the export"),
        ({"names": {"logs": "/{name}"}}, "not a path within the export"),
        ({"names": {"logs": "a\\{name}"}}, "not a path within the export"),
    ],
)
def test_faults_of_a_profile(change, says):
    """A fault names its key, and the nearest valid one."""
    with pytest.raises(ConfigurationError, match=says):
        parse(GOOD | change, "own")


@pytest.mark.parametrize("name", ["", "Own", "a b", "../x", "-a", "a" * 33])
def test_names_of_profiles(name):
    """A name is one that any file system and any address takes."""
    with pytest.raises(ConfigurationError, match="not a name for a profile"):
        parse(GOOD, name)


def test_a_key_that_is_missing_is_named():
    """What has no default must be there."""
    with pytest.raises(ConfigurationError, match="missing required field `records`"):
        parse({key: value for key, value in GOOD.items() if key != "records"}, "own")


TOML = 'title = { nl = "een", en = "one" }\ncontainer = "folder"\nrecords = "whole"\ncompression = "gzip"\n'


def test_profiles_of_an_operator(tmp_path):
    """Files in `profiles/` beside the configuration are profiles too, and may stand for a built-in one."""
    assert profiles(tmp_path) == built_in()
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "own.toml").write_text(TOML)
    (tmp_path / "profiles" / "warc.toml").write_text(TOML)
    known = profiles(tmp_path)
    assert (known["own"].compression, known["own"].name, known["warc"].compression) == ("gzip", "own", "gzip")
    assert chosen(known, "own") is known["own"]
    with pytest.raises(ConfigurationError, match="There is no export profile 'wac'; the nearest is `"):
        chosen(known, "wac")


@pytest.mark.parametrize("text", [b"title = ", b"\xff", TOML.encode() + b"more = 1\n"])
def test_a_fault_names_the_file(tmp_path, text):
    """Whatever is wrong with a file, the message begins with its path."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "own.toml").write_bytes(text)
    with pytest.raises(ConfigurationError, match=r"own\.toml"):
        profiles(tmp_path)
