# SPDX-License-Identifier: EUPL-1.2
"""
Every kind of page is looked over by axe-core: WCAG 2.0 to 2.2, A and AA, and what it calls best practice.

In both languages, light and dark, on a small and a wide screen: each two of these meet, and `make test-large` has
all that there are together. axe finds a good part of what can be wrong, not all; forced colours and small screens
have tests of their own here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from flask import template_rendered
from playwright.sync_api import Browser, Frame, Page

from archiver.exporting import kept_exports
from index.errors import BusyError
from tests.support.archive import Reply, build
from tests.support.kinds import (
    DAYS,
    KINDS,
    MONDAY,
    NO_PAGE,
    NO_TEMPLATE_OF_A_PAGE,
    SITE,
    TUESDAY,
    Kind,
    every_kind,
    reach,
)
from tests.support.oracles import AXE, needed
from tests.support.ports import wait_until
from tests.support.viewing import viewer_of

Looks = Sequence[tuple[tuple[int, int], Literal["light", "dark"]]]
"""Sizes of the screen, each with a scheme of colours."""

TEMPLATES = Path(__file__).parents[1] / "viewer/templates"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SMALL, WIDE = (320, 640), (1280, 800)
EVERY_LOOK: Looks = ((SMALL, "light"), (SMALL, "dark"), (WIDE, "light"), (WIDE, "dark"))
PAIRED: Mapping[str, Looks] = {
    "nl": ((SMALL, "light"), (WIDE, "dark")),
    "en": ((WIDE, "light"), (SMALL, "dark")),
}
"""Looks by language: on each size of screen all is looked at once, and colours of either scheme once."""
# Frames are pages of their own here, each with an entry of its own, or archived pages, which stay as they were.
LOOK = """async ([tags, only]) => {
    const run = only ? {runOnly: only} : {runOnly: {type: "tag", values: tags}, rules: {"target-size": {enabled: true}}};
    const found = await axe.run(document, {...run, iframes: false, resultTypes: ["violations"]});
    return found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target} ${node.failureSummary}`));
}"""
OVERFLOW = """() => {
    const wide = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= wide && !document.querySelector("#daykeep-banner")) return [];
    return [...document.querySelectorAll("body *")]
        .filter((one) => !one.closest(".scroll, pre, .visually-hidden, .skip, iframe") && one.getBoundingClientRect().right > wide + 0.5)
        .map((one) => `${one.localName}.${one.className} ${one.textContent.trim().slice(0, 40)}`);
}"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with every_kind(tmp_path_factory.mktemp("kinds")) as bases:
        yield bases


@pytest.fixture
def rendered():
    """Return the names of the templates that are rendered from now on."""
    names: list[str] = []

    def note(_app: object, template: Any, **_: object) -> None:
        names.append(template.name)

    with template_rendered.connected_to(note):
        yield names


@pytest.fixture(scope="module", params=["nl", "en"])
def page(request, browser: Browser):
    with browser.new_context(locale=request.param) as context:
        yield context.new_page()


@pytest.fixture(scope="module")
def axe() -> str:
    return needed(AXE).read_text(encoding="utf-8")


def busy(*_: object, **__: object) -> None:
    raise BusyError("another is being made")


def looked_at(page: Page, frame: Frame, axe: str, looks: Looks) -> list[str]:
    """Return what axe finds on a page in each of these looks; colours apart, dark is as light."""
    frame.evaluate(axe)
    frame.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = []
    for size, scheme in looks:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=scheme)
        only = ["color-contrast", "link-in-text-block"] if scheme == "dark" else None
        found += [f"{size[0]} {scheme} {one}" for one in frame.evaluate(LOOK, [TAGS, only])]
        if size == SMALL:
            found += [f"goes beyond the edge: {one}" for one in frame.evaluate(OVERFLOW)]
    return found


@pytest.mark.browser
@pytest.mark.parametrize(
    "looks",
    [pytest.param(PAIRED, id="paired"), pytest.param({}, id="every look", marks=pytest.mark.large)],
)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_nothing_is_found(
    served, page, axe, rendered, monkeypatch, kind: Kind, looks: Mapping[str, Looks]
) -> None:
    """
    A page of this kind keeps nothing from anybody that axe knows of, and fits on a small screen.

    Every look in every language is large: what is wrong in one is wrong in the others, but for what two of language,
    size and scheme do together.
    """
    if kind.name == "being made":
        monkeypatch.setattr(kept_exports.KeptExports, "get", busy)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    frame = reach(page, kind, served[kind.narrow])
    wait_until(lambda: kind.template in rendered, lambda: True)
    language = page.evaluate("navigator.language")
    assert frame.evaluate("document.documentElement.lang") in {language, ""}
    assert looked_at(page, frame, axe, looks.get(language, EVERY_LOOK)) == []
    page.unroute_all()


def test_every_route_and_template_has_a_kind(tmp_path) -> None:
    """Whoever adds a route or a template adds it here: a page without an entry is looked at by nobody."""
    with build(tmp_path, {"demo": {"20260302023000": {"https://www.example.org/": Reply("x")}}}) as archive:
        rules = {rule.rule for rule in viewer_of(archive).url_map.iter_rules()}
    assert rules == {kind.rule for kind in KINDS} | NO_PAGE.keys()
    assert not {kind.rule for kind in KINDS} & NO_PAGE.keys()
    templates = {path.name for path in TEMPLATES.iterdir()}
    assert templates == {kind.template for kind in KINDS} | NO_TEMPLATE_OF_A_PAGE


@pytest.mark.browser
@pytest.mark.parametrize(
    "kind",
    [one for one in KINDS if one.name in {"conformance", "lifeline", "passage", "compare", "proof"}],
    ids=lambda kind: kind.name,
)
def test_tables_are_whole_on_a_small_screen(served, page, kind: Kind) -> None:
    """Nothing of a table is cut off on a small screen: whoever does not know that it scrolls misses nothing."""
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": SMALL[0], "height": SMALL[1]})
    page.goto(served[0] + kind.path)
    tables = page.locator(".scroll")
    assert tables.count()
    assert tables.evaluate_all("all => all.filter((one) => one.scrollWidth > one.clientWidth).length") == 0


@pytest.mark.browser
def test_forced_colours_hide_nothing(served, page) -> None:
    """
    Where the visitor's own colours take the place of ours, what is marked by colour stays marked.

    Each state has its words in every place, its sign stands out from the ground, the tab that is chosen has a line
    and the other none, and the focus is seen.
    """
    page.emulate_media(forced_colors="active", color_scheme="light")
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page.goto(f"{served[0]}/demo/")
    cells = page.locator(".month td > *")
    assert cells.count() >= len(DAYS)
    assert all(re.search(r"\d\s*\S*\s*[A-Za-z]{2}", text) for text in cells.all_inner_texts())
    page.goto(f"{served[0]}/demo/{TUESDAY}/")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.goto(f"{served[0]}/")
    sign = page.locator(".state").first.evaluate(
        "one => { const s = getComputedStyle(one, '::before'); return s.backgroundColor + s.borderTopColor; }"
    )
    assert sign.replace(ground, "") != ""
    page.goto(f"{served[0]}/demo/compare?url={SITE}/kosten&from={MONDAY}&to={TUESDAY}")
    lines = page.locator(".tabs a").evaluate_all(
        "all => all.map((one) => getComputedStyle(one).borderBottomColor)"
    )
    assert (lines[0] != ground, lines[1] == ground) == (True, True)
    for name, line in (("ins", "underline"), ("del", "line-through")):
        style = page.locator(f".diff {name}").first.evaluate(
            "one => getComputedStyle(one).textDecorationLine"
        )
        assert style == line
    page.keyboard.press("Tab")
    assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
    page.emulate_media(forced_colors="none")


@pytest.mark.browser
def test_what_is_wrong_is_found(browser: Browser, axe: str) -> None:
    """The check itself can fail: what is pale, nameless or too wide is told."""
    with browser.new_context() as context:
        page = context.new_page()
        page.set_content(
            '<p style="color:#aaa;background:#fff">pale</p><button></button><div style="width:1290px">wide</div>'
        )
        found = " ".join(looked_at(page, page.main_frame, axe, EVERY_LOOK))
    assert {"color-contrast", "button-name", "document-title", "html-has-lang"} <= set(
        re.findall(r"[\w-]+(?=: )", found)
    )
    assert "goes beyond the edge: div. wide" in found
