# SPDX-License-Identifier: EUPL-1.2
"""Rules of noise: what they take out of a text and what they leave, and what cannot be a rule."""

from __future__ import annotations

import contextlib
import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.noise_rules import built_in, noise_of
from archiver.settings import Site, parse
from index.errors import ConfigurationError
from index.noise import (
    EXAMPLE_DAY,
    MAX_DIFFERENCE,
    MAX_LENGTH,
    TAKEN,
    Noise,
    Rule,
    Stored,
    check,
    compiled,
    joined,
)

RULES = built_in()
ALL = noise_of(None)
TAKES = [(rule.name, one) for rule in RULES for one in rule.takes]
LEAVES = [one for rule in RULES for one in rule.leaves]


@pytest.mark.parametrize(("name", "example"), TAKES)
def test_what_a_rule_takes(name, example):
    """Each example loses what is marked in it, and nothing else, by its own rule; and by all of them together."""
    [rule] = [one for one in RULES if one.name == name]
    text, left = re.sub("[«»]", "", example), re.sub("«[^»]*»", TAKEN, example)
    assert Noise((rule,)).cleaned(text, EXAMPLE_DAY) == left
    assert ALL.cleaned(text, EXAMPLE_DAY) == left


@pytest.mark.parametrize("example", LEAVES)
def test_what_a_rule_leaves(example):
    """Nothing is taken out of what a rule is to leave, by that rule or by any other."""
    assert ALL.cleaned(example, EXAMPLE_DAY) == example


def test_rules_are_whole():
    """Every rule of the file has a name of its own, says what it is about, and has examples of both sorts."""
    assert len({rule.name for rule in RULES}) == len(RULES) > 10
    assert [rule.name for rule in RULES if not (rule.about and len(rule.takes) and len(rule.leaves))] == []
    for rule in RULES:
        check(rule)


PARTS = st.sampled_from(
    ["2", "02", "03", "3", "2026", "1999", "maart", "March", "maandag", "Mon", "mei", "12:30:05", "1234", "bezoekers",
     "een", "uur geleden", "token=", "a1b2c3d4", "bijgewerkt om", "-", "/", ",", ".", " ", "  ", "T", "x", "\u0665", "sid"]
)  # fmt: skip
DAYS = st.dates(date(1999, 1, 1), date(2030, 12, 31)) | st.just(EXAMPLE_DAY)


@given(st.lists(PARTS, max_size=14).map("".join) | st.text(max_size=40), DAYS)
def test_a_rule_is_passed_over_only_where_it_takes_nothing(line, day):
    """What is left of a line is what every rule, one after the other, would have left of it."""
    left = line
    for rule in RULES:
        left = compiled(rule.pattern, day).sub(TAKEN, left)
    assert ALL.cleaned(line, day) == left


@pytest.mark.parametrize(
    ("pattern", "takes"),
    [
        (r"<day> <month-name>( <year>)?", "2 maart"),
        (r"(<year>|nu)", "nu"),
        (r"(\d{1,3}|een) keer", "een keer"),
        (r"x\d{0,3}y", "xy"),
        (r"x\d?y", "xy"),
        (r"(a(b\d|c)|\d)x", "acx"),
        (r"<day>?<weekday>", "maandag"),
        (r"q|\d", "q"),
        (r"\d|q", "q"),
        (r"\<x\>", "<x>"),
        (r"<month>-<year>", "3-2026"),
        (r"(<day>|<month>)x", "3x"),
    ],
)
def test_what_a_pattern_can_do_without(pattern, takes):
    """What may be left out, or stands in one of several ways to match, is not needed for a match."""
    assert (
        Noise((Rule(name="own", pattern=pattern),)).cleaned(f"voor {takes} na", EXAMPLE_DAY)
        == f"voor {TAKEN} na"
    )


