# SPDX-License-Identifier: EUPL-1.2
"""Each rule of the guideline passes on a day that meets it, and fails for the right reason on one that does not."""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
import string
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from archiver.conformance.files import size
from archiver.conformance.records import Addresses, Fields, Pairs, watch
from archiver.conformance.report import report as conform
from archiver.conformance.rules import (
    LANGUAGES,
    MAX_EXAMPLES,
    Few,
    Finding,
    Verdict,
    document,
    load,
    sentence,
)
from archiver.exporting.appraisal import Mdto
from archiver.runs import State
from index.errors import ArchiveError
from index.timestamp import parse_timestamp
from tests.support.conforming import Copy, archived, copied
from tests.support.exchanges import exchange_of, warc_files

ROOT = Path(__file__).resolve().parent.parent
RULES = tuple(f"R{number}" for number in range(1, 18))


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    with archived(tmp_path_factory.mktemp("good")) as archive:
        yield archive


@pytest.fixture
def copy(good, tmp_path):
    with copied(good, tmp_path / "copy") as archive:
        yield archive


def keys(finding: Finding) -> set[str]:
    return {fact.key for fact in finding.facts}


# ---- the day that meets every rule ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report(good):
    return good.report()


@pytest.mark.parametrize("rule", RULES)
def test_good_day_passes(report, rule):
    """A day of a site that is configured as the guideline asks passes every rule, and each is measured on a file."""
    finding = next(one for one in report.findings if one.rule.id == rule)
    assert finding.verdict is Verdict.PASS, [sentence(load(), fact, "en") for fact in finding.facts]
    assert finding.facts
    assert finding.file


def test_report_leaves_nothing_behind(good, report):
    """The package that is made to try whether it can be is thrown away."""
    assert not report.failed
    assert list((good.collection.state / "conform").iterdir()) == []


# ---- the days that do not ------------------------------------------------------------------------------------


def without(kind: bytes, count: int = 1) -> Callable:
    """Leave out the first records of a type."""
    left = [count]

    def change(lines, block):
        if b"WARC-Type: " + kind in lines and left[0]:
            left[0] -= 1
            return None
        return lines, block

    return change


def field(name: bytes, value: bytes | None, kind: bytes) -> Callable:
    """Give a field of the records of a type another value, or take it off."""

    def change(lines, block):
        if b"WARC-Type: " + kind not in lines:
            return lines, block
        kept = [line for line in lines if not line.startswith(name + b":")]
        return (kept if value is None else [*kept, name + b": " + value]), block

    return change


def in_block(kind: bytes, old: bytes, new: bytes) -> Callable:
    """Put something else in the blocks of the records of a type."""

    def change(lines, block):
        return lines, block.replace(old, new) if b"WARC-Type: " + kind in lines else block

    return change


def version(lines, block):
    """Call every record one of another version."""
    return [b"WARC/1.0", *lines[1:]], block


def entry(match: str, **changes) -> Callable:
    """Change the lines of a ledger that have a text in them."""

    def change(lines):
        return [
            json.dumps(json.loads(line) | changes).encode() + b"\n" if match.encode() in line else line
            for line in lines
        ]

    return change


def no_line(match: bytes) -> Callable:
    return lambda lines: [line for line in lines if match not in line]


LEDGER = "logs/ledger.jsonl"


def gone_day(copy: Copy) -> None:
    """Take away the day in the middle and its row."""
    middle = copy.collection.snapshots("example")[1]
    runs = [run for run in copy.subject.runs if run.snapshot != middle.timestamp]
    shutil.rmtree(middle.path)
    copy.runs = runs


def missed_without_reason(copy: Copy) -> None:
    gone_day(copy)
    copy.runs = [
        *copy.runs,
        replace(copy.runs[0], day=date(2026, 3, 3), state=State.MISSED, note="", snapshot=None),
    ]


def full_is_not_full(copy: Copy) -> None:
    for folder in copy.collection.snapshots("example"):
        path = folder.path / "datapackage.json"
        path.write_text(path.read_text().replace('"full": true', '"full": false'))


def late(copy: Copy) -> None:
    copy.run(finished=parse_timestamp(copy.folder.timestamp) + timedelta(hours=24))


def huge(copy: Copy) -> None:
    """Make the WARC one byte too large; the disk is not asked for those bytes."""
    (path,) = (copy.day / "archive").iterdir()
    with path.open("r+b") as file:
        file.truncate(10**9 + 1)


def compress(copy: Copy) -> None:
    (path,) = (copy.day / "archive").iterdir()
    path.write_bytes(gzip.compress(path.read_bytes()))


