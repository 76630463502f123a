# SPDX-License-Identifier: EUPL-1.2
"""Same day or a visible gap: what the banner says of the parts of a page, and gaps filled where a visitor asks."""

from __future__ import annotations

import json
import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from playwright.sync_api import expect

import index.cdxj
from archiver.ledger import UrlOutcome
from index.fuzzy import MAX_CANDIDATES
from index.model import Outcome
from index.urlkey import normalise
from tests.support.archive import Lost, Reply, add_day, build
from tests.support.chromium import visit
from tests.support.ports import free_port
from tests.support.viewing import Visitor, serving
from viewer.addresses.path_address import replay_addresses
from viewer.memory import MAX_REMEMBERED
from viewer.open_snapshot import MAX_QUERIES
from viewer.rewriting.embeds import MAX_EMBEDS, Embed, Kind, embeds
from viewer.shelf import Shelf
from viewer.takedowns import Takedowns

SITE = "https://www.example.org"
CDN = "https://cdn.example.net"
HASHED = "https://a_b.example"
SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (f"2026030{day}023000" for day in range(1, 7))
FAR = "20260601023000"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100"
    "c9fe92ef0000000049454e44ae426082"
)
EVIL = "<img src=x onerror=alert(1)>"


def css(colour: str) -> Reply:
    return Reply(f"p{{color:{colour}}}", "text/css")


def png() -> Reply:
    return Reply(PNG, "image/png")


PAGE = f"""<!doctype html><html><head><title>T</title><link rel=stylesheet href="/a.css">
<script src="/late.js"></script></head><body><p>text</p>
<img id=there src="/there.png"><img id=lost src="/lost.png" width=80 height=40><img id=unknown src="/unknown.png" alt="">
<img id=broken src="/broken.png" width=50 height=50><img id=pixel src="/pixel.gif" width=1 height=1>
<img id=cdn src="{CDN}/logo.png" width=60 height=30><img id=replaced src="/first.png" onerror="this.onerror=null;this.src='/there.png'">
<iframe id=inner src="/inner"></iframe></body></html>"""
DAYS = {
    SUNDAY: {f"{SITE}/": Reply("<title>T</title>sunday"), f"{SITE}/lost.png": png(), f"{CDN}/logo.png": png()},
    MONDAY: {
        f"{SITE}/": Reply("<title>T</title>monday"),
        f"{SITE}/there.png": png(),
        f"{SITE}/lost.png": png(),
        f"{SITE}/only-monday": Reply("<title>M</title><p>only monday</p>"),
    },
    TUESDAY: {f"{SITE}/": Lost(UrlOutcome.NETWORK_ERROR), f"{SITE}/lost.png": Lost(UrlOutcome.TIMEOUT)},
    WEDNESDAY: {
        f"{SITE}/": Reply(PAGE),
        f"{SITE}/a.css": css("green"),
        f"{SITE}/there.png": png(),
        f"{SITE}/broken.png": Reply("none", "text/plain", status=404),
        f"{SITE}/inner": Reply('<title>I</title><img src="/deep.png"><p>inner</p>'),
        f"{SITE}/lost.png": Lost(UrlOutcome.TIMEOUT, f"after 30 s {EVIL}"),
        f"{SITE}/deep.png": Lost(UrlOutcome.ROBOTS, "Disallow: /deep"),
        f"{HASHED}/x.png": png(),
        f"{SITE}/led": Reply(status=302, headers=(("Location", "/there.png"),)),
        f"{SITE}/astray": Reply(status=302, headers=(("Location", "/led-away"),)),
        f"{SITE}/led-away": Reply(status=302, headers=(("Location", f"{CDN}/logo.png"),)),
        f"{SITE}/round": Reply(status=302, headers=(("Location", "/round"),)),
    },
    THURSDAY: {
        f"{SITE}/": Reply("<title>T</title>thursday"),
        f"{SITE}/lost.png": Reply("gone", "text/plain", status=404),
        f"{SITE}/late.js": Reply("document.title = 'late'", "text/javascript"),
    },
    FRIDAY: {f"{SITE}/": Reply("<title>T</title>friday"), f"{SITE}/late.js": Reply("document.title = 'friday'", "text/javascript")},
    FAR: {f"{SITE}/": Reply("<title>T</title>june"), f"{SITE}/first.png": png()},
}  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with build(tmp_path_factory.mktemp("gaps") / "data", {"demo": DAYS}) as built:
        yield built


@pytest.fixture(scope="module")
def visitor(archive):
    return Visitor(archive)


