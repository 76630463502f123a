# SPDX-License-Identifier: EUPL-1.2
"""
Why a day can be trusted: its proof, to be checked elsewhere without us, and how it meets the Dutch guideline.

    /<site>/<moment>/proof                    seal, files with size and digest, and the commands to check them
    /<site>/<moment>/proof/<name>             the same for programs: the lists as they stand, and two more
        datapackage.json, datapackage-digest.json    byte for byte
        SHA256SUMS                                   every file, as `sha256sum --check` reads it
        seal.json                                    to keep elsewhere, as `daykeep verify --against` reads it
    /<site>/<moment>/conformance              the report on the guideline, rule by rule
    /<site>/<moment>/conformance.json         the same for programs

Nothing is measured here, and no file of the day is read but its lists: a request costs the same, however
large the day. Knows nothing of how a seal or a report is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Blueprint, Response, abort, render_template
from flask_babel import get_locale, gettext
from markupsafe import Markup, escape
from msgspec.structs import replace

from archiver.conformance.kept import KeptFact, KeptReport, document_of, report_of
from archiver.conformance.rules import Text
from archiver.exporting.safe_names import safe_name
from archiver.package import DIGEST, PACKAGE, sealed_digest
from archiver.seals import Kept, seal_of
from archiver.snapshot_folder import SnapshotFolder
from index.errors import DamagedError
from index.urlkey import normalise

from ..current import holdings
from ..replaying.file import disposition
from ..told import ToldError, Way, filled
from .browse import Shown, folder_of, last_page, page_number, shown_at, snapshot_of
from .day_log import SHOWN

pages = Blueprint("trust", __name__)

SUMS, SEAL = "SHA256SUMS", "seal.json"
MARKS = {"pass": "✓", "fail": "✗", "not-applicable": "–"}  # noqa: RUF001  a dash is meant
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_AFTER = ".,:;)…"
"""What may stand behind an address in a sentence of a report."""
_CODE = re.compile(r"`([^`]+)`")
_TYPES = {PACKAGE: "application/json", DIGEST: "application/json", SEAL: "application/json"}


class SealedFile(msgspec.Struct, frozen=True):
    """One file of a day, as its list has it."""

    path: str
    hash: str
    bytes: int

    @property
    def digest(self) -> str:
        """The hexadecimal digits alone."""
        return self.hash.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Proof:
    """What a day is proved by."""

    package: str
    """SHA-256 of its list of files, in hexadecimal digits; empty where it cannot be read."""
    seal: Kept | None
    """Its line in the list of all days."""
    files: int


@pages.get("/<site>/<moment>/proof")
def proof(site: str, moment: str) -> str:
    """Show by what a day is proved, its files a page at a time."""
    shown = shown_at(holdings().site(site), moment)
    folder, number = folder_of(shown), page_number()
    listed = _listed(folder)
    return render_template(
        "proof.html",
        shown=shown,
        proof=Proof(sealed_digest(folder.path).rpartition(":")[2], _seal(folder), len(listed)),
        files=_files(listed[(number - 1) * SHOWN : number * SHOWN]),
        taken=_taken(shown),
        records=_records(folder),
        number=number,
        last=last_page(len(listed)),
    )


@pages.get("/<site>/<moment>/proof/<name>")
def proof_file(site: str, moment: str, name: str) -> Response:
    """Answer with one of the lists that a day is proved by."""
    shown = shown_at(holdings().site(site), moment)
    makers: dict[str, Callable[[Shown, str], bytes | Iterator[str]]]
    makers = {PACKAGE: _as_it_stands, DIGEST: _as_it_stands, SUMS: _sums, SEAL: _seal_file}
    if name not in makers:
        proved = Way(gettext("Proof of this day"), f"/{site}/{moment}/proof")
        raise ToldError(filled(gettext("There is no list “%(name)s” here."), name=name), proved)
    response = Response(makers[name](shown, name), content_type=_TYPES.get(name, "text/plain; charset=utf-8"))
    response.headers["Content-Disposition"] = disposition(name)
    return _asked_again(response)


@pages.get("/<site>/<moment>/conformance")
def conformance(site: str, moment: str) -> str:
    """Show how a day meets the guideline; where it was not measured yet, say so."""
    shown = shown_at(holdings().site(site), moment)
    report = _public(shown, report_of(holdings().collection, folder_of(shown)))
    return render_template("conformance.html", shown=shown, report=report, marks=MARKS, told=told)


@pages.get("/<site>/<moment>/conformance.json")
def conformance_file(site: str, moment: str) -> Response:
    """Answer with the report of a day, every text of it in both languages."""
    shown = shown_at(holdings().site(site), moment)
    collection, folder = holdings().collection, folder_of(shown)
    found, report = document_of(collection, folder), report_of(collection, folder)
    if found is None:
        day = Way(gettext("Everything else of this day"), f"/{site}/{moment}/")
        raise ToldError(gettext("This day has not been measured yet."), day)
    public = _public(shown, report)
    if public != report:
        found = msgspec.json.encode(public)
    return _asked_again(Response(found, content_type="application/json"))


def _public(shown: Shown, report: KeptReport | None) -> KeptReport | None:
    """Return a report without what speaks of addresses that are withheld on its day."""
    if report is None or not holdings().takedowns.register:
        return report
    rules = (replace(rule, facts=tuple(_open(shown, rule.facts))) for rule in report.rules)
    return replace(report, rules=tuple(rules))


def _open(shown: Shown, facts: Iterable[KeptFact]) -> Iterator[KeptFact]:
    for fact in facts:
        if _may_be_told(shown, f"{fact.nl} {fact.en}"):
            places = tuple(place for place in fact.examples if _may_be_told(shown, place))
            yield fact if places == fact.examples else replace(fact, examples=places, values={})


def _may_be_told(shown: Shown, said: str) -> bool:
    """Tell whether no address in a sentence is withheld; one that is cut, or none, may be such a one."""
    takedowns, timestamp = holdings().takedowns, shown.snapshot.timestamp
    for found in _ADDRESS.findall(said):
        for spelt in {found, found.rstrip(_AFTER)}:
            url = normalise(spelt)
            if url is None or "…" in spelt or takedowns.of(url, timestamp) is not None:
                return False
    return True


def told(text: Text) -> Markup:
    """Return a sentence of a report in the visitor's language, escaped, and with `code` in it set as such."""
    said = text.in_("nl" if str(get_locale()) == "nl" else "en")
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(said))))  # noqa: S704  escaped first


