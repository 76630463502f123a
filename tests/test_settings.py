# SPDX-License-Identifier: EUPL-1.2
"""The configuration file: its defaults, and a sentence with file, key and advice for everything that is wrong."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from archiver.settings import Settings, Site, Viewer, load, parse
from index.errors import ConfigurationError

REFERENCE = Path(__file__).parents[1] / "config" / "daykeep.toml"
SITE = {"name": "example", "seeds": ["https://www.example.org/"]}


def write(folder, text):
    path = folder / "daykeep.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def site(**keys):
    return {"site": [{**SITE, **keys}]}


def test_reference_file_has_every_key():
    """config/daykeep.toml shows every key there is, so that nobody has to look for one in the source."""
    raw = tomllib.loads(REFERENCE.read_text(encoding="utf-8"))
    assert set(raw) == set(Settings.__struct_fields__)
    assert set(raw["viewer"]) == set(Viewer.__struct_fields__)
    assert set(raw["site"][0]) == set(Site.__struct_fields__)


def test_reference_file_gives_the_defaults():
    """What config/daykeep.toml shows as default is what an empty file gives."""
    loaded = load(REFERENCE)
    given = {"name": "example", "title": "Example", "seeds": ("https://www.example.org/",)}
    assert loaded.site == (Site(**given),)
    assert msgspec.structs.replace(loaded, site=()) == parse({}, REFERENCE.resolve().parent)


def test_data_is_relative_to_the_file(tmp_path):
    """A relative data folder is looked for from the configuration file, wherever the command is given."""
    assert load(write(tmp_path, 'data = "d"')).root == tmp_path.resolve() / "d"
    assert load(write(tmp_path, 'data = "/srv/d"')).root == Path("/srv/d")


def test_find_names_the_nearest_site():
    """A site that is not there is answered with the one that was probably meant."""
    settings = parse(site(), Path("/"))
    assert settings.find("example").name == "example"
    with pytest.raises(ConfigurationError, match="the nearest valid one is `example`"):
        settings.find("exmaple")
    with pytest.raises(ConfigurationError, match="no \\[\\[site\\]\\] yet"):
        parse({}, Path("/")).find("example")


UNKNOWN = [
    ('dta = "x"', "`dta`", "`data`"),
    ("[viewer]\nbaseurl = 'http://localhost/'", "`viewer.baseurl`", "`base_url`"),
    ("[[site]]\nname = 'a'\nseeds = ['http://a.example/']\nexlude = []", "`site[0].exlude`", "`exclude`"),
    (
        "[[site]]\nname = 'a'\nseeds = ['http://a.example/']\nzzzzzz = 1",
        "`site[0].zzzzzz`",
        "valid keys: name, seeds",
    ),
]


@pytest.mark.parametrize(("text", "key", "advice"), UNKNOWN)
def test_unknown_key_names_file_key_and_nearest(tmp_path, text, key, advice):
    """An unknown key is answered with the file, the key and the nearest valid one."""
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert all(word in str(caught.value) for word in (str(path), key, advice))


WRONG = [
    ({"data": 1}, "`data`"),
    ({"data": "a\0b"}, "`data`"),
    ({"timezone": "Europe/Amsterdm"}, "`timezone`"),
    ({"timezone": "../../etc/passwd"}, "`timezone`"),
    ({"timezone": ""}, "`timezone`"),
    ({"timezone": "Europe"}, "`timezone`"),
    ({"language": "de"}, "`language`"),
    ({"viewer": "x"}, "`viewer`"),
    ({"viewer": {"base_url": "localhost"}}, "`viewer.base_url`"),
    ({"viewer": {"replay_url": "ftp://{label}.x"}}, "`viewer.replay_url`"),
    ({"viewer": {"replay_url": "http://localhost:8080"}}, "`viewer.replay_url`"),
    ({"viewer": {"replay_url": "http://localhost:8080/{label}"}}, "`viewer.replay_url`"),
    ({"viewer": {"replay_url": "http://x-{label}.localhost"}}, "`viewer.replay_url`"),
    ({"viewer": {"replay_url": "http://replay.example/x"}}, "more than an origin"),
    (
        {"viewer": {"base_url": "https://a.example", "replay_url": "https://A.example:443/"}},
        "where the viewer is",
    ),
    ({"viewer": {"replay_url": "replay.example"}}, "`viewer.replay_url`"),
    ({"site": {"name": "a"}}, "`site`"),
    ({"site": ["a"]}, "`site[0]`"),
    ({"site": [{"name": "a"}]}, "seeds"),
    (site(name="a b"), "`site[0] (a b).name`"),
    (site(name=""), ".name`"),
    (site(name="-a"), ".name`"),
    (site(name="a/../b"), ".name`"),
    (site(name="é"), ".name`"),
    (site(name="a\n"), ".name`"),
    (site(name="a" * 65), ".name`"),
    (site(name="timemap"), ".name`"),
    (site(seeds=[]), ".seeds`"),
    (site(seeds=["mailto:a@b"]), ".seeds`"),
    (site(seeds="http://a.example/"), "`site[0].seeds`"),
    (site(scope="all"), "`site[0].scope`"),
    (site(include=["("]), ".include`"),
    (site(exclude=["a{99999999999999999999}"]), ".exclude`"),
    (site(at="24:00"), ".at`"),
    (site(at="3:30"), ".at`"),
    (site(at="03:30\n"), ".at`"),
    (site(robots="maybe"), "`site[0].robots`"),
    (site(delay="1"), "`site[0].delay`"),
    (site(delay=-1), "`site[0].delay`"),
    (site(delay=float("nan")), ".delay`"),
    (site(connections=0), "`site[0].connections`"),
    (site(connections=1.5), "`site[0].connections`"),
    (site(max_urls=0), "`site[0].max_urls`"),
    (site(max_depth=-1), "`site[0].max_depth`"),
    (site(max_bytes=0), "`site[0].max_bytes`"),
    (site(timeout=0), "`site[0].timeout`"),
    (site(timeout=float("nan")), ".timeout`"),
    (site(max_seconds=float("inf")), ".max_seconds`"),
    (site(capture="browser"), "`site[0].capture`"),
    (site(compression="zstd"), "`site[0].compression`"),
    (site(full="daily"), "`site[0].full`"),
    (site(user_agent="a\r\nX: y"), ".user_agent`"),
    (site(user_agent=" "), ".user_agent`"),
    (site(user_agent="é"), ".user_agent`"),
    (site(allow_addresses=["10.0.0.0/99"]), ".allow_addresses`"),
    (site(demonstration="yes"), "`site[0].demonstration`"),
    ({"site": [SITE, {**SITE, "name": "Example"}]}, "`site.name`"),
]


@pytest.mark.parametrize(("raw", "key"), WRONG)
def test_wrong_value_names_its_key(raw, key):
    """A value of the wrong type or out of range is answered with its key, in one sentence."""
    with pytest.raises(ConfigurationError, match=re.escape(key)) as caught:
        parse(raw, Path("/"))
    assert str(caught.value).endswith(".")


UNREADABLE = [
    (b"data = ", "is not valid TOML"),
    (b'data = "\xff"', "is not valid TOML"),
    (b"data = " + b"[" * 5000, "is not valid TOML"),
    (b"data = " + b"9" * 5000, "is not valid TOML"),
]


@pytest.mark.parametrize(("text", "why"), UNREADABLE, ids=["broken", "not UTF-8", "nested", "long number"])
def test_what_is_not_toml_names_the_file(tmp_path, text, why):
    """A file that is not TOML, or not UTF-8, is answered with its name."""
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError, match=why) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_missing_file_says_what_to_do(tmp_path):
    """Where there is no configuration, the message says how to get one."""
    with pytest.raises(ConfigurationError, match=r"No such file.*daykeep init"):
        load(tmp_path / "none.toml")


def test_unreadable_file_is_named(tmp_path):
    """What cannot be opened as a file, such as a folder, is answered with its name."""
    with pytest.raises(ConfigurationError, match=re.escape(f"Cannot read the configuration {tmp_path}")):
        load(tmp_path)


def test_file_without_permission_is_named(tmp_path):
    """A file that this user may not read is answered with the reason."""
    path = write(tmp_path, "")
    path.chmod(0)
    tmp_path.chmod(0o755)
    for folder in list(path.parents)[:3]:
        folder.chmod(folder.stat().st_mode | 0o055)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setuid(65534) if os.getuid() == 0 else None
            load(path)
        except ConfigurationError as error:
            status = 0 if "Permission denied" in str(error) else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_networks_of_a_site():
    """An address alone and a network with host bits are both a network a site may live on."""
    allowed = parse(site(allow_addresses=["10.1.2.3/16", "::1"]), Path("/")).site[0].networks
    assert [str(network) for network in allowed] == ["10.1.0.0/16", "::1/128"]


def test_one_replay_origin(tmp_path):
    """Without a label there is one replay origin for all, by another name or port than the viewer's."""
    for replay in ("http://127.0.0.1:8080", "http://localhost:8081", "https://replay.example.org/"):
        assert parse({"viewer": {"replay_url": replay}}, tmp_path).viewer.replay_url == replay
