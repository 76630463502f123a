# SPDX-License-Identifier: EUPL-1.2
"""What the workers of an archived page ask for is told in its banner as what the page itself asks for is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from msgspec import structs
from playwright.sync_api import Browser, Locator, expect

from archiver.settings import Viewer
from tests.feature_site.playing import launch
from tests.support.archive import Archive, Reply, build
from tests.support.chromium import visit
from tests.support.ports import free_port
from tests.support.viewing import serving

pytestmark = pytest.mark.browser

SITE, CDN, DAY = "https://www.example.org", "https://cdn.example.net", "20260302023000"
SCRIPT = "text/javascript"

ASKS = """
const own = [];
onmessage = ({ data }) => own.push(data);
(async () => {
  try { importScripts("/there.js"); } catch { }
  try { importScripts("/lost.js"); } catch { }
  await fetch("/there.json");
  await fetch("/lost.json").catch(() => 0);
  await fetch("/sent", { method: "POST", body: "x" });
  const asking = new XMLHttpRequest();
  asking.open("GET", "https://cdn.example.net/lost.bin", false);
  try { asking.send(); } catch { }
  postMessage("done");
})();
"""
PAGE = """<!doctype html><title>page</title><p></p><script>
const heard = [];
const say = (text) => { heard.push(text); document.querySelector("p").textContent = heard.join("|"); };
const asks = (worker) => { worker.onmessage = ({ data }) => say(JSON.stringify(data)); worker.onerror = () => say("error"); return worker; };
SCRIPT
</script>"""
INLINE = 'fetch("https://www.example.org/lost.json").finally(() => postMessage("done"));'
KINDS = {
    # page → (its script, what the page hears, what the banner lists as missing, how many parts there are besides)
    "classic": (
        'asks(new Worker("/asks.js"))',
        '"done"',
        ["/lost.js", "/lost.json", "POST /sent", f"{CDN}/lost.bin"],
    ),
    "module": ('asks(new Worker("/module.js", { type: "module" }))', '"two"', ["/lost.json"]),
    "static": ('asks(new Worker("/broken.js", { type: "module" }))', "error", ["/lost-module.js"]),
    "blob": (
        f"asks(new Worker(URL.createObjectURL(new Blob([{INLINE!r}], {{ type: 'text/javascript' }}))))",
        '"done"',
        ["/lost.json"],
    ),
    "data": (f"asks(new Worker('data:text/javascript,' + encodeURIComponent({INLINE!r})))", '"done"', ["/lost.json"]),
    "nested": ('asks(new Worker("/nests.js"))', '"inner"', ["/lost.json"]),
    "ended": (
        'const short = new Worker("/short.js"); short.onmessage = () => { short.terminate(); say("ended"); }',
        "ended",
        ["/lost.json"],
    ),
    "lost": ('asks(new Worker("/lost-worker.js"))', "error", ["/lost-worker.js"]),
    "framed": ('document.body.append(Object.assign(document.createElement("iframe"), { src: "/classic" })); say("framed")', "framed",
               ["/lost.js", "/lost.json", "POST /sent", f"{CDN}/lost.bin"]),
}  # fmt: skip
SHARED = {
    "shared": ('new SharedWorker("/shared.js").port.onmessage = ({ data }) => say(JSON.stringify(data))', '"hello"', ["/lost.json"]),
    "shared-module": (
        'new SharedWorker("/shared.js", { type: "module", name: "m" }).port.onmessage = ({ data }) => say(JSON.stringify(data))',
        '"hello"',
        ["/lost.json"],
    ),
}  # fmt: skip
FILES = {
    "/asks.js": ASKS,
    "/there.js": "self.there = 1;",
    "/module.js": 'import { two } from "./two.js"; fetch("/lost.json").finally(() => postMessage(two));',
    "/two.js": 'export const two = "two";',
    "/broken.js": 'import "/lost-module.js"; postMessage("never");',
    "/nests.js": 'const inner = new Worker("/inner.js"); inner.onmessage = ({ data }) => postMessage(data);',
    "/inner.js": 'fetch("/lost.json").finally(() => postMessage("inner"));',
    "/short.js": 'const a = new XMLHttpRequest(); a.open("GET", "/lost.json", false); a.send(); postMessage("that was all");',
    "/shared.js": 'fetch("/lost.json"); self.onconnect = ({ ports }) => ports[0].postMessage("hello");',
    "/other-shared.js": 'fetch("/lost-too.json"); self.onconnect = ({ ports }) => ports[0].postMessage("hello");',
}
PAGES = {name: script for name, (script, *_) in {**KINDS, **SHARED}.items()} | {
    "two": 'for (const name of ["/shared.js", "/other-shared.js"]) '
    "new SharedWorker(name).port.onmessage = ({ data }) => say(name)",
    "mute": "fetch('/there.json'); new SharedWorker('data:text/javascript,onconnect=(e)=>e.ports[0].postMessage(1)')"
    ".port.onmessage = ({ data }) => say(`${data}`)",
    "never": 'new Worker("/asks.js").terminate(); say("never")',
    "forges": 'const worker = new Worker(\'data:text/javascript,for(let i=0;i<700;i++)postMessage({daykeep:"asked",more:i==9,'
    'parts:[["image<b>","https://www.example.org/forged"+i],7,[1,2],["x","javascript:1"],null]});postMessage({daykeep:"asked",parts:7});'
    "postMessage(1)'); worker.onmessage = ({ data }) => say(`${data}`)",
}
ANSWERS = {
    **{f"{SITE}/{name}": Reply(PAGE.replace("SCRIPT", script)) for name, script in PAGES.items()},
    **{f"{SITE}{path}": Reply(body, SCRIPT) for path, body in FILES.items()},
    f"{SITE}/there.json": Reply("{}", "application/json"),
    f"{CDN}/there.png": Reply("", "image/png"),
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with build(tmp_path_factory.mktemp("workers") / "data", {"demo": {DAY: ANSWERS}}) as built:
        yield built


@contextmanager
def served(archive: Archive, *, by_path: bool = False) -> Iterator[str]:
    """Serve the archive under names of its own, or in path mode, and yield the viewer's address."""
    port = free_port()
    replay = f"http://127.0.0.1:{port}" if by_path else f"http://{{label}}.localhost:{port}"
    settings = structs.replace(archive.settings, viewer=Viewer(f"http://localhost:{port}", replay))
    moved = Archive(settings, archive.collection, archive.history, archive.catalogue)
    with serving(moved, port) as base:
        yield base