def exported(change: Callable[[Path], None]) -> Callable[[Copy], None]:
    """Measure an export that is not as its packing slip says."""

    def measure(copy: Copy) -> None:
        copy.exported = copy.collection.root / "package"
        copy.make(copy.exported)
        change(copy.exported)

    return measure


def sidecar(name: str, pattern: str, text: str) -> Callable[[Path], None]:
    """Change something in the sidecars whose name ends so."""

    def change(package: Path) -> None:
        for path in package.rglob(f"*{name}"):
            changed = re.sub(pattern, text, path.read_text(encoding="utf-8"))
            assert changed != path.read_text(encoding="utf-8")
            path.write_text(changed, encoding="utf-8")

    return change


def add_file(package: Path) -> None:
    (folder,) = (package / "sip" / "example").glob("example-*")
    (folder / "more.txt").write_text("more")


def break_off(copy: Copy) -> None:
    (path,) = (copy.day / "archive").iterdir()
    path.write_bytes(path.read_bytes()[:-100])


def flip(copy: Copy) -> None:
    path = copy.day / "pages/pages.jsonl"
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("rule", "change", "key"),
    [
        ("R1", gone_day, "days-silent"),
        ("R1", missed_without_reason, "days-silent"),
        ("R2", full_is_not_full, "full-none"),
        ("R2", lambda copy: copy.limit("R2", days=1), "full-age"),
        ("R2", lambda copy: copy.describe(full=True), "full-leaning"),
        ("R3", lambda copy: copy.lines(LEDGER, no_line(b"/dead")), "ledger-differs"),
        ("R3", lambda copy: copy.lines(LEDGER, lambda lines: [*lines, lines[-1]]), "ledger-twice"),
        ("R3", lambda copy: copy.lines(LEDGER, entry('"seed"', outcome="timeout", status=None)), "seeds-lost"),
        ("R3", lambda copy: copy.lines(LEDGER, entry('"seed"', via="sitemap")), "seeds"),
        ("R3", lambda copy: copy.lines(LEDGER, entry("sitemap.xml", outcome="timeout", status=None)), "sitemaps-lost"),
        ("R3", lambda copy: copy.describe(lacking=1), "share"),
        ("R3", lambda copy: copy.describe(outcome="failed"), "outcome"),
        ("R4", lambda copy: (copy.day / LEDGER).unlink(), "list-missing"),
        ("R4", lambda copy: copy.lines(LEDGER, lambda lines: [*lines, b"no json\n"]), "list-missing"),
        ("R4", lambda copy: copy.lines(LEDGER, no_line(b"/dead")), "list-unsealed"),
        ("R4", lambda copy: copy.lines(LEDGER, entry("/dead", status=None)), "list-unreasoned"),
        ("R5", lambda copy: copy.rewrite(version), "strict-bad"),
        ("R5", lambda copy: copy.rewrite(field(b"WARC-Date", b"yesterday", b"response")), "strict-bad"),
        ("R5", break_off, "records-broken"),
        ("R7", compress, "compressed"),
        ("R8", lambda copy: copy.rewrite(without(b"request")), "pairs-alone"),
        ("R8", lambda copy: copy.rewrite(field(b"WARC-Concurrent-To", b"<urn:x>", b"request")), "pairs-alone"),
        ("R8", lambda copy: copy.lines(LEDGER, no_line(b'test/a"')), "hops-lost"),
        ("R8", lambda copy: copy.lines(LEDGER, no_line(b"robots.txt")), "hosts-lost"),
        ("R8", lambda copy: copy.lines("indexes/index.cdxj", no_line(b"sitemap.xml")), "fetches-lost"),
        ("R9", lambda copy: copy.rewrite(in_block(b"warcinfo", b"robots: ", b"robotz: ")), "info-bad"),
        ("R9", lambda copy: copy.rewrite(in_block(b"warcinfo", b"robots: obey", b"robots: ")), "info-bad"),
        ("R9", lambda copy: copy.rewrite(without(b"warcinfo")), "info-bad"),
        ("R10", lambda copy: copy.rewrite(field(b"WARC-Warcinfo-ID", None, b"request")), "fields-bad"),
        ("R10", lambda copy: copy.rewrite(field(b"WARC-Block-Digest", None, b"warcinfo")), "fields-bad"),
        ("R10", lambda copy: copy.rewrite(field(b"Content-Type", None, b"resource")), "fields-bad"),
        ("R11", lambda copy: copy.rewrite(field(b"WARC-Target-URI", b"http://a.nl/x|y", b"request")), "uris-bad"),
        ("R11", lambda copy: copy.rewrite(field(b"WARC-Target-URI", b"http://a.nl/x y", b"response")), "uris-bad"),
        ("R11", lambda copy: copy.rewrite(field(b"WARC-Target-URI", None, b"response")), "uris-bad"),
        ("R12", flip, "verify-bad"),
        ("R13", late, "lag"),
        ("R13", lambda copy: copy.history.clear(), "lag-unpublished"),
        ("R14", lambda copy: setattr(copy, "settings", msgspec.structs.replace(copy.settings, mdto=Mdto())), "mdto-unstated"),
        ("R14", exported(sidecar(".bestand.MDTO.xml", "<omvang>[0-9]+<", "<omvang><")), "mdto-lacking"),
        ("R14", exported(sidecar("example.MDTO.xml", "(?s)<waardering>.*</waardering>", "")), "mdto-lacking"),
        ("R15", exported(add_file), "package-bad"),
        ("R15", exported(sidecar("pakbon.xml", "<omvangInBytes>", "<omvangInBytes>1")), "package-bad"),
        ("R16", lambda copy: copy.rewrite(in_block(b"request", b"\r\n\r\n", b"\r\nCookie: a=b\r\n\r\n")), "secrets"),
        ("R16", lambda copy: copy.rewrite(in_block(b"request", b"\r\n\r\n", b"\r\nauthorization : x\r\n\r\n")), "secrets"),
        ("R16", lambda copy: copy.rewrite(field(b"WARC-Target-URI", b"http://me:pw@a.nl/", b"response")), "secrets"),
        ("R17", lambda copy: copy.history.clear(), "catalogue-snapshots"),
        ("R17", lambda copy: copy.describe(lacking=1), "catalogue-snapshots"),
        ("R17", lambda copy: copy.lines("indexes/index.cdxj", no_line(b"test/a")), "catalogue-pages"),
        ("R17", lambda copy: shutil.rmtree(copy.collection.catalogue / "search"), "catalogue-search"),
    ],
)  # fmt: skip
def test_bad_day_fails(copy, rule, change, key):
    """A rule that is not met fails, and the fact says why."""
    change(copy)
    finding = copy.measure(rule)
    assert finding.verdict is Verdict.FAIL
    assert key in keys(finding)


