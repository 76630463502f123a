# SPDX-License-Identifier: EUPL-1.2
"""Views of a page that a visitor chooses: without scripts, with gaps filled; their labels and addresses."""

from __future__ import annotations

import os
import re

import pytest

from index.urlkey import Origin
from tests.support.archive import Reply, build
from tests.support.chromium import ARGUMENTS, executable, visit
from tests.support.ports import free_port
from tests.support.viewing import Visitor, serving
from viewer.addresses.label import make, parse, resolve
from viewer.addresses.view import PLAIN, View, view_of_letters, view_of_modifier

SITE = "https://www.example.org"
HASHED = "https://a_b.example"
MONDAY = "20260302023000"
VIEWS = [View(filled, scriptless) for filled in (False, True) for scriptless in (False, True)]
PAGE = f"""<!doctype html><html><head><title>T</title><link rel=stylesheet href="{HASHED}/a.css"></head><body>
<script>document.body.append("by script")</script><noscript><p id=plain>without <b>scripts</b></p></noscript>
<p id=handler onclick="this.textContent='ran'">click</p><a id=js href="javascript:document.write('ran')">js</a>
<a id=next href="/next">next</a><img id=svg src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"></body></html>"""
DAY = {
    f"{SITE}/": Reply(PAGE),
    f"{SITE}/next": Reply("<title>N</title><p>next page</p><script>document.title='ran'</script>"),
    f"{SITE}/moved": Reply(status=302, headers=(("Location", f"{SITE}/next"),)),
    f"{HASHED}/a.css": Reply("p{color:rgb(1, 2, 3)}", "text/css"),
    f"{HASHED}/": Reply("<title>H</title>hashed"),
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with build(tmp_path_factory.mktemp("views") / "data", {"demo": {MONDAY: DAY}}) as built:
        yield built


@pytest.fixture(scope="module")
def visitor(archive):
    return Visitor(archive)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    "archived",
    [Origin("https", "www.ind.nl", 443), Origin("http", "a.nl", 8080), Origin("https", "a_b.example", 443)],
)
def test_labels_of_views(view, archived):
    """A label says its view, and no two views of one origin share a label."""
    label = make(MONDAY + view.letters, archived)
    said = parse(label)
    assert (said.timestamp, said.view) == (MONDAY, view)
    assert resolve(said, [archived]) == archived
    assert len({make(MONDAY + one.letters, archived) for one in VIEWS}) == len(VIEWS)


@pytest.mark.parametrize(
    "label", [f"{MONDAY}nf-a", f"{MONDAY}ff-a", f"{MONDAY}hn-a", f"{MONDAY}N-a", f"{MONDAY}nn-a"]
)
def test_no_other_spelling_of_a_view(label):
    """The letters of a view stand once, in one order, before everything else."""
    with pytest.raises(ValueError, match="not"):
        parse(label)


def test_modifiers():
    """Every view has a modifier and letters of its own, which lead back to it; others lead nowhere."""
    assert [view_of_modifier(view.modifier) for view in VIEWS] == VIEWS
    assert [view_of_letters(view.letters) for view in VIEWS] == VIEWS
    assert view_of_modifier("") == PLAIN
    assert [view_of_modifier(one) for one in ("id_", "js_", "xx_")] == [None] * 3


def test_scriptless_page(visitor):
    """The page without scripts comes without ours, under a policy and a sandbox that allow none."""
    response = visitor.replay(f"{MONDAY}n", f"{SITE}/")
    assert b"replay.js" not in response.data
    assert b"<noscript><p id=plain>without <b>scripts</b></p></noscript>" in response.data
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'none'; worker-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert f"http://{MONDAY}n-www-example-org.localhost:8080" in policy
    assert f"/{MONDAY}-" not in policy
    for path in ("/never", "/moved"):
        other = visitor.replay(f"{MONDAY}n", SITE + path, Sec_Fetch_Dest="iframe")
        assert b"<script" not in other.data
        assert "script-src 'none'" in other.headers["Content-Security-Policy"]


@pytest.mark.parametrize("view", VIEWS)
def test_addresses_stay_in_their_view(visitor, view):
    """Everything that a page of a view leads to is of that view, also where a label is a hash."""
    own = {f"{MONDAY}{view.letters}"}
    for url in DAY:
        response = visitor.replay(f"{MONDAY}{view.letters}", url, Sec_Fetch_Dest="iframe")
        assert response.status_code < 400
        everything = str(response.headers) + response.get_data(as_text=True)
        assert set(re.findall(rf"{MONDAY}[fn]*(?=h?-|\")", everything)) == own


