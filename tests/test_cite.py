# SPDX-License-Identifier: EUPL-1.2
"""How a page of a day is cited: names that lead back to it, and digests that can be computed anew."""

from __future__ import annotations

import hashlib
import re
import shlex
from html import unescape
from urllib.parse import unquote, urlencode

import pytest

from tests.support.archive import Reply, build
from tests.support.ports import free_port
from tests.support.viewing import Visitor, serving
from viewer.protocols.pwid import archive_of, pwid

HOME = "https://www.example.org/"
FORM = f"{HOME}a?p=1&q=[2]"
FIRST, SECOND = "20260301023000", "20260305023000"
DAYS = {
    FIRST: {HOME: Reply(b"<title>Fees and terms</title>One euro", mime="text/html"), FORM: Reply(b"x")},
    SECOND: {
        HOME: Reply(b"<title>Fees and terms</title>One euro", mime="text/html"),
        f"{HOME}b": Reply(b"y"),
    },
}

# RFC 8141 section 2, with the parts of the namespace's registration
URN = re.compile(
    r"urn:pwid:([A-Za-z0-9.-]+):(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ):(page|part):"
    r"((?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})+)"
)


@pytest.fixture(scope="module")
def visitor(tmp_path_factory):
    with build(tmp_path_factory.mktemp("cite"), {"demo": DAYS}) as archive:
        yield Visitor(archive)


def facts(text: str) -> list[str]:
    """Return the values of a citation, as they are there to be copied."""
    values = re.findall(r"<code data-copy[^>]*>(.*?)</code>", text, re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>", "", value)) for value in values]


def test_what_it_says_leads_back(visitor):
    """The address shows the page, the file's digest is the one told, and the name tells the same moment."""
    answer = visitor.get(f"/demo/cite?url={HOME}&at=2026-03-05", Accept_Language="en")
    assert answer.status_code == 200
    values = facts(answer.text)
    memento = f"http://localhost:8080/web/{SECOND}/{HOME}"
    assert memento in values
    assert 'id="daykeep-page"' in visitor.get(memento.removeprefix("http://localhost:8080")).text
    payload = next(value for value in values if "id_/" in value).removeprefix("http://localhost:8080")
    assert f"sha256:{hashlib.sha256(visitor.get(payload).data).hexdigest()}" in values
    [name] = [value for value in values if value.startswith("urn:")]
    assert URN.fullmatch(name).groups() == ("localhost", "2026-03-05T02:30:00Z", "page", HOME)
    timemap = next(value for value in values if "/timemap/" in value).removeprefix("http://localhost:8080")
    assert visitor.get(timemap).text.count("memento") == 2


def test_the_sentence(visitor):
    """Title, site, address, moment on the site's own clock, and where it is to be found."""
    text = unescape(visitor.get(f"/demo/cite?url={HOME}&at={FIRST}", Accept_Language="en").text)
    assert (
        "“<bdi>Fees and terms</bdi>”. Site demo, https://www.example.org/. As received on 1 March 2026 at 03:30:00"
        in text
    )
    dutch = unescape(visitor.get(f"/demo/cite?url={HOME}&at={FIRST}", Accept_Language="nl").text)
    assert "Zoals ontvangen op 1 maart 2026 om 03:30:00 uur door Webarchief." in dutch


def test_what_was_the_same_says_since_when(visitor):
    """A page that the server sent again unchanged is cited with the moment at which its copy was received."""
    values = [facts(visitor.get(f"/demo/cite?url={HOME}&at={at}").text) for at in (FIRST, SECOND)]
    assert "2026-03-01T02:30:00Z" in values[1]
    assert "2026-03-05T02:30:00Z" not in values[0]


def test_the_seal_is_that_of_the_files(tmp_path):
    """The seal of a day is the digest of its datapackage.json, which has the digest of every file."""
    with build(tmp_path, {"demo": DAYS}) as archive:
        folder = archive.collection.snapshots("demo")[0].path
        told = facts(Visitor(archive).get(f"/demo/cite?url={HOME}&at={FIRST}").text)
        digest = hashlib.sha256((folder / "datapackage.json").read_bytes()).hexdigest()
        assert f"sha256:{digest}" in told
        (folder / "datapackage-digest.json").chmod(0o600)
        (folder / "datapackage-digest.json").write_bytes(b"[" * 5000)
        assert f"sha256:{digest}" not in facts(Visitor(archive).get(f"/demo/cite?url={HOME}&at={FIRST}").text)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (f"url={HOME}b&at={FIRST}", 404),
        (f"url={HOME}&at=2026-03-02", 404),
        (f"url={HOME}&at=", 404),
        ("url=javascript:alert(1)&at=2026-03-01", 404),
        ("", 404),
        (f"url={HOME}b&at={SECOND}", 200),
    ],
)
def test_only_what_is_there_is_cited(visitor, query, status):
    """A day without the page, a moment without a day and what is no address have no citation."""
    answer = visitor.get(f"/demo/cite?{query}")
    assert answer.status_code == status
    assert ("urn:pwid:" in answer.text) is (status == 200)