def test_file_of_more_than_a_gigabyte(copy):
    """A WARC one byte too large fails, and is named; one of just that size passes."""
    (rule,) = (rule for rule in load().rule if rule.id == "R6")
    huge(copy)
    finding = size(rule, copy.subject)
    assert (finding.verdict, keys(finding)) == (Verdict.FAIL, {"size-largest", "size-over"})
    assert finding.facts[1].examples[0].endswith("00000.warc: 1000000001")
    with next((copy.day / "archive").iterdir()).open("r+b") as file:
        file.truncate(10**9)
    assert size(rule, copy.subject).verdict is Verdict.PASS


def test_every_rule_has_a_bad_day():
    """No rule is without a day that fails it; that of R6 is too large for a whole report."""
    (marks,) = (mark for mark in test_bad_day_fails.pytestmark if mark.name == "parametrize")
    assert {case[0] for case in marks.args[1]} == set(RULES) - {"R6"}


@pytest.mark.parametrize(
    ("rule", "change", "key"),
    [
        ("R13", lambda copy: copy.describe(demonstration=True), "lag-demonstration"),
        ("R13", lambda copy: copy.describe(imported=[]), "lag-imported"),
        ("R14", exported(lambda package: (package / "pakbon.xml").unlink()), "package-not-given"),
        ("R15", exported(lambda package: (package / "pakbon.xml").unlink()), "package-not-given"),
    ],
)
def test_not_applicable(copy, rule, change, key):
    """A rule that does not apply is neither met nor broken, and says why."""
    change(copy)
    finding = copy.measure(rule)
    assert (finding.verdict, keys(finding)) == (Verdict.NOT_APPLICABLE, {key})


def test_no_room_for_a_package(copy, monkeypatch):
    """Where the disk has too little room to try, no package is made, and nothing is held against the day."""
    monkeypatch.setattr("archiver.conformance.transfer.GROWTH", 10**15)
    for rule in ("R14", "R15"):
        finding = copy.measure(rule)
        assert (finding.verdict, keys(finding)) == (Verdict.NOT_APPLICABLE, {"package-no-room"})


def test_package_that_cannot_be_made(copy):
    """A package that cannot be made fails the day, with the reason."""

    def refuse(_path: Path) -> None:
        raise ArchiveError("because of this")

    finding = copy.measure("R15", refuse)
    assert finding.verdict is Verdict.FAIL
    assert finding.facts[0].values["why"] == "because of this"