@pytest.mark.parametrize("view", VIEWS)
def test_top_level_visit_keeps_the_view(visitor, view):
    """A visit to a replay origin by itself leads to the frame page of the same view."""
    response = visitor.replay(f"{MONDAY}{view.letters}", f"{SITE}/next", Sec_Fetch_Dest="document")
    assert response.headers["Location"] == f"http://localhost:8080/web/{MONDAY}{view.modifier}/{SITE}/next"


@pytest.mark.parametrize("moment", [MONDAY, "2026-03-02"])
def test_frame_of_the_scriptless_view(visitor, moment):
    """The frame page without scripts has a sandbox without scripts, sources of its view alone, and the way back."""
    response = visitor.get(f"/web/{moment}ns_/{SITE}/", Accept_Language="en")
    markup = response.get_data(as_text=True)
    assert f'src="http://{MONDAY}n-www-example-org.localhost:8080/"' in markup
    assert 'sandbox="allow-same-origin allow-forms"' in markup
    assert "Shown without scripts." in markup
    assert f'<a href="/web/{MONDAY}/{SITE}/">With scripts</a>' in markup
    (sources,) = re.findall(r"frame-src ([^;]*)", response.headers["Content-Security-Policy"])
    assert all(source.startswith(f"http://{MONDAY}n-") for source in sources.split() if "//" in source)
    plain = visitor.get(f"/web/{moment}/{SITE}/", Accept_Language="en").get_data(as_text=True)
    assert f'<a href="/web/{MONDAY}ns_/{SITE}/">Without scripts</a>' in plain
    assert "<noscript><p" in plain


@pytest.mark.browser
@pytest.mark.parametrize("java_script", [True, False])
def test_scriptless_view_in_a_browser(browser, tmp_path, java_script):
    """No script runs, of whatever kind; noscript shows, styles hold, links lead on in the same view."""
    port = free_port()
    with build(tmp_path / "data", {"demo": {MONDAY: DAY}}, port=port) as built, serving(built, port) as base:
        address = f"{base}/web/{MONDAY}ns_/{SITE}/"
        with visit(browser, address, java_script_enabled=java_script) as seen:
            frame = seen.page.frame_locator("#daykeep-page")
            assert frame.locator("#plain b").inner_text() == "scripts"
            frame.locator("#handler").click()
            assert frame.locator("#handler").inner_text() == "click"
            frame.locator("#js").click()
            assert "by script" not in frame.locator("body").inner_text()
            if java_script:  # without, playwright cannot ask
                colour = frame.locator("#plain").evaluate("e => getComputedStyle(e).color")
                assert colour == "rgb(1, 2, 3)"
            frame.locator("#next").click()
            frame.get_by_text("next page").wait_for()
            asked = [url for url in seen.requests if f"//{MONDAY}" in url]
            assert asked
            assert all(f"//{MONDAY}n-" in url for url in asked)
            assert not any("replay.js" in url for url in seen.requests)


@pytest.mark.browser
def test_default_view_without_java_script(browser, tmp_path):
    """A visitor whose browser runs no scripts sees the page, its noscript part, and is told what the bar does."""
    port = free_port()
    # Playwright's own switch does not reach frames of another site
    switches = ["--blink-settings=scriptEnabled=false", *(() if os.geteuid() else ("--no-sandbox",))]
    with (
        build(tmp_path / "data", {"demo": {MONDAY: DAY}}, port=port) as built,
        serving(built, port) as base,
        browser.browser_type.launch(executable_path=executable(), args=[*ARGUMENTS, *switches]) as own,
        visit(own, f"{base}/web/{MONDAY}/{SITE}/", locale="nl-NL") as seen,
    ):
        frame = seen.page.frame_locator("#daykeep-page")
        assert frame.locator("#plain").inner_text() == "without scripts"
        assert "Deze balk gaat over" in seen.page.locator("noscript p").inner_text()
        assert seen.page.locator("noscript p").bounding_box()["height"] > 10
        frame.locator("#next").click()
        frame.get_by_text("next page").wait_for()
        assert seen.page.url == f"{base}/web/{MONDAY}/{SITE}/"
        assert not any("replay.js" in url or "viewer.js" in url for url in seen.requests)