def text_of(markup: str) -> str:
    return re.sub(
        r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"</?(?:bdi|code)\b[^>]*>", "", markup))
    ).strip()


def piece(markup: str) -> str:
    """Return the piece of the banner that tells of the parts."""
    (found,) = re.findall(r'<details class="banner-parts.*?</details>', markup, re.DOTALL)
    return found


def banner(visitor, path: str, language: str = "en") -> str:
    return piece(visitor.get(path, Accept_Language=language).get_data(as_text=True))


def ask(visitor, parts, *, moment=WEDNESDAY, page=f"{SITE}/", **headers):
    question = json.dumps({"moment": moment, "page": page, "parts": parts}).encode()
    given = {"Content_Type": "application/json", "Accept_Language": "en", **headers}
    return visitor.ask("POST", "http://localhost:8080", "/web/parts", body=question, **given)


# ---- what a page names


@pytest.mark.parametrize(
    ("markup", "named"),
    [
        ('<img src="a.png">', [(Kind.IMAGE, f"{SITE}/d/a.png")]),
        ('<IMG SRC=/a.png SRCSET="/b.png 2x, /c.png 3x">', [(Kind.IMAGE, f"{SITE}/a.png", f"{SITE}/b.png", f"{SITE}/c.png")]),
        ("<img srcset='https://cdn.example.net/b.png'>", [(Kind.IMAGE, f"{CDN}/b.png")]),
        ('<img src="data:image/png,x"><img src="#x"><img src><img src="mailto:a@b.nl">', []),
        ("<link rel='Stylesheet' href=a.css><link rel=icon href=i.ico>", [(Kind.STYLE, f"{SITE}/d/a.css"), (Kind.IMAGE, f"{SITE}/d/i.ico")]),
        ("<link rel='alternate stylesheet' href=a.css><link rel=next href=b><link rel=preload href=c>", []),
        ("<script src=a.js></script><script type=module src=b.js></script>", [(Kind.SCRIPT, f"{SITE}/d/a.js"), (Kind.SCRIPT, f"{SITE}/d/b.js")]),
        ("<script type='text/template' src=a.js></script><script>x='<img src=no.png>'</script>", []),
        ("<iframe src=f></iframe><iframe srcdoc=x src=g></iframe>", [(Kind.FRAME, f"{SITE}/d/f")]),
        ("<video src=v.mp4 poster=p.png></video><audio src=a.ogg></audio>", [(Kind.MEDIA, f"{SITE}/d/v.mp4"), (Kind.IMAGE, f"{SITE}/d/p.png"), (Kind.MEDIA, f"{SITE}/d/a.ogg")]),
        ("<object data=o.swf></object><embed src=e.swf>", [(Kind.OTHER, f"{SITE}/d/o.swf"), (Kind.OTHER, f"{SITE}/d/e.swf")]),
        ("<input type=IMAGE src=b.png><input type=text src=c.png>", [(Kind.IMAGE, f"{SITE}/d/b.png")]),
        ("<p style=\"background:url('b.png')\">", [(Kind.BACKGROUND, f"{SITE}/d/b.png")]),
        ("<td background=b.png>", [(Kind.BACKGROUND, f"{SITE}/d/b.png")]),
        ("<style>@import 'i.css'; @import url(\"j.css\"); p{background:url(no.png)}</style>", [(Kind.STYLE, f"{SITE}/d/i.css"), (Kind.STYLE, f"{SITE}/d/j.css")]),
        ("<image src=a.gif srcset='b.gif 2x'>", [(Kind.IMAGE, f"{SITE}/d/a.gif", f"{SITE}/d/b.gif")]),
        ("<svg><image href=b.svg /><use xlink:href='s.svg#a'/><use href='#b'/></svg>", [(Kind.IMAGE, f"{SITE}/d/b.svg"), (Kind.IMAGE, f"{SITE}/d/s.svg")]),
        ("<base href=/base/><base href=/no/><img src=a.png>", [(Kind.IMAGE, f"{SITE}/base/a.png")]),
        ("<img src=a.png><img src='a.png#x'>", [(Kind.IMAGE, f"{SITE}/d/a.png")]),
        ("<img src='/caf&eacute;.png?a=1&amp;b=2'>", [(Kind.IMAGE, f"{SITE}/caf%C3%A9.png?a=1&b=2")]),
        ("<!-- <img src=a.png> --><textarea><img src=b.png></textarea><noscript><img src=c.png></noscript>", [(Kind.IMAGE, f"{SITE}/d/c.png")]),
        ("<a href=x><p class=y>plain</p></a>", []),
    ],
)  # fmt: skip
def test_parts_that_a_page_names(markup, named):
    """A page's own parts are found, resolved as browsers do, each once; text and comments are none."""
    found = embeds(markup.encode(), "utf-8", f"{SITE}/d/page")
    assert found == [Embed(kind, tuple(urls)) for kind, *urls in named]


