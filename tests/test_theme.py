# SPDX-License-Identifier: EUPL-1.2
"""The operator's logo, colour and letters: served by the viewer itself, readable, and harmless."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.colour import contrast, lightened, mixed
from archiver.presented import DARK_GROUND, LIGHT_GROUND, READABLE, Theme, placed
from archiver.settings import parse
from index.errors import ConfigurationError
from tests.support.archive import Reply, build
from tests.support.ports import free_port
from tests.support.viewing import Visitor, serving
from viewer.pages.theme import sheet

DAYS = {"20260301023000": {"https://www.example.org/": Reply("x")}}
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 30" width="90" height="30">
<script>document.documentElement.setAttribute("data-ran", "yes")</script>
<rect width="90" height="30" fill="#7a1f5c" onclick="alert(1)"/></svg>"""

colours = st.from_regex(r"\A#[0-9a-f]{6}\Z")


@pytest.fixture
def files(tmp_path):
    """Make a folder with a logo and letters in it, as an operator has them beside the configuration."""
    (tmp_path / "logo.svg").write_text(LOGO, encoding="utf-8")
    (tmp_path / "letters.woff2").write_bytes(b"wOF2" + bytes(100))
    return tmp_path


@pytest.fixture
def themed(tmp_path, files):
    """Return a function that opens an archive with a theme."""
    with build(tmp_path / "archive", {"demo": DAYS}) as archive:

        def wear(**theme):
            settings = msgspec.structs.replace(archive.settings, theme=placed(Theme(**theme), files))
            return replace(archive, settings=settings)

        yield wear


def test_without_a_theme(themed):
    """The viewer's own look: no style sheet of the operator, no logo, no letters."""
    visitor = Visitor(themed())
    assert "theme.css" not in visitor.get("/").text
    assert [visitor.get(f"/about/{name}").status_code for name in ("logo", "logo-dark", "font")] == [404] * 3


def test_what_the_operator_shows(themed):
    """Logo, colour and letters come from the viewer's own address, on its pages and in the frame of a page."""
    visitor = Visitor(themed(logo="logo.svg", colour="#7a1f5c", font="letters.woff2"))
    for path in ("/", "/demo/", "/web/2026-03-01/https://www.example.org/"):
        assert '<link rel="stylesheet" href="/about/theme.css">' in visitor.get(path).text
    assert 'src="/about/logo" alt=""' in visitor.get("/").text
    css = visitor.get("/about/theme.css")
    assert css.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "--accent:#7a1f5c" in css.text
    assert "url(/about/font)" in css.text
    font = visitor.get("/about/font")
    assert (font.mimetype, font.data[:4]) == ("font/woff2", b"wOF2")
    again = visitor.get("/about/font", If_None_Match=font.headers["ETag"])
    assert again.status_code == 304
    assert not re.search(r"url\((?!/about/)|@import|https?:", css.text)


@pytest.mark.browser
def test_seen_and_harmless(browser, files):
    """The logo shows, the links have the colour, and a script within the logo runs nowhere."""
    port = free_port()
    with build(files / "archive", {"demo": DAYS}, port=port) as archive:
        theme = placed(Theme(logo="logo.svg", colour="#7a1f5c"), files)
        settings = msgspec.structs.replace(archive.settings, theme=theme)
        with serving(replace(archive, settings=settings), port) as here:
            page = browser.new_page()
            page.goto(f"{here}/")
            assert page.evaluate("document.querySelector('.logo').naturalWidth") == 90
            style = page.evaluate("getComputedStyle(document.querySelector('main a')).color")
            assert style == "rgb(122, 31, 92)"
            page.goto(f"{here}/about/logo")
            assert page.evaluate("document.documentElement.localName") == "svg"
            assert page.evaluate("document.documentElement.getAttribute('data-ran')") is None
            page.close()


@given(colours)
def test_a_made_up_colour_for_dark_screens_can_be_read(colour):
    """Whatever the colour, the one made of it for dark screens has the contrast that words need."""
    text = sheet(Theme(colour=colour))
    dark = text[text.index("prefers-color-scheme") :]
    for made in re.findall(r"#[0-9a-f]{6}", dark):
        assert contrast(made, DARK_GROUND) >= READABLE


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#000000", 21.0),
        ("#777777", "#ffffff", 4.48),  # the well-known grey that is just too light
        ("#767676", "#ffffff", 4.54),
        ("#336699", "#336699", 1.0),
    ],
)
def test_contrast(one, other, wanted):
    """Contrast ratio as WCAG 2.2 defines it, at values known from its literature."""
    assert round(contrast(one, other), 2) == wanted


def test_mixed_and_lightened():
    """A share of nothing changes nothing, a whole share is the other colour; lightening stops when it may."""
    assert (mixed("#102030", "#ffffff", 0), mixed("#102030", "#ffffff", 1)) == ("#102030", "#ffffff")
    assert lightened("#eeeeee", DARK_GROUND, 7) == "#eeeeee"
    assert lightened("#000000", DARK_GROUND, 22) == "#ffffff"


def test_the_grounds_are_those_of_the_style_sheet():
    """Colours are measured on the grounds that the viewer has."""
    css = (Path(__file__).parents[1] / "viewer/static/viewer.css").read_text(encoding="utf-8")
    assert re.findall(r"--ground: (#[0-9a-f]{6})", css) == [LIGHT_GROUND, DARK_GROUND]


@pytest.mark.parametrize(
    ("theme", "words"),
    [
        ({"logo": "none.svg"}, "there is no file"),
        ({"logo": "letters.woff2"}, "is none of .svg"),
        ({"logo": "../"}, "is none of"),
        ({"logo": "a\0.svg"}, "NUL"),
        ({"logo_dark": "logo.svg"}, "it goes beside a `logo`"),
        ({"logo": "large.png"}, "2,000,001 bytes"),
        ({"colour": "#ffff00"}, "contrast of 1.1"),
        ({"colour_dark": "#333333"}, "Take a lighter one"),
        ({"colour": "red"}, "theme.colour"),
        ({"colr": "#000000"}, "nearest valid one is `colour`"),
    ],
)
def test_what_cannot_be_shown_is_refused(files, theme, words):
    """At the start, with the key: a file that is not there or too large, a colour nobody could read."""
    (files / "large.png").write_bytes(bytes(2_000_001))
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        parse({"theme": theme}, files)


def test_a_file_that_went_away(themed, files):
    """A logo that was taken away while the viewer runs is not there; the page is."""
    visitor = Visitor(themed(logo="logo.svg"))
    shutil.move(files / "logo.svg", files / "away.svg")
    assert visitor.get("/about/logo").status_code == 404
    assert visitor.get("/").status_code == 200
