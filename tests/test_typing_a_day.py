# SPDX-License-Identifier: EUPL-1.2
"""Every field for a day takes what people type, leads where that means, and says what is doubtful or not understood."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Browser, expect

from tests.support.archive import Reply, build
from tests.support.chromium import visit
from tests.support.ports import free_port
from tests.support.viewing import Visitor, serving

URL = "https://www.example.org/kosten"
DAYS = ("20251224023000", "20260302023000", "20260303023000", "20260309023000")
SAID = {
    name: {URL: Reply(f"<!doctype html><html lang=nl><title>Kosten</title><p>de aanvraag van {name}")}
    for name in DAYS
}


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[str, Visitor]]:
    port = free_port()
    with (
        build(tmp_path_factory.mktemp("typed") / "data", {"demo": SAID}, port=port, seeds=(URL,)) as archive,
        serving(archive, port) as base,
    ):
        yield base, Visitor(archive, port)


@pytest.fixture(scope="module")
def visitor(served) -> Visitor:
    return served[1]


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"</?bdi>", "", answer.text)).split())


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("2026-03-03", "/demo/2026-03-03/"),
        ("3 maart 2026", "/demo/2026-03-03/"),
        ("3 mrt 26", "/demo/2026-03-03/"),
        ("March 3, 2026", "/demo/2026-03-03/"),
        ("03/03/2026", "/demo/2026-03-03/"),
        ("gisteren", "/demo/2026-03-09/"),
        ("yesterday", "/demo/2026-03-09/"),
        ("vandaag", "/demo/2026-03-10/"),
        ("1e maart", "/demo/2026-03-01/"),
        ("maart 2026", "/demo/?year=2026#2026-03"),
        ("December 2025", "/demo/?year=2025#2025-12"),
        ("2025", "/demo/?year=2025#days"),
        ("3/4/2026", "/demo/2026-04-03/?typed=3%2F4%2F2026"),
    ],
)
def test_calendar(visitor, typed, place, language):
    """A day, a month or a year leads there, in either language on either page."""
    answer = visitor.get(f"/demo/?{urlencode({'day': typed})}", Accept_Language=language)
    assert (answer.status_code, answer.headers["Location"]) == (302, place)


def test_place_of_a_month(visitor):
    """A month that was typed is a place of its year's calendar."""
    assert 'id="2025-12"' in visitor.get("/demo/?year=2025").text


@pytest.mark.parametrize(
    ("language", "says"),
    [
        (
            "en",
            "“over een week” is not understood as a day, a month or a year. Write it for example as 3 March 2026",
        ),
        (
            "nl",
            "“over een week” is niet te begrijpen als dag, maand of jaar. Schrijf bijvoorbeeld 3 maart 2026",
        ),
    ],
)
def test_not_understood(visitor, language, says):
    """What is not understood says so with an example, and stays in the field to be mended."""
    answer = visitor.get("/demo/?day=over+een+week", Accept_Language=language)
    assert answer.status_code == 404
    assert says in words(answer)
    assert 'value="over een week"' in answer.text


@pytest.mark.parametrize("typed", ["2019", "maart 2019", "mei 2030"])
def test_beyond_the_calendar(visitor, typed):
    """Of a month or a year of which nothing is kept the nearest days are offered."""
    answer = visitor.get(f"/demo/?{urlencode({'day': typed})}", Accept_Language="en")
    near = "2025-12-24" if "2019" in typed else "2026-03-09"
    assert "Nothing is kept of" in words(answer)
    assert f'href="/demo/{near}/"' in answer.text


def test_months_after_a_demonstration(tmp_path):
    """The calendar of a demonstration ends with its last day; a later month says that nothing is kept of it."""
    with build(tmp_path / "data", {"demo": {DAYS[0]: SAID[DAYS[0]]}}, demonstration=True) as archive:
        answer = Visitor(archive).get("/demo/?day=januari+2026", Accept_Language="en")
    assert answer.status_code == 404
    assert "Nothing is kept of January 2026" in words(answer)


def test_day_without_a_snapshot(visitor):
    """A day that was typed and has no snapshot offers the nearest that have one."""
    answer = visitor.get(visitor.get("/demo/?day=1e+maart").headers["Location"])
    assert answer.status_code == 404
    assert [day for day in ("2025-12-24", "2026-03-02") if f'href="/demo/{day}/"' not in answer.text] == []


