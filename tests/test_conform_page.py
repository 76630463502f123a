# SPDX-License-Identifier: EUPL-1.2
"""The report as a page: in both languages, safe whatever is in it, readable on a phone, on a screen and on paper."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from archiver.conformance.page import page
from archiver.conformance.rules import LANGUAGES, Fact, Finding, Report, Verdict, load
from tests.support.chromium import visit

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;{x}`<b>`" + "w" * 500


@pytest.fixture(scope="module")
def report() -> Report:
    """Return a report in which everything that may come from outside is hostile and long."""
    verdicts = list(Verdict) * 6
    fact = Fact("unmeasured", {"why": HOSTILE}, (HOSTILE,) * 3, 1234)
    findings = tuple(
        Finding(rule, verdict, (fact, Fact("full-none")), HOSTILE)
        for rule, verdict in zip(load().rule, verdicts, strict=False)
    )
    return Report("ind", HOSTILE, "2026-03-02", "20260302023000", "now", "daykeep/0.1", HOSTILE, findings)


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_escaped(report, language):
    """Nothing that was put in becomes markup, and there is no script on the page."""
    html = page(load(), report, language)
    assert "<script" not in html
    assert "<img" not in html
    assert "<b>" not in html
    assert html.count("&lt;script&gt;") >= 17 * 5


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "nl",
            (
                "Conformiteit met de richtlijn",
                "niet ingezien",
                "voldoet niet",
                "niet van toepassing",
                "en nog 1234",
            ),
        ),
        (
            "en",
            (
                "Conformance with the Dutch guideline",
                "was not read",
                "fail",
                "not applicable",
                "and 1234 more",
            ),
        ),
    ],
)
def test_languages(report, language, said):
    """The page is in one language, says which, and says first that the guideline's own text was not read."""
    html = page(load(), report, language)
    assert f'<html lang="{language}">' in html
    assert [text for text in said if text not in html] == []
    assert html.index(said[1]) < html.index('id="R1"')


def test_counts(report):
    """The totals are those of the rules below."""
    html = page(load(), report, "en")
    assert re.findall(r"<strong>(\d+)</strong>", html) == ["6", "6", "5"]
    assert [len(re.findall(rf'<section class="one {verdict.value}"', html)) for verdict in Verdict] == [
        6,
        6,
        5,
    ]


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("language", LANGUAGES)
def test_fits_any_screen(report, browser, tmp_path, width, language):
    """Nothing sticks out of the screen, nothing runs, nothing is asked for."""
    file = tmp_path / "report.html"
    file.write_text(page(load(), report, language), encoding="utf-8")
    with visit(browser, file.as_uri(), size=(width, 800)) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.problems == []
        assert seen.requests == [file.as_uri()]


@pytest.mark.browser
def test_links_lead_to_rules(report, browser, tmp_path):
    """Each rule of the overview leads to its part; headings are in order, and colour is not all that tells."""
    file = tmp_path / "report.html"
    file.write_text(page(load(), report, "en"), encoding="utf-8")
    with visit(browser, file.as_uri()) as seen:
        targets = seen.page.eval_on_selector_all("a[href^='#']", "all => all.map(a => a.hash.slice(1))")
        assert targets == [rule.id for rule in load().rule]
        assert [seen.page.locator(f"#{name}").count() for name in targets] == [1] * 17
        assert seen.page.locator("h1").count() == 1
        levels = seen.page.eval_on_selector_all("h1,h2,h3", "all => all.map(h => +h.tagName[1])")
        assert levels == [1, 2, 2, *[3] * 17]
        badges = seen.page.locator(".badge").all_inner_texts()
        assert all(re.search(r"pass|fail|not applicable", text) for text in badges)


@pytest.mark.browser
def test_contrast(report, browser, tmp_path):
    """Every text stands out from what is behind it by 4.5 to 1 or more (WCAG 2.2, 1.4.3)."""
    file = tmp_path / "report.html"
    file.write_text(page(load(), report, "en"), encoding="utf-8")
    with visit(browser, file.as_uri()) as seen:
        pairs = seen.page.evaluate(
            """() => [...document.querySelectorAll('body *')].filter(e => e.innerText).map(e => {
                 let at = e, behind = 'rgba(0, 0, 0, 0)';
                 while (at && behind === 'rgba(0, 0, 0, 0)') { behind = getComputedStyle(at).backgroundColor; at = at.parentElement }
                 return [getComputedStyle(e).color, behind] })"""
        )
    assert min(_contrast(*pair) for pair in {tuple(pair) for pair in pairs}) >= 4.5


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.browser
def test_prints(report, browser, tmp_path):
    """On paper the verdicts keep their colours, a rule is kept together, and there are pages of it."""
    file = tmp_path / "report.html"
    file.write_text(page(load(), replace(report, findings=report.findings[:3]), "nl"), encoding="utf-8")
    with visit(browser, file.as_uri()) as seen:
        seen.page.emulate_media(media="print")
        styles = "all => [...new Set(all.map(e => getComputedStyle(e).{}))]"
        assert seen.page.eval_on_selector_all("section", styles.format("breakInside")) == ["avoid"]
        assert seen.page.eval_on_selector_all(".badge", styles.format("printColorAdjust")) == ["exact"]
        data = seen.page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", data)) >= 2
