# SPDX-License-Identifier: EUPL-1.2
"""
Rules that are measured on a transfer package: R14 its MDTO descriptions, R15 its packing slip.

The package is the export that is measured, or one that is made for the report and thrown away. Knows nothing
of how one is made.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from index.errors import ArchiveError, DamagedError

from ..durable import storage
from ..exporting.appraisal import NOT_STATED
from ..exporting.mdto import NAMESPACE
from ..exporting.packing_slip import SLIP, Counts, counted, differences, members, parsed
from .rules import Fact, Few, Finding, Rule, Verdict
from .subject import Subject

MAX_DOCUMENT = 16 << 20
"""Bytes of one description that are read."""
GROWTH = 12
"""How many times the stored bytes a package may take: text shrinks to about a tenth in gzip."""
_UNDECIDED = "N"

Make = Callable[[Path], None]
"""Writes a transfer package of the snapshot to a path that is not there yet."""

_OBJECT = (
    "identificatie/identificatieKenmerk",
    "identificatie/identificatieBron",
    "naam",
    "waardering/begripLabel",
    "waardering/begripBegrippenlijst/verwijzingNaam",
    "archiefvormer/verwijzingNaam",
    "beperkingGebruik/beperkingGebruikType/begripLabel",
    "beperkingGebruik/beperkingGebruikType/begripBegrippenlijst/verwijzingNaam",
)
_FILE = (
    "identificatie/identificatieKenmerk",
    "identificatie/identificatieBron",
    "naam",
    "omvang",
    "bestandsformaat/begripLabel",
    "bestandsformaat/begripBegrippenlijst/verwijzingNaam",
    "checksum/checksumAlgoritme/begripLabel",
    "checksum/checksumWaarde",
    "checksum/checksumDatum",
    "isRepresentatieVan/verwijzingNaam",
)
MANDATORY = {"informatieobject": _OBJECT, "bestand": _FILE}
"""What must have a text, by the schema of MDTO 1.0.1."""
_NAMES = {"m": NAMESPACE}


@contextlib.contextmanager
def package_of(subject: Subject, make: Make) -> Iterator[Path | Fact]:
    """Give the package to be measured, or the fact why there is none; what was made is removed."""
    if subject.export is not None:
        has_slip = (subject.export / SLIP).is_file()
        yield subject.export if has_slip else Fact("package-not-given")
        return
    folder = subject.collection.state / "conform"
    with storage(f"make a package below {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        room = shutil.disk_usage(folder).free
    if room < GROWTH * subject.folder.summary.bytes:
        yield Fact("package-no-room", {"site": subject.folder.site, "day": subject.day.isoformat()})
        return
    with tempfile.TemporaryDirectory(dir=folder) as place:
        yield _made(Path(place) / "package", make)


def _made(path: Path, make: Make) -> Path | Fact:
    try:
        make(path)
    except (ArchiveError, OSError) as error:
        return Fact("package-not-made", {"why": str(error)})
    return path


def _absent(rule: Rule, why: Fact) -> Finding:
    """Return the finding where there is no package; one that could not be made counts against the day."""
    failed = why.key == "package-not-made"
    return Finding(rule, Verdict.FAIL if failed else Verdict.NOT_APPLICABLE, (why,), SLIP)


def metadata(rule: Rule, package: Path | Fact) -> Finding:
    """R14: every description has what must be there, and what must be decided is."""
    if isinstance(package, Fact):
        return _absent(rule, package)
    lacking, unstated, documents, appraisal = Few(), set[str](), 0, "?"
    for name, document in _documents(package):
        documents += 1
        kind, inner = _inner(document)
        for path in MANDATORY.get(kind, ("informatieobject | bestand",)):
            if not _text(inner, path):
                lacking.add(f"{name}: {path}")
        if kind == "informatieobject":
            unstated |= _unstated(inner)
            appraisal = _text(inner, "waardering/begripLabel") or appraisal
    facts = [Fact("mdto-good", {"documents": documents, "appraisal": appraisal})]
    if lacking.count or not documents:
        facts = [lacking.fact("mdto-lacking")]
    if unstated:
        facts.append(Fact("mdto-unstated", {"keys": ", ".join(sorted(unstated))}))
    good = documents and not lacking.count and not unstated
    return Finding(rule, Verdict.PASS if good else Verdict.FAIL, tuple(facts), "sip/**/*.MDTO.xml")


def _documents(package: Path) -> Iterator[tuple[str, ET.Element]]:
    for name, _, file in members(package):
        if name.endswith(".MDTO.xml"):
            yield name, parsed(file.read(MAX_DOCUMENT), name)


def _inner(document: ET.Element) -> tuple[str, ET.Element]:
    inner = next(iter(document), document)
    return inner.tag.removeprefix(f"{{{NAMESPACE}}}"), inner


def _text(inner: ET.Element, path: str) -> str:
    return (inner.findtext("/".join(f"m:{name}" for name in path.split("/")), "", _NAMES) or "").strip()


def _unstated(inner: ET.Element) -> set[str]:
    """Return the keys of the configuration for what an object's description leaves open."""
    left_open = {
        "mdto.creator": _text(inner, "archiefvormer/verwijzingNaam") == NOT_STATED,
        "mdto.appraisal": _text(inner, "waardering/begripCode") == _UNDECIDED,
        "mdto.restriction": _text(inner, "beperkingGebruik/beperkingGebruikType/begripLabel") == NOT_STATED,
    }
    return {key for key, is_open in left_open.items() if is_open}


def slip(rule: Rule, package: Path | Fact) -> Finding:
    """R15: the package is as its packing slip says."""
    if isinstance(package, Fact):
        return _absent(rule, package)
    try:
        wrong, counts = Few(), _counts(package)
        for line in differences(package):
            wrong.add(line)
    except (DamagedError, OSError) as error:
        return Finding(rule, Verdict.FAIL, (Fact("unmeasured", {"why": str(error)}),), SLIP)
    values = {"objects": counts.objects, "files": counts.files, "bytes": counts.bytes}
    fact = wrong.fact("package-bad") if wrong.count else Fact("package-good", values)
    return Finding(rule, Verdict.FAIL if wrong.count else Verdict.PASS, (fact,), SLIP)


def _counts(package: Path) -> Counts:
    counts = Counts()
    for name, size, _ in members(package):
        counts = counted(counts, name, size) if name.startswith("sip/") else counts
    return counts
