# SPDX-License-Identifier: EUPL-1.2
"""Two texts of a page side by side: which lines, which words, which figures and which links are other."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.noise_rules import noise_of
from index.comparison import figures as figures_module
from index.comparison import links
from index.comparison.alignment import MOST, Effort, likeness, runs
from index.comparison.figures import Sort, figures, others
from index.comparison.links import Link, Turned
from index.comparison.passages import MAX_LINE, MAX_LINES, MAX_TEXT, Fold, Row, What, compare, folded
from index.comparison.wording import Mark, pieces, words
from index.noise import Noise, Rule, Stored

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
NOISE = Noise((Rule(name="visitors", pattern=r"\d{1,9} bezoekers"),))
SIDES = st.lists(st.sampled_from("abcd"), max_size=12)


def between(old: str, new: str, noise: Noise = NOISE):
    return compare(Stored(old, MONDAY), Stored(new, TUESDAY), noise)


def told(found) -> list[str]:
    """Return rows as one writes them: what each is, and its pieces between brackets where it has any."""
    return [f"{row.what.value}: {written(row.pieces) or row.new or row.old}" for row in found.rows]


def written(parts) -> str:
    signs = {Mark.SAME: "{}", Mark.REMOVED: "[-{}]", Mark.ADDED: "[+{}]"}
    return "".join(signs[part.mark].format(part.text) for part in parts)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("", "", []),
        ("abcd", "abcd", ["=abcd"]),
        ("abcd", "acxd", ["=a", "b/", "=c", "/x", "=d"]),
        ("ab", "cd", ["ab/cd"]),
        ("", "ab", ["/ab"]),
        ("aab", "ab", ["=a", "a/", "=b"]),
    ],
)
def test_runs(old, new, says):
    """What both have in common is told in its order, and what is between on either side."""
    parts = ((run.same, old[slice(*run.old)], new[slice(*run.new)]) for run in runs(old, new, Effort()))
    assert [f"={now}" if same else f"{was}/{now}" for same, was, now in parts] == says


def longest(old, new) -> int:
    """Return the length of the longest common subsequence, as every textbook has it."""
    row = [0] * (len(new) + 1)
    for one in old:
        before = row
        row = [0]
        for place, other in enumerate(new):
            row.append(before[place] + 1 if one == other else max(row[-1], before[place + 1]))
    return row[-1]


@given(SIDES, SIDES)
def test_runs_give_both_sides_again(old, new):
    """Runs cover both sides without gaps, equal ones are equal, and no common subsequence is longer."""
    found = runs(old, new, Effort())
    for side, name in ((old, "old"), (new, "new")):
        places = [getattr(run, name) for run in found]
        assert [one for place in places for one in side[slice(*place)]] == side
    same = [run for run in found if run.same]
    assert all(old[slice(*run.old)] == new[slice(*run.new)] for run in same)
    assert all(one.same != other.same for one, other in pairwise(found))
    assert sum(run.old[1] - run.old[0] for run in same) == longest(old, new)


def test_effort_is_bounded():
    """What would take more cells than there are is told as one piece, and that is remembered."""
    effort = Effort(cells=10)
    assert [run.same for run in runs("xaby", "xcdy", effort)] == [True, False, True]
    assert not effort.short
    assert runs("abcd", "efgh", effort) == [(False, (0, 4), (0, 4))]
    assert effort.short
    assert likeness("abcd", "abce", Effort(cells=1)) == 0.0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "De dwangsom is € 23 per dag.",
            "De dwangsom is € 35 per dag.",
            "De dwangsom is [-€ 23][+€ 35] per dag.",
        ),
        ("Kosten: € 1.234,50", "Kosten: € 1.234,75", "Kosten: [-€ 1.234,50][+€ 1.234,75]"),
        ("Bel ons.", "Bel ons vandaag.", "Bel ons[+ vandaag]."),
        ("Bel ons vandaag.", "Bel ons.", "Bel ons[- vandaag]."),
        (
            "wij kwamen de dag na hen",
            "zij gingen de nacht voor ons",
            "[-wij kwamen de dag na hen][+zij gingen de nacht voor ons]",
        ),
        ("", "nieuw", "[+nieuw]"),
    ],
)
def test_pieces(old, new, says):
    """Words are told, not letters; figures are whole; short words between two changes are part of them."""
    assert written(pieces(old, new, Effort())) == says


@given(st.text(max_size=40), st.text(max_size=40))
def test_pieces_give_both_lines_again(old, new):
    """Without what was removed a line is the new one, without what was added the old one."""
    found = pieces(old, new, Effort())
    assert "".join(one.text for one in found if one.mark is not Mark.REMOVED) == new
    was = "".join(one.text for one in found if one.mark is not Mark.ADDED)
    assert was == old
    assert "".join(words(old)) == old


def test_passages():
    """Lines that came, went and changed are told in their order, and what rules call noise is none of them."""
    found = between(
        "Kosten\nDe dwangsom is € 23 per dag.\nBel ons op maandag.\nAl 1234 bezoekers.\nContact",
        "Kosten\nDe dwangsom is € 35 per dag.\nAl 1301 bezoekers.\nContact\nMaak een afspraak.",
    )
    assert told(found) == [
        "same: Kosten",
        "changed: De dwangsom is [-€ 23][+€ 35] per dag.",
        "removed: Bel ons op maandag.",
        "noise: Al [-1234][+1301] bezoekers.",
        "same: Contact",
        "added: Maak een afspraak.",
    ]
    assert (found.differ, found.cut, found.coarse) == (True, False, False)
    assert found.number(What.ADDED, What.REMOVED) == 2


def test_lines_alike_stand_together():
    """Of lines that took the place of others those that are alike are one, whatever stands between them."""
    found = between(
        "De waarde van de munt is onbekend.\nWerk en kennis 7 weken\nStudie 9 weken",
        "Een nieuwe zin vooraf.\nWerk en kennis 8 weken\nNog een zin, heel anders.\nStudie 12 weken",
    )
    assert [line for line in told(found) if line.startswith("changed")] == [
        "changed: Werk en kennis [-7][+8] weken",
        "changed: Studie [-9][+12] weken",
    ]
    assert found.number(What.ADDED) == 2
    assert found.number(What.REMOVED) == 1


def test_noise_alone_is_no_difference():
    """Texts that differ in what says nothing alone do not differ to a reader; built-in rules count too."""
    assert not between("Al 1 bezoekers.", "Al 2 bezoekers.").differ
    assert not between("Vandaag is het 2 maart 2026.", "Vandaag is het 3 maart 2026.", noise_of(None)).differ
    assert between("geldig vanaf 1 maart 2026", "geldig vanaf 9 maart 2026", noise_of(None)).differ


@given(
    st.lists(st.sampled_from(["a b", "a c", "d", "", "€ 23", "€ 35"]), max_size=9),
    st.lists(st.sampled_from(["a b", "a c", "d", "€ 35"]), max_size=9),
)
def test_rows_give_both_texts_again(old, new):
    """Every line of both texts is in one row, in its order, and folding leaves none out."""
    found = between("\n".join(old), "\n".join(new))
    was = [row.old for row in found.rows if row.what is not What.ADDED]
    now = [row.new for row in found.rows if row.what is not What.REMOVED]
    assert "\n".join(was) == "\n".join(old)
    assert "\n".join(now) == "\n".join(new)
    shown: list[str] = []
    for row in folded(found.rows):
        shown += row.lines if isinstance(row, Fold) else [row.new] if row.what is not What.REMOVED else []
    assert "\n".join(shown) == "\n".join(new)


def test_folds():
    """Two lines stay on both sides of what changed; a fold has two lines or more."""
    rows = [Row(What.SAME, str(number), str(number)) for number in range(12)]
    rows[6] = Row(What.ADDED, "", "nieuw")
    found = [len(one.lines) if isinstance(one, Fold) else one.new for one in folded(rows)]
    assert found == [4, "4", "5", "nieuw", "7", "8", 3]
    close = [row for row in rows if row.new in {"3", "4", "5", "nieuw"}]
    assert not any(isinstance(one, Fold) for one in folded(close))
    assert list(folded(rows[:3])) == [Fold(("0", "1", "2"), 3)]


@pytest.mark.parametrize(
    ("old", "new", "cut", "coarse"),
    [
        ("x" * (MAX_TEXT + 1), "x" * MAX_TEXT, True, False),
        ("a\n" * (MAX_LINES + 1), "a\n" * MAX_LINES, True, False),
        (
            "\n".join(f"oud {n} {n + 1}" for n in range(90)),
            "\n".join(f"nieuw {n}" for n in range(90)),
            False,
            True,
        ),
        ("woord " * MAX_LINE, "anders " * MAX_LINE, False, True),
        (
            "\n".join(f"{n} oud" for n in range(20_000)),
            "\n".join(f"{n} nieuw" for n in range(20_000)),
            False,
            True,
        ),
        ("gelijk", "gelijk", False, False),
    ],
)
def test_bounds_are_told(old, new, cut, coarse):
    """What is longer than is compared, or differs too much to be told word by word, is said."""
    found = between(old, new)
    assert (found.cut, found.coarse) == (cut, coarse)


def test_worst_texts_take_a_bounded_number_of_cells(monkeypatch):
    """However two texts differ, no more cells are looked at than one comparison may take."""
    spent: list[int] = []
    spend = Effort.spend

    def counted(effort: Effort, cells: int) -> bool:
        taken = spend(effort, cells)
        spent.append(cells if taken else 0)
        return taken

    monkeypatch.setattr(Effort, "spend", counted)
    for old, new in (("1 ", "2 "), ("de ", "het "), (". ", ", ")):
        spent.clear()
        between("\n".join(old * 4000 for _ in range(120)), "\n".join(new * 4000 for _ in range(120)))
        between(
            "\n".join(f"{old * 900}{n}" for n in range(50)), "\n".join(f"{new * 900}{n}" for n in range(50))
        )
        assert sum(spent) <= 2 * MOST


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("De dwangsom is € 23 per dag.", ["amount EUR 23"]),
        ("1.234,50 euro of EUR 1000,-", ["amount EUR 1234.5", "amount EUR 1000"]),
        ("a fee of $1,234.50, 12 USD, £5", ["amount USD 1234.5", "amount USD 12", "amount GBP 5"]),
        ("€ 2,5 miljoen", ["amount EUR 2.5 million"]),
        ("21% btw, 3,5 procent, 4 per cent", ["share % 21", "share % 3.5", "share % 4"]),
        ("binnen 8 weken of 10 werkdagen", ["measure week 8", "measure working day 10"]),
        ("12 m² en 7km", ["measure m2 12", "measure km 7"]),
        ("van 9.30 uur tot 17:00 uur", ["measure time 9.30 uur", "measure time 17:00 uur"]),
        ("vanaf 1 januari 2026", ["date  1-1-2026"]),
        ("26 februari 2026Onze brieven", ["date  26-2-2026"]),
        ("1 mei, July 1st, 2026, maart 2026", ["date  1-5-", "date  1-7-2026", "date  -3-2026"]),
        ("2026-03-02 02-03-2026 2/3/2026", ["date  2-3-2026"] * 3),
        ("versie 3.4.5, artikel 12, 0800-1234, a1 m", []),
        ("geen cijfers", []),
    ],
)
def test_figures(line, found):
    """Amounts, shares, measures and dates are found as Dutch and English write them, and other numbers are not."""
    assert [f"{one.sort} {one.unit} {one.value}" for one in figures(line)] == found


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("De dwangsom is € 23 per dag.", "De dwangsom is € 35 per dag.", [("amount", "€ 23", "€ 35")]),
        ("Van € 23 naar € 35.", "Van € 35 naar € 45.", [("amount", "€ 23", "€ 35"), ("amount", "€ 35", "€ 45")]),
        ("Het kost € 1.000.", "Het kost EUR 1000,00.", []),
        ("Binnen 8 weken, 21%.", "Binnen 9 weken, 9%.", [("share", "21%", "9%"), ("measure", "8 weken", "9 weken")]),
        ("Het kost € 5 en € 7 extra.", "Het kost € 7 extra.", [("amount", "€ 5", "")]),
        ("Gratis.\nHet kost € 5.", "Het kost € 5.\nIets heel anders.", []),
        ("Geldig tot 1 mei 2026.", "Geldig tot 1 juni 2026.", [("date", "1 mei 2026", "1 juni 2026")]),
        ("Kort.", "Kort.\nNieuw: € 12", [("amount", "", "€ 12")]),
    ],
)  # fmt: skip
def test_figures_that_differ(old, new, found):
    """A figure that differs is told with what it was and is; one that stands elsewhere now is not."""
    changed = others(between(old, new).rows, Effort())
    assert [(one.sort.value, one.old, one.new) for one in changed.found] == found
    assert not changed.cut


def test_figures_that_differ_are_bounded(monkeypatch):
    """Of a page full of figures so many are told, and that there are more; a longer text is not looked through."""
    rows = between("", "\n".join(f"Artikel kost € {n}" for n in range(300))).rows
    found = others(rows, Effort())
    assert (len(found.found), found.cut) == (figures_module.MAX_CHANGES, True)
    monkeypatch.setattr(figures_module, "MAX_READ", 50)
    assert [one.sort for one in others(rows, Effort()).found] == [Sort.AMOUNT] * 3


def test_links():
    """A link came, went, or kept its words and leads elsewhere; how often it is there does not count."""
    old = [Link("Kosten", "/kosten"), Link("Aanvragen", "/aanvraag"), Link("Inloop", "/inloop")]
    new = [Link("Kosten", "/kosten"), Link("Aanvragen", "/nl/aanvraag"), Link("Afspraak", "/afspraak")]
    found = links.compare([*old, *old], new)
    assert found.turned == (Turned("Aanvragen", "/aanvraag", "/nl/aanvraag"),)
    assert found.added == (Link("Afspraak", "/afspraak"),)
    assert found.removed == (Link("Inloop", "/inloop"),)
    assert found
    assert not links.compare(new, [*new, *new])


def test_links_are_bounded():
    """Of pages with more links than are compared the first ones are, and that is said."""
    many = [Link(str(number), f"/{number}") for number in range(links.MAX_LINKS + 5)]
    found = links.compare(many[:-5], many)
    assert found.cut
    assert not found
