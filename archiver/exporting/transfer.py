# SPDX-License-Identifier: EUPL-1.2
"""
A folder of exported days into a transfer package: a sidecar for each object and file, and the packing slip.

    sip/<site>/                       Serie     one website
    sip/<site>/<site>-<14 digits>/    Dossier   one harvest day, read again before it goes
    sip/<site>/<site>-<14 digits>/…   Bestand   each file in it

What stands there already (config/profiles/mdto.toml says where) is described; what is outside sip/ is not.
The moment of a checksum and of the package is that at which its folder was made. Knows nothing of how an
export is written.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from index.errors import ArchiveError, DamagedError
from index.timestamp import parse_timestamp

from ..checking.verify import verify
from ..durable import storage, write_file
from ..package import SOFTWARE
from ..pages import read_pages
from ..settings import Settings, Site
from ..snapshot_folder import SnapshotFolder
from .appraisal import (
    NOT_STATED,
    Appraisal,
    Mdto,
    appraisal_of,
    archive_of,
    category_of,
    creator_of,
    restriction_of,
    retention_of,
)
from .mdto import Concept, Event, File, Identification, InformationObject, Reference, encode
from .packing import Packed, PackedFile
from .packing_slip import INSIDE, SLIP, SUMS, Counts, Slip, counted
from .packing_slip import encode as encode_slip
from .transfer_names import FILE_SIDECAR, OBJECT_SIDECAR, form_of, safe_name

LEVELS = "Begrippenlijst Aggregatieniveaus MDTO"
EVENTS = "Begrippenlijst EventTypeLijst MDTO"
OURS = "Begrippenlijst Daykeep"
"""Words for which the archives' own lists have none that we know."""
SOURCE = "Daykeep"
MAX_LANGUAGES = 5
SHARE = 0.01
"""Share of a day's pages from which on a language is named."""

_FURTHER = ("-ledger", "-index.cdxj")
"""In the names of files that tell more of a day than MDTO can."""
_REMARKS = (
    "WARC 1.1 (ISO 28500:2017), niet gecomprimeerd. Antwoorden staan er met de bytes waarmee ze kwamen.",
    "Bestanden op .jsonl zijn JSON Lines, bestanden op .cdxj zijn CDXJ; ze zijn beschreven als platte tekst.",
)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What is said of every object of a site."""

    site: Site
    top: Mdto
    base_url: str
    made: str
    """xsd:dateTime of the package."""

    @property
    def own(self) -> Appraisal:
        return self.site.mdto

    @property
    def title(self) -> str:
        return self.site.title or self.site.name

    @property
    def serie(self) -> Reference:
        return Reference(self.title, Identification(self.site.name, SOURCE))

    def object(self, identification: Identification, name: str, level: str) -> InformationObject:
        """Return an object with what it shares with all others."""
        return InformationObject(
            identification=identification,
            name=name,
            level=Concept(level, LEVELS),
            appraisal=appraisal_of(self.top, self.own),
            creators=(creator_of(self.top),),
            restrictions=(restriction_of(self.top, self.own),),
            retention=retention_of(self.top, self.own),
            category=category_of(self.top, self.own),
        )


@dataclass(frozen=True, slots=True)
class _Day:
    """One harvest day in the package."""

    folder: SnapshotFolder
    path: str
    """Its folder in the package, with `/` between names."""
    files: tuple[PackedFile, ...]

    @property
    def mark(self) -> Identification:
        return Identification(f"{self.folder.site}/{self.folder.timestamp}", SOURCE)


def pack(packed: Packed) -> Iterable[PackedFile]:
    """
    Describe an export that is written, and return the files that were added.

    Raises DamagedError where a day is not as it was sealed (nothing damaged is handed over), ArchiveError for
    a name that a package may not hold, StorageError.
    """
    terms = _terms(packed)
    days = [_day(packed, folder) for folder in packed.days]
    _check_names(file.path for day in days for file in day.files)
    added = [*_sidecars(packed.root, terms, days)]
    inside = [*(file for day in days for file in day.files), *added]
    return [*added, *_closing(packed, terms, days, inside)]


def _terms(packed: Packed) -> _Terms:
    settings = packed.settings or Settings()
    sites = (site for site in settings.site if site.name == packed.site)
    site = next(sites, Site(name=packed.site, seeds=()))
    with storage(f"look at {packed.root}"):
        made = datetime.fromtimestamp(packed.root.stat().st_mtime, UTC)
    return _Terms(site, settings.mdto, settings.viewer.base_url, _moment(made))


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _day(packed: Packed, folder: SnapshotFolder) -> _Day:
    path = f"{INSIDE}{packed.site}/{packed.site}-{folder.timestamp}"
    return _Day(folder, path, tuple(file for file in packed.files if file.path.startswith(f"{path}/")))


def _check_names(paths: Iterable[str]) -> None:
    taken: set[str] = set()
    for path in paths:
        name = path.rpartition("/")[2]
        if name != safe_name(name, taken):
            raise ArchiveError(
                f"{path} has a name that a transfer package may not hold, or holds already. "
                "Export the day with another profile, and give its files other names."
            )
        taken.add(name.lower())


def _sidecars(root: Path, terms: _Terms, days: list[_Day]) -> Iterator[PackedFile]:
    for day in days:
        for file in day.files:
            described = _file(root, terms, day, file)
            yield _write(root, f"{file.path}{FILE_SIDECAR}", encode(described), file.day)
        name = day.path.rpartition("/")[2]
        yield _write(root, f"{day.path}/{name}{OBJECT_SIDECAR}", encode(_dossier(terms, day)), _calendar(day))
    path = f"{INSIDE}{terms.site.name}/{terms.site.name}{OBJECT_SIDECAR}"
    yield _write(root, path, encode(_serie(terms, days)))


def _write(root: Path, path: str, data: bytes, day: str = "") -> PackedFile:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    write_file(root / path, [data])
    return PackedFile(path, len(data), hashlib.sha256(data).hexdigest(), "mdto", day)


def _file(root: Path, terms: _Terms, day: _Day, file: PackedFile) -> File:
    with storage(f"read {root / file.path}"), (root / file.path).open("rb") as opened:
        first = opened.read(8)
    return File(
        identification=_mark(day, file),
        name=_name(file),
        size=file.bytes,
        form=form_of(_name(file), first),
        checksum=file.sha256,
        checked=terms.made,
        represents=Reference(_title(terms, day), day.mark),
    )


def _name(file: PackedFile) -> str:
    return file.path.rpartition("/")[2]


def _mark(day: _Day, file: PackedFile) -> Identification:
    return Identification(f"{day.mark.mark}/{_name(file)}", SOURCE)


def _title(terms: _Terms, day: _Day) -> str:
    return f"{terms.title} {_calendar(day)}"


def _calendar(day: _Day) -> str:
    return day.folder.summary.day


def _dossier(terms: _Terms, day: _Day) -> InformationObject:
    calendar = _calendar(day)
    made_of = [Reference(_name(file), _mark(day, file)) for file in day.files]
    return replace(
        terms.object(day.mark, _title(terms, day), "Dossier"),
        description=f"Website zoals geoogst op {calendar}.",
        online=f"{terms.base_url.rstrip('/')}/{day.folder.site}/{calendar}/",
        covers=(calendar, calendar),
        coverage=Concept("Oogstdag", OURS),
        languages=_languages(day.folder),
        events=(_harvest(day.folder), _validation(day.folder, terms)),
        part_of=(terms.serie,),
        files=tuple(made_of),
        more=tuple(one for one in made_of if any(part in one.name for part in _FURTHER)),
    )


def _serie(terms: _Terms, days: list[_Day]) -> InformationObject:
    calendar = sorted(map(_calendar, days))
    return replace(
        terms.object(Identification(terms.site.name, SOURCE), terms.title, "Serie"),
        description=terms.own.description or terms.top.description,
        online=f"{terms.base_url.rstrip('/')}/{terms.site.name}/",
        covers=(calendar[0], calendar[-1]),
        coverage=Concept("Oogstperiode", OURS),
        part_of=(archive_of(terms.top),),
        parts=tuple(Reference(_title(terms, day), day.mark) for day in days),
    )


def _languages(folder: SnapshotFolder) -> tuple[str, ...]:
    """Return the languages of a day's pages, the most used first, as the pages say themselves."""
    counts = Counter(page.language for page in read_pages(folder.pages_path))
    least = counts.total() * SHARE
    said = [name for name, number in counts.most_common() if number >= least and _is_language(name)]
    return tuple(said[:MAX_LANGUAGES])