@pytest.fixture(scope="module")
def by_name(archive: Archive) -> Iterator[str]:
    with served(archive) as base:
        yield base


@pytest.fixture(scope="module")
def by_path(archive: Archive) -> Iterator[str]:
    with served(archive, by_path=True) as base:
        yield base


@pytest.fixture(params=["names", "paths"])
def base(request, by_name, by_path) -> str:
    return by_name if request.param == "names" else by_path


@pytest.fixture(scope="module")
def visitors(browser: Browser) -> Iterator[Browser]:
    """Start a Chromium as visitors have it, which gives frames of other sites shared workers of their own."""
    with launch(browser.browser_type) as started:
        yield started


@contextmanager
def shown(browser: Browser, base: str, name: str) -> Iterator[tuple[Locator, Locator]]:
    """Open a page; yield what it says, and the piece of the banner about its parts, open."""
    with visit(browser, f"{base}/web/{DAY}/{SITE}/{name}", locale="en-GB") as seen:
        parts = seen.page.locator("#daykeep-parts")
        expect(parts).not_to_contain_text("Counted are")
        parts.locator("summary").click()
        yield seen.page.frame_locator("#daykeep-page").locator("p"), parts


def absolute(parts: Iterable[str]) -> set[str]:
    return {re.sub(r"^((?:POST )?)/", rf"\1{SITE}/", one) for one in parts}


def missing(parts: Locator) -> set[str]:
    """Return what is listed as missing: addresses, with their method where it is not GET."""
    lines = parts.locator("[data-key='of missing'] li").evaluate_all(
        "all => all.map((one) => one.dataset.key)"
    )
    return {line.removeprefix("missing ").removeprefix("GET ") for line in lines}


@pytest.mark.parametrize("name", KINDS)
def test_what_a_worker_asks_for(browser: Browser, base: str, name: str) -> None:
    """What the day lacks of it is listed, what a worker says to its page comes alone, and what is there is counted."""
    _, heard, lacks = KINDS[name]
    with shown(browser, base, name) as (said, parts):
        expect(said).to_have_text(heard)
        expect(parts.locator("[data-key='of missing'] li")).to_have_count(len(lacks))
        assert missing(parts) == absolute(lacks)
        expect(said).to_have_text(heard)
        at_least = "At least " if name == "static" else ""
        many = "s of this page are" if len(lacks) > 1 else " of this page is"
        expect(parts.locator("summary")).to_contain_text(f"{at_least}{len(lacks)} part{many} missing.")
        if name != "static":
            expect(parts).not_to_contain_text("At least")


@pytest.mark.parametrize("name", SHARED)
def test_what_a_shared_worker_asks_for(visitors: Browser, by_name: str, name: str) -> None:
    """Every page that made it is told, also what it asked for before the page came; no page of another worker is."""
    _, heard, lacks = SHARED[name]
    with shown(visitors, by_name, name) as (said, parts):
        expect(said).to_have_text(heard)
        expect(parts.locator("[data-key='of missing'] li")).to_have_count(len(lacks))
        assert missing(parts) == absolute(lacks)


def test_a_shared_worker_of_several_pages(visitors: Browser, by_name: str) -> None:
    """Two pages at once: each lists what its own workers asked for."""
    with visit(visitors, f"{by_name}/web/{DAY}/{SITE}/shared", locale="en-GB") as seen:
        one, two = seen.page, seen.page.context.new_page()
        expect(one.locator("#daykeep-parts [data-key='of missing'] li")).to_have_count(1)
        two.goto(f"{by_name}/web/{DAY}/{SITE}/two")
        expect(two.locator("#daykeep-parts [data-key='of missing'] li")).to_have_count(2)
        assert missing(two.locator("#daykeep-parts")) == absolute(["/lost.json", "/lost-too.json"])
        assert missing(one.locator("#daykeep-parts")) == absolute(["/lost.json"])


def test_a_worker_of_which_nothing_is_heard(visitors: Browser, by_name: str) -> None:
    """Where nobody can tell what a worker asks for, every number says that there may be more."""
    with shown(visitors, by_name, "mute") as (said, parts):
        expect(said).to_have_text("1")
        expect(parts).to_contain_text("The page has more parts than are counted here.", timeout=30_000)


def test_a_worker_that_never_began(browser: Browser, by_name: str) -> None:
    """One that is ended at once asked for nothing but itself."""
    with shown(browser, by_name, "never") as (said, parts):
        expect(said).to_have_text("never")
        expect(parts.locator("summary")).to_contain_text("1 other part, of this day.")


def test_a_worker_that_tells_lies(browser: Browser, base: str) -> None:
    """No more than so many are told, only addresses, of a kind there is; the page hears what was meant for it."""
    with shown(browser, base, "forges") as (said, parts):
        expect(said).to_have_text("1")
        expect(parts.locator("summary")).to_contain_text("At least 500 parts of this page are missing.")
        expect(parts.locator("[data-key='of missing'] li").first).to_contain_text("(part)")