def _asked_again(response: Response) -> Response:
    """Let a browser keep an answer, and ask each time whether it is still the same."""
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    return response


def _listed(folder: SnapshotFolder) -> list[Any]:
    listed = folder.package.get("resources")
    return listed if isinstance(listed, list) else []


def _files(listed: list[Any]) -> list[SealedFile]:
    try:
        return msgspec.convert(listed, list[SealedFile])
    except msgspec.ValidationError as error:
        raise DamagedError(
            f"A list of files is not as it should be ({error}). Run `daykeep verify`."
        ) from error


def _seal(folder: SnapshotFolder) -> Kept | None:
    """Return the line of a day in the list of all days; None where it has none that can be read."""
    return seal_of(holdings().collection, folder)


def _records(folder: SnapshotFolder) -> int | None:
    """Return how many records a day has, where it was measured: to count them takes reading them."""
    report = report_of(holdings().collection, folder)
    rules = report.rules if report else ()
    counted = (fact.values.get("records") for rule in rules if rule.id == "R5" for fact in rule.facts)
    return next((number for number in counted if isinstance(number, int)), None)


def _taken(shown: Shown) -> Mapping[str, str]:
    """Return under which name a browser saves each copy of a day that is offered, by the name of its kind."""
    if snapshot_of(shown).withholds() is not None:
        return {}
    site, day = shown.site.name, shown.snapshot.day
    offered = holdings().exports.offered
    return {one.name: safe_name(f"{site}-{day}-{one.name}{one.suffix}") for one in offered}


def _as_it_stands(shown: Shown, name: str) -> bytes:
    path = folder_of(shown).path / name
    try:
        return path.read_bytes()
    except OSError as error:
        raise DamagedError(f"{path} cannot be read ({error.strerror}). Run `daykeep verify`.") from error


def _sums(shown: Shown, _name: str) -> Iterator[str]:
    folder = folder_of(shown)
    files = _files(_listed(folder))
    package = sealed_digest(folder.path).rpartition(":")[2]
    return (
        f"{_sum_of(digest, path)}\n"
        for digest, path in [(package, PACKAGE), *((one.digest, one.path) for one in files)]
        if digest
    )


def _sum_of(digest: str, path: str) -> str:
    """Return a line as sha256sum writes it, one with a backslash or a new line in its name marked."""
    name = path.replace("\\", r"\\").replace("\n", r"\n").replace("\r", r"\r")
    marked = "" if name == path else "\\"
    return f"{marked}{digest}  {name}"


def _seal_file(shown: Shown, _name: str) -> bytes:
    folder, snapshot = folder_of(shown), shown.snapshot
    package, seal = sealed_digest(folder.path), _seal(folder)
    if not package:
        abort(404)
    line = {"seal": seal.digest} if seal else {}
    row = {"site": snapshot.site, "timestamp": snapshot.timestamp, "package": package, **line}
    return msgspec.json.encode(row) + b"\n"