def _is_language(text: str) -> bool:
    return text.isascii() and text.isalpha() and 2 <= len(text) <= 8


def _harvest(folder: SnapshotFolder) -> Event:
    summary = folder.summary
    counts = ", ".join(f"{outcome} {number}" for outcome, number in summary.counts.items())
    return Event(
        kind=Concept("Creatie", EVENTS),
        time=_moment(parse_timestamp(folder.timestamp)),
        actor=str(folder.package.get("software") or SOFTWARE),
        result=f"Oogst: {summary.outcome.value}. {summary.known} bekende adressen: {counts}.",
    )


def _validation(folder: SnapshotFolder, terms: _Terms) -> Event:
    """Read a day again, with what it refers to, and return that event. Raises DamagedError."""

    def find(snapshot: str, filename: str) -> Path:
        return SnapshotFolder(folder.site, snapshot, folder.path.parent / snapshot).warc(filename)

    problems = [str(problem) for problem in islice(verify(folder, find), 1)]
    if problems:
        raise DamagedError(
            f"Snapshot {folder.timestamp} is not as it was sealed ({problems[0]}), so it is not handed over. "
            "Run `daykeep verify` to see how far the damage goes, and restore it from a copy."
        )
    result = "Alle bytes gelezen: digests, index, grootboek en verwijzingen zoals verzegeld; geen problemen."
    return Event(Concept("Validatie", OURS), terms.made, SOFTWARE, result)


def _closing(
    packed: Packed, terms: _Terms, days: list[_Day], inside: Iterable[PackedFile]
) -> Iterator[PackedFile]:
    """Write the sums and the slip."""
    counts, lines = Counts(), []
    for file in sorted(inside, key=lambda one: one.path):
        counts = counted(counts, file.path, file.bytes)
        lines.append(f"{file.sha256}  {file.path}\n")
    sums = "".join(lines).encode()
    counts = replace(counts, digest=hashlib.sha256(sums).hexdigest())
    yield _write(packed.root, SUMS, sums)
    calendar = sorted(map(_calendar, days))
    span = calendar[0] if len(days) == 1 else f"{calendar[0]} / {calendar[-1]}"
    slip = Slip(
        identifier=f"{terms.site.name}-{days[0].folder.timestamp}-{counts.digest[:16]}",
        title=f"{terms.title}, {span}",
        target=terms.top.target or NOT_STATED,
        created=terms.made,
        organisation=terms.top.creator or NOT_STATED,
        contact=terms.top.contact or NOT_STATED,
        counts=counts,
        remarks=_REMARKS,
    )
    yield _write(packed.root, SLIP, encode_slip(slip))
