# SPDX-License-Identifier: EUPL-1.2
"""What an archived page cannot do to the viewer, to another day or to the visitor: threats, one by one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.archive import Reply, build
from tests.support.chromium import visit
from tests.support.ports import free_port
from tests.support.viewing import Visitor, serving

ROOT = Path(__file__).parents[1]
SITE = "https://www.example.org"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
COOKIES = (("Set-Cookie", "stored=1; Path=/"), ("Set-Cookie", "wide=1; Domain=localhost; Path=/"))

WRITES = """<!doctype html><title>W</title><p id=done></p><script>(async () => {
const did = [], tried = async (name, f) => { try { await f(); did.push(name) } catch (e) { did.push(name + ": " + e.name) } };
await tried("cookie", () => { document.cookie = "script=1"; document.cookie = "parent=1; domain=localhost" });
await tried("localStorage", () => { localStorage.setItem("day", "monday") });
await tried("sessionStorage", () => { sessionStorage.setItem("day", "monday") });
await tried("indexedDB", () => new Promise((ok, no) => { const r = indexedDB.open("day"); r.onsuccess = ok; r.onerror = no }));
await tried("caches", async () => { await (await caches.open("day")).put("/x", new Response("monday")) });
await tried("name", () => { window.name = "monday" });
await tried("worker", () => navigator.serviceWorker.register("/sw.js"));
window.channel = new BroadcastChannel("day"); channel.onmessage = () => channel.postMessage("monday");
done.textContent = did.join(", ") || "nothing";
})()</script>"""
READS = """<!doctype html><title>R</title><p id=done></p><script>(async () => {
const seen = [], look = async (name, f) => { try { const v = await f(); if (v) seen.push(name + "=" + v) } catch {} };
await look("cookie", () => document.cookie);
await look("localStorage", () => localStorage.getItem("day"));
await look("sessionStorage", () => sessionStorage.getItem("day"));
await look("indexedDB", async () => (await indexedDB.databases()).map((d) => d.name).join());
await look("caches", async () => (await caches.keys()).join());
await look("name", () => window.name);
await look("worker", async () => (await navigator.serviceWorker.getRegistrations()).length || "");
await look("channel", () => new Promise((ok) => {
  const c = new BroadcastChannel("day"); c.onmessage = (e) => ok(e.data); c.postMessage("?"); setTimeout(() => ok(""), 300) }));
done.textContent = seen.join(", ") || "nothing";
})()</script>"""
REACHES = """<!doctype html><title>V</title><p id=done></p><script>(async () => {
const got = [], ways = {
  dom: () => top.document.body, frame: () => parent.frames[0].document && top.frames.length && top.frames[0] !== window,
  storage: () => top.localStorage, cookie: () => top.document.cookie, location: () => top.location.href,
  element: () => Object.getPrototypeOf(window) && window.frameElement, opener: () => window.opener, opened: () => open("/x"),
  viewer: async () => (await fetch("%(base)s/healthz")).status, "no-cors": () => fetch("%(base)s/", { mode: "no-cors" }),
  "other day": async () => (await fetch("http://%(tuesday)s/")).status,
  "other day, no-cors": () => fetch("http://%(tuesday)s/", { mode: "no-cors" }),
  "other day's image": () => new Promise((ok, no) => { const i = new Image(); i.onload = ok; i.onerror = no; i.src = "http://%(tuesday)s/i.svg" }),
  script: () => new Promise((ok, no) => { const s = document.createElement("script"); s.onload = () => ok(1); s.onerror = no; s.src = "%(base)s/static/viewer.js"; document.head.append(s) }),
  worker: () => navigator.serviceWorker.register("/sw.js"),
};
for (const [name, way] of Object.entries(ways)) try { if (await way()) got.push(name) } catch {}
for (const url of ["%(base)s/", "http://%(tuesday)s/"]) { const f = document.createElement("iframe"); f.src = url; document.body.append(f) }
setTimeout(() => { done.textContent = got.join(", ") || "nothing" }, 500);
})()</script>"""
BOTHERS = """<!doctype html><title>B</title><p id=done></p><a id=save download=x href="/x.bin">save</a><a id=top target=_top href="/x">top</a>
<a id=blank target=_blank href="/x">blank</a><a id=mail href="mailto:a@example.org">mail</a><a id=tel href="tel:+31">tel</a><button id=go>go</button><script>
onbeforeunload = (e) => { e.preventDefault(); return "stay" };
const bother = async () => {
  const got = [], ways = {
    alert: () => alert("x"), confirm: () => confirm("x"), prompt: () => prompt("x"), print: () => print(), open: () => open("/x"),
    "named window": () => open("/x", "other"), close: () => top.close(), focus: () => parent.focus(),
    fullscreen: () => document.documentElement.requestFullscreen(), pointer: () => document.body.requestPointerLock(),
    notification: async () => (await Notification.requestPermission()) === "granted", clipboard: () => navigator.clipboard.readText(),
    place: () => new Promise((ok, no) => navigator.geolocation.getCurrentPosition(ok, no)),
    camera: () => navigator.mediaDevices.getUserMedia({ video: true }), screen: () => navigator.mediaDevices.getDisplayMedia(),
    usb: () => navigator.usb.requestDevice({ filters: [] }), midi: () => navigator.requestMIDIAccess(),
    payment: () => new PaymentRequest([{ supportedMethods: "basic-card" }], { total: { label: "x", amount: { currency: "EUR", value: "1" } } }).show(),
    credential: () => navigator.credentials.get({ publicKey: { challenge: new Uint8Array(8) } }),
    protocol: () => navigator.registerProtocolHandler("web+x", location.origin + "/?%%s"), top: () => { top.location = "/x"; return 1 },
    save: () => document.getElementById("save").click(), mail: () => { location = "mailto:a@example.org" },
  };
  for (const [name, way] of Object.entries(ways)) try {
    const answer = await Promise.race([way(), new Promise((ok) => setTimeout(ok, 300))]);
    if (answer) got.push(name);
  } catch {}
  done.textContent = got.join(", ") || "nothing";
};
document.getElementById("go").addEventListener("click", bother);
</script>"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