def test_parts_of_hostile_pages():
    """No page makes more parts than are told, takes long, or fails."""
    assert len(embeds(b"".join(b"<img src=%d>" % n for n in range(5000)), None, f"{SITE}/")) == MAX_EMBEDS
    for markup in (b"<img src=" * 100_000, b"<img srcset='" + b"a 1x," * 200_000, b"<style>" + b"@import '" * 100_000,
                   b'<p style="' + b"url(" * 200_000, b"\xff\xfe<\x00i\x00", b"<img src='\x00\xff'>"):  # fmt: skip
        embeds(markup, None, f"{SITE}/")


MARKUP = st.lists(st.sampled_from(["<img ", "<style>", "</style>", "<link rel=stylesheet ", "src=", "href=", "srcset=", "style=", "'", '"', ">", "<base href=", "url(", "@import ", "//", "\\", "a.png", "1x,", "<svg>", "<script ", "<!--", "&#x2f;", "\0", "é", " "]), max_size=30).map("".join)  # fmt: skip


@given(MARKUP | st.text(max_size=60), st.booleans())
def test_parts_of_any_page(markup, xml):
    """Of any text the parts are addresses as the index has them, each once, and none is of another scheme."""
    found = embeds(markup.encode("utf-8", "surrogatepass"), None, f"{SITE}/d/page", xml=xml)
    urls = [url for embed in found for url in embed.urls]
    assert all(normalise(url) == url for url in urls)
    assert all(embed.urls for embed in found)


# ---- what the banner says


def test_banner_tells_times_gaps_and_reasons(visitor):
    """The banner says when the parts were received, which are missing and why, and where the nearest copy is."""
    markup = banner(visitor, f"/web/{WEDNESDAY}/{SITE}/")
    said = text_of(markup)
    assert said.startswith(
        "6 parts of this page are missing. 1 part was answered with an error of the server on that day. "
        "Received from 03:30:00 to 03:30:04."
    )
    assert (
        f"{SITE}/lost.png (image) – the server took too long to answer (after 30 s {EVIL.replace('<', '&lt;').replace('>', '&gt;')})"
        in said
    )
    assert f"{SITE}/unknown.png (image) – the crawl of this day did not know of it" in said
    assert f'<a href="/web/{MONDAY}/{SITE}/lost.png">nearest day that has it: 2 March 2026</a>' in markup
    assert f'<a href="/web/{THURSDAY}/{SITE}/late.js">nearest day that has it: 5 March 2026</a>' in markup
    assert "An error on that day too" in said
    assert f"{SITE}/broken.png (image) – status 404" in said
    assert "1 part the same as on 2 March 2026" in said
    assert f'<a href="/web/{WEDNESDAY}fg_/{SITE}/">Fill gaps from the nearest day</a>' in markup
    assert "Counted are the parts that the page itself names." in said
    assert EVIL not in markup


def test_banner_in_dutch(visitor):
    """The same in Dutch."""
    said = text_of(banner(visitor, f"/web/{WEDNESDAY}/{SITE}/", "nl"))
    assert said.startswith(
        "Er ontbreken 6 onderdelen van deze pagina. Op 1 onderdeel antwoordde de server die dag met een fout. "
        "Ontvangen van 03:30:00 tot 03:30:04 uur."
    )
    assert "de server deed te lang over een antwoord" in said or "te lang" in said
    assert "dichtstbijzijnde dag die het heeft: 2 maart 2026" in said


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (f"/web/{FRIDAY}/{SITE}/", "Received at 03:30:00."),
        (f"/web/{WEDNESDAY}/{SITE}/inner", "1 part of this page is missing. Received at 03:30:04."),
        (f"/web/{WEDNESDAY}/{SITE}/a.css", "Received at 03:30:01."),
        (f"/web/{MONDAY}/{SITE}/there.png", "Received at 03:30:01."),
    ],
)  # fmt: skip
def test_summary(visitor, path, says):
    """The summary alone says how it stands, also of what has no parts."""
    summary = banner(visitor, path).partition("</summary>")[0]
    assert text_of(summary) == says


