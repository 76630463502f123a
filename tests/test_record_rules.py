# SPDX-License-Identifier: EUPL-1.2
"""Every record that a crawl writes keeps every rule: a table, walked over real crawls; and the page that shows them."""

from __future__ import annotations

import re
import socket
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archiver.snapshot
from archiver.discovery import MAX_STEPS, Discovery, further
from archiver.machine import Machine, this_machine
from archiver.settings import Settings, Site, parse
from archiver.snapshot import warcinfo
from archiver.spelling import MAX_FOUND, as_found
from archiver.strict.days import check
from archiver.strict.grammar import is_uri
from archiver.strict.rules import Level
from archiver.warc import WarcFiles
from index.errors import ConfigurationError
from index.urlkey import normalise, text_name
from tests.support import record_examples, record_rules
from tests.support.exchanges import RESPONSES, exchange_of, warc_files
from tests.support.record_rules import RULES, allowed, broken, records
from tests.support.snapshots import HOST, SITE, build_days, page

LATER = datetime(2026, 12, 1, tzinfo=UTC)
ODD = [
    "met spatie|streep",
    "caf\u00e9?a=b c",
    "back\\slash",
    "x{y}",
    "HTTP://EXAMPLE.test:80/upper",
    "plain#part",
    "a/../dots",
]
SITEMAP = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{HOST}/listed</loc></url></urlset>'
MONDAY = {
    "/": page("Monday", "/same", "/missing", "/moved", "/chunked", "/odd", "/?utm_source=x&a=1"),
    "/robots.txt": (200, {"Content-Type": "text/plain"}, f"Sitemap: {HOST}/sitemap.xml".encode()),
    "/sitemap.xml": (200, {"Content-Type": "application/xml"}, SITEMAP.encode()),
    "/listed": page("listed"),
    "/same": page("always the same"),
    "/moved": (301, {"Location": "/n\u00e9 w".encode().decode("latin-1")}, b""),
    "/n%C3%A9%20w": page("moved here"),
    "/chunked": (200, {"Content-Type": "text/plain", "Transfer-Encoding": "chunked"}, b"hello"),
    "/odd": page("odd", *ODD),
    "/met%20spatie%7Cstreep": page("odd one"),
    "/long": (200, {"Content-Type": "video/mp4"}, bytes(range(256)) * 400),
    "/?a=1": page("tidied"),
}
TUESDAY = {**MONDAY, "/": page("Tuesday", "/same", "/odd", "/long")}


@pytest.fixture(scope="module", params=["gzip", "none"])
def days(request, tmp_path_factory):
    """Return two sealed days of a site with every kind of record, whose files may be 60,000 bytes long."""
    root = tmp_path_factory.mktemp("days")
    more = {"compression": request.param, "operator": "Example Ministry, archive@example.org"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archiver.snapshot, "WarcFiles", partial(WarcFiles, max_file=60_000))
        with build_days(root, [MONDAY, TUESDAY], **more) as archive:
            yield archive.collection.snapshots(SITE)


def everything(folder):
    return [one for path in folder.warcs for one in records(path)]


def test_every_record_keeps_every_rule(days):
    """No record of either day breaks a rule, compressed or not, and every rule has records to be held to."""
    assert [one for folder in days for one in broken(folder.warcs)] == []
    found = [one for folder in days for one in everything(folder)]
    held = {says for says, of, _ in RULES if any(of(one) for one in found)}
    assert held == {says for says, _, _ in RULES}
    assert {one.kind for one in found} == set(record_rules.ON)


def test_a_second_reading_of_the_standard_agrees(days):
    """The strict reader of `daykeep verify --conformance` finds nothing that is not advice about segments."""
    found = [one for folder in days for one in check(folder.warcs, LATER)]
    bound = [str(one) for one in found if one.level is not Level.SHOULD]
    assert bound == []


BAD = [
    ("WARC-Target-URI", "http://a b/", "the target is a URI of RFC 3986"),
    ("WARC-Target-URI", "http://a/|", "the target is a URI of RFC 3986"),
    ("WARC-Date", "2026-03-02T02:30:01Z", "one date with a fraction, in UTC"),
    ("WARC-Record-ID", "urn:uuid:1", "the id is a UUID in brackets"),
    ("WARC-Block-Digest", "sha256:00", "the block digest is that of the block"),
    ("WARC-Warcinfo-ID", "", "the warcinfo it stands under"),
    ("WARC-IP-Address", "localhost", "the address that was talked to"),
    ("WARC-Protocol", "h2", "the protocol, once"),
    ("Content-Type", "text/html", "content type of responses"),
    ("WARC-Payload-Digest", "sha1:AAAA", "digests are sha256 in lower case"),
]


@pytest.mark.parametrize(("name", "value", "rule"), BAD)
def test_rules_can_be_broken(days, name, value, rule):
    """The table finds what is wrong: a record with one field changed breaks the rule of that field."""
    one = next(one for one in everything(days[0]) if one.kind == "response" and "WARC-Payload-Digest" in one)
    fields = tuple((key, value if key == name else old) for key, old in one.fields)
    changed = record_rules.One(one.kind, fields, one.block)
    assert rule in {says for says, of, kept in RULES if of(changed) and not kept(changed)}