def test_two_readings(visitor):
    """A day that could be another says how it was read, and leads to the other, also where it has no snapshot."""
    for day, status in (("3/2/2026", 404), ("2/3/2026", 200)):
        place = visitor.get(f"/demo/?{urlencode({'day': day})}").headers["Location"]
        answer = visitor.get(place, Accept_Language="en")
        assert answer.status_code == status
        assert f"“{day}” was read with the day before the month" in words(answer)
        other = "2026-03-02" if status == 404 else "2026-02-03"
        assert f'<a href="/demo/{other}/">' in answer.text


def test_what_an_address_says_was_typed(visitor):
    """An address that says of a day that something else was typed is not believed."""
    for typed in ("1/12/2025", "3 maart 2026", "dinsdag 3 maart 2026", "maandag 2 maart 2026", "<script>"):
        answer = visitor.get(f"/demo/2026-03-03/?{urlencode({'typed': typed})}", Accept_Language="en")
        assert answer.status_code == 200
        assert "was read" not in words(answer)
        assert "another day of the week" not in words(answer)
        assert typed not in answer.text


@pytest.mark.parametrize("typed", ["3 maart 2026", "2026-03-03", "03/03/26", "March 3rd"])
def test_search_on_a_day(visitor, typed):
    """A search looks at the site as it stood on the day that was typed; its links name that day."""
    answer = visitor.get(f"/demo/search?{urlencode({'q': 'aanvraag', 'on': typed})}", Accept_Language="en")
    assert "1 page as the site stood on Tuesday 3 March 2026." in words(answer)
    assert f'href="/web/20260303023000/{URL}"' in answer.text
    assert f'value="{typed}"' in answer.text


def test_search_with_two_readings(visitor):
    """A search on a day that could be another says so, and leads to a search on the other."""
    answer = visitor.get("/demo/search?q=aanvraag&on=2/3/2026", Accept_Language="en")
    assert "“2/3/2026” was read with the day before the month: Monday 2 March 2026" in words(answer)
    assert 'href="/demo/search?q=aanvraag&amp;on=2026-02-03"' in answer.text


def test_search_on_no_day(visitor):
    """A search of what is no day says so; of a month or of a day without a snapshot it offers days that have one."""
    for typed, says, days in (
        ("ooit", "“ooit” is not understood as a day", []),
        ("maart 2026", "“maart 2026” is more than a day", ["2026-03-02", "2026-03-09"]),
        ("2025", "“2025” is more than a day", ["2025-12-24"]),
        (
            "5 maart 2026",
            "There is no snapshot of Site demo on Thursday 5 March 2026",
            ["2026-03-03", "2026-03-09"],
        ),
    ):
        answer = visitor.get(
            f"/demo/search?{urlencode({'q': 'aanvraag', 'on': typed})}", Accept_Language="en"
        )
        assert answer.status_code == 404
        assert says in words(answer)
        assert re.findall(r"on=(\d{4}-\d\d-\d\d)\"", answer.text) == days


def test_address_on_a_day(visitor):
    """An address leads to its page on the day that was typed; of what is no day the search says so."""
    for path in ("/?site=demo&", "/demo/search?"):
        place = visitor.get(f"{path}{urlencode({'q': URL, 'on': '3 mrt 26'})}").headers["Location"]
        while not place.startswith("/web/"):
            place = visitor.get(place).headers["Location"]
        assert place == f"/web/2026-03-03/{URL}"
    place = visitor.get(f"/?site=demo&{urlencode({'q': URL, 'on': 'ooit'})}").headers["Location"]
    assert "“ooit” is not understood" in words(visitor.get(place, Accept_Language="en"))


FIELDS = {
    "calendar": ("/demo/?day={}", "/demo/2026-03-03/"),
    "search": ("/demo/search?q=aanvraag&on={}", None),
    "banner": (f"/demo/history?url={URL}&on={{}}", f"/web/2026-03-03/{URL}"),
    "start": (f"/?site=demo&q={URL}&on={{}}", f"/web/2026-03-03/{URL}"),
    "earlier day": (f"/demo/compare?url={URL}&from={{}}", None),
    "later day": (f"/demo/compare?url={URL}&to={{}}", None),
    "changes from": ("/demo/changes?from={}", None),
    "changes to": ("/demo/changes?to={}", None),
}
"""Each place where a visitor gives a day, and where it leads of 3 March; None where it answers itself."""
DATED = {"nl": "dinsdag 3 maart 2026", "en": "Tuesday 3 March 2026"}