def test_parts_that_were_asked_for(visitor):
    """What a page asked for is told as exactly that, each address once, whatever the page says of it."""
    parts = [["image", f"{SITE}/there.png"], ["image", f"{SITE}/there.png#x"], ["nonsense", f"{SITE}/lost.png"],
             ["page", f"{SITE}/a.css"], ["image", "javascript:alert(1)"], ["image", ""], ["image", f"{SITE}/{EVIL}"]]  # fmt: skip
    response = ask(visitor, parts)
    markup = response.get_data(as_text=True)
    said = text_of(piece(markup))
    assert said.startswith("2 parts of this page are missing. Received from 03:30:00 to 03:30:02.")
    assert "Counted are" not in said
    assert "<img" not in markup
    assert "javascript" not in markup
    assert f"{SITE}/lost.png (part)" in said
    assert response.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_redirects_are_followed(visitor):
    """Of a part that leads elsewhere counts what it leads to, and what it leads to may be missing or filled."""
    parts = [["image", f"{SITE}/led"], ["image", f"{SITE}/astray"], ["image", f"{SITE}/round"]]
    said = text_of(piece(ask(visitor, parts).get_data(as_text=True)))
    assert said.startswith("1 part of this page is missing.")
    assert f"{CDN}/logo.png (image) – the crawl of this day did not know of it" in said
    filled = text_of(piece(ask(visitor, parts, moment=f"{WEDNESDAY}fg_").get_data(as_text=True)))
    assert filled.startswith("1 part of this page is of another day.")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"moment": "20260304023001"}, 404),
        ({"moment": f"{WEDNESDAY}id_"}, 404),
        ({"moment": "2026-03-04"}, 404),
        ({"moment": EVIL}, 404),
        ({"page": "javascript:alert(1)"}, 404),
        ({"Sec_Fetch_Site": "cross-site"}, 405),
        ({"Sec_Fetch_Site": "same-site"}, 405),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Origin": "http://localhost:8080"}, 200),
        ({"Origin": "http://localhost:8081"}, 405),
        ({"Origin": "null"}, 405),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "https://evil.example"}, 405),
        ({"Content_Type": "text/plain"}, 405),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 405),
    ],
)
def test_questions_that_are_no_questions(visitor, given, status):
    """Only the viewer's own page may ask, of a snapshot and page that are."""
    assert ask(visitor, [], **given).status_code == status


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"moment":1}', b"[" * 100_000, b'{"parts":[["a"]]}', b"x" * 300_000]
)
def test_questions_that_cannot_be_read(visitor, body):
    """What is no question is refused, and one that is too long before it is read."""
    response = visitor.ask(
        "POST", "http://localhost:8080", "/web/parts", body=body, Content_Type="application/json"
    )
    assert response.status_code in {400, 413}


@pytest.fixture
def read_lines(monkeypatch):
    """Count the lines of indexes that are read."""
    read = []
    parse = index.cdxj.parse_line
    monkeypatch.setattr(index.cdxj, "parse_line", lambda line: read.append(line) or parse(line))
    return read


def test_many_addresses_of_one_path_cost_what_one_does(tmp_path, read_lines):
    """A path is read once for a whole question, and each of its addresses gets the answer that it gets by itself."""
    day = {f"{SITE}/x?_={1000 + 2 * n}": Reply(f"answer {n}", "text/plain") for n in range(990)}
    asked = [f"{SITE}/x?_={1001 + 3 * n}" for n in range(400)] + [f"{SITE}/x?_={n}&a=1" for n in range(50)]
    with build(
        tmp_path / "data", {"demo": {WEDNESDAY: {f"{SITE}/": Reply("<title>T</title>"), **day}}}
    ) as built:
        snapshot = built.collection.at("demo", WEDNESDAY)
        addresses = replay_addresses(built.settings.viewer.replay_url)
        shelf = Shelf(built.collection, addresses, takedowns=Takedowns(built.collection, built.settings.zone))
        alone, (together, memory) = shelf.get(snapshot.timestamp), shelf.get(snapshot.timestamp).remembering()
        assert [together.look_up(url) for url in asked] == [alone.look_up(url) for url in asked]
        assert not memory.full
        read_lines.clear()
        visitor = Visitor(built)
        told = ask(visitor, [["image", url] for url in asked]).get_data(as_text=True)
        assert "50 parts of this page are missing" in told
        assert len(read_lines) < 990 + 200 + 3 * len(asked)