def days(base: str, port: int) -> dict:
    told = {"base": base, "tuesday": f"{TUESDAY}-www-example-org.localhost:{port}"}
    monday = {
        f"{SITE}/": Reply("<!doctype html><title>M</title>monday", headers=COOKIES),
        f"{SITE}/writes": Reply(WRITES, headers=COOKIES),
        f"{SITE}/reads": Reply(READS),
        f"{SITE}/reaches": Reply(REACHES % told),
        f"{SITE}/bothers": Reply(BOTHERS.replace("%%", "%")),
        f"{SITE}/sw.js": Reply("1", "text/javascript"),
        f"{SITE}/x": Reply("<title>X</title>x"),
        f"{SITE}/x.bin": Reply(b"\0", "application/octet-stream"),
        f"{SITE}/i.svg": Reply(SVG, "image/svg+xml"),
        f"{SITE}/moved": Reply(status=302, headers=(("Location", "/x"), *COOKIES)),
        f"{SITE}/a.css": Reply("p{}", "text/css"),
    }
    return {MONDAY: monday, TUESDAY: {**monday, f"{SITE}/": Reply("<!doctype html><title>T</title>tuesday")}}


@pytest.fixture(scope="module")
def visitor(tmp_path_factory):
    with build(
        tmp_path_factory.mktemp("isolation") / "data", {"demo": days("http://localhost:8080", 8080)}
    ) as built:
        yield Visitor(built)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    port = free_port()
    made = days(f"http://localhost:{port}", port)
    with (
        build(tmp_path_factory.mktemp("shown") / "data", {"demo": made}, port=port) as built,
        serving(built, port) as base,
    ):
        yield base