def metadata(folder):
    return {
        one["WARC-Target-URI"].removeprefix(HOST): dict(one.lines)
        for one in everything(folder)
        if one.kind == "metadata"
    }


def test_metadata_says_how_an_address_was_found(days):
    """Beside what is new stands how it was come by: from where, over which steps, how long it took, how written."""
    found = {
        url: {name: value for name, value in facts.items() if name != "fetchTimeMs"}
        for url, facts in metadata(days[0]).items()
    }
    home = f"{HOST}/"
    assert found == {
        "/": {"hopsFromSeed": ""},
        "/robots.txt": {"hopsFromSeed": "P"},
        "/sitemap.xml": {"hopsFromSeed": "P"},
        "/listed": {"via": f"{HOST}/sitemap.xml", "hopsFromSeed": "PM"},
        "/same": {"via": home, "hopsFromSeed": "L"},
        "/n%C3%A9%20w": {"via": f"{HOST}/moved", "hopsFromSeed": "LR", "daykeep-found": "/n\u00e9 w"},
        "/chunked": {"via": home, "hopsFromSeed": "L"},
        "/odd": {"via": home, "hopsFromSeed": "L"},
        "/?a=1": {"via": home, "hopsFromSeed": "L", "daykeep-found": f"{HOST}/?utm_source=x&a=1"},
        "/met%20spatie%7Cstreep": {"via": f"{HOST}/odd", "hopsFromSeed": "LL", "daykeep-found": ODD[0]},
        "/caf%C3%A9?a=b%20c": {"via": f"{HOST}/odd", "hopsFromSeed": "LL", "daykeep-found": ODD[1]},
        "/back/slash": {"via": f"{HOST}/odd", "hopsFromSeed": "LL", "daykeep-found": ODD[2]},
        "/x%7By%7D": {"via": f"{HOST}/odd", "hopsFromSeed": "LL", "daykeep-found": ODD[3]},
        "/upper": {"via": f"{HOST}/odd", "hopsFromSeed": "LL", "daykeep-found": ODD[4]},
    }
    assert all(0 <= int(facts["fetchTimeMs"]) < 60_000 for facts in metadata(days[0]).values())


def test_unchanged_day_has_no_metadata_for_what_it_had(days):
    """Beside a revisit stands none; an error whose address was written otherwise has one each day."""
    kinds = Counter(one.kind for one in everything(days[1]))
    assert {url for url, facts in metadata(days[1]).items() if "daykeep-found" not in facts} == {"/", "/long"}
    assert kinds["revisit"] > 5


def test_warcinfo_says_who_crawled_where_and_how(days):
    """The warcinfo has operator, machine, policy and configuration, and what anybody needs who finds it alone."""
    said = dict(next(one for one in everything(days[0]) if one.kind == "warcinfo").lines)
    assert (said["operator"], said["hostname"]) == (
        "Example Ministry, archive@example.org",
        socket.gethostname(),
    )
    assert (said["robots"], said["isPartOf"], said["format"]) == ("obey", SITE, "WARC File Format 1.1")
    assert re.fullmatch("sha256:[0-9a-f]{64}", said["daykeep-configuration"])


OPERATORS = [("", "", None), ("All", "", "All"), ("All", "One", "One"), ("", "One", "One")]


@pytest.mark.parametrize(("all_sites", "site", "said"), OPERATORS)
def test_operator_of_a_site_goes_before_that_of_all(all_sites, site, said):
    """An operator is said where one is configured, the site's own before the one of the file."""
    own = Site(name="a", seeds=("http://a/",), operator=site)
    assert warcinfo(Settings(operator=all_sites), own, Machine("m")).get("operator") == said


def test_title_of_several_lines_is_one_field():
    """What an operator writes cannot break out of its line."""
    own = Site(name="a", seeds=("http://a/",), title="A\r\nrobots: x")
    info = warcinfo(Settings(), own, Machine("m", "198.51.100.7"))
    assert (info["description"], info["ip"]) == ("daily snapshot of A%0D%0Arobots: x", "198.51.100.7")


@pytest.mark.parametrize("key", ["operator", "site"])
def test_operator_must_stand_on_one_line(key):
    """An operator with a line break is refused, with the key."""
    site = {"name": "a", "seeds": ["http://a/"]}
    raw = (
        {"operator": "a\nb", "site": [site]} if key == "operator" else {"site": [site | {"operator": "a\nb"}]}
    )
    with pytest.raises(ConfigurationError, match="operator"):
        parse(raw, Path("/"))


def test_machine_has_a_name_and_no_private_address():
    """The machine's name is the system's; an address is said only where it is public."""
    machine = this_machine()
    assert machine.hostname == socket.gethostname()
    assert machine.ip is None or not machine.ip.startswith(("10.", "127.", "192.168."))


# addresses

