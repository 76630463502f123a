# SPDX-License-Identifier: EUPL-1.2
"""Rules of noise that are learned from pages which differ every day: proposed, and never applied."""

from __future__ import annotations

import tomllib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.changing import toml_string
from archiver.noise_rules import noise_of
from archiver.proposing import propose
from index.noise import EXAMPLE_DAY, TAKEN, Noise, Stored, check
from index.proposals import LEAST, learned, proposals
from tests.support.command import configure, inside
from tests.support.snapshots import HOST, SITE, build_days, page

LEARNED = [
    (["Nummer 4711 in de rij", "Nummer 52 in de rij"], r"\bNummer \d{2,4} in de\b"),
    (["Stand: 12.345", "Stand: 9.876"], r"\bStand\: \d{1,2}\.\d{3}\b"),
    (["(12 wachtenden)", "(7 wachtenden)"], r"\(\d{1,2} wachtenden\)"),
    (["Nu (12 van 40) bezet", "Nu (7 van 38) bezet"], r"\bNu \(\d{1,2} van \d{2}\) bezet\b"),
    (["sleutel 8f3a9c02", "sleutel 77b0aa19"], r"\bsleutel [0-9a-f]{8}\b"),
    (["sleutel 8F3A9C0211", "sleutel 77b0aa19"], r"\bsleutel [0-9a-f]{8,10}\b"),
    (["sleutel x1_" + "a" * 20, "sleutel y2_" + "b" * 20], r"\bsleutel [0-9a-z_-]{23}\b"),
    (["8f3a9c0211", "77b0aa1922"], None),  # would take the like out of every line
    (["- 8f3a9c0211", "- 77b0aa1922"], None),
    (["12 |", "13 |"], None),
    (["Thema versie2026", "Thema versie2027"], r"\bThema versie\d{4}\b"),
    (["Thema w8terbeheer", "Thema kl1maatakk"], None),  # would take every word of ten letters
    (["Thema waterbeheer", "Thema klimaatakkoord"], None),
    (["Maandag", "Dinsdag"], None),
    (["Vandaag Jan aan het woord", "Vandaag Piet aan het woord"], None),
    (["12", "13"], None),
    (["Temperatuur 12 graden", "Temperatuur graden"], None),
    (["Al «1» keer", "Al «2» keer"], None),
    ([f"Nummer {'1' * 70} x", f"Nummer {'2' * 70} x"], None),
    (["a " * 400 + "1", "a " * 400 + "2"], None),
    (["<b> 12 </b> x", "<b> 13 </b> x"], r"\<b\> \d{2} \<\/b\> x\b"),
]


@pytest.mark.parametrize(("versions", "pattern"), LEARNED)
def test_learned(versions, pattern):
    """What differs at one place and has one form makes a rule of it and of the words around it."""
    rule = learned(versions)
    assert (rule.pattern if rule else None) == pattern
    if rule:
        check(rule)
        assert len({Noise((rule,)).cleaned(line, EXAMPLE_DAY) for line in versions}) == 1


@given(
    words=st.lists(st.text(alphabet="ab <>()[]{}.*+?\\|^$-_é1:/", min_size=1, max_size=6), max_size=4),
    numbers=st.lists(st.integers(0, 99999), min_size=2, max_size=5, unique=True),
    after=st.text(alphabet="xy .)]é", max_size=5),
)
def test_what_is_learned_is_safe_and_exact(words, numbers, after):
    """Whatever a page has around a number: a rule that is learned of it is safe, and makes its versions equal."""
    versions = [" ".join([*words, str(number), after]) for number in numbers]
    rule = learned(versions)
    if rule is not None:
        check(rule)
        cleaned = {Noise((rule,)).cleaned(line, EXAMPLE_DAY) for line in versions}
        assert (len(cleaned), TAKEN in next(iter(cleaned))) == (1, True)


def versions(*lines, days=LEAST):
    return [
        Stored(
            "\n".join(line.format(n=n * 7 + 10, day=2 + n) for line in lines), EXAMPLE_DAY + timedelta(days=n)
        )
        for n in range(days)
    ]