def test_many_paths_are_looked_into_up_to_a_bound(tmp_path, read_lines):
    """Where each address is of another path with many captures, the question is answered in part, and says so."""
    day = {f"{SITE}/{path}?_={n}": Reply("x", "text/plain") for path in range(13) for n in range(900)}
    asked = [f"{SITE}/{n % 13}?a=1&_={10_000 + n}" for n in range(400)]
    with build(
        tmp_path / "data", {"demo": {WEDNESDAY: {f"{SITE}/": Reply("<title>T</title>"), **day}}}
    ) as built:
        read_lines.clear()
        answer = ask(Visitor(built), [["image", url] for url in asked])
        assert answer.status_code == 200
        assert "The page has more parts than are counted here." in answer.get_data(as_text=True)
        assert len(read_lines) < MAX_REMEMBERED + MAX_CANDIDATES + MAX_QUERIES + 3 * len(asked)


def test_no_more_parts_than_so_many(visitor):
    """A page that asks for more parts than are told has the first of them told."""
    many = [["image", f"{SITE}/{number}.png"] for number in range(MAX_EMBEDS + 100)]
    markup = ask(visitor, many).get_data(as_text=True)
    assert f"At least {MAX_EMBEDS} parts of this page are missing" in text_of(markup)
    assert f"and at least {MAX_EMBEDS - 50} more" in markup
    assert markup.count("<li data-key=") == 50


# ---- filling


def test_a_gap_is_a_gap(visitor):
    """Without being asked nothing of another day is shown; the answer says that it is a gap, and holds nothing."""
    response = visitor.replay(WEDNESDAY, f"{SITE}/lost.png", Sec_Fetch_Dest="image")
    assert (response.status_code, response.data) == (404, b"")
    assert response.headers["Server-Timing"] == "daykeep-gap"
    broken = visitor.replay(WEDNESDAY, f"{SITE}/broken.png", Sec_Fetch_Dest="image")
    assert broken.status_code == 404
    assert "Server-Timing" not in broken.headers


FILLED = [
    ("/lost.png", MONDAY, "two days before; the day between failed, and the next day has an error"),
    ("/late.js", THURSDAY, "the nearest of two"),
    ("/there.png", None, "the day has it"),
    ("/only-monday", MONDAY, "a page of another day"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "day", "why"), FILLED)
def test_filled(visitor, path, day, why):
    """In the view that fills gaps the nearest day that has a part answers, and says which; else it is the day's own."""
    response = visitor.replay(f"{WEDNESDAY}f", SITE + path, Sec_Fetch_Dest="empty")
    assert response.status_code == 200, why
    assert response.headers.get("X-Daykeep-Filled-From") == day, why
    assert response.headers.get("X-Daykeep-Approximate") == ("other-day" if day else None)
    if day:
        assert response.headers["Cache-Control"] == "no-cache"
        assert (
            response.headers["ETag"]
            != visitor.replay(day, SITE + path, Sec_Fetch_Dest="empty").headers["ETag"]
        )
        assert visitor.replay(WEDNESDAY, SITE + path, Sec_Fetch_Dest="empty").status_code == 404


@pytest.mark.parametrize("view", ["f", "fn"])
@pytest.mark.parametrize(
    ("path", "destination"), [("/lost.png", "image"), ("/only-monday", "iframe"), ("/late.js", "empty")]
)
def test_filled_answers_are_not_sent_again(visitor, view, path, destination):
    """Who has a filled answer is told that it is still the same one, and of which day; of the day's own it is told nothing."""
    first = visitor.replay(f"{WEDNESDAY}{view}", SITE + path, Sec_Fetch_Dest=destination)
    day = first.headers["X-Daykeep-Filled-From"]
    assert first.headers["ETag"].endswith(f'-{day}"')
    said = {"Sec_Fetch_Dest": destination, "If_None_Match": first.headers["ETag"]}
    again = visitor.replay(f"{WEDNESDAY}{view}", SITE + path, **said)
    assert (again.status_code, again.data) == (304, b"")
    assert (again.headers["ETag"], again.headers["X-Daykeep-Filled-From"]) == (first.headers["ETag"], day)
    own = visitor.replay(f"{day}{view}", SITE + path, Sec_Fetch_Dest=destination).headers["ETag"]
    other = visitor.replay(f"{WEDNESDAY}{view}", SITE + path, Sec_Fetch_Dest=destination, If_None_Match=own)
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/first.png", "the only day that has it is too far away"),
        ("/unknown.png", "no day has it"),
        ("/lost.png?v=1", "only the exact address fills"),
        ("/broken.png", "an error of the day is what the day has"),
    ],
)
def test_not_filled(visitor, path, why):
    """What no day near has stays a gap, and what the day has stays as it is."""
    response = visitor.replay(f"{WEDNESDAY}f", SITE + path, Sec_Fetch_Dest="image")
    assert response.status_code == 404, why
    assert "X-Daykeep-Filled-From" not in response.headers