CHARACTERS = st.text(
    st.sampled_from(
        [
            *"abA09-._~!$&'()*+,;=:@/?#[]%|\\^`{}<>\" \t\n\x00\x7f",
            "\u00e9",
            "\u20ac",
            "\U0001f600",
            "\ud800",
        ]
    ),
    max_size=30,
)
HOSTILE = st.one_of(
    CHARACTERS,
    st.text().map("http://a/".__add__),
    *[
        CHARACTERS.map(head.__add__)
        for head in ("http://", "https://a.example/", "http://[", "http://a.example/?", "//")
    ],
)


@given(HOSTILE)
def test_whatever_is_asked_for_is_a_uri(link):
    """Whatever a page links to: what becomes of it is no address, or a URI by the grammar of RFC 3986."""
    url = normalise(link, "http://base.example/x/y?z")
    if url is not None:
        assert is_uri(url), url
        assert is_uri(text_name(url)), url
        assert record_rules._HTTP.fullmatch(url), url


@given(HOSTILE)
def test_found_form_stands_on_one_line(link):
    """Whatever is kept of how an address was written is one bounded line of UTF-8."""
    url = normalise(link, "http://base.example/x/y?z")
    written = as_found(link, "http://base.example/x/y?z", url or "")
    assert len(Discovery(found=written).block().decode().splitlines()) == (1 if written else 0)
    assert len(written) <= 9 * MAX_FOUND


BASE = "http://example.org/a/b.html"
FORMS = [
    ("c.html", "http://example.org/a/c.html", ""),
    ("c.html#part", "http://example.org/a/c.html", ""),
    (" c.html\n", "http://example.org/a/c.html", ""),
    ("../c?x=1", "http://example.org/c?x=1", ""),
    ("http://example.org", "http://example.org/", ""),
    ("http://example.org?a", "http://example.org/?a", ""),
    ("//example.org/c", "http://example.org/c", ""),
    ("c%20d", "http://example.org/a/c%20d", ""),
    ("c d", "http://example.org/a/c%20d", "c d"),
    ("c|d", "http://example.org/a/c%7Cd", "c|d"),
    ("caf\u00e9", "http://example.org/a/caf%C3%A9", "caf\u00e9"),
    ("c\\d", "http://example.org/a/c/d", "c\\d"),
    ("c\nd", "http://example.org/a/cd", "c%0Ad"),
    ("50%", "http://example.org/a/50%25", "50%"),
    ("HTTP://EXAMPLE.org/c", "http://example.org/c", "HTTP://EXAMPLE.org/c"),
    ("http://example.org:80/c", "http://example.org/c", "http://example.org:80/c"),
    ("http://b\u00fccher.example/", "http://xn--bcher-kva.example/", "http://b\u00fccher.example/"),
    ("a/%2e%2e/c", "http://example.org/a/c", "a/%2e%2e/c"),
    ("c " + "x" * 3000, "http://example.org/a/c%20" + "x" * 3000, "c " + "x" * 1998),
]


@pytest.mark.parametrize(("reference", "url", "found"), FORMS)
def test_form_is_kept_where_it_is_more_than_joining(reference, url, found):
    """How an address was written is kept exactly where joining and the fragment do not account for it."""
    assert normalise(reference, BASE) == url
    assert as_found(reference, BASE, url) == found


def test_paths_have_an_end():
    """A path of steps is kept up to a length, and not said beyond it."""
    path = ""
    for _ in range(MAX_STEPS):
        path = further(path, "outlink")
    assert (path, further(path, "embed"), further(None, "outlink")) == ("L" * MAX_STEPS, None, None)


def test_name_of_the_text_of_an_ipv6_host():
    """Brackets may stand in an authority alone, so in a name they are encoded."""
    assert text_name("http://[::1]:8080/a?b") == "urn:text:http://%5B::1%5D:8080/a?b"


# whatever servers of the field send


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_odd_responses_keep_the_rules(tmp_path, compression):
    """Whatever a server sends, cut or broken, its records keep the rules."""
    info = warcinfo(Settings(), Site(name="a", seeds=("http://a/",)), Machine("m"))
    files = warc_files(tmp_path, compression=compression, warcinfo=info)
    for raw in RESPONSES.values():
        files.exchange(exchange_of(raw), how=Discovery(fetch_ms=1))
    files.close()
    assert broken(tmp_path.iterdir()) == []


# the page


def test_page_of_records_is_in_step():
    """docs/records.md has an example of every record as it is written today."""
    text = record_examples.PAGE.read_text(encoding="utf-8")
    assert text == record_examples.render(text)
    assert set(re.findall(r"<!-- example: ([a-z0-9 ]+) -->", text)) == set(record_examples.examples())


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_examples_keep_the_rules(tmp_path, compression):
    """The examples are real records, by every rule but that segments of a file this small are none too long."""
    record_examples.write(tmp_path, compression)
    assert broken(path for path in tmp_path.iterdir() if path.name.startswith("t")) == []


@pytest.mark.parametrize("kind", list(record_rules.ON))
def test_page_names_every_field(kind):
    """Every field that a type of record may have is on the page."""
    text = record_examples.PAGE.read_text(encoding="utf-8")
    assert {name for name in allowed(kind) if name not in text} == set()