@pytest.mark.parametrize(
    ("number", "verdict"),
    [
        (0, Verdict.PASS),  # nothing in it refers to another
        (2, Verdict.FAIL),  # what did not change refers to the first
    ],
)
def test_imported_day_that_stands_alone_is_full(copy, number, verdict):
    """Files of others say of no day that it is full; one that needs no other counts as such."""
    full_is_not_full(copy)
    path = copy.collection.snapshots("example")[number].path / "datapackage.json"
    path.write_text(path.read_text().replace('"daykeep": {', '"daykeep": {"imported": [],'))
    assert copy.measure("R2").verdict is verdict


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (lambda copy: copy.run(finished=None), Verdict.FAIL),  # the file was made in this test, months later
        (
            lambda copy: copy.run(finished=parse_timestamp(copy.folder.timestamp) - timedelta(hours=1)),
            Verdict.FAIL,
        ),
        (
            lambda copy: copy.run(finished=parse_timestamp(copy.folder.timestamp) + timedelta(hours=23)),
            Verdict.PASS,
        ),
    ],
)
def test_lag(copy, change, verdict):
    """Without a row that ended the time of the seal counts; a harvest that ended before it began is no measurement."""
    change(copy)
    assert copy.measure("R13").verdict is verdict


def test_recorded_gap_passes(copy):
    """A day without a snapshot that was written down with its reason is no silent gap."""
    gone_day(copy)
    missed = replace(
        copy.runs[0], day=date(2026, 3, 3), state=State.MISSED, note="the power was off", snapshot=None
    )
    copy.runs = [*copy.runs, missed]
    finding = copy.measure("R1")
    assert finding.verdict is Verdict.PASS
    assert finding.facts[1].examples == ("2026-03-03: missed, the power was off",)


def test_other_tools_pairs(copy):
    """A response that names its request, in place of the other way round, has it too, whichever comes first."""
    ids = []

    def turn(lines, block):
        if b"WARC-Type: request" in lines:
            (named,) = (line for line in lines if line.startswith(b"WARC-Concurrent-To"))
            ids.append(named)
            return [line for line in lines if line != named], block
        return lines, block

    copy.rewrite(turn)
    assert copy.measure("R8").verdict is Verdict.FAIL
    requests = {}

    def learn(lines, block):
        own = next(line[16:] for line in lines if line.startswith(b"WARC-Record-ID: "))
        if b"WARC-Type: request" in lines:
            requests[ids[len(requests)][20:]] = own
        return lines, block

    copy.rewrite(learn)

    def name(lines, block):
        own = next(line[16:] for line in lines if line.startswith(b"WARC-Record-ID: "))
        more = [b"WARC-Concurrent-To: " + requests[own]] if own in requests else []
        return [*lines, *more], block

    copy.rewrite(name)
    assert copy.measure("R8").verdict is Verdict.PASS


def test_secrets_are_not_told_again(copy):
    """What a request gave away is not in the report: the place is, and the name of the field."""
    copy.rewrite(in_block(b"request", b"\r\n\r\n", b"\r\nCookie: session=s3cr3t\r\n\r\n"))
    copy.rewrite(field(b"WARC-Target-URI", b"http://me:s3cr3t@a.nl/", b"response"))
    report = copy.report()
    (finding,) = (one for one in report.findings if one.rule.id == "R16")
    assert any("Cookie" in example for example in finding.facts[0].examples)
    assert any("user@host" in example for example in finding.facts[0].examples)
    assert "s3cr3t" not in str(report.findings)


def test_segments(tmp_path):
    """A response in segments has its request, in another file; its continuations need no Content-Type."""
    files = warc_files(tmp_path, compression="none", max_file=8000)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n"
    files.exchange(exchange_of(head + random.Random(4).randbytes(30_000), max_bytes=1 << 30))
    files.close()
    rules = {rule.id: rule for rule in load().rule}
    pairs, finders = Pairs(), {"R10": Fields(rules["R10"]), "R11": Addresses()}
    seen = watch(sorted(tmp_path.iterdir()), "archive", [pairs, *finders.values()])
    assert seen.files > 3
    assert (pairs.good, pairs.responses) == (True, 1)
    for name, finder in finders.items():
        assert finder.finding(rules[name], seen).verdict is Verdict.PASS


def test_progress(good):
    """Who waits is told what is measured, from the first step to the last."""
    steps = []
    conform(good.subject, good.table, good.make, lambda *step: steps.append(step))
    assert [name for name, _, _ in steps] == ["WARC", "MDTO", *RULES]
    assert [number for _, number, _ in steps] == list(range(19))
    assert {total for _, _, total in steps} == {19}


