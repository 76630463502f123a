# SPDX-License-Identifier: EUPL-1.2
"""
The pages of the demonstration site: where they are, from when until when, and how they are set in HTML.

A page is a pair, Dutch and English, under one name: `late` is templates/nl/late.html and
templates/en/late.html, which set `title` and `lead` and hold the rest of the text. What the amounts are
on a day comes in as `facts`; this module knows no days but the numbers 0 to 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from selectolax.lexbor import LexborHTMLParser

Language = Literal["nl", "en"]
Facts = Mapping[str, Any]

LANGUAGES: tuple[Language, ...] = ("nl", "en")
ORIGIN = "http://www.verblijfsdienst.example"
CHANGED = "(changed)"
"""Stands in a rendered page for the day on which it last changed, which only the whole week tells."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page in both languages. `first` and `last` are the days on which it stands at this address."""

    name: str
    nl: str
    en: str
    first: int = 0
    last: int = 6
    published: str = ""
    """Date of a news item, `YYYY-MM-DD`; empty for other pages."""

    def path(self, language: Language) -> str:
        """Return the path in one language."""
        return self.nl if language == "nl" else self.en

    def stands(self, day: int) -> bool:
        """Tell whether the page is there on a day."""
        return self.first <= day <= self.last


PAGES: tuple[Page, ...] = (
    Page("home", "/nl/", "/en/"),
    Page("permit", "/nl/verblijfsvergunning", "/en/residence-permit"),
    Page("au-pair", "/nl/au-pair", "/en/au-pair"),
    Page("expat", "/nl/expatloket", "/en/expat-desk"),
    Page("minors", "/nl/alleenstaande-kinderen", "/en/unaccompanied-minors"),
    Page("late", "/nl/te-late-beslissing", "/en/late-decision"),
    Page("fees", "/nl/kosten", "/en/fees"),
    Page("waiting", "/nl/wachttijden", "/en/waiting-times"),
    Page("news", "/nl/nieuws/", "/en/news/"),
    Page("news-office", "/nl/nieuws/kantoor-veerdam", "/en/news/veerdam-office", published="2026-02-19"),
    Page("news-letters", "/nl/nieuws/kortere-brieven", "/en/news/shorter-letters", published="2026-02-26"),
    Page("news-penalty", "/nl/nieuws/dwangsom-omhoog", "/en/news/penalty-raised", 1, published="2026-03-03"),
    Page("news-walk-in", "/nl/nieuws/inloop-gestopt", "/en/news/walk-in-ended", 3, published="2026-03-05"),
    Page("news-online", "/nl/nieuws/storing-voorbij", "/en/news/outage-over", 5, published="2026-03-07"),
    Page("contact", "/nl/contact", "/en/contact"),
    Page("walk-in", "/nl/inloopspreekuur", "/en/walk-in-hour", last=2),
    Page("appointment", "/nl/afspraak-maken", "/en/make-an-appointment", last=4),
    Page("appointment", "/nl/afspraak", "/en/appointment", first=5),
    Page("online", "/nl/volg-uw-aanvraag", "/en/track-your-application", first=5),
    Page("leaflets", "/nl/brochures", "/en/leaflets"),
    Page("latest", "/nl/actueel", "/en/latest"),
    Page("about", "/nl/over-deze-site", "/en/about-this-site"),
    Page("search", "/nl/zoeken", "/en/search"),
    Page("staff", "/intern/", "/intern/en"),
)

UNLISTED = frozenset({"staff"})
"""Pages that robots.txt closes, so that sitemap and search leave them out too."""

WORDS: Mapping[Language, Mapping[str, Any]] = MappingProxyType(
    {
        "nl": {
            "service": "Verblijfsdienst",
            "other": "English",
            "skip": "Naar de inhoud",
            "menu": "Menu",
            "search": "Zoeken",
            "news": "Nieuws",
            "feed": "/nl/nieuws/feed.xml",
            "changed": "Laatst gewijzigd op",
            "contact": "Contact",
            "reach": "Bel, schrijf of bezoek ons",
            "more": "Meer",
            "leaflets": "Brochures",
            "about": "Over deze site",
            "staff": "Voor medewerkers",
            "fiction": "De Verblijfsdienst is een verzonnen dienst, gemaakt om een webarchief te laten zien. "
            "Aan deze site kunt u geen rechten ontlenen.",
            "nav": (
                ("permit", "Verblijfsvergunning"),
                ("au-pair", "Au pair"),
                ("expat", "Expatloket"),
                ("minors", "Alleenstaande kinderen"),
                ("late", "Te late beslissing"),
                ("fees", "Kosten"),
                ("waiting", "Wachttijden"),
                ("news", "Nieuws"),
                ("contact", "Contact"),
            ),
        },
        "en": {
            "service": "Residence Service",
            "other": "Nederlands",
            "skip": "Skip to content",
            "menu": "Menu",
            "search": "Search",
            "news": "News",
            "feed": "/en/news/feed.xml",
            "changed": "Last changed on",
            "contact": "Contact",
            "reach": "Call, write to or visit us",
            "more": "More",
            "leaflets": "Leaflets",
            "about": "About this site",
            "staff": "For staff",
            "fiction": "The Residence Service is a fictional service, made to demonstrate a web archive. "
            "Nothing on this site gives you any rights.",
            "nav": (
                ("permit", "Residence permit"),
                ("au-pair", "Au pair"),
                ("expat", "Expat desk"),
                ("minors", "Unaccompanied minors"),
                ("late", "Late decision"),
                ("fees", "Fees"),
                ("waiting", "Waiting times"),
                ("news", "News"),
                ("contact", "Contact"),
            ),
        },
    }
)