def answered(visitor: Visitor, field: str, typed: str, language: str):
    return visitor.get(FIELDS[field][0].format(quote(typed)), Accept_Language=language)


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("typed", ["2026-03-03", "3 maart 2026", "March 3, 2026", "3-3-2026", "di 3 mrt '26"])
@pytest.mark.parametrize("field", FIELDS)
def test_every_field(visitor, field, typed, language):
    """What is typed for a day is the same day in every field, in either language on either page."""
    answer = answered(visitor, field, typed, language)
    if FIELDS[field][1]:
        assert (answer.status_code, answer.headers["Location"]) == (302, FIELDS[field][1])
        return
    assert answer.status_code == 200
    assert DATED[language] in words(answer)
    assert not re.search("notice[^>]*>“", answer.text)


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", "“ooit” is not understood as a day{}. Write it for example as 3 March 2026, 3-3-2026"),
        ("nl", "“ooit” is niet te begrijpen als dag{}. Schrijf bijvoorbeeld 3 maart 2026, 3-3-2026"),
    ],
)
@pytest.mark.parametrize("field", FIELDS)
def test_no_day_in_any_field(visitor, field, language, says):
    """What is no day is refused in the same words, and is still in its field to be mended."""
    answer = answered(visitor, field, "ooit", language)
    if answer.status_code == 302:
        answer = visitor.get(answer.headers["Location"], Accept_Language=language)
    more = {"en": ", a month or a year", "nl": ", maand of jaar"}[language] if field == "calendar" else ""
    assert says.format(more) in words(answer)
    assert 'value="ooit"' in answer.text
    assert "aanvraag van" not in words(answer)


@pytest.mark.parametrize("field", [name for name in FIELDS if name != "calendar"])
def test_a_month_in_any_field(visitor, field):
    """Of a month the first and the last day are offered that are kept; where nothing is, the nearest."""
    for typed, days in (
        ("maart 2026", ["2026-03-02", "2026-03-09"]),
        ("January 2026", ["2025-12-24", "2026-03-02"]),
    ):
        answer = answered(visitor, field, typed, "en")
        while answer.status_code == 302:
            answer = visitor.get(answer.headers["Location"], Accept_Language="en")
        assert f"“{typed}” is more than a day. Choose one, such as:" in words(answer)
        offered = answer.text.partition("Choose one")[2].partition("</div>")[0]
        assert re.findall(r"(?:=|/)(\d{4}-\d\d-\d\d)", offered) == days
        for path in re.findall(r'href="([^"]*)"', offered):
            assert visitor.get(path.replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", "3 March 2026 was a Tuesday. You wrote another day of the week: check which day you mean."),
        (
            "nl",
            "3 maart 2026 was een dinsdag. U schreef een andere dag van de week: ga na welke dag u bedoelt.",
        ),
    ],
)
@pytest.mark.parametrize("field", FIELDS)
def test_another_day_of_the_week(visitor, field, language, says):
    """The day is that of the date, and the page says which day of the week it was where another was written."""
    answer = answered(visitor, field, "maandag 3 maart 2026", language)
    place = FIELDS[field][1]
    if place:
        assert answer.status_code == 302
        led, _, fragment = answer.headers["Location"].partition("#")
        assert led == (f"{place}?typed=maandag+3+maart+2026" if field == "calendar" else place)
        answer = visitor.get(led, Accept_Language=language)
        assert field == "calendar" or f'as-read" id="{fragment}">{says}' in answer.text
    assert answer.status_code == 200
    assert says in words(answer)
    assert DATED[language] in words(answer)
    assert says not in words(answered(visitor, field, "dinsdag 3 maart 2026", language))


