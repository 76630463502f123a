# SPDX-License-Identifier: EUPL-1.2
"""The words of the banner are true: numbers that add up, "at least" where a list is cut, likeness and 304 told as such."""

from __future__ import annotations

import re

import pytest

from tests.support.archive import Lost, Reply, UrlOutcome, build
from tests.support.viewing import Visitor
from tests.test_gaps import ask, banner, css, piece, png, text_of
from viewer.rewriting.embeds import MAX_EMBEDS, Kind, embeds, embeds_of_sheet

SITE = "https://www.example.org"
MONDAY, TUESDAY = "20260302023000", "20260303023000"


def images(count: int, start: str = "n") -> str:
    return "".join(f'<img src="/{start}{number}.png">' for number in range(count))


PARTS = ['<link rel=stylesheet href="/a.css">', *(f'<img src="/{name}.png">' for name in "bcdefg")]
PAGE = "<title>T</title>" + "".join(PARTS)
LIKE = """<title>L</title><img src="/i.png?w=1&amp;h=2"><img src="/j.png?_=1700000000000"><img src="/k.png?x=1">
<img src="/b.png"><img src="/b.png?utm_source=x">"""
DAYS = {
    MONDAY: {
        f"{SITE}/": Reply(PAGE),
        f"{SITE}/a.css": css("green"),
        **{f"{SITE}/{name}.png": png() for name in "bcdefg"},
        f"{SITE}/said": Reply("<title>S</title>" + PAGE),
        f"{SITE}/film": Reply("<title>F</title>film"),
    },
    TUESDAY: {
        f"{SITE}/": Reply(PAGE),
        f"{SITE}/a.css": css("green"),
        **{f"{SITE}/{name}.png": png() for name in "bcdefg"},
        f"{SITE}/said": Reply(status=304),
        f"{SITE}/like": Reply(LIKE),
        f"{SITE}/i.png?h=2&w=1": png(),
        f"{SITE}/j.png": png(),
        f"{SITE}/k.png": png(),
        f"{SITE}/500": Reply("<title>M</title>" + images(MAX_EMBEDS)),
        f"{SITE}/501": Reply("<title>M</title>" + images(MAX_EMBEDS + 1)),
        f"{SITE}/501-there": Reply("<title>M</title>" + images(MAX_EMBEDS + 1, "t")),
        **{f"{SITE}/t{number}.png": png() for number in range(MAX_EMBEDS + 1)},
        f"{SITE}/lost": Lost(UrlOutcome.TIMEOUT),
    },
}


@pytest.fixture(scope="module")
def visitor(tmp_path_factory):
    with build(tmp_path_factory.mktemp("words") / "data", {"demo": DAYS}) as built:
        yield Visitor(built)


def said(visitor, path: str, language: str = "en", moment: str = TUESDAY) -> str:
    return text_of(banner(visitor, f"/web/{moment}/{SITE}{path}", language))


def test_numbers_add_up(visitor):
    """The page itself is none of its parts: seven parts are seven among what is the same as before, too."""
    text = said(visitor, "/")
    assert text.startswith("7 other parts, all of this day. Received from")
    assert "The same as stored before, which was proven by their digest:" in text
    assert "the page itself, the same as on 2 March 2026 7 parts the same as on 2 March 2026" in text
    assert sum(int(number) for number in re.findall(r"(\d+) parts? the same as on", text)) == 7


def test_what_the_server_said_is_no_proof(visitor):
    """Of what was answered with 304 the banner says that the server said so, and since when; not that a digest proves it."""
    text = said(visitor, "/said")
    assert "asked on this day, the server said that they had not changed since they were stored:" in text
    assert "the page itself, stored on 2 March 2026" in text.partition("the server said")[2]
    assert "the page itself, the same as" not in text
    parts = [["image", f"{SITE}/said"], ["image", f"{SITE}/b.png"]]
    asked = text_of(piece(ask(visitor, parts, moment=TUESDAY).get_data(as_text=True)))
    assert "1 part the same as on 2 March 2026" in asked
    assert "1 part stored on 2 March 2026" in asked
    assert "de server dat ze niet veranderd waren sinds ze bewaard werden" in said(visitor, "/said", "nl")


def test_only_like_what_was_asked_for(visitor):
    """A part that a rule found, or with parameters in another order, is told as such, with what it is stored as."""
    text = said(visitor, "/like")
    assert text.startswith("4 other parts, all of this day. 3 are only like what was asked for.")
    like = text.partition("Only like what was asked for")[2]
    assert f"{SITE}/i.png?w=1&amp;h=2 (image) – stored as {SITE}/i.png?h=2&amp;w=1, with the same parameters in another order" in like  # fmt: skip
    assert f"{SITE}/j.png?_=1700000000000 (image) – stored as {SITE}/j.png, which differs in a session, a version or a number against caches" in like  # fmt: skip
    assert (
        f"{SITE}/k.png?x=1 (image) – stored as {SITE}/k.png, without what comes after the question mark"
        in like
    )
    assert "b.png" not in like.partition("The same as")[0]
    assert "3 lijken alleen op wat gevraagd was." in said(visitor, "/like", "nl")