def test_a_host_that_only_another_day_has(visitor):
    """The policy of the filled view names the hosts of the days that may fill, each in that view; the plain one does not."""
    filled = visitor.replay(f"{WEDNESDAY}f", f"{SITE}/")
    assert f"http://{WEDNESDAY}f-cdn-example-net.localhost:8080" in filled.headers["Content-Security-Policy"]
    assert "cdn-example-net" not in visitor.replay(WEDNESDAY, f"{SITE}/").headers["Content-Security-Policy"]
    everything = str(filled.headers) + filled.get_data(as_text=True)
    assert set(re.findall(r"2026\d{10}f?(?=h?-)", everything)) == {f"{WEDNESDAY}f"}
    assert visitor.replay(f"{WEDNESDAY}f", f"{CDN}/logo.png", Sec_Fetch_Dest="image").status_code == 200


def test_frame_page_of_the_filled_view(visitor):
    """The banner of the filled view lists what is of which other day, and leads back; other days are not filled."""
    page = visitor.get(f"/web/{WEDNESDAY}fg_/{SITE}/", Accept_Language="en").get_data(as_text=True)
    markup = piece(page)
    said = text_of(markup)
    assert said.startswith("3 parts of this page are missing. 3 parts of this page are of another day.")
    assert f"{SITE}/lost.png (image) – Monday 2 March 2026, 03:30:02" in said
    assert f"{CDN}/logo.png (image) – Sunday 1 March 2026, 03:30:02" in said
    assert f'<a href="/web/{WEDNESDAY}/{SITE}/">Show what this day has, and nothing else</a>' in markup
    assert f'src="http://{WEDNESDAY}f-www-example-org.localhost:8080/"' in page
    assert f'rel="prev" href="/web/{MONDAY}/{SITE}/"' in page
    assert f'href="/web/{WEDNESDAY}fn_/{SITE}/"' in page


def test_page_that_only_another_day_has(visitor):
    """A page that the day lacks is shown in the filled view under the date of its own day, with a warning."""
    page = visitor.get(f"/web/{WEDNESDAY}fg_/{SITE}/only-monday", Accept_Language="en").get_data(as_text=True)
    assert "This page was not stored on Wednesday 4 March 2026." in page
    assert "of Monday 2 March 2026, 03:30" in page
    assert f'src="http://{WEDNESDAY}f-www-example-org.localhost:8080/only-monday"' in page
    assert visitor.get(f"/web/{WEDNESDAY}/{SITE}/only-monday").status_code == 404


def test_a_new_day_may_be_nearer(tmp_path):
    """A day that is sealed later fills a gap as soon as it is published, where it is nearer."""
    early, late = {SUNDAY: DAYS[SUNDAY], WEDNESDAY: DAYS[WEDNESDAY]}, {f"{SITE}/lost.png": png()}
    with build(tmp_path / "data", {"demo": early}) as built:
        visitor = Visitor(built)

        def filled_from() -> str:
            answer = visitor.replay(f"{WEDNESDAY}f", f"{SITE}/lost.png", Sec_Fetch_Dest="image")
            return answer.headers["X-Daykeep-Filled-From"]

        assert filled_from() == SUNDAY
        add_day(built, built.settings.site[0], THURSDAY, late)
        assert filled_from() == THURSDAY


def test_no_filling_where_the_configuration_says_so(tmp_path):
    """With `fill_days = 0` no day fills another, and none is offered."""
    with build(tmp_path / "data", {"demo": DAYS}) as built:
        viewer = structs.replace(built.settings.viewer, fill_days=0)
        archive = type(built)(
            structs.replace(built.settings, viewer=viewer), built.collection, built.history, built.catalogue
        )
        visitor = Visitor(archive)
        assert visitor.replay(f"{WEDNESDAY}f", f"{SITE}/lost.png", Sec_Fetch_Dest="image").status_code == 404
        assert "fg_" not in banner(visitor, f"/web/{WEDNESDAY}/{SITE}/")


def test_no_site_fills_another(tmp_path):
    """Another site's day never fills a gap, and a failed day never does."""
    other = {"other": {TUESDAY: {f"{SITE}/lost.png": png()}}}
    with build(tmp_path / "data", {"demo": {WEDNESDAY: DAYS[WEDNESDAY]}, **other}) as built:
        assert (
            Visitor(built).replay(f"{WEDNESDAY}f", f"{SITE}/lost.png", Sec_Fetch_Dest="image").status_code
            == 404
        )
        assert built.history.newest("other").outcome is not Outcome.FAILED