# Every sort of answer that a replay origin gives: path, status, method.
ANSWERS = [
    ("/", 200, "GET"), ("/x.bin", 200, "GET"), ("/a.css", 200, "GET"), ("/i.svg", 200, "GET"), ("/moved", 302, "GET"),
    ("/never", 404, "GET"), ("/x", 405, "POST"), ("/x", 405, "OPTIONS"), ("/x", 405, "TRACE"), ("/.daykeep/replay.js?x", 200, "GET"), ("/", 200, "HEAD"),
]  # fmt: skip
WANTED = {
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-DNS-Prefetch-Control": "off",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
}
CONNECTIONS = re.compile(
    r'\(response-origin( "http://[a-z0-9-]+\.localhost:\d+")* "mailto:\*" "tel:\*"\);redirects=allow'
)


@pytest.mark.parametrize(("path", "status", "method"), ANSWERS)
@pytest.mark.parametrize("destination", ["iframe", "empty"])
def test_headers_of_every_answer(visitor, path, status, method, destination):
    """Every answer has each header of isolation once, denies the features of a device, and sets no cookie."""
    response = visitor.replay(MONDAY, SITE + path, method=method, Sec_Fetch_Dest=destination)
    assert response.status_code == status
    for name, value in WANTED.items():
        assert response.headers.getlist(name) == [value]
    assert "camera=()" in response.headers["Permissions-Policy"]
    assert CONNECTIONS.fullmatch(response.headers["Connection-Allowlist"])
    policy = response.headers["Content-Security-Policy"]
    assert re.findall(r"sandbox [^;]*", policy) == [
        "sandbox allow-scripts allow-modals allow-same-origin allow-forms allow-downloads"
    ]
    assert "Set-Cookie" not in response.headers


SAID = "x-reflected-x"
REQUEST = {
    "Cookie": f"a={SAID}; lang=en",
    "User_Agent": SAID,
    "Referer": f"http://{SAID}/",
    "Origin": f"http://{SAID}",
    "X_Forwarded_Host": SAID,
    "X_Forwarded_Proto": SAID,
    "X_Forwarded_For": SAID,
    "X_Forwarded_Prefix": f"/{SAID}",
    "Forwarded": f"host={SAID}",
    "X_Original_Url": f"/{SAID}",
    "X_Rewrite_Url": f"/{SAID}",
    "Authorization": f"Basic {SAID}",
    "Access_Control_Request_Headers": SAID,
    "Access_Control_Request_Method": SAID,
    "Accept_Language": f"nl, {SAID}",
    "Range": SAID,
    "If_None_Match": f'"{SAID}"',
    "X_Whatever": SAID,
}


@pytest.mark.parametrize(("path", "status", "method"), ANSWERS)
def test_nothing_of_the_visitor_comes_back(visitor, path, status, method):
    """No answer depends on who asks, or says anything of it: no header of the request is in it."""
    bare = visitor.replay(MONDAY, SITE + path, method=method, Sec_Fetch_Dest="iframe")
    full = visitor.replay(MONDAY, SITE + path, method=method, Sec_Fetch_Dest="iframe", **REQUEST)
    assert full.status_code == bare.status_code == status
    assert SAID not in str(full.headers) + full.get_data(as_text=True)
    assert full.data == bare.data
    assert dict(full.headers) == dict(bare.headers)


@pytest.mark.parametrize(
    "path", ["/", f"/web/{MONDAY}/{SITE}/", f"/web/{MONDAY}/{SITE}/never", "/nope/", "/demo"]
)
def test_viewer_reflects_no_name(visitor, path):
    """The viewer names itself by its configuration, whatever a request calls it."""
    given = {
        name: value for name, value in REQUEST.items() if name not in {"Cookie", "Range", "If_None_Match"}
    }
    response = visitor.get(path, **given)
    assert SAID not in str(response.headers) + response.get_data(as_text=True)


def test_language_of_the_visitor_is_no_cookie_of_replay(visitor):
    """The one cookie of the viewer counts for nothing on a replay origin."""
    said = {"Sec_Fetch_Dest": "iframe", "Accept_Language": "nl"}
    with_cookie = visitor.replay(MONDAY, f"{SITE}/never", Cookie="lang=en", **said)
    assert with_cookie.data == visitor.replay(MONDAY, f"{SITE}/never", **said).data