def test_page_that_is_only_like_what_was_asked_for(visitor):
    """So too the page itself, where its parameters stood in another order."""
    page = visitor.get(f"/web/{TUESDAY}/{SITE}/i.png?w=1&h=2", Accept_Language="en").get_data(as_text=True)
    assert f"Shown is {SITE}/i.png?h=2&amp;w=1, with the same parameters in another order." in page


@pytest.mark.parametrize(
    ("path", "language", "says"),
    [
        ("/500", "en", "500 parts of this page are missing."),
        ("/501", "en", "At least 500 parts of this page are missing."),
        ("/501", "nl", "Er ontbreken minstens 500 onderdelen van deze pagina."),
        ("/501-there", "en", "At least 500 other parts; what was counted is of this day."),
        ("/501-there", "nl", "Minstens 500 andere onderdelen; wat geteld is, is van deze dag."),
    ],
)
def test_at_least(visitor, path, language, says):
    """Where a page has more parts than are told, the number is a least one, in both languages."""
    text = said(visitor, path, language)
    assert text.startswith(says)
    assert (("more parts than are counted" in text) or ("meer onderdelen dan hier" in text)) == (
        path != "/500"
    )


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", "At least 1 part of this page is missing."),
        ("nl", "Er ontbreekt minstens 1 onderdeel van deze pagina."),
    ],
)
def test_at_least_one(visitor, language, says):
    """A page that says that it asked for more than it tells is believed in that; one is singular."""
    question = f'{{"moment":"{TUESDAY}","page":"{SITE}/","parts":[["image","{SITE}/lost.png"]],"more":true}}'
    response = visitor.ask(
        "POST", "http://localhost:8080", "/web/parts", body=question.encode(),
        Content_Type="application/json", Accept_Language=language,
    )  # fmt: skip
    assert text_of(piece(response.get_data(as_text=True))).startswith(says)


def test_kinds_in_words(visitor):
    """A font is called a font, and a background a background, in both languages."""
    parts = [["font", f"{SITE}/f.woff2"], ["background", f"{SITE}/bg.png"], ["media", f"{SITE}/m.mp4"]]
    for language, words in (
        ("en", "font background sound or film"),
        ("nl", "lettertype achtergrond geluid of film"),
    ):
        text = text_of(
            piece(ask(visitor, parts, moment=TUESDAY, Accept_Language=language).get_data(as_text=True))
        )
        kinds = re.findall(r"\((lettertype|font|background|achtergrond|sound or film|geluid of film)\)", text)
        assert " ".join(kinds) == words


SHEET = """@import "i.css"; @import url(j.css) screen; @font-face{font-family:F;src:url(f.eot?#x) format("x"), url('g')}
p{background:url(b.png)}q{background:image-set("1.png" 1x type("image/png"), url(2.png) 2x)}r{content:"url(no.png)"}
/* url(no.png) */ s{list-style-image:url(data:image/png,x)}"""


def test_what_a_style_sheet_names():
    """Imports, fonts and backgrounds are told apart by what the sheet uses them for, not by their names."""
    wanted = [
        (Kind.STYLE, "i.css"), (Kind.STYLE, "j.css"), (Kind.FONT, "f.eot?"), (Kind.FONT, "g"),
        (Kind.BACKGROUND, "b.png"), (Kind.BACKGROUND, "1.png"), (Kind.BACKGROUND, "2.png"),
    ]  # fmt: skip
    found = embeds_of_sheet(SHEET.encode(), f"{SITE}/d/a.css")
    assert [(one.kind, one.urls[0].removeprefix(f"{SITE}/d/")) for one in found] == wanted
    assert [one.urls[0] for one in embeds_of_sheet(b"\xff\xfe" + "p{background:url(/x.png)}".encode("utf-16-le"), f"{SITE}/")] == [f"{SITE}/x.png"]  # fmt: skip
    inline = embeds(f"<style>{SHEET}</style>".encode(), None, f"{SITE}/d/page", styles=True)
    assert [(one.kind, one.urls[0].removeprefix(f"{SITE}/d/")) for one in inline] == wanted


def test_what_a_page_may_come_to_need():
    """Every source of a picture or a film is told where that is asked for, and none of them else."""
    page = (
        b'<video><source src="a.webm" type="video/webm"></video><picture><source srcset="b.avif"></picture>'
    )
    found = embeds(page, None, f"{SITE}/d/page", styles=True)
    assert [(one.kind, one.urls[0].removeprefix(f"{SITE}/d/")) for one in found] == [
        (Kind.MEDIA, "a.webm"), (Kind.IMAGE, "b.avif"),
    ]  # fmt: skip
    assert not embeds(page, None, f"{SITE}/d/page")


@pytest.mark.parametrize("sheet", [b"url(" * 200_000, b"@import '" * 100_000, b"{" * 500_000 + b"url(a)", b"image-set(" * 100_000, b"image-set('a'," * 100_000, b"\xff\xfe" + b"u" * 99_999])  # fmt: skip
def test_hostile_style_sheets(sheet):
    """No style sheet takes long or has more told than so many."""
    assert len(embeds_of_sheet(sheet, f"{SITE}/")) <= MAX_EMBEDS