# ---- in a browser

HOSTILE = f"""<!doctype html><title>H</title><p>hostile</p><script>
const say = (parts, page) => top.postMessage({{ daykeep: 1, page, parts }}, "*");
addEventListener("load", () => {{
  say([["image", "{EVIL}"], ["<b>x", "{SITE}/{EVIL}"], ["image", "javascript:alert(1)"], 7, null, {{}}, ["image"], [1, 2]], 1);
  say("parts", 1); say(null, 1); say({{ length: 9 }}, 1);
  for (let n = 0; n < 2000; n++) say([["image", "{SITE}/many/" + n + ".png"]], 1);
  say([["image", "{SITE}/" + "x".repeat(100000)]], 1);
  for (let n = 0; n < 300; n++) say([], n);
  new Image().src = "/last.png";
}});
</script>"""
SHOWN = {WEDNESDAY: DAYS[WEDNESDAY] | {f"{SITE}/hostile": Reply(HOSTILE)}}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    port = free_port()
    root = tmp_path_factory.mktemp("shown") / "data"
    with build(root, {"demo": DAYS | SHOWN}, port=port) as built, serving(built, port) as base:
        yield base


def marked(frame, name: str) -> bool:
    return frame.locator(f"#{name}").evaluate("e => getComputedStyle(e).outlineStyle !== 'none'")


@pytest.mark.browser
def test_banner_tells_what_the_page_really_asked_for(browser, address):
    """With scripts the banner lists exactly what was asked for: of frames within too, and what the policy stopped."""
    with visit(browser, f"{address}/web/{WEDNESDAY}/{SITE}/", locale="en-GB") as seen:
        told = seen.page.locator("#daykeep-parts")
        expect(told).to_contain_text(f"{SITE}/deep.png")
        expect(told).to_contain_text("the site asks crawlers not to fetch it")
        expect(told).to_contain_text(f"{CDN}/logo.png")
        expect(told).not_to_contain_text("Counted are")
        listed = told.locator("li .address").all_text_contents()
        wanted = {
            "lost.png",
            "unknown.png",
            "broken.png",
            "pixel.gif",
            "logo.png",
            "first.png",
            "deep.png",
            "late.js",
        }
        assert {url.rpartition("/")[2] for url in listed} == wanted
        assert "7 parts of this page are missing." in told.locator("summary").inner_text()


@pytest.mark.browser
def test_missing_images_are_seen(browser, address):
    """The place of an image that the day lacks is marked, and neither the layout nor what scripts do changes."""
    with visit(browser, f"{address}/web/{WEDNESDAY}/{SITE}/", locale="en-GB") as seen:
        frame = seen.page.frame_locator("#daykeep-page")
        expect(frame.locator("#lost")).to_have_css("outline-style", "dashed")
        expect(frame.locator("#cdn")).to_have_css("outline-style", "dashed")
        expect(frame.locator("#unknown")).to_have_css("outline-style", "double")
        shown = {name: marked(frame, name) for name in ("there", "broken", "pixel", "replaced")}
        assert shown == dict.fromkeys(shown, False), (
            "an error of that day, a pixel, and what a script put in its place"
        )
        assert frame.locator("#replaced").evaluate("e => e.naturalWidth") == 1
        size = frame.locator("#lost").bounding_box()
        assert (size["width"], size["height"]) == (80, 40)
        assert frame.locator("#unknown").bounding_box()["width"] == 0
        assert frame.locator("#lost").evaluate("e => [e.getAttribute('style'), e.className]") == [None, ""]
        inner = seen.page.frame_locator("#daykeep-page").frame_locator("#inner")
        expect(inner.locator("img")).to_have_css("outline-style", "dashed")


@pytest.mark.browser
def test_mark_goes_when_the_image_comes(browser, address):
    """An image that a script replaces later loses its mark."""
    with visit(browser, f"{address}/web/{WEDNESDAY}/{SITE}/") as seen:
        lost = seen.page.frame_locator("#daykeep-page").locator("#lost")
        expect(lost).to_have_css("outline-style", "dashed")
        lost.evaluate("e => { e.src = '/there.png' }")
        expect(lost).to_have_css("outline-style", "none")


