# SPDX-License-Identifier: EUPL-1.2
"""Each reason that the crawler writes into a ledger is told in the language of the page, whatever it quotes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.archive import build
from tests.support.viewing import viewer_of
from viewer.reasons import in_words

ROOT = Path(__file__).parents[1] / "archiver"
WRITERS = ("again", "crawl", "fetch", "intake", "recording", "retry", "sealing", "traps", "wire")
"""Modules that say why an address is not stored, or not whole."""
RAISED = {"NoResponseError", "_CutError", "doubt"}
NAMED = {"reason", "how_often", "last"}
RETURNING = {"_over_limit", "_why", "refuse", "_combined", "_far", "_found"}
"""Functions that return or yield a reason, or what stands in one; and all of the traps."""
# What stands in a reason, by how the source has it; anything else is a number.
FILLED = {
    "host": "www.example.org",
    "self.host": "www.example.org",
    "self._to.host": "www.example.org",
    "prepared.place.host": "www.example.org",
    "address": "192.0.2.1",
    "_cause(error)": "[Errno 111] Connection refused",
    "error.verify_message": "certificate has expired",
    "error.strerror or error": "Connection reset by peer",
    "cut.reason": "nothing came for 30 seconds",
    "asked": ", which asked for 60 seconds",
    "last": "last with status 503",
    "setting": "max_same",
    "what": "its path has 70 segments",
    "where": "address 127.0.0.1 of host www.example.org is loopback",
    "segment[:40]": "a; b",
    "parameter[:40]": "p=1",
    "'/'.join(cycle)[:80]": "a/b",
}
NO_REASON = {"7?", "*"}


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with build(tmp_path_factory.mktemp("reasons"), {"demo": {}}) as archive:
        yield viewer_of(archive)


def told(app, reason: str, language: str) -> str:
    with app.test_request_context(headers={"Accept-Language": language}):
        return str(in_words(reason))


def written(node: ast.expr) -> str | None:
    """Return a text of the source with something in its places; None for what is no text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    return "".join(
        part.value if isinstance(part, ast.Constant) else FILLED.get(ast.unparse(part.value), "7")
        for part in node.values
    )


def expressions(tree: ast.Module, name: str) -> Iterator[ast.expr]:
    """Yield what a module says where it says why."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in RAISED:
            yield from node.args
        elif (isinstance(node, ast.keyword) and node.arg in NAMED) or (
            isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in NAMED
        ):
            yield node.value
        elif isinstance(node, ast.Tuple) and ast.unparse(node.elts[0] if node.elts else node).startswith(
            "UrlOutcome."
        ):
            yield from node.elts[1:]
        elif isinstance(node, ast.FunctionDef) and (name == "traps" or node.name in RETURNING):
            yield from returned(node)


def returned(function: ast.FunctionDef) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, (ast.Return, ast.Yield)) and node.value is not None:
            value = node.value
            chosen = value.body if isinstance(value, ast.IfExp) else value
            yield from chosen.elts if isinstance(chosen, ast.Tuple) else [chosen]


def reasons() -> list[str]:
    found: dict[str, None] = {}
    for name in WRITERS:
        tree = ast.parse((ROOT / f"{name}.py").read_text(encoding="utf-8"))
        found |= dict.fromkeys(filter(None, map(written, expressions(tree, name))))
    return [one for one in found if " " in one and one not in NO_REASON]


REASONS = reasons()


def test_reasons_are_found():
    """Reasons of each kind are found in the source: of no response, of a cut one, of decisions and traps."""
    assert len(REASONS) > 35
    for part in (
        "could not be found in the DNS",
        "nothing came for",
        "robots.txt does not allow it",
        "max_depth",
        "asked 7 times",
        "given up for today",
        "the crawl ended before it",
        "stands again and again",
        "it looks like one of endless addresses",
    ):
        assert any(part in one for one in REASONS), part


@pytest.mark.parametrize("reason", REASONS)
def test_reason_is_told_in_both_languages(app, reason):
    """Each has a row: nothing of it stands as it was written, but what an operating system said of its own."""
    english, dutch = (told(app, reason, language) for language in ("en", "nl"))
    foreign = re.sub(r'<code lang="en"><bdi>certificate has expired</bdi></code>', "", english + dutch)
    assert "<code" not in foreign
    assert english != dutch


@pytest.mark.parametrize(
    ("reason", "english", "dutch"),
    [
        (
            "host x.example gave no answer: nothing came for 30 seconds; asked 3 times",
            "<bdi>x.example</bdi> gave no answer: nothing came for <bdi>30</bdi> seconds; asked <bdi>3</bdi> times",
            (
                "<bdi>x.example</bdi> gaf geen antwoord: er kwam <bdi>30</bdi> seconden lang niets; "
                "<bdi>3</bdi> keer gevraagd"
            ),
        ),
        (
            "host x.example (192.0.2.1) could not be connected to: [Errno 111] Connection refused",
            "no connection to <bdi>x.example</bdi> (<bdi>192.0.2.1</bdi>) could be made: the connection was refused",
            (
                "met <bdi>x.example</bdi> (<bdi>192.0.2.1</bdi>) kwam geen verbinding tot stand: "
                "de verbinding werd geweigerd"
            ),
        ),
        (
            "-5 of another crawler; <b>asked</b> 3 times",
            *['<code lang="en"><bdi>-5 of another crawler; &lt;b&gt;asked&lt;/b&gt; 3 times</bdi></code>']
            * 2,
        ),
    ],
)
def test_told(app, reason, english, dutch):
    """Parts of a reason are told each; what nobody here wrote stands whole, as it was written, and escaped."""
    assert (told(app, reason, "en"), told(app, reason, "nl")) == (english, dutch)


def test_reason_within_reasons_without_end(app):
    """A ledger may say anything: what nests for ever is cut off, and comes as it was written."""
    deep = "host a gave no answer: " * 10_000
    assert len(told(app, deep, "nl")) < 2000


@pytest.mark.parametrize(
    ("reason", "dutch", "english"),
    [
        ("the body is longer than 104857600 bytes", "104.857.600", "104,857,600"),
        ("not complete within 600.0 seconds", "600", "600"),
        ("nothing came for 2.5 seconds", "2,5", "2.5"),
        ("not complete within 1e999 seconds", "1e999", "1e999"),
        ("not complete within 1.2.3 seconds", "1.2.3", "1.2.3"),
        (f"the body is longer than {'9' * 500} bytes", "9" * 500, "9" * 500),
    ],
)
def test_numbers_are_written_as_the_language_writes_them(app, reason, dutch, english):
    """A number has its thousands apart and no decimals that say nothing; what is none stands as it was written."""
    assert f"<bdi>{dutch}</bdi>" in told(app, reason, "nl")
    assert f"<bdi>{english}</bdi>" in told(app, reason, "en")
