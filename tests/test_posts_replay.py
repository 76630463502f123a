# SPDX-License-Identifier: EUPL-1.2
"""What an archived page sends is answered with what was archived for the same method and body, or refused."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from playwright.sync_api import expect
from werkzeug.test import Client

from archiver.settings import Viewer as ViewerAddress
from index.request_key import MAX_BODY
from index.urlkey import origin
from tests.support.archive import Archive as Viewed
from tests.support.chromium import visit
from tests.support.importing import EXAMPLE, empty_archive, exchange, take, write
from tests.support.ports import free_port
from tests.support.posts import FORM, JSON, SENT, Sent, archived
from tests.support.viewing import app_of, serving
from viewer.addresses.label import make

DAY, NEXT = "20260210110000", "20260211110000"
NOON, LATER = "2026-02-10T11:00:00Z", "2026-02-11T11:00:00Z"
MULTIPART = "multipart/form-data; boundary=%s"
PART = b'--%s\r\nContent-Disposition: form-data; name="f"; filename="%s"\r\n\r\nbytes\r\n--%s--\r\n'
TWICE = [
    Sent("POST", "/twice", b"a=b%26c%3Dd", FORM, b"escaped"),
    Sent("POST", "/twice", b"a=b&c=d", FORM, b"apart"),
    Sent("POST", "/broken", b"{one", JSON, b"one"),
    Sent("POST", "/broken", b"{two", JSON, b"two"),
    Sent("POST", "/long", b"x=" + b"y" * 5000 + b"1", FORM, b"ends in 1"),
    Sent("POST", "/long", b"x=" + b"y" * 5000 + b"2", FORM, b"ends in 2"),
    Sent("POST", "/find", b'{"query":{"match":{"title":"a"}}}', JSON, b"matches"),
    Sent("POST", "/find", b'{"query":{"term":{"title":"a"}}}', JSON, b"terms"),
    Sent("POST", "/asked?b=2&1=1", b"z=1", FORM, b"with a query"),
    Sent("POST", "/do", b'["balance",{"id":1}]', JSON, b"balance"),
    Sent("POST", "/form", PART % (b"1", b"a.bin", b"1"), MULTIPART % "1", b"earlier form"),
    Sent("POST", "/form", PART % (b"2", b"b.bin", b"2"), MULTIPART % "2", b"other file"),
    Sent("POST", "/page", b"q=1", FORM, b"<title>found</title><a href='http://www.example.org/'>x</a>"),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """Return the viewer over two days with every method, of which the second answers otherwise."""
    root = tmp_path_factory.mktemp("replay")
    first = [*archived(NOON), *(r for n, one in enumerate(TWICE, 50) for r in one.records(n, NOON))]
    second = [r for n, one in enumerate(SENT, 1) for r in _other(one).records(n, LATER)]
    with empty_archive(root / "data") as archive:
        take(archive, write(root / "a.warc", first), write(root / "b.warc.gz", second), texts=False)
        shelves = archive.shelves
        yield app_of(Viewed(archive.settings, archive.collection, shelves.history, shelves.catalogue))


def _other(sent):
    return Sent(sent.method, sent.path, sent.body, sent.mime, sent.answer + b" on Wednesday", sent.status)


def ask(app, sent, day=DAY, **fields):
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    if sent.mime:
        headers["Content-Type"] = sent.mime
    base = f"http://{make(day, origin(f'{EXAMPLE}/'))}.localhost:8080"
    client = Client(app, use_cookies=False)
    return client.open(
        sent.path, base_url=base, method=sent.method, data=sent.body, headers=headers, buffered=True
    )


@pytest.mark.parametrize("sent", SENT, ids=lambda one: f"{one.method}{one.path}")
def test_the_answer_to_the_same_method_and_body(app, sent):
    """Each request is answered as it was on that day, and on no other."""
    for day, one in ((DAY, sent), (NEXT, _other(sent))):
        answer = ask(app, one, day)
        body = b"" if sent.method in {"HEAD", "OPTIONS"} else one.answer
        expected = 200 if sent.method == "HEAD" else sent.status
        assert answer.status_code == expected
        assert body in answer.data
        assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize("sent", TWICE, ids=lambda one: one.answer.decode()[:10])
def test_bodies_that_share_a_key(app, sent):
    """Where the key does not tell two bodies apart, their bytes do."""
    assert sent.answer[:15] in ask(app, sent).data


@pytest.mark.parametrize(("name", "answer"), [(b"a.bin", b"earlier form"), (b"b.bin", b"other file")])
def test_a_form_with_another_boundary(app, name, answer):
    """A browser makes another boundary each time: the same parts get the same answer, others never."""
    assert answer in ask(app, Sent("POST", "/form", PART % (b"xYz", name, b"xYz"), MULTIPART % "xYz")).data


@pytest.mark.parametrize(
    ("method", "path", "body", "mime", "status"),
    [
        ("POST", "/api?page=1", b"q=never&z=1", FORM, 405),
        ("POST", "/api?page=2", b"q=other&z=1", FORM, 405),
        ("POST", "/api?page=1", b"q=other&z=1", "text/plain", 405),
        ("PUT", "/api?page=1", b"q=other&z=1", FORM, 405),
        ("POST", "/find", b'{"query":{"range":{"title":"a"}}}', JSON, 405),
        ("POST", "/do", b'["delete",{"id":1}]', JSON, 405),
        ("POST", "/api", b'{"a": [1, 2.0, "true", null], "b": {"a": "x y"}}', JSON, 405),
        ("POST", "/api", b'{"a":[1,2.0,true,null],"b":{"a":"x y"}}', JSON, 405),
        ("POST", "/api?page=1", b"q=two%20words&z=1", FORM, 405),
        ("POST", "/form", PART % (b"3", b"c.bin", b"3"), MULTIPART % "3", 405),
        ("POST", "/form", PART % (b"3", b"a.bin", b"3"), MULTIPART % "4", 405),
        ("POST", "/nothing", b"something", "", 405),
        ("POST", "/broken", b"{three", JSON, 405),
        ("POST", "/broken", b"", JSON, 405),
        ("POST", "/long", b"x=" + b"y" * 5000 + b"3", FORM, 405),
        ("POST", "/", b"", "", 405),
        ("PATCH", "/doc", b"name=new", FORM, 405),
        ("POST", "/binary", b"x" * (MAX_BODY + 1), "x/y", 413),
    ],
)
def test_what_was_never_asked_is_refused(app, method, path, body, mime, status):
    """Another body, method or address has no answer, nor has one that is too long, and what was a page is none."""
    answer = ask(app, Sent(method, path, body, mime))
    assert answer.status_code == status
    assert b"cannot send anything" in answer.data
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_answer_to_post_is_kept_or_a_page(app):
    """An answer to POST is never stored, and the address asked by GET is what GET gave."""
    answer = ask(app, SENT[2])
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    assert ask(app, SENT[1]).data.count(b"by GET") == 1
    assert ask(app, Sent("GET", "/upload")).status_code == 404


def test_head_without_one_of_its_own(app):
    """HEAD has the fields of GET where no HEAD was archived."""
    head, got = ask(app, Sent("HEAD", "/api?page=1")), ask(app, SENT[1])
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == got.headers["ETag"]


def test_a_form_in_the_frame(app):
    """What a form gave is shown in the frame with its addresses mapped; outside of it nothing is."""
    shown = ask(app, TWICE[-1], Sec_Fetch_Dest="iframe")
    assert shown.status_code == 200
    assert f"http://{make(DAY, origin(EXAMPLE + '/'))}.localhost:8080/" in shown.text
    assert "/.daykeep/replay.js" in shown.text
    assert ask(app, TWICE[-1], Sec_Fetch_Dest="document").status_code == 405


@pytest.mark.parametrize(
    ("kind", "path", "method", "there"),
    [
        ("image", "/upload", [], False),
        ("style", "/graphql", [], False),
        ("frame", "/text", [], False),
        ("other", "/upload", [], False),
        ("other", "/upload", ["GET"], False),
        ("other", "/upload", ["PUT"], False),
        ("other", "/upload", ["BREW"], False),
        ("other", "/upload", ["post"], False),
        ("other", "/upload", ["POST"], True),
        ("other", "/twice", ["POST"], True),
        ("other", "/doc", ["PUT"], True),
        ("other", "/doc", ["DELETE"], True),
        ("other", "/doc", ["PATCH"], False),
        ("other", "/asked?b=2&1=1", ["POST"], True),
        ("image", "/asked?b=2&1=1", [], False),
        ("other", "/asked?b=2", ["POST"], False),
        ("other", "/nowhere", ["POST"], False),
        ("image", "/api?page=1", [], True),
        ("other", "/api?page=1", ["HEAD"], True),
        ("other", "/api?page=1", ["BREW"], True),
    ],
)
def test_what_was_sent_is_there_for_who_sends(app, kind, path, method, there):
    """In the banner the method counts, which is GET where none is told that there is; with a query it is found too."""
    question = {"moment": DAY, "page": f"{EXAMPLE}/", "parts": [[kind, f"{EXAMPLE}{path}", *method]]}
    told = Client(app, use_cookies=False).post(
        "/web/parts", base_url="http://localhost:8080", json=question, headers={"Accept-Language": "en"}
    )
    assert told.status_code == 200
    assert ("part of this page is missing" in told.text) is not there


SCRIPT = b"""<!doctype html><html><title>sends</title><body><p id=said></p><form method=post action=/page><input name=q
value=1><button>send</button></form><script>
(async () => {
  const ask = async (to, method, body, type) => {
    const answer = await fetch(to, {method, body, headers: type ? {"Content-Type": type} : {}});
    return answer.status === 200 ? await answer.text() : answer.status;
  };
  const form = new FormData();
  form.append("q", "two words \\u00e9");
  form.append("file", new Blob([new Uint8Array([0, 255, 13, 10])]), "a.bin");
  const said = [
    await ask("/api?page=1", "POST", new URLSearchParams({q: "two words", z: "1"})),
    await ask("http://www.example.org/graphql", "POST",
              JSON.stringify({query: "{ page }", variables: {id: 7}}), "application/json"),
    await ask("/upload", "POST", form),
    await ask("/text", "POST", "plain words"),
    await ask("/doc", "PUT", new URLSearchParams({name: "new"})),
    await ask("/doc", "DELETE"),
    await ask("/api?page=1", "POST", new URLSearchParams({q: "never"})),
    await ask("/api?page=1", "GET"),
  ];
  document.getElementById("said").textContent = said.join("|");
})();
</script></body></html>"""


@pytest.mark.browser
def test_in_a_browser(browser, tmp_path):
    """Scripts and a form of an archived page get, in Chromium, what they got when they were archived."""
    port = free_port()
    given = [*exchange("/sends", SCRIPT, NOON, 900), *archived(NOON), *TWICE[-1].records(60, NOON)]
    with empty_archive(tmp_path / "data") as archive:
        take(archive, write(tmp_path / "a.warc", given), texts=False)
        shelves = archive.shelves
        viewer = ViewerAddress(
            base_url=f"http://localhost:{port}", replay_url=f"http://{{label}}.localhost:{port}"
        )
        settings = replace(archive.settings, viewer=viewer)
        viewed = Viewed(settings, archive.collection, shelves.history, shelves.catalogue)
        with (
            serving(viewed, port) as base,
            visit(browser, f"{base}/web/{DAY}/{EXAMPLE}/sends") as seen,
        ):
            frame = seen.page.frame_locator("#daykeep-page")
            expect(frame.locator("#said")).to_have_text("form|graph|uploaded|words|put|gone|405|by GET")
            parts = seen.page.locator("#daykeep-parts > summary")
            expect(parts).to_contain_text("7 other parts, all of this day.")
            frame.locator("button").click()
            expect(frame.locator("a")).to_have_text("x")


ASKS = b"""<!doctype html><html><title>asks</title><body><p id=said></p><script>
(async () => {
  const sent = new Promise((done) => {
    const asking = new XMLHttpRequest();
    asking.onload = () => done(asking.status);
    asking.open("PUT", "/text");
    asking.send("plain words");
  });
  const said = [(await fetch("/upload")).status, (await fetch(new Request("/doc", {method: "DELETE"}))).status, await sent];
  document.getElementById("said").textContent = said.join("|");
})();
</script></body></html>"""


@pytest.mark.browser
def test_a_method_that_had_no_answer_is_missing(browser, tmp_path):
    """What a script gets by GET, or sends by PUT, is missing in the banner where only a POST had an answer."""
    port = free_port()
    with empty_archive(tmp_path / "data") as archive:
        take(
            archive,
            write(tmp_path / "a.warc", [*exchange("/asks", ASKS, NOON, 900), *archived(NOON)]),
            texts=False,
        )
        shelves = archive.shelves
        viewer = ViewerAddress(
            base_url=f"http://localhost:{port}", replay_url=f"http://{{label}}.localhost:{port}"
        )
        settings = replace(archive.settings, viewer=viewer)
        viewed = Viewed(settings, archive.collection, shelves.history, shelves.catalogue)
        with (
            serving(viewed, port) as base,
            visit(browser, f"{base}/web/{DAY}/{EXAMPLE}/asks", locale="en-GB") as seen,
        ):
            frame = seen.page.frame_locator("#daykeep-page")
            expect(frame.locator("#said")).to_have_text("404|200|405")
            parts = seen.page.locator("#daykeep-parts")
            expect(parts.locator("summary")).to_contain_text("2 parts of this page are missing.")
            parts.locator("summary").click()
            missing = parts.locator("[data-key='of missing'] li")
            expect(missing.filter(has_text=f"PUT {EXAMPLE}/text")).to_contain_text("way of asking")
            expect(missing.filter(has_text=f"{EXAMPLE}/upload")).to_have_count(1)
