# SPDX-License-Identifier: EUPL-1.2
"""
Search as of a day beside a slow scan of the sealed snapshots: pages out of the WARCs, read one by one.

Days of a made-up site in four languages, of real words, with titles that change apart from texts, pages that go
and come back, and revisits. The scan knows nothing of text records, catalogue or history: it reads what was
answered, takes the markup away, and compares words. Only what takes an ending off a word is the same.
"""

from __future__ import annotations

import random
import re
import unicodedata

import pytest

from archiver.collection import finder
from archiver.responses import open_response
from index.languages import language_of, stems
from index.search import Search
from tests.support.snapshots import HOST, SITE, build_days, page

NL = [
    "de",
    "het",
    "een",
    "van",
    "voor",
    "met",
    "op",
    "aan",
    "aanvraag",
    "aanvragen",
    "aangevraagd",
    "vergunning",
    "vergunningen",
    "verblijf",
    "leges",
    "kosten",
    "betaal",
    "betaling",
    "café",
    "coördinatie",
    "één",
    "reünie",
    "financiële",
    "patiënten",
    "ruïne",
    "beëindigen",
    "termijn",
    "termijnen",
    "besluit",
    "bezwaar",
    "bezwaren",
    "beroep",
    "gemeente",
    "gemeenten",
    "loket",
    "afspraak",
    "afspraken",
    "naturalisatie",
    "inburgering",
]
EN = [
    "the",
    "a",
    "of",
    "for",
    "with",
    "permit",
    "permits",
    "residence",
    "application",
    "applications",
    "apply",
    "applied",
    "fee",
    "fees",
    "naïve",
    "résumé",
]
DE = [
    "die",
    "der",
    "ein",
    "von",
    "für",
    "mit",
    "Genehmigung",
    "Genehmigungen",
    "Gebühr",
    "Gebühren",
    "Straße",
    "Anträge",
    "Antrag",
    "Behörde",
]
FR = [
    "le",
    "la",
    "un",
    "de",
    "pour",
    "avec",
    "permis",
    "séjour",
    "demande",
    "demandes",
    "être",
    "façade",
    "élève",
    "où",
    "déjà",
    "garçon",
]
VOCABULARY = {"nl": NL, "en": EN, "de": DE, "fr": FR}
PAGES, DAYS = 24, 9


def said(chance, language, most):
    words = VOCABULARY[language]
    weights = [1 / place for place in range(1, len(words) + 1)]
    parts = [chance.choice([" ", " ", " ", ", ", "-", ". "]) for _ in range(most)]
    return "".join(
        word + part for word, part in zip(chance.choices(words, weights, k=most), parts, strict=True)
    )


def made_up(chance):
    """Return days on which now and then a text or a title changes, or a page is gone."""
    languages = [chance.choice(["nl", "nl", "nl", "en", "de", "fr"]) for _ in range(PAGES)]
    texts = [said(chance, language, chance.randint(5, 50)) for language in languages]
    titles = [said(chance, language, 3).strip(" .,-") for language in languages]
    for _ in range(DAYS):
        gone = set(chance.sample(range(PAGES), 2))
        yield {"/": page("begin", *(f"/p{number}" for number in range(PAGES)))} | {
            f"/p{number}": page(texts[number], title=titles[number], language=languages[number])
            for number in range(PAGES)
            if number not in gone
        }
        for number in chance.sample(range(PAGES), 3):
            texts[number] = said(chance, languages[number], chance.randint(5, 50))
        for number in chance.sample(range(PAGES), 3):
            titles[number] = said(chance, languages[number], 3).strip(" .,-")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with build_days(tmp_path_factory.mktemp("scan"), list(made_up(random.Random(11)))) as archive:
        yield archive


def plain(text):
    """Return the words of a text, without accents."""
    apart = unicodedata.normalize("NFD", text.casefold())
    return re.findall(r"[a-z0-9]+", "".join(letter for letter in apart if not unicodedata.combining(letter)))


def scanned(archive, folder):
    """Return of every page that was online on a day its language, and the words of title and text."""
    find, found = finder(archive.collection, SITE), {}
    for capture in folder.index.captures():
        if capture.content_type != "text/html" or capture.effective_status != 200:
            continue
        with open_response(find, folder.timestamp, capture) as stored:
            body = b"".join(stored.body).decode()
        [language], [title] = re.findall(r'lang="(\w+)"', body), re.findall("<title>(.*?)</title>", body)
        text = re.sub("<[^>]*>", " ", body.partition("</title>")[2])
        found[capture.url] = language, plain(title), plain(text)
    return found


STEMS = stems()


def has(page_, phrase):
    """Tell whether title or text of a page have words one after the other, in forms of its language."""
    language, *parts = page_
    stem = STEMS[language_of(language)]
    wanted = " ".join(stem(word) for word in phrase)
    return any(f" {wanted} " in f" {' '.join(map(stem, part))} " for part in parts)


def question(chance, page_):
    """Return a query, and the phrases that must and must not be there."""
    _, title, text = page_
    words = title if chance.random() < 0.25 else text
    wanted, unwanted, written = [], [], []
    for _ in range(chance.choice([1, 1, 2])):
        at, most = chance.randrange(len(words)), chance.choice([1, 1, 2, 3])
        phrase = words[at : at + most]
        wanted.append(phrase)
        joined = chance.choice([" ", "-"]).join(phrase)
        written.append(f'"{joined}"' if " " in joined else chance.choice([joined, joined.upper()]))
    if chance.random() < 0.4:
        [word] = plain(chance.choice(chance.choice(list(VOCABULARY.values()))))[:1]
        unwanted.append([word])
        written.append(chance.choice([f"-{word}", f"NOT {word}"]))
    return " ".join(written), wanted, unwanted


@pytest.mark.parametrize("number", [150, pytest.param(1000, marks=pytest.mark.large)])
def test_random_queries(archive, number):
    """Words, phrases and words that must not be there, each on a random day, find what the scan finds."""
    chance = random.Random(number)
    search = Search(archive.shelves.history, archive.shelves.catalogue)
    days = [(folder.timestamp, scanned(archive, folder)) for folder in archive.collection.snapshots(SITE)]
    assert len(days) == DAYS
    assert len({str(pages) for _, pages in days}) == DAYS
    some = 0
    for _ in range(number):
        timestamp, pages = chance.choice(days)
        asked, wanted, unwanted = question(chance, chance.choice(list(chance.choice(days)[1].values())))
        expected = {
            url
            for url, one in pages.items()
            if all(has(one, phrase) for phrase in wanted) and not any(has(one, phrase) for phrase in unwanted)
        }
        found = search.find(SITE, asked, timestamp, limit=100)
        assert {hit.url for hit in found.hits} == expected, (asked, timestamp)
        assert found.total == len(expected)
        some += 0 < len(expected) < len(pages)
    assert some > number // 2


def test_the_scan_finds_something(archive):
    """What is compared with is no empty list: each day has its pages, and titles that are apart from texts."""
    for folder in archive.collection.snapshots(SITE):
        pages = scanned(archive, folder)
        assert len(pages) == PAGES - 2 + 1
        assert f"{HOST}/" in pages
    assert any(not has((language, text), title) for language, title, text in pages.values())