def test_every_address_makes_a_urn():
    """Question mark and brackets are written as escapes: a URN has no place for them."""
    name = pwid("archief.example.org", FIRST, FORM, "part")
    assert URN.fullmatch(name)
    assert name.endswith(":part:https://www.example.org/a%3Fp=1&q=%5B2%5D")


def test_the_command_is_harmless(tmp_path):
    """What stands in an address stays one word of the command that a reader is told to run."""
    url = f"{HOME}a'$(touch%20x);echo"
    with build(tmp_path, {"demo": {FIRST: {url: Reply(b"x")}}}) as archive:
        text = unescape(Visitor(archive).get("/demo/cite?" + urlencode({"url": url, "at": FIRST})).text)
    [command] = re.findall(r"<code>(curl .*?)</code>", text)
    words = shlex.split(command)
    assert (words[:2], words[3:]) == (["curl", "-s"], ["|", "sha256sum"])
    assert "$(touch" in words[2]


def test_the_archive_is_named_by_its_website():
    """The host of the archive's website if it has one, else that of the viewer."""
    assert (
        archive_of("https://viewer.example.org:8443/", "https://archief.example.org/x")
        == "archief.example.org"
    )
    assert archive_of("https://viewer.example.org:8443/") == "viewer.example.org"


@pytest.mark.browser
def test_copying_and_the_way_there(browser, tmp_path):
    """The banner leads to the citation of the page that is shown; its buttons copy, and say so."""
    port = free_port()
    with build(tmp_path, {"demo": DAYS}, port=port) as archive, serving(archive, port) as here:
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], locale="en-GB")
        page = context.new_page()
        page.goto(f"{here}/web/{FIRST}/{HOME}")
        page.get_by_role("link", name="Cite").click()
        page.get_by_role("button", name="Copy: Persistent name (PWID)").click()
        page.wait_for_function("document.getElementById('copied').textContent.startsWith('Copied')")
        assert page.evaluate("navigator.clipboard.readText()").startswith(
            "urn:pwid:localhost:2026-03-01T02:30:00Z"
        )
        context.close()


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", ["Never stored", "was never stored as part of Site demo", "Did you mean one of these pages?"]),
        (
            "nl",
            [
                "Nooit bewaard",
                "Dit adres is nooit bewaard bij Site demo",
                "Bedoelde u een van deze pagina’s?",
            ],
        ),
    ],
)
@pytest.mark.parametrize("written", [f"{HOME}c", "www.example.org/c"])
def test_address_that_was_never_stored(visitor, language, says, written):
    """It says so, and offers the pages that may have been meant, as search does: no day has it."""
    answer = visitor.get(f"/demo/cite?url={written}&at={SECOND}", Accept_Language=language)
    assert answer.status_code == 404
    assert [part for part in says if part not in answer.text] == []
    offered = re.findall(r'href="([^"]*)"', answer.text)
    assert f"/demo/history?url={HOME}b" in map(unquote, offered)
    assert [path for path in offered if path.startswith("/web/")] == []
    assert f"/demo/history?url={HOME}c" not in map(unquote, offered)


def test_address_of_another_day(visitor):
    """What another day has is not cited of this one, and is found from here."""
    answer = visitor.get(f"/demo/cite?url={HOME}b&at={FIRST}", Accept_Language="en")
    assert answer.status_code == 404
    assert f'href="/web/{FIRST}/{HOME}b"' in answer.text
    assert "Never stored" not in answer.text


def test_what_is_no_address(visitor):
    """Neither nothing nor what is none can be cited, and that is said."""
    for written in ("", "javascript:alert(1)"):
        answer = visitor.get(f"/demo/cite?url={written}&at={FIRST}", Accept_Language="en")
        assert (answer.status_code, "not the address of a web page" in answer.text) == (404, True)
