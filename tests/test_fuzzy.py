# SPDX-License-Identifier: EUPL-1.2
"""Which capture of a day answers for an address that was not captured as it is written: rules, and their order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.fuzzy_rules import built_in, fuzzy_of
from archiver.settings import Site, parse
from index.errors import ConfigurationError
from index.fuzzy import MAX_CANDIDATES, MAX_PARAMETERS, Fuzzy, Rule, check, joined
from index.urlkey import normalise
from tests.support.archive import Lost, Reply, UrlOutcome, build
from tests.support.viewing import Visitor

RULES = built_in()
ALL = fuzzy_of(None)
SITE = "https://www.example.org"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
PHP = [f"{letter * 26}" for letter in "abc"]
MD5 = "0123456789abcdef0123456789abcdef"


def text(body: str) -> Reply:
    return Reply(body, "text/plain")


DAY = {
    "/exact?_=1": text("one"),
    "/exact?_=2": text("two"),
    "/near?_=1000": text("thousand"),
    "/near?_=5000": text("five thousand"),
    "/frac?rnd=0.25": text("quarter"),
    "/frac?rnd=0.75": text("three quarters"),
    "/bare": text("bare"),
    "/only.js?v=3": Reply("let a", "text/javascript"),
    "/list?page=1": text("page one"),
    "/list?page=2&_=17": text("page two"),
    "/when?t=1700000000": text("then"),
    "/when?t=1700000001": text("another then"),
    "/alike?t=1700000000": text("alike"),
    "/alike?t=1700000001": text("alike"),
    f"/in?PHPSESSID={PHP[0]}": text("first visit"),
    f"/in?PHPSESSID={PHP[1]}": text("second visit"),
    f"/short?sid={MD5}": text("short"),
    "/cart;jsessionid=ABCDEF123456": text("cart"),
    "/deep;v=1;jsessionid=ABCDEF123456/on?x=1": text("deep"),
    "/failed?_=1": Reply("no", "text/plain", status=500),
    "/watch?v=1": text("film one"),
    "/i/photo.jpg?itok=AAAAAAAA": Reply(b"jpg", "image/jpeg"),
    "/s.css?rzkxyz": Reply("b{}", "text/css"),
    "/ajax?do=list&_wpnonce=0123456789": text("listed"),
    "/case?CB=7": text("case"),
    "/utm": text("utm"),
    "/zoek": text("zoek"),
    "/later?x=1": text("x"),
}  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    days = {
        MONDAY: {SITE + path: reply for path, reply in DAY.items()},
        TUESDAY: {f"{SITE}/later?_=5": text("tuesday"), f"{SITE}/lost?_=1": Lost(UrlOutcome.TIMEOUT)},
    }
    with build(tmp_path_factory.mktemp("fuzzy") / "data", {"demo": days}) as built:
        yield built


@pytest.fixture(scope="module")
def visitor(archive):
    return Visitor(archive)


FOUND = [
    ("/exact?_=2", "two", None, "the exact address goes before any rule"),
    ("/exact?_=3", "two", "fuzzy", "the nearest number"),
    ("/exact?_=0", "one", "fuzzy", "the nearest number"),
    ("/near?_=2999", "thousand", "fuzzy", "the nearest number, not the first digits"),
    ("/near?_=3001", "five thousand", "fuzzy", "the nearest number"),
    ("/near?_=3000", "thousand", "fuzzy", "of two as near the first address in order"),
    ("/near", "thousand", "fuzzy", "without a number the first address in order"),
    ("/frac?rnd=0.9", "three quarters", "fuzzy", "fractions are numbers"),
    ("/bare?cb=12345", "bare", "fuzzy", "captured without the parameter"),
    ("/bare?cb=12345&a=1", "bare", "query-ignored", "what is left names no capture, and the path has no queries"),
    ("/only.js", "let a", "fuzzy", "asked without the parameter"),
    ("/only.js?v=4", "let a", "fuzzy", "another version of a script"),
    ("/only.js?v=4&x=1", None, None, "something else differs, and the path has queries"),
    ("/list?page=1&_=99", "page one", "fuzzy", "what is left has to be the same"),
    ("/list?page=2", "page two", "fuzzy", "what is left has to be the same"),
    ("/list?page=3&_=17", None, None, "no capture has what is left"),
    ("/when?t=1700000009", None, None, "several that differ, and the rule says: none"),
    ("/alike?t=1700000009", "alike", "fuzzy", "several with one payload are one"),
    (f"/in?PHPSESSID={PHP[2]}", "first visit", "fuzzy", "another session"),
    ("/in", "first visit", "fuzzy", "no session"),
    ("/short", "short", "fuzzy", "no session"),
    ("/short?sid=12", None, None, "a short name with a number is no session"),
    ("/cart;jsessionid=999999999999", "cart", "fuzzy", "a session in the path"),
    ("/cart", "cart", "fuzzy", "no session in the path"),
    ("/deep;v=1/on?x=1", "deep", "fuzzy", "a session in the middle of the path"),
    ("/deep;v=2/on?x=1", None, None, "another parameter of the path"),
    ("/failed?_=2", None, None, "an error answers for its own address alone"),
    ("/watch?v=2", None, None, "the number of a page is no version"),
    ("/i/photo.jpg?itok=BBBBBBBB", "jpg", "fuzzy", "a token of a picture"),
    ("/i/photo.jpg?width=5", None, None, "a size of a picture"),
    ("/s.css?abcdef", "b{}", "fuzzy", "a version without a name"),
    ("/ajax?do=list&_wpnonce=9999999999", "listed", "fuzzy", "a token"),
    ("/ajax?do=drop&_wpnonce=0123456789", None, None, "the token is the same, the question is not"),
    ("/case?cb=8", "case", "fuzzy", "names have no case"),
    ("/utm?utm_source=mail", "utm", "tidied", "what the crawler takes off goes before rules"),
    ("/zoek?q=woord", "zoek", "query-ignored", "a query that no capture of the path has"),
    ("/later?_=5", None, None, "another day has it: never crossed"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "note", "why"), FOUND)
def test_which_capture_answers(visitor, path, body, note, why):
    """The nearest capture of the day answers by the rules, marked with its own word; else there is a gap."""
    response = visitor.replay(MONDAY, SITE + path, Sec_Fetch_Dest="empty")
    assert (response.status_code, response.get_data(as_text=True)) == ((200, body) if body else (404, "")), (
        why
    )
    assert response.headers.get("X-Daykeep-Approximate") == note, why
    if note:
        assert response.headers["Cache-Control"] == "no-cache"


def test_table_of_the_documentation_is_this_order():
    """docs/replay.md has every word of the header, in the order of looking, and every rule by its name."""
    page = (Path(__file__).parents[1] / "docs" / "replay.md").read_text(encoding="utf-8")
    section = page.partition("## Which capture answers")[2].partition("\n## ")[0]
    assert re.findall(r"(?m)^\| \d \| .* \| `?([a-z-]+|none)`? \|$", section) == [
        "none",
        "tidied",
        "reordered",
        "fuzzy",
        "query-ignored",
    ]
    assert re.findall(r"(?m)^\| `([a-z-]+)` \| ", section) == [rule.name for rule in RULES]


def test_banner_says_which_address_is_shown(visitor):
    """The frame page of an address that a rule found tells the address that was stored."""
    said = visitor.get(f"/web/{MONDAY}/{SITE}/near?_=2999", Accept_Language="en").get_data(as_text=True)
    assert f"Shown is {SITE}/near?_=1000" in said


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rules_are_whole(rule):
    """Every rule says what it is about, has examples of both sorts, and they are as it says."""
    assert rule.about
    assert rule.same
    assert rule.apart
    check(rule)
    for one, other in rule.same:
        assert ALL.form(one).url == ALL.form(other).url
    for pair in rule.apart:
        assert all(normalise(url) == url for url in pair)
        assert len({ALL.form(url).url for url in pair}) == 2, "some other rule takes it"


def test_names_are_unique():
    """No two rules share a name."""
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_too_many_candidates(tmp_path):
    """Among more captures of one path than are looked at, nothing is sought: which is unique cannot be told."""
    many = {f"{SITE}/x?_={number}": text(str(number)) for number in range(MAX_CANDIDATES + 1)}
    with build(tmp_path / "data", {"demo": {MONDAY: many}}) as built:
        assert Visitor(built).replay(MONDAY, f"{SITE}/x?_=99999").status_code == 404
        assert Visitor(built).replay(MONDAY, f"{SITE}/x?_=7").data == b"7"


def test_too_many_parameters():
    """An address with more parameters than are looked at is alike to none."""
    assert ALL.form(f"{SITE}/x?{'&'.join(['_=1'] * (MAX_PARAMETERS + 1))}") is None


URLS = st.builds(
    lambda path, query: normalise(f"{SITE}/{path}" + (f"?{query}" if query is not None else "")),
    st.text("ab/;=.js12", max_size=12),
    st.none() | st.lists(st.sampled_from(["_=1", "cb=2", "a=1", "", "=", "v", "v=", "_", ";", "PHPSESSID=abcdefgh"]), max_size=5).map("&".join),
)  # fmt: skip


@given(URLS)
def test_taking_off_is_done_at_once(url):
    """What is left of an address has nothing left to take off, is an address, and is no longer than it was."""
    form = ALL.form(url)
    assert ALL.form(form.url) == (form.url, ())
    assert len(form.url) <= len(url)
    assert bool(form.taken) or form.url in {url, url.removesuffix("?")}
    assert normalise(form.url) is not None


def test_rules_of_a_site():
    """A rule of a site goes before the built-in ones and takes the place of one of its name; an empty one takes it out."""
    own = Rule(name="ticket", parameter="ticket", value="[0-9]{6}")
    fuzzy = joined(RULES, (own, Rule(name="cache-number")))
    assert fuzzy.form(f"{SITE}/x?ticket=123456").url == f"{SITE}/x"
    assert fuzzy.form(f"{SITE}/x?_=12").url == f"{SITE}/x?_=12"
    assert fuzzy.rules[0] == own


def test_rules_of_a_site_are_used(tmp_path):
    """The configuration's rules of a site are those of its replay."""
    own = (Rule(name="ticket", parameter="ticket", value="[0-9]{6}"),)
    with build(
        tmp_path / "data", {"demo": {MONDAY: {f"{SITE}/a": text("a"), f"{SITE}/a?b=1": text("b")}}}, fuzzy=own
    ) as built:
        response = Visitor(built).replay(MONDAY, f"{SITE}/a?ticket=123456")
        assert (response.data, response.headers["X-Daykeep-Approximate"]) == (b"a", "fuzzy")


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"name": "Ticket"}, "not a name"),
        ({"name": "a", "parameter": "("}, "no regular expression"),
        ({"name": "a", "parameter": r"(a)\1"}, "no regular expression"),
        ({"name": "a", "parameter": "(?=a)"}, "no regular expression"),
        ({"name": "a", "parameter": "é"}, "not ASCII"),
        ({"name": "a", "parameter": "a*"}, "fits an empty name"),
        ({"name": "a", "parameter": "a", "value": "(a{1,30}){1,30}|(b{1,30}){1,30}"}, "takes too long"),
        ({"name": "a", "parameter": "a" * 500}, "longer than"),
        ({"name": "a", "parameter": "a", "value": "1", "same": [["https://a.nl/?a=2", "https://a.nl/"]]}, "are apart"),
        ({"name": "a", "parameter": "a", "value": ".*", "apart": [["https://a.nl/?a=2", "https://a.nl/"]]}, "are the same"),
        ({"name": "a", "parameters": "a"}, "nearest valid one is `parameter`"),
        ({"name": "a", "several": "first"}, "several"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_rule(tmp_path, rule, says):
    """A rule that cannot be used is refused with its place and the reason."""
    site = {"name": "demo", "seeds": [SITE], "fuzzy": [rule]}
    with pytest.raises(ConfigurationError, match=re.escape(says)) as refused:
        parse({"site": [site]}, tmp_path)
    assert "site[0]" in str(refused.value)


def test_hostile_address_takes_no_time():
    """The longest address that there is takes no more steps than it has letters: RE2 does not go back."""
    fuzzy = Fuzzy((Rule(name="a", parameter="(a|aa)+", value="(x+x+)+y"),))
    for url in (f"{SITE}/?{'a' * 4000}", f"{SITE}/?a={'x' * 4000}", f"{SITE}/{';' * 90}{'a' * 3900}"):
        assert fuzzy.form(url).taken == ()


def test_default_of_a_site():
    """A site has no rules of its own unless the configuration says so."""
    assert Site(name="a", seeds=(SITE,)).fuzzy == ()
