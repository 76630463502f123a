# SPDX-License-Identifier: EUPL-1.2
"""
A report as one page of HTML: no script, nothing from elsewhere, readable on a phone and on paper.

Everything that is put in is escaped, whatever it came from. Knows nothing of how a rule was measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from .rules import Fact, Finding, Language, Report, Table, Verdict, sentence

_MARKS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.NOT_APPLICABLE: "–"}  # noqa: RUF001  a dash is meant
_CODE = re.compile(r"`([^`]+)`")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; color: #1b1b1b; background: #fff; font: 1rem/1.5 system-ui, "DejaVu Sans", sans-serif; }
main, header, footer { max-width: 60rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.3rem; margin: 2rem 0 .75rem; }
h3 { font-size: 1.1rem; margin: 0; flex: 1 1 12rem; overflow-wrap: anywhere; }
a { color: #154273; }
a:focus-visible { outline: 3px solid #154273; outline-offset: 2px; }
dl.about { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
dl.about dt { color: #4a4a4a; }
dl.about dd { margin: 0; overflow-wrap: anywhere; }
.basis { border-left: .3rem solid #8a5a00; background: #fff8e6; padding: .75rem 1rem; margin: 1.5rem 0; }
.totals { display: flex; flex-wrap: wrap; gap: .75rem; list-style: none; padding: 0; margin: 1rem 0; }
.totals li { border: 1px solid #767676; border-radius: .4rem; padding: .5rem 1rem; flex: 1 1 9rem; }
.totals strong { display: block; font-size: 1.6rem; line-height: 1.2; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; }
th, td { border-bottom: 1px solid #d0d0d0; }
td.rule, td.verdict { white-space: nowrap; }
.badge { display: inline-block; border-radius: .3rem; padding: .1rem .6rem; font-weight: 600; }
.badge { white-space: nowrap; }
.badge.pass { color: #0b4d1e; background: #e3f4e8; border: 1px solid #1c7a38; }
.badge.fail { color: #8b0000; background: #fdeaea; border: 1px solid #b3261e; }
.badge.not-applicable { color: #3d3d3d; background: #f0f0f0; border: 1px solid #767676; }
section.one { border: 1px solid #c8c8c8; border-radius: .4rem; padding: 1rem; margin: 0 0 1rem; }
section.one.fail { border-left: .4rem solid #b3261e; }
section.one.pass { border-left: .4rem solid #1c7a38; }
section.one.not-applicable { border-left: .4rem solid #767676; }
.head { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: baseline; }
dl.told { margin: .75rem 0 0; }
dl.told dt { font-weight: 600; margin-top: .6rem; }
dl.told dd { margin: 0; overflow-wrap: anywhere; }
dl.told ul { margin: .25rem 0 .5rem; padding-left: 1.25rem; font-size: .9rem; }
.minor { color: #4a4a4a; font-size: .9rem; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .9em; overflow-wrap: anywhere; }
footer { padding-bottom: 2rem; }
@media (max-width: 40rem) {
  dl.about { grid-template-columns: 1fr; gap: 0; }
  dl.about dd { margin-bottom: .5rem; }
  table, tbody, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { display: grid; grid-template-columns: 2.75rem 1fr; padding: .5rem 0; }
  tr { border-bottom: 1px solid #d0d0d0; }
  td { border: 0; padding: .1rem 0; }
  td.verdict { grid-column: 2; }
}
@media print {
  body { font-size: 10pt; }
  main, header, footer { max-width: none; padding: 0; }
  section.one { break-inside: avoid; }
  .badge, .basis { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""


def page(table: Table, report: Report, language: Language) -> str:
    """Return the whole document."""
    title = f"{table.about['title'].in_(language)}: {report.title}, {report.day}"
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="{language}">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            *_header(table, report, language),
            "<main>",
            *_overview(table, report, language),
            f'<h2 id="rules">{_word(table, "rules", language)}</h2>',
            *(line for finding in report.findings for line in _section(table, finding, language)),
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _word(table: Table, key: str, language: Language) -> str:
    return escape(table.words[key].in_(language))


def _header(table: Table, report: Report, language: Language) -> Iterator[str]:
    yield "<header>"
    yield f"<h1>{escape(table.about['title'].in_(language))}</h1>"
    yield '<dl class="about">'
    about = {
        "site": f"{report.title} ({report.site})" if report.title != report.site else report.site,
        "day": report.day,
        "snapshot": report.snapshot,
        "export": report.export,
        "made": report.made,
        "software": report.software,
    }
    for key, value in about.items():
        if value:
            yield f"<dt>{_word(table, key, language)}</dt><dd>{escape(value)}</dd>"
    yield "</dl>"
    yield f'<p class="basis">{escape(table.about["basis"].in_(language))}</p>'
    yield f"<p>{escape(table.about['measured'].in_(language))}</p>"
    yield "</header>"


def _overview(table: Table, report: Report, language: Language) -> Iterator[str]:
    yield f'<h2 id="overview">{_word(table, "overview", language)}</h2>'
    yield '<ul class="totals">'
    for verdict in Verdict:
        number = sum(finding.verdict is verdict for finding in report.findings)
        yield f"<li><strong>{number}</strong> {_word(table, verdict.value, language)}</li>"
    yield "</ul>"
    yield "<table>"
    heads = (_word(table, key, language) for key in ("rule", "subject", "verdict"))
    yield "<thead><tr>" + "".join(f'<th scope="col">{head}</th>' for head in heads) + "</tr></thead>"
    yield "<tbody>"
    for finding in report.findings:
        rule = finding.rule
        link = f'<a href="#{escape(rule.id)}">{escape(rule.id)}</a>'
        title = escape(rule.title.in_(language))
        badge = _badge(table, finding, language)
        yield f'<tr><td class="rule">{link}</td><td>{title}</td><td class="verdict">{badge}</td></tr>'
    yield "</tbody></table>"


def _badge(table: Table, finding: Finding, language: Language) -> str:
    verdict = finding.verdict
    mark = f'<span aria-hidden="true">{_MARKS[verdict]}</span>'
    return f'<span class="badge {verdict.value}">{mark} {_word(table, verdict.value, language)}</span>'


def _section(table: Table, finding: Finding, language: Language) -> Iterator[str]:
    rule = finding.rule
    name = f"{rule.id}. {rule.title.in_(language)}"
    yield f'<section class="one {finding.verdict.value}" id="{escape(rule.id)}">'
    yield f'<div class="head"><h3>{escape(name)}</h3>{_badge(table, finding, language)}</div>'
    yield '<dl class="told">'
    yield f"<dt>{_word(table, 'facts', language)}</dt>"
    yield from (f"<dd>{_fact(table, fact, language)}</dd>" for fact in finding.facts)
    if finding.file:
        yield f"<dt>{_word(table, 'file', language)}</dt><dd><code>{escape(finding.file)}</code></dd>"
    for key, text in (("asks", rule.asks), ("how", rule.how), ("blind", rule.blind)):
        yield f"<dt>{_word(table, key, language)}</dt><dd>{_marked(text.in_(language))}</dd>"
    grade = _word(table, "primary" if rule.grade == "P" else "summary", language)
    yield (
        f'<dt class="minor">{_word(table, "source", language)}</dt>'
        f'<dd class="minor">{escape(rule.source)} ({grade})</dd>'
    )
    yield "</dl></section>"


def _fact(table: Table, fact: Fact, language: Language) -> str:
    said = _marked(sentence(table, fact, language))
    if not fact.examples:
        return said
    items = [f"<li><code>{escape(example)}</code></li>" for example in fact.examples]
    if fact.more:
        items.append(f"<li>{escape(table.words['more'].in_(language).format(count=fact.more))}</li>")
    return f"{said}<ul>{''.join(items)}</ul>"


def _marked(text: str) -> str:
    """Return a sentence with `code` in it set as such; it is escaped first, whatever is in it."""
    return _CODE.sub(r"<code>\1</code>", escape(text))
