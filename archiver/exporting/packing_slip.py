# SPDX-License-Identifier: EUPL-1.2
"""
The packing slip (pakbon) of a transfer package, and whether its counts are those of the package.

    PACKAGE/ or PACKAGE.zip
      pakbon.xml                     who hands over what, and how much of it
      sip.sha256                     SHA-256 and path of every file under sip/, as `sha256sum` writes them
      sip/<site>/<site>.MDTO.xml     one folder for each aggregation, its sidecar in it
      sip/<site>/<site>-<14 digits>/ the files of one day, the sidecar of each beside it

What a slip says is listed in MDTO-SIP-specificatie, markdown/specificatie.md, "Pakbon"; it gives no schema,
so the elements here are named after its list. The hash of the package is that of sip.sha256, the same for a
folder and for a ZIP, and `sha256sum --check sip.sha256` goes on from there. Knows nothing of archives.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast
from xml.etree import ElementTree as ET

from index.errors import DamagedError

from .mdto import document, element
from .transfer_names import FILE_SIDECAR, OBJECT_SIDECAR

SLIP = "pakbon.xml"
SUMS = "sip.sha256"
INSIDE = "sip/"
MAX_SLIP = 1 << 20
"""Bytes of a slip that are read; ours have a few kilobytes."""
MAX_SUMS = 64 << 20
"""The same of the sums: a line has some hundred bytes."""
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a package holds."""

    objects: int = 0
    """Aggregations: the sidecars of objects."""
    files: int = 0
    """Files that are described: the sidecars of files."""
    others: int = 0
    """Files whose name does not end in .MDTO.xml."""
    bytes: int = 0
    """Of those."""
    digest: str = ""
    """SHA-256 of sip.sha256, in hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Slip:
    """What is written on a packing slip."""

    identifier: str
    title: str
    target: str
    created: str
    """xsd:dateTime."""
    organisation: str
    contact: str
    counts: Counts
    remarks: tuple[str, ...] = ()


def counted(counts: Counts, name: str, size: int) -> Counts:
    """Return counts with one more file under sip/."""
    if name.endswith(FILE_SIDECAR):
        return replace(counts, files=counts.files + 1)
    if name.endswith(OBJECT_SIDECAR):
        return replace(counts, objects=counts.objects + 1)
    return replace(counts, others=counts.others + 1, bytes=counts.bytes + size)


def encode(slip: Slip) -> bytes:
    """Return the XML of a slip."""
    root = ET.Element("pakbon")
    root.extend(element((name, text)) for name, text in _said(slip).items())
    hashed = ET.SubElement(root, "hashcodeSIP", {"algoritme": "SHA256", "over": SUMS})
    hashed.text = slip.counts.digest
    remarks = ET.SubElement(root, "bijzonderheden")
    remarks.extend(element(("bijzonderheid", remark)) for remark in slip.remarks)
    return document(root)


def _said(slip: Slip) -> dict[str, str]:
    return {
        "identificatienummer": slip.identifier,
        "titel": slip.title,
        "locatieDoelsysteem": slip.target,
        "tijdstipCreatie": slip.created,
        "organisatie": slip.organisation,
        "contactpersoon": slip.contact,
        **_numbers(slip.counts),
    }


def _numbers(counts: Counts) -> dict[str, str]:
    return {
        "aantalInformatieobjecten": str(counts.objects),
        "aantalBestanden": str(counts.files),
        "aantalBestandenAndersDanMDTO": str(counts.others),
        "omvangInBytes": str(counts.bytes),
    }


def parsed(data: bytes, where: str) -> ET.Element:
    """
    Return the root of a document that may have come from anywhere. Raises DamagedError if it cannot be read.

    A document type is refused: no document of a package has one, and its entities could be a bomb.
    """
    if b"<!DOCTYPE" in data or b"\0" in data:  # a NUL: UTF-16, in which the words would not be seen
        raise DamagedError(f"{where} has a document type, or is not UTF-8; neither stands in a package.")
    try:
        return ET.fromstring(data)  # noqa: S314  without a document type there are no entities
    except ET.ParseError as error:
        raise DamagedError(f"{where} is not XML that can be read ({error}).") from error


def differences(package: Path) -> list[str]:
    """
    Count a package again and return where its slip says otherwise, empty where all is as it says.

    Every file under sip/ is read. Raises DamagedError where the package or its slip cannot be read.
    """
    try:
        said, sums = _slip(package)
        counts, wrong = _recount(package, sums)
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise DamagedError(f"{package} is not a transfer package that can be read ({error}).") from error
    found = {**_numbers(counts), "hashcodeSIP": hashlib.sha256(sums).hexdigest()}
    return [
        *(
            f"{name}: {said.get(name)!r} in the slip, {value!r} counted"
            for name, value in found.items()
            if said.get(name) != value
        ),
        *wrong,
    ]


def _slip(package: Path) -> tuple[dict[str, str], bytes]:
    """Return what the slip says, and the sums."""
    texts: dict[str, str] = {}
    sums = b""
    for name, size, file in members(package):
        if name == SLIP:
            root = parsed(file.read(MAX_SLIP), f"{package}: {name}")
            texts = {child.tag: child.text or "" for child in root}
        elif name == SUMS:
            sums = file.read(min(size, MAX_SUMS))
    if not texts or not sums:
        raise KeyError(SLIP if not texts else SUMS)
    return texts, sums


def _recount(package: Path, sums: bytes) -> tuple[Counts, list[str]]:
    """Count what is under sip/, and hold each file against its sum."""
    listed = {line[66:]: line[:64] for line in sums.decode("utf-8", "replace").splitlines()}
    counts, wrong = Counts(), []
    for name, size, file in members(package):
        if not name.startswith(INSIDE):
            continue
        counts = counted(counts, name, size)
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        if listed.pop(name, "") != digest.hexdigest():
            wrong.append(f"{name} is not as {SUMS} says")
    return counts, wrong + [f"{name} is in {SUMS} and not in the package" for name in sorted(listed)]


def members(package: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    """Yield name, size and bytes of every file of a package, a folder or a ZIP."""
    yield from _of_folder(package) if package.is_dir() else _of_zip(package)


def _of_folder(package: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    for path in sorted(package.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                yield path.relative_to(package).as_posix(), path.stat().st_size, file


def _of_zip(package: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    """Yield the members of a ZIP; a folder around all of them is left out of their names."""
    with zipfile.ZipFile(package) as archive:
        files = [info for info in archive.infolist() if not info.is_dir()]
        slips = (info.filename for info in files if f"/{info.filename}".endswith(f"/{SLIP}"))
        around = min(slips, key=len, default=SLIP).removesuffix(SLIP)
        for info in files:
            with archive.open(info) as member:
                yield info.filename.removeprefix(around), info.file_size, cast("BinaryIO", member)