_MONTHS = {
    "nl": [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a template yields before the layout goes round it."""

    body: str
    title: str
    lead: str
    settings: Mapping[str, str]
    """`base`, `refresh` and `module` where the template sets them, for the head of the page."""

    @property
    def text(self) -> str:
        """The words a reader sees, in one line."""
        parsed = LexborHTMLParser(self.body)
        return " ".join(f"{self.lead} {parsed.text(separator=' ')}".split())


def spelled(day: str, language: Language) -> str:
    """Write out a date given as `YYYY-MM-DD`: `3 maart 2026`, `3 March 2026`."""
    when = date.fromisoformat(day)
    return f"{when.day} {_MONTHS[language][when.month - 1]} {when.year}"


def euro(amount: int, language: Language) -> str:
    """Write out whole euros: `€ 1.470` in Dutch, `€1,470` in English."""
    return "€ " + f"{amount:,}".replace(",", ".") if language == "nl" else f"€{amount:,}"


def links(day: int, language: Language) -> dict[str, str | None]:
    """Return the path of every page by its name; None for pages that are not there on this day."""
    found: dict[str, str | None] = dict.fromkeys(page.name for page in PAGES)
    return found | {page.name: page.path(language) for page in PAGES if page.stands(day)}


def news(day: int, facts: Facts, language: Language) -> list[dict[str, str]]:
    """Return the news items of a day, newest first, with `path`, `date`, `title` and `lead`."""
    pages = sorted(
        (p for p in PAGES if p.published and p.stands(day)), key=lambda p: p.published, reverse=True
    )
    drawn = [(page, _drawn(page.name, day, facts, language, [])) for page in pages]
    return [
        {"path": p.path(language), "date": p.published, "title": f.title, "lead": f.lead} for p, f in drawn
    ]


def fragment(name: str, day: int, facts: Facts, language: Language) -> Fragment:
    """Fill in the template of a page; `home` shows the three newest items, `news` all of them."""
    items = news(day, facts, language) if name in {"home", "news"} else []
    return _drawn(name, day, facts, language, items[:3] if name == "home" else items)


def html(page: Page, day: int, facts: Facts, language: Language) -> str:
    """Return a whole page of a day, with CHANGED where the date of its last change goes."""
    other: Language = "en" if language == "nl" else "nl"
    addresses = {"path": page.path(language), "other_path": page.path(other), "published": page.published}
    return _laid_out(page.name, day, facts, language, addresses)


def message(name: str, day: int, facts: Facts, language: Language) -> str:
    """Return the page for an error: `404`, `410` or `503`. It has no address of its own."""
    addresses = {"path": "", "other_path": "/en/" if language == "nl" else "/nl/", "published": ""}
    return _laid_out(name, day, facts, language, addresses)


def filled(template: str, day: int, language: Language, values: Facts) -> str:
    """Fill in a template that is no page: a feed, a sitemap, the text of a PDF."""
    return _environment().get_template(template).render(_values(day, values, language))


def _laid_out(name: str, day: int, facts: Facts, language: Language, addresses: Mapping[str, str]) -> str:
    inner = fragment(name, day, facts, language)
    return filled(
        "layout.html",
        day,
        language,
        {
            **dict.fromkeys(("base", "refresh", "module")),
            **inner.settings,
            **addresses,
            "name": name,
            "title": inner.title,
            "lead": inner.lead,
            "body": Markup(inner.body),  # noqa: S704 — our own template, escaped when it was filled in
            "changed": CHANGED,
            "other_lang": "en" if language == "nl" else "nl",
        },
    )


def _drawn(name: str, day: int, facts: Facts, language: Language, items: list[dict[str, str]]) -> Fragment:
    template = _environment().get_template(f"{language}/{name}.html")
    module = template.make_module(_values(day, {**facts, "items": items}, language))
    made: dict[str, Any] = vars(module)
    settings: dict[str, str] = {key: str(made[key]) for key in ("base", "refresh", "module") if key in made}
    return Fragment(str(module).strip(), str(made["title"]), str(made["lead"]), settings)


def _values(day: int, values: Facts, language: Language) -> dict[str, Any]:
    shared = {"lang": language, "words": WORDS[language], "link": links(day, language), "origin": ORIGIN}
    return {**shared, "euro": lambda amount: euro(amount, language), **values}


def _source(name: str) -> str:
    return files("archiver.demo").joinpath("templates", *name.split("/")).read_text("utf-8")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(_source),
        autoescape=select_autoescape(("html", "xml")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["date"] = spelled
    return made