def test_of_several_pages():
    """Rules come by how many pages propose them; what a rule takes out already is proposed by none."""
    pages = [
        (f"{HOST}/a", versions("kop", "Nummer {n} in de rij", "Het is {day} maart 2026")),
        (f"{HOST}/b", versions("Nummer {n} in de rij", "Kamers vrij: {n}")),
        (f"{HOST}/c", versions("Nummer {n} in de rij", days=LEAST - 1)),
    ]
    found = proposals(pages, noise_of(None))
    words = Noise(tuple(one.rule for one in found))
    assert words.cleaned("Kamers vrij: geen", EXAMPLE_DAY) == "Kamers vrij: geen"
    assert [(one.rule.name, one.rule.pattern, one.pages, one.url) for one in found] == [
        ("proposed-1", r"\bNummer \d{2} in de\b", 2, f"{HOST}/a"),
        ("proposed-2", r"\bKamers vrij\: \d{2}\b", 1, f"{HOST}/b"),
    ]
    assert found[0].rule.takes == ("«Nummer 24 in de» rij", "«Nummer 31 in de» rij")


def test_a_line_that_stood_still_is_left_alone():
    """What differs on some days and not on others may say something."""
    texts = versions("Nummer {n} in de rij", "slot")
    texts[2] = Stored(texts[1].text + ".", texts[2].day)
    assert proposals([(f"{HOST}/a", texts)], noise_of(None)) == []


def test_command(tmp_path):
    """The command prints rules as the configuration takes them; with one of them in it, none are proposed."""
    days = [
        {"/": page(f"Welkom<p>Er zijn {17 + number * 3} mensen voor u</p>", "/a"), "/a": page("rust")}
        for number in range(LEAST + 1)
    ]
    with build_days(tmp_path / "data", days) as archive:
        collection, history, zone = archive.collection, archive.shelves.history, archive.settings.zone
        [one] = propose(collection, history, SITE, noise_of(None), zone)
        assert (one.pages, one.url) == (1, f"{HOST}/")
    config = configure(tmp_path, f"{HOST}/")
    shown = inside(config, "changes", SITE, "--proposals")
    assert (shown.status, shown.err) == (
        0,
        "1 rule(s) proposed; none is applied. docs/changes.md tells what to do.\n",
    )
    [rule] = tomllib.loads(shown.out)["site"]["noise"]
    assert rule["pattern"] == r"\bEr zijn \d{2} mensen voor\b"
    document = inside(config, "changes", SITE, "--proposals", "--json").json()
    assert document[0] | {"takes": list(rule["takes"])} == {"pages": 1, "url": f"{HOST}/"} | rule
    config.write_text(config.read_text() + f"\n{shown.out}")
    assert inside(config, "changes", SITE, "--proposals", "--json").json() == []
    assert inside(config, "changes", SITE).status == 2


def test_what_cannot_be_seen(tmp_path):
    """A rule with characters that show nothing is printed so that it is read as it is, and takes what it should."""
    days = [
        {"/": page(f"Welkom<p>Er\u00a0zijn\u2009nu {17 + number * 3} men\u00adsen voor\u200eu</p>")}
        for number in range(LEAST + 1)
    ]
    with build_days(tmp_path / "data", days):
        pass
    config = configure(tmp_path, f"{HOST}/")
    shown = inside(config, "changes", SITE, "--proposals")
    [rule] = tomllib.loads(shown.out)["site"]["noise"]
    assert rule["pattern"] == inside(config, "changes", SITE, "--proposals", "--json").json()[0]["pattern"]
    assert "\\u200e" in shown.out
    config.write_text(config.read_text() + f"\n{shown.out}")
    assert inside(config, "changes", SITE, "--proposals", "--json").json() == []


@pytest.mark.parametrize(
    "text", ["a\u00a0b", "\x7f\x00\x1b", "\u00ad\u200b", "\U000e0001\U0001f600", '"\\\n\t', "é"]
)
def test_strings_of_the_configuration(text):
    """Whatever a text has, it is written as the configuration reads it, and shows what it has."""
    written = toml_string(text)
    assert tomllib.loads(f"a = {written}") == {"a": text}
    assert written.isprintable()