SAME = [
    ("Vandaag is het 2 maart 2026.", "Vandaag is het 3 maart 2026.", True, "the date of today"),
    ("De raad vergadert 2 maart 2026.", "De raad vergadert 9 maart 2026.", False, "another day than today"),
    ("Kosten: 350 euro", "Kosten: 355 euro", False, "a figure"),
    ("Geldig vanaf 1 januari 2026", "Geldig vanaf 1 februari 2026", False, "a date that matters"),
    ("a\nHits: 12\nb", "a\nHits: 13\nb", True, "a counter"),
    ("a\nHits: 12\nb", "a\nb", False, "the counter has gone"),
    ("Om 12:00:01", "Om 12:00:09", True, "a clock"),
    ("Open tot 17:00", "Open tot 16:00", False, "opening hours"),
    ("Vandaag maandag 2 maart\nkop\n3 minuten geleden", "Vandaag dinsdag 3 maart\nkop\n1 uur geleden", True, "two"),
    ("2 maart 2026\nkop", "2 maart 2026\nkop", True, "equal lines need no rule"),
    ("een", "een\ntwee", False, "a line more"),
    ("", "", True, "nothing"),
    ("Request ID: ab12-77f0c3", "Request ID: 90ff-11b2a9", True, "a token that says so"),
    ("a\u00adb zacht", "ab zacht", True, "a soft hyphen"),
    ("می\u200cخواهم", "میخواهم", False, "a joiner is spelling"),
    ("Code 8f3a9c0211aa", "Code 9f3a9c0211ab", False, "a code that may matter"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "same", "why"), SAME)
def test_same_to_a_reader(before, after, same, why):
    """Two texts of two days are the same to a reader but for noise."""
    monday, tuesday = Stored(before, EXAMPLE_DAY), Stored(after, EXAMPLE_DAY + timedelta(days=1))
    assert ALL.same(monday, tuesday) is same, why