def test_no_warcs(copy):
    """A day without a WARC fails what is measured on records, and does not end the report."""
    for path in (copy.day / "archive").iterdir():
        path.unlink()
    report = copy.report()
    failed = {finding.rule.id for finding in report.findings if finding.verdict is Verdict.FAIL}
    assert {"R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R16"} <= failed


@pytest.mark.parametrize("name", ["indexes/index.cdxj", "logs/ledger.jsonl", "pages/pages.jsonl"])
def test_damage_does_not_end_the_report(copy, name):
    """A file that is gone fails the rules that need it; the others are measured all the same."""
    (copy.day / name).unlink()
    report = copy.report()
    assert len(report.findings) == len(RULES)
    verdicts = {finding.rule.id: finding.verdict for finding in report.findings}
    assert verdicts["R12"] is Verdict.FAIL
    assert verdicts["R9"] is Verdict.PASS


# ---- an export that is measured in place of the stored files -------------------------------------------------


def test_export_is_measured(copy):
    """The rules about records are measured on the export that is named, the others on the day."""
    copy.exported = copy.collection.root / "package"
    copy.make(copy.exported)
    compress(copy)
    verdicts = {finding.rule.id: finding for finding in copy.report().findings}
    assert verdicts["R7"].verdict is Verdict.PASS
    assert verdicts["R7"].file == "package"
    assert verdicts["R15"].verdict is Verdict.PASS


# ---- the table -----------------------------------------------------------------------------------------------


def test_table_is_whole():
    """The rules are R1 to R17 in order, each with a title, what it asks, how it is measured and what that cannot tell."""
    table = load()
    assert tuple(rule.id for rule in table.rule) == RULES
    for rule in table.rule:
        for text in (rule.title, rule.asks, rule.how, rule.blind):
            assert text.nl.strip()
            assert text.en.strip()
            assert text.nl != text.en or rule.id == "R5"


@pytest.mark.parametrize("key", sorted(load().fact))
def test_sentences_have_the_same_values(key):
    """Each sentence has the same values in both languages, and is used somewhere in the program."""
    text = load().fact[key]
    values = [
        {name for _, name, _, _ in string.Formatter().parse(text.in_(language)) if name}
        for language in LANGUAGES
    ]
    assert values[0] == values[1]
    rooms = (ROOT / "archiver" / "conformance").glob("*.py")
    used = "".join(path.read_text(encoding="utf-8") for path in rooms)
    assert f'"{key}"' in used


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_documented(rule):
    """Each rule of the table has its part in docs/conformance.md."""
    title = next(one.title.en for one in load().rule if one.id == rule)
    assert f"### {rule}. {title}\n" in (ROOT / "docs/conformance.md").read_text(encoding="utf-8")


def test_document_has_both_languages(report):
    """The document for scripts has every text in Dutch and English, and every value as it was measured."""
    table = load()
    told = json.loads(json.dumps(document(table, report)))
    assert told["counts"] == {"pass": 17, "fail": 0, "not-applicable": 0}
    assert [rule["id"] for rule in told["rules"]] == list(RULES)
    assert told["rules"][0]["title"] == {"nl": "Elke dag geoogst", "en": "Harvested every day"}
    fact = told["rules"][0]["facts"][0]
    assert fact["values"] == {"days": 3, "first": "2026-03-02", "taken": 3, "recorded": 0}
    assert fact["nl"].startswith("Kalenderdagen sinds 2026-03-02: 3;")
    assert fact["en"].startswith("Calendar days since 2026-03-02: 3;")
    lag = told["rules"][12]["facts"][0]
    assert lag["nl"].endswith(": 0,2 (grens: 24).")
    assert lag["values"]["until"]["en"] == "the end of the daily job, publication included"
    assert "niet ingezien" in told["basis"]["nl"]


def test_few_of_many():
    """Ten places are named, the others counted, and none is longer than a line or three."""
    few = Few()
    for number in range(1000):
        few.add(f"{number} " + "x" * 10_000)
    fact = few.fact("days-silent")
    assert (few.count, len(fact.examples), fact.more) == (1000, MAX_EXAMPLES, 990)
    assert max(map(len, fact.examples)) == 300


def test_values_are_no_format(report):
    """A value that looks like a part of a sentence's form is text."""
    fact = replace(
        report.findings[0].facts[0], key="unmeasured", values={"why": "{why} {0} %s {why.__class__}"}
    )
    assert sentence(load(), fact, "en") == "Cannot be measured: {why} {0} %s {why.__class__}"
