# SPDX-License-Identifier: EUPL-1.2
"""A snapshot of more archived hosts than fit a header: its pages still reach no other day, and all of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.archive import Archive, Reply, build
from tests.support.chromium import visit
from tests.support.ports import free_port
from tests.support.viewing import Visitor, serving

SITE = "https://www.example.org"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
HOSTS = [f"https://static{number}.assets-of-example.org" for number in range(40)]
OPEN = (("Access-Control-Allow-Origin", "*"),)
PAGE = """<!doctype html><title>tuesday</title><h1>TUESDAY</h1><link rel="stylesheet" href="{last}/a.css">
<p id="other">?</p><p id="filled">?</p><p id="own">?</p><p id="worker">?</p><iframe id="inner"></iframe><iframe id="third" src="{last}/in"></iframe>
<script>
const at = (stamp, host) => `http://${{stamp}}-${{host}}.localhost:{port}`;
const told = (id, url) => fetch(url).then((answer) => answer.text())
  .then((text) => {{ document.getElementById(id).textContent = text; }})
  .catch(() => {{ document.getElementById(id).textContent = "refused"; }});
told("other", at("{monday}", "www-example-org") + "/data.json");
told("filled", at("{tuesday}f", "www-example-org") + "/only-monday.json");
told("own", "{last}/own.json");
const worker = new Worker("/ask.js");
worker.onmessage = ({{ data }}) => {{ document.getElementById("worker").textContent = data; }};
document.getElementById("inner").src = at("{monday}", "www-example-org") + "/";
</script>"""
ASKING = """
importScripts("{last}/part.js");
fetch("{last}/own.json").then((answer) => answer.text())
  .then((text) => fetch("{other}").then(() => "reached another day", () => `${{part}}, ${{text}}, refused`))
  .catch((error) => `${{error}}`).then(postMessage);
"""
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>'


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Archive]:
    page = PAGE.format(last=HOSTS[-1], port=port, monday=MONDAY, tuesday=TUESDAY)
    other = f"http://{MONDAY}-www-example-org.localhost:{port}/data.json"
    asking = ASKING.format(last=HOSTS[-1], other=other)
    many = {f"{host}/x.txt": Reply("x", "text/plain") for host in HOSTS}
    monday = {
        f"{SITE}/": Reply("<title>monday</title><p>page of MONDAY"),
        f"{SITE}/data.json": Reply('"monday"', "application/json", headers=OPEN),
        f"{SITE}/only-monday.json": Reply('"only monday"', "application/json", headers=OPEN),
    }
    tuesday = {
        f"{SITE}/": Reply(page),
        f"{SITE}/drawing.svg": Reply(DRAWING, "image/svg+xml"),
        f"{HOSTS[-1]}/a.css": Reply("h1 { color: rgb(1, 2, 3) }", "text/css"),
        f"{SITE}/ask.js": Reply(asking, "text/javascript"),
        f"{HOSTS[-1]}/part.js": Reply('const part = "a part";', "text/javascript"),
        f"{HOSTS[-1]}/own.json": Reply("tuesday's own", "application/json", headers=OPEN),
        f"{HOSTS[-1]}/in": Reply("<!doctype html><title>i</title><p>of another host"),
        **many,
    }
    folder = tmp_path_factory.mktemp("hosts")
    with build(folder, {"example": {MONDAY: monday, TUESDAY: tuesday}}, port=port) as made:
        yield made


@pytest.fixture(scope="module")
def visitor(archive: Archive, port: int) -> Visitor:
    return Visitor(archive, port)


@pytest.mark.browser
def test_a_page_reaches_its_own_day_and_no_other(archive: Archive, port: int, browser: Browser) -> None:
    """Scripts, frames and the filled view of another day are refused; what is of the day is there."""
    with serving(archive, port) as base, visit(browser, f"{base}/web/{TUESDAY}/{SITE}/") as seen:
        frame = seen.page.frame_locator("#daykeep-page")
        expect(frame.locator("#own")).to_have_text("tuesday's own")
        expect(frame.locator("h1")).to_have_css("color", "rgb(1, 2, 3)")
        expect(frame.frame_locator("#third").locator("p")).to_have_text("of another host")
        expect(frame.locator("#worker")).to_have_text("a part, tuesday's own, refused")
        expect(frame.locator("#other")).to_have_text("refused")
        expect(frame.locator("#filled")).to_have_text("refused")
        assert not any(f"//{MONDAY}" in url for url in seen.requests)


@pytest.mark.parametrize("modifier", ["", "ns_"])
def test_the_viewers_frame_is_of_the_day_alone(visitor: Visitor, modifier: str) -> None:
    """Its own policy lists the day's replay origins, however many, and no header is long."""
    answer = visitor.get(f"/web/{TUESDAY}{modifier}/{SITE}/")
    listed = answer.text.partition("frame-src ")[2].partition('"')[0].split()
    letters = "n" if modifier else ""
    assert (
        len([one for one in listed if f"//{TUESDAY}{letters}-" in one]) == len(HOSTS) + 2
    )  # and the page for what leads out
    assert not any("*" in one for one in listed)
    assert all(len(value) < 4000 for value in answer.headers.values())


@pytest.mark.parametrize("modifier", ["", "n"])
def test_a_page_has_its_policy_first(visitor: Visitor, port: int, modifier: str) -> None:
    """The policy in a page stands before all else in it, also where no script may run."""
    host = f"http://{TUESDAY}{modifier}-www-example-org.localhost:{port}"
    answer = visitor.ask("GET", host, "/", Sec_Fetch_Dest="iframe")
    assert answer.text.startswith(
        '<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src '
    )
    assert "*" not in answer.text.partition('content="')[2].partition('"')[0]
    assert all(len(value) < 4000 for value in answer.headers.values())


@pytest.mark.parametrize("path", ["/drawing.svg", "/never"])
def test_what_has_no_policy_in_itself_reaches_its_own_origin_alone(visitor: Visitor, path: str) -> None:
    """A drawing, a script, a gap: the header allows no other origin, but who frames it is not told."""
    policy = visitor.replay(TUESDAY, SITE + path, Sec_Fetch_Dest="iframe").headers["Content-Security-Policy"]
    allowed = dict(one.strip().partition(" ")[::2] for one in policy.split(";"))
    assert "localhost" not in allowed["default-src"]
    assert "*" in allowed["frame-ancestors"]


def test_few_hosts_stand_in_the_header(visitor: Visitor) -> None:
    """Where they fit, the page has no policy in itself."""
    answer = visitor.replay(MONDAY, SITE + "/", Sec_Fetch_Dest="iframe")
    assert "http-equiv" not in answer.text
    assert f"//{MONDAY}-www-example-org" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("path", "destination"), [("/", "iframe"), ("/ask.js", "worker")])
def test_an_answer_that_has_not_changed_keeps_its_policy(
    visitor: Visitor, path: str, destination: str
) -> None:
    """A 304 replaces the header fields it has, so it has no policy: that of the whole answer stays."""
    whole = visitor.replay(TUESDAY, SITE + path, Sec_Fetch_Dest=destination)
    assert whole.headers["Content-Security-Policy"]
    again = visitor.replay(
        TUESDAY, SITE + path, Sec_Fetch_Dest=destination, If_None_Match=whole.headers["ETag"]
    )
    assert (again.status_code, again.data) == (304, b"")
    assert "Content-Security-Policy" not in again.headers