@pytest.mark.browser
def test_sign_without_scripts(browser, address):
    """In the view without scripts a small sign stands in the place of a missing image."""
    with visit(browser, f"{address}/web/{WEDNESDAY}ns_/{SITE}/") as seen:
        frame = seen.page.frame_locator("#daykeep-page")
        expect(frame.locator("#lost")).to_have_js_property("naturalWidth", 24)
        size = frame.locator("#lost").bounding_box()
        assert (size["width"], size["height"]) == (80, 40)
        assert frame.locator("#broken").evaluate("e => e.naturalWidth") == 0


@pytest.mark.browser
@pytest.mark.parametrize("java_script", [True, False])
def test_list_by_keyboard(browser, address, java_script):
    """The list opens by keyboard, with and without scripts, and the link that fills gaps is reached in it."""
    path = f"{address}/web/{WEDNESDAY}/{SITE}/"
    with visit(browser, path, locale="en-GB", java_script_enabled=java_script) as seen:
        summary = seen.page.locator("#daykeep-parts > summary")
        if java_script:
            expect(seen.page.locator("#daykeep-parts")).to_contain_text("deep.png")
        keys = seen.page.keyboard
        for _ in range(30):
            if seen.page.locator("#daykeep-parts > summary:focus").count():
                break
            keys.press("Tab")
        expect(summary).to_be_focused()
        keys.press("Enter")
        expect(seen.page.locator("#daykeep-parts .address").first).to_be_visible()
        for _ in range(20):
            if seen.page.locator("#daykeep-parts a[href*='fg_']:focus").count():
                break
            keys.press("Tab")
        keys.press("Enter")
        seen.page.wait_for_url(f"{address}/web/{WEDNESDAY}fg_/{SITE}/")


@pytest.mark.browser
def test_filled_and_unfilled_never_mix(browser, address):
    """In any order of visiting, with a warm cache, each view shows its own, and the banner says which."""
    plain, filled = f"{address}/web/{WEDNESDAY}/{SITE}/", f"{address}/web/{WEDNESDAY}fg_/{SITE}/"
    with visit(browser, plain, locale="en-GB") as seen:
        frame, told = seen.page.frame_locator("#daykeep-page"), seen.page.locator("#daykeep-parts")
        for where, width in ((plain, 0), (filled, 1), (plain, 0), (filled, 1)):
            seen.page.goto(where)
            expect(told).not_to_contain_text("Counted are")
            expect(frame.locator("#lost")).to_have_js_property("naturalWidth", width)
            expect(frame.locator("#cdn")).to_have_js_property("naturalWidth", width)
            summary = expect(told.locator("summary"))
            summary.to_contain_text("of another day" if width else "missing")
            if not width:
                summary.not_to_contain_text("of another day")
            letters = "f" if width else ""
            labels = {re.findall(r"//(\d{14}f?)h?-", child.url)[0] for child in seen.page.frames[1:]}
            assert labels == {f"{WEDNESDAY}{letters}"}
        frame.locator("#inner").evaluate("e => { e.remove(); location = '/inner' }")
        seen.page.wait_for_url(f"{filled}inner")  # a link followed within the view stays in it
        seen.page.locator("#daykeep-parts summary").click()
        link = seen.page.get_by_text("Show what this day has")
        # the bar is renewed after the address: until then it leads to the page before
        expect(link).to_have_attribute("href", re.compile("inner$"))
        link.click()
        seen.page.wait_for_url(f"{plain}inner")


@pytest.mark.browser
def test_hostile_page_tells_parts(browser, address):
    """What a page says of its parts is shown as text, within bounds, and nothing of it runs; what it asked for is told."""
    with visit(browser, f"{address}/web/{WEDNESDAY}/{SITE}/hostile", locale="en-GB") as seen:
        dialogs = []
        seen.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        told = seen.page.locator("#daykeep-parts")
        expect(told).to_contain_text(f"{SITE}/last.png")
        seen.page.wait_for_timeout(1500)
        assert told.locator("li").count() <= 60
        assert told.locator("img").count() == 0
        assert dialogs == []
        asked = [url for url in seen.requests if url.endswith("/web/parts")]
        assert len(asked) <= 41
        assert [said for said in seen.problems if "postMessage" not in said and "404" not in said] == []


def test_questions_about_parts_take_turns(archive, monkeypatch):
    """While two are answered the next waits a moment, and is then told to come back."""
    busy = threading.BoundedSemaphore(1)
    busy.acquire()
    monkeypatch.setattr("viewer.pages.page_parts.threading.BoundedSemaphore", lambda _places: busy)
    monkeypatch.setattr("viewer.pages.page_parts.WAIT", 0.01)
    visitor = Visitor(archive)
    assert ask(visitor, []).status_code == 503
    busy.release()
    assert ask(visitor, []).status_code == 200
