# SPDX-License-Identifier: EUPL-1.2
"""`/.well-known/web-archive.txt`: TOML by the form of version 0.1, with endpoints that answer."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from archiver.settings import Listing, parse
from index.errors import ConfigurationError
from tests.support.archive import Reply, build
from tests.support.viewing import Visitor

HOME = "https://www.example.org/"
DAYS = {"20260301023000": {HOME: Reply("x")}, "20260305023000": {HOME: Reply("y")}}
PATH = "/.well-known/web-archive.txt"

# Table → keys that must be there, and keys that may be (specification v0.1, sections 1 to 4)
FORM: dict[str, tuple[set[str], set[str]]] = {
    "": ({"version", "last_updated", "archive", "api"}, {"replay"}),
    "archive": ({"id", "name", "website", "organisation", "scope"}, {"established", "email"}),
    "archive.organisation": ({"name", "type"}, {"location", "website"}),
    "archive.scope": ({"crawl", "authority"}, {"coverage", "domains", "collections"}),
    "archive.scope.authority": ({"type"}, {"documentation"}),
    "api": (set(), {"documentation", "rate_limit", "memento", "cdx"}),
    "api.memento": (set(), {"timemap", "timegate"}),
    "api.memento.timemap": ({"endpoint", "access"}, set()),
    "api.memento.timegate": ({"endpoint", "access"}, set()),
    "api.cdx": ({"query"}, set()),
    "api.cdx.query": ({"endpoint", "access"}, set()),
    "replay": (set(), {"rewritten", "no_toolbar", "raw"}),
}


def checked(text: str) -> dict[str, Any]:
    """Return a file's content after holding it to the form."""
    told = tomllib.loads(text)
    for name, (needed, allowed) in FORM.items():
        table = told
        for part in filter(None, name.split(".")):
            table = table[part]
        assert needed <= table.keys() <= needed | allowed, name
    assert told["version"] == "0.1"
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", told["last_updated"])
    assert re.fullmatch(r"[a-z0-9]{2,6}", told["archive"]["id"])
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}/\.\.", told["archive"]["scope"].get("coverage", "2026-01-01/.."))
    assert all(isinstance(word, str) and word for word in told["archive"]["scope"]["crawl"])
    assert all("{url}" in template and "{datetime}" in template for template in told["replay"].values())
    return told


def test_what_is_known_without_being_told(tmp_path):
    """Name, days, hosts and endpoints come from the archive; what nobody said is called unspecified."""
    with build(tmp_path, {"demo": DAYS}) as archive:
        answer = Visitor(archive).get(PATH)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    told = checked(answer.text)
    assert told["last_updated"] == "2026-03-05"
    assert told["archive"] == {
        "id": "localh",
        "name": "Web archive of Site demo",
        "established": "2026",
        "website": "http://localhost:8080/",
        "organisation": {"name": "unspecified", "type": "unspecified"},
        "scope": {
            "crawl": ["selective", "periodical"],
            "authority": {"type": "unspecified"},
            "coverage": "2026-03-01/..",
            "domains": ["www.example.org"],
        },
    }


def test_its_endpoints_answer(tmp_path):
    """Each template leads to what it says, with the address and the moment filled in."""
    with build(tmp_path, {"demo": DAYS}) as archive:
        visitor = Visitor(archive)
        told = checked(visitor.get(PATH).text)

        def filled(template: str) -> Any:
            path = template.removeprefix("http://localhost:8080")
            return visitor.get(path.replace("{url}", HOME).replace("{datetime}", "20260305023000"))

        memento = told["api"]["memento"]
        assert filled(memento["timegate"]["endpoint"]).status_code == 302
        assert filled(memento["timemap"]["endpoint"]).text.count("memento") == 2
        assert len(filled(told["api"]["cdx"]["query"]["endpoint"]).text.splitlines()) == 2
        assert 'id="daykeep-page"' in filled(told["replay"]["rewritten"]).text
        assert filled(told["replay"]["raw"]).data == b"y"
        assert filled(told["api"]["documentation"]).status_code == 200


def test_what_the_operator_says(tmp_path):
    """The table `[archive]`, and the operator's name and e-mail address, come out as they were given."""
    said = Listing(
        id="minfi",
        name='Het "archief" \\ \U0001f5c4',
        website="https://www.example.gov/archief",
        organisation="Ministerie van Fictie",
        organisation_type="government",
        organisation_website="https://www.example.gov/",
        location=("NL", "NL-ZH"),
        authority="public_record",
        authority_document="https://wetten.example/archiefwet",
    )
    with build(tmp_path, {"demo": DAYS}) as archive:
        settings = msgspec.structs.replace(
            archive.settings, archive=said, operator="Archiefdienst, archief@example.gov"
        )
        told = checked(Visitor(replace(archive, settings=settings)).get(PATH).text)["archive"]
    assert (told["id"], told["name"], told["website"]) == ("minfi", said.name, said.website)
    assert told["email"] == "archief@example.gov"
    assert told["organisation"] == {
        "name": "Ministerie van Fictie",
        "type": "government",
        "location": ["NL", "NL-ZH"],
        "website": "https://www.example.gov/",
    }
    assert told["scope"]["authority"] == {"type": "public_record", "documentation": said.authority_document}


def test_an_empty_archive_has_one_too(tmp_path):
    """Before the first day there is no coverage, and all else."""
    with build(tmp_path, {"demo": {}}) as archive:
        told = checked(Visitor(archive).get(PATH).text)
    assert told["last_updated"] == "2026-03-10"
    assert "coverage" not in told["archive"]["scope"]
    assert "established" not in told["archive"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "Too-Long"), ("id", "a"), ("id", "abcdefg"), ("location", ["Nederland"]), ("name", "two\nlines"),
        ("website", "example.org"), ("authority_document", "no address"), ("nmae", "x"), ("id", 3),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense(tmp_path, key, value):
    """What the form does not take, or no key is called, is refused with its name."""
    with pytest.raises(
        ConfigurationError, match=f"archive.{key}" if key != "location" else "archive.location"
    ):
        parse(tomllib.loads(f"[archive]\n{key} = {json.dumps(value)}"), tmp_path)