def test_a_page_that_is_too_much():
    """Of two texts that differ in more than is looked at, a reader is taken to see the difference; equal ones are equal."""
    much = [f"Vandaag is het {EXAMPLE_DAY.day} maart 2026, regel {number}\n" * 2 for number in range(2000)]
    monday, tuesday = "".join(much), "".join(much).replace("2 maart", "3 maart")
    after = EXAMPLE_DAY + timedelta(days=1)
    assert len(monday) > MAX_DIFFERENCE
    assert not ALL.same(Stored(monday, EXAMPLE_DAY), Stored(tuesday, after))
    assert ALL.same(Stored(monday, EXAMPLE_DAY), Stored(monday, after))
    head = monday[: MAX_DIFFERENCE // 2]
    assert ALL.same(Stored(head, EXAMPLE_DAY), Stored(head.replace("2 maart", "3 maart"), after))


LINES = st.sampled_from(
    ["Vandaag is het {today}.", "kop", "Hits: {n}", "Kosten {n} euro", "", "om 12:00:{n:02}", "slot"]
)


@given(
    lines=st.lists(LINES, max_size=8),
    numbers=st.tuples(st.integers(0, 59), st.integers(0, 59)),
    cut=st.booleans(),
)
def test_same_equals_cleaning_every_line(lines, numbers, cut):
    """Looking at the lines that differ finds what cleaning both texts as a whole finds."""
    days = EXAMPLE_DAY, EXAMPLE_DAY + timedelta(days=1)
    texts = [
        "\n".join(
            line.format(today=f"{day.day} maart 2026", n=n)
            for line in (lines[:-1] if cut and n == numbers[1] and day == days[1] else lines)
        )
        for day, n in zip(days, numbers, strict=True)
    ]
    whole = [
        [ALL.cleaned(line, day) for line in text.split("\n")] for text, day in zip(texts, days, strict=True)
    ]
    assert ALL.same(*map(Stored, texts, days)) == (whole[0] == whole[1])


REFUSED = [
    ("a+", "'+' is not allowed"),
    ("a*", "'*' is not allowed"),
    (".", "'.' is not allowed"),
    ("(a|b){2}", "may stand after one character only"),
    ("{2}", "may stand after one character only"),
    ("a{1,2}{3}", "may stand after one character only"),
    (r"(?=a)", "stands after nothing"),
    (r"(a)\1", r"'\\\\1' is not allowed"),
    ("a??", "stands after nothing"),
    ("a{2,1}", "not a regular expression"),
    ("(a", "not a regular expression"),
    ("a)", "not a regular expression"),
    ("<tomorrow>", "is none of"),
    ("a{200}b{201}", f"repeats more than {MAX_LENGTH}"),
    ("a" * (MAX_LENGTH + 1), "longer than"),
    ("[[:alpha:]]", "is not allowed"),
    ("a\nb", "is not allowed"),
    ("^a", "is not allowed"),
    (r"\Aa", "is not allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "why"), REFUSED)
def test_what_is_no_pattern(pattern, why):
    """What could be slow, endless or of several lines is refused, with the reason."""
    with pytest.raises(ConfigurationError, match=re.escape(why) if "\\" not in why else why):
        compiled(pattern, EXAMPLE_DAY)


SLOW = [
    (r"\d{1,200}\d{1,200}x", "1" * 200_000),
    (r"(a{0,100}|b)(a{0,100}|b)(a{0,100}|b)c", "a" * 200_000),
    (r"( ?a? ?a? ?a? ?a? ?a? ?a? ?a? ?a? ?a? ?a? ?a? ?a?)b", " a" * 100_000),
]


@pytest.mark.parametrize(("pattern", "text"), SLOW)
def test_no_way_back(pattern, text):
    """A pattern that is exponential, or of third power, with a plain `re` is done with a long line at once."""
    assert Noise((Rule(name="slow", pattern=pattern),)).cleaned(text, EXAMPLE_DAY) == text


@given(
    pattern=st.text(alphabet=r"ab1 \dws()[]{},?|<>dayb-^", max_size=30),
    text=st.text(alphabet="ab1 -", max_size=40),
)
def test_any_pattern(pattern, text):
    """Whatever an operator writes is a rule or is refused in a sentence; nothing else is raised."""
    with contextlib.suppress(ConfigurationError):
        compiled(pattern, EXAMPLE_DAY).sub("", text)


MONTHS = [
    (date(2026, month, 5), f"5 {name} 2026")
    for month, names in enumerate(
        ["januari jan", "februari feb", "maart mrt mrt.", "april apr", "mei May", "juni June", "juli Jul",
         "augustus aug.", "september sept", "oktober okt oct", "november nov", "december Dec."], 1)
    for name in names.split()
]  # fmt: skip


@pytest.mark.parametrize(("day", "text"), MONTHS)
def test_every_month_by_its_names(day, text):
    """A month is known by its Dutch and English names, whole or cut short; the day before it is another day."""
    assert ALL.cleaned(text, day) == TAKEN
    assert ALL.cleaned(text, day - timedelta(days=1)) == text


CONFIGURED = [
    ({"name": "kop", "pattern": "kop"}, None),
    ({"name": "kop", "pattern": "kop", "takes": ["een «kop»"], "leaves": ["staart"]}, None),
    ({"name": "kop", "pattern": "kop", "takes": ["een kop"]}, "no « and »"),
    ({"name": "kop", "pattern": "kop", "takes": ["«een» kop"]}, "noise"),
    ({"name": "kop", "pattern": "kop", "leaves": ["kopje"]}, "which it is to leave"),
    ({"name": "kop", "pattern": "k+"}, "noise[0]"),
    ({"name": "Kop!", "pattern": "k"}, "is not a name for a rule"),
    ({"name": "kop", "patern": "k"}, "unknown key `site[0].noise[0].patern`; the nearest valid one is `pattern`"),
    ({"pattern": "k"}, "name"),
    ({"name": "time-ago"}, None),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "why"), CONFIGURED)
def test_rules_of_a_site(tmp_path, rule, why):
    """A site has rules of its own, whose examples are tried when the configuration is read."""
    raw = {"site": [{"name": "demo", "seeds": ["https://example.org/"], "noise": [rule]}]}
    if why is None:
        assert [one.name for one in parse(raw, tmp_path).site[0].noise] == [rule["name"]]
        return
    with pytest.raises(ConfigurationError, match=re.escape(why)):
        parse(raw, tmp_path)


def test_own_rules_take_the_place_of_built_in_ones():
    """A rule of a site replaces the built-in one of its name, and an empty one takes it out."""
    own = (Rule(name="time-ago", pattern="lang geleden"), Rule(name="view-counter"))
    noise = noise_of(Site(name="demo", seeds=("https://example.org/",), noise=own))
    assert [noise.cleaned(one, EXAMPLE_DAY) for one in ("3 dagen geleden", "lang geleden", "12 views")] == [
        "3 dagen geleden", TAKEN, "12 views",
    ]  # fmt: skip
    assert len(joined(RULES, own).rules) == len(RULES) - 1