def test_other_days_of_an_archived_page(visitor):
    """Of each day that was typed in figures the page of that day has the sentence that its fragment names."""
    for typed, day, fragment, other in (
        ("2/3/2026", "2026-03-02", "daykeep-or-2026", "2026-02-03"),
        ("9-3", "2026-03-09", "daykeep-or-2025", "2025-09-03"),
    ):
        place = answered(visitor, "banner", typed, "en").headers["Location"]
        assert place == f"/web/{day}/{URL}#{fragment}"
        (said,) = re.findall(
            rf'<p[^>]* id="{fragment}">(.*?)</p>', visitor.get(place, Accept_Language="en").text
        )
        read = typed.replace("/", "-")
        assert f"“<bdi>{read}</bdi>” was read with the day before the month" in said
        assert f'<a href="/web/{other}/{URL}">' in said
    assert 'id="daykeep-or-' not in visitor.get(f"/web/2026-03-03/{URL}").text


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("size", [(320, 640), (1280, 800)], ids=str)
def test_what_is_doubtful_is_seen(browser: Browser, served, scripts: bool, size: tuple[int, int]) -> None:
    """Typed in the banner: the page of the date is there, and what is doubtful about that is in view, and only then."""
    base, _ = served
    with visit(
        browser, f"{base}/web/2026-03-02/{URL}", size=size, java_script_enabled=scripts, locale="nl-NL"
    ) as seen:
        page = seen.page
        page.frame_locator("#daykeep-page").get_by_text("de aanvraag van 20260302").wait_for()
        for typed, day, says in (
            ("maandag 3 maart 2026", "20260303", "3 maart 2026 was een dinsdag."),
            ("9-3-2026", "20260309", "“9-3-2026” is gelezen met de dag vóór de maand"),
            ("3 maart 2026", "20260303", None),
            ("dinsdag 1 maart 2026", None, "1 maart 2026 was een zondag."),
        ):
            if scripts and size[0] < 768 and not page.locator("#daykeep-more").evaluate("one => one.open"):
                page.locator("#daykeep-more > summary").click()
            page.get_by_label("Deze pagina op").fill(typed)
            page.keyboard.press("Enter")
            if day:
                page.frame_locator("#daykeep-page").get_by_text(f"de aanvraag van {day}").wait_for()
            shown = page.locator(".as-read:visible")
            expect(shown).to_have_count(1 if says else 0)
            if says:
                expect(shown).to_contain_text(says)
                expect(shown).to_be_in_viewport(ratio=0.99)
        assert page.get_by_role(
            "link", name="maandag 2 maart 2026"
        ).is_visible()  # not there that day: the nearest


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False])
def test_comparing_days_as_they_are_typed(browser: Browser, served, scripts: bool) -> None:
    """Two days typed as people write them are compared, and what changed between them told, with and without JavaScript."""
    base, _ = served
    with visit(browser, java_script_enabled=scripts, locale="en-GB") as seen:
        for path, told in ((f"/demo/compare?url={URL}", ".side-day"), ("/demo/changes", "main .lead a")):
            seen.page.goto(base + path)
            seen.page.get_by_label("Earlier day").fill("2 maart 2026")
            seen.page.get_by_label("Later day").fill("March 3, 2026")
            seen.page.keyboard.press("Enter")
            expect(seen.page.locator(told)).to_have_text(
                [re.compile("Monday 2 March 2026"), re.compile("Tuesday 3 March 2026")]
            )
            assert seen.page.get_by_label("Earlier day").input_value() == "2 March 2026"
            seen.page.get_by_label("Later day").fill("ooit")
            seen.page.keyboard.press("Enter")
            seen.page.get_by_text("“ooit” is not understood as a day").wait_for()
            assert seen.page.get_by_label("Later day").input_value() == "ooit"
        assert [one for one in seen.problems if "404" not in one] == []


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False])
def test_typing_in_a_browser(browser: Browser, served, scripts: bool) -> None:
    """A visitor types a day, with and without JavaScript, and is there."""
    base, _ = served
    with visit(browser, f"{base}/demo/", java_script_enabled=scripts, locale="nl-NL") as seen:
        seen.page.get_by_label("Ga naar een dag").fill("3 maart 2026")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_url("**/demo/2026-03-03/")
        seen.page.goto(f"{base}/demo/")
        seen.page.get_by_label("Ga naar een dag").fill("ergens in maart")
        seen.page.keyboard.press("Enter")
        seen.page.get_by_text("is niet te begrijpen").wait_for()
        assert seen.page.get_by_label("Ga naar een dag").input_value() == "ergens in maart"
        seen.page.get_by_label("Woorden of het adres").fill("aanvraag")
        seen.page.get_by_label("Zoals de site was").fill("2 mrt 26")
        seen.page.keyboard.press("Enter")
        seen.page.get_by_text("maandag 2 maart 2026").first.wait_for()
        assert [one for one in seen.problems if "status of 404" not in one] == []  # what was no day