@pytest.mark.browser
def test_no_cookie_is_kept(browser, address):
    """Neither the archived server nor an archived script leaves a cookie in the browser, for any name."""
    with visit(browser, f"{address}/web/{MONDAY}/{SITE}/writes") as seen:
        seen.page.frame_locator("#daykeep-page").locator("#done:not(:empty)").wait_for()
        assert seen.page.context.cookies() == []


@pytest.mark.browser
def test_days_have_nothing_in_common(browser, address):
    """What a page keeps in the browser on one day, another day's page of the same site does not find, nor a view."""
    with visit(browser, f"{address}/web/{MONDAY}/{SITE}/writes") as seen:
        done = seen.page.frame_locator("#daykeep-page").locator("#done:not(:empty)")
        assert "worker: SecurityError" in done.inner_text()
        there = seen.page.context.new_page()  # the day that wrote stays open: channels need both at once
        there.goto(f"{address}/web/{MONDAY}/{SITE}/writes")
        there.frame_locator("#daykeep-page").locator("#done:not(:empty)").wait_for()
        for moment in (TUESDAY, f"{MONDAY}fg_"):
            seen.page.goto(f"{address}/web/{moment}/{SITE}/reads")
            assert done.inner_text() == "nothing"


@pytest.mark.browser
def test_page_reaches_nobody(browser, address):
    """A page reaches neither the viewer's document, storage, cookies and scripts, nor another day's."""
    with visit(browser, f"{address}/web/{MONDAY}/{SITE}/reaches") as seen:
        done = seen.page.frame_locator("#daykeep-page").locator("#done:not(:empty)")
        assert done.inner_text() == "nothing"
        assert seen.page.url == f"{address}/web/{MONDAY}/{SITE}/reaches"
        assert not any(f"//{TUESDAY}" in frame.url for frame in seen.page.frames)
        inner = [frame.url for frame in seen.page.frames if frame.url == f"{address}/"]
        assert inner == []


@pytest.mark.browser
def test_page_bothers_nobody(browser, address):
    """A page opens no dialog, window or download, asks for no device, and does not move the page around it."""
    with visit(browser, f"{address}/web/{MONDAY}/{SITE}/bothers") as seen:
        bothered: list[str] = []
        seen.page.on("dialog", lambda dialog: (bothered.append(dialog.type), dialog.dismiss()))
        seen.page.on("download", lambda download: bothered.append(download.url))
        seen.page.context.on("page", lambda page: bothered.append(page.url))
        frame = seen.page.frame_locator("#daykeep-page")
        frame.locator("#go").click()  # with a visitor's own click, which browsers grant more
        frame.locator("#done:not(:empty)").wait_for()
        assert frame.locator("#done").inner_text() == "nothing"
        for link in ("mail", "tel"):
            frame.locator(f"#{link}").click()
            seen.page.wait_for_timeout(200)
        assert frame.locator("#done").inner_text() == "nothing", "the page is still there"
        for link in ("top", "blank"):
            frame.locator(f"#{link}").click()
            frame.get_by_text("x", exact=True).wait_for()
            seen.page.go_back()
        assert bothered == []
        assert seen.page.url.startswith(f"{address}/web/{MONDAY}/{SITE}/")


def test_table_of_threats_names_tests_that_are():
    """Every threat that docs/replay.md lists names a defence and tests, and each of these is there."""
    table = (
        (ROOT / "docs" / "replay.md")
        .read_text(encoding="utf-8")
        .partition("## Threats")[2]
        .partition("\n## ")[0]
    )
    rows = re.findall(r"(?m)^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", table)[2:]
    assert len(rows) >= 15
    for threat, defence, tests in rows:
        named = re.findall(r"`(test_\w+)::(test_\w+)`", tests)
        assert threat.strip()
        assert defence.strip()
        assert named, threat
        for module, name in named:
            text = (ROOT / "tests" / f"{module}.py").read_text(encoding="utf-8")
            assert f"def {name}(" in text, f"{module}::{name}"
