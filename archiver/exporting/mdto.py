# SPDX-License-Identifier: EUPL-1.2
"""
Facts of an archive into MDTO XML 1.0.1, the metadata of the National Archives of the Netherlands.

    <MDTO xmlns="https://www.nationaalarchief.nl/mdto">
      <informatieobject>        a site (Serie) or one harvest day (Dossier)
      | <bestand>               one file of it, with size, PRONOM code and checksum

The order of elements is the schema's (xsd:sequence); what is empty and may be left out is left out. The names
of fields here are the schema's own in English, so that each can be held against it. Knows nothing of folders,
of configuration or of what a packing slip is.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

NAMESPACE = "https://www.nationaalarchief.nl/mdto"
SCHEMA = f"{NAMESPACE}/MDTO-XML1.0.1.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"

# XML 1.0 section 2.2: no other character may stand in a document, not even as a reference
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Node = tuple[str, "str | list[Node]"]
"""Name of an element, and its text or its children."""


@dataclass(frozen=True, slots=True)
class Identification:
    """identificatieGegevens: a mark, and whose mark it is."""

    mark: str
    source: str


@dataclass(frozen=True, slots=True)
class Reference:
    """verwijzingGegevens: another object by its name, and by its mark where it has one."""

    name: str
    identification: Identification | None = None


@dataclass(frozen=True, slots=True)
class Concept:
    """begripGegevens: a word out of a list of words."""

    label: str
    vocabulary: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """eventGegevens: what happened to an object."""

    kind: Concept
    time: str
    """xsd:dateTime."""
    actor: str = ""
    result: str = ""


@dataclass(frozen=True, slots=True)
class Restriction:
    """beperkingGebruikGegevens: what limits the use of an object, which may be nothing."""

    kind: Concept
    description: str = ""


@dataclass(frozen=True, slots=True)
class InformationObject:
    """An informatieobject: what is described, apart from the files it is made of."""

    identification: Identification
    name: str
    level: Concept
    appraisal: Concept
    """waardering."""
    creators: tuple[Reference, ...]
    """archiefvormer, one at least."""
    restrictions: tuple[Restriction, ...]
    description: str = ""
    online: str = ""
    """Where it can be looked at (raadpleeglocatieOnline)."""
    covers: tuple[str, str] | None = None
    """First and last day that it tells of, xsd:date each."""
    coverage: Concept | None = None
    """What kind of period `covers` is (dekkingInTijdType)."""
    languages: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    retention: str = ""
    """bewaartermijn, xsd:duration such as P20Y."""
    category: Concept | None = None
    """informatiecategorie, of the selection list."""
    part_of: tuple[Reference, ...] = ()
    parts: tuple[Reference, ...] = ()
    files: tuple[Reference, ...] = ()
    """heeftRepresentatie."""
    more: tuple[Reference, ...] = ()
    """aanvullendeMetagegevens: files that tell more of it, such as the ledger."""


@dataclass(frozen=True, slots=True)
class File:
    """A bestand: one file and of what it is a representation."""

    identification: Identification
    name: str
    size: int
    form: Concept
    """bestandsformaat, with its PRONOM code."""
    checksum: str
    """SHA-256 in hexadecimal digits."""
    checked: str
    """When the checksum was made, xsd:dateTime."""
    represents: Reference


def encode(described: InformationObject | File) -> bytes:
    """Return the MDTO document of an object or a file."""
    if isinstance(described, File):
        inner: Node = ("bestand", list(_file(described)))
    else:
        inner = ("informatieobject", list(_object(described)))
    root = ET.Element("MDTO", {"xmlns": NAMESPACE, "xmlns:xsi": _XSI})
    root.set("xsi:schemaLocation", f"{NAMESPACE} {SCHEMA}")
    root.append(element(inner))
    return document(root)


def element(node: Node) -> ET.Element:
    """Return a node as an element; characters that XML cannot hold become U+FFFD."""
    name, content = node
    made = ET.Element(name)
    if isinstance(content, str):
        made.text = clean(content)
    else:
        made.extend(element(child) for child in content)
    return made


def document(root: ET.Element) -> bytes:
    """Return a document, indented, with its declaration."""
    ET.indent(root)
    out = io.BytesIO()
    ET.ElementTree(root).write(out, encoding="UTF-8", xml_declaration=True)
    return out.getvalue() + b"\n"


def clean(text: str) -> str:
    """Return a text with U+FFFD for each character that XML 1.0 cannot hold."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _identification(name: str, one: Identification) -> Node:
    return name, [("identificatieKenmerk", one.mark), ("identificatieBron", one.source)]


def _reference(name: str, one: Reference) -> Node:
    children: list[Node] = [("verwijzingNaam", one.name)]
    if one.identification is not None:
        children.append(_identification("verwijzingIdentificatie", one.identification))
    return name, children


def _concept(name: str, one: Concept) -> Node:
    code: list[Node] = [("begripCode", one.code)] if one.code else []
    return name, [
        ("begripLabel", one.label),
        *code,
        _reference("begripBegrippenlijst", Reference(one.vocabulary)),
    ]


def _texts(**named: str) -> Iterator[Node]:
    """Yield the elements that have a text."""
    return ((name, text) for name, text in named.items() if text)


def _references(name: str, many: Iterable[Reference]) -> Iterator[Node]:
    return (_reference(name, one) for one in many)


def _object(one: InformationObject) -> Iterator[Node]:
    yield _identification("identificatie", one.identification)
    yield "naam", one.name
    yield _concept("aggregatieniveau", one.level)
    yield from _texts(omschrijving=one.description)
    if one.online:
        yield "raadpleeglocatie", [("raadpleeglocatieOnline", one.online)]
    yield from _coverage(one)
    yield from (("taal", language) for language in one.languages)
    yield from (_event(event) for event in one.events)
    yield _concept("waardering", one.appraisal)
    if one.retention:
        yield "bewaartermijn", [("termijnLooptijd", one.retention)]
    if one.category is not None:
        yield _concept("informatiecategorie", one.category)
    yield from _references("isOnderdeelVan", one.part_of)
    yield from _references("bevatOnderdeel", one.parts)
    yield from _references("heeftRepresentatie", one.files)
    yield from _references("aanvullendeMetagegevens", one.more)
    yield from _references("archiefvormer", one.creators)
    yield from (_restriction(restriction) for restriction in one.restrictions)


def _coverage(one: InformationObject) -> Iterator[Node]:
    if one.covers is not None and one.coverage is not None:
        first, last = one.covers
        yield (
            "dekkingInTijd",
            [
                _concept("dekkingInTijdType", one.coverage),
                ("dekkingInTijdBegindatum", first),
                ("dekkingInTijdEinddatum", last),
            ],
        )


def _event(one: Event) -> Node:
    actor = [_reference("eventVerantwoordelijkeActor", Reference(one.actor))] if one.actor else []
    return "event", [
        _concept("eventType", one.kind),
        *_texts(eventTijd=one.time),
        *actor,
        *_texts(eventResultaat=one.result),
    ]


def _restriction(one: Restriction) -> Node:
    return "beperkingGebruik", [
        _concept("beperkingGebruikType", one.kind),
        *_texts(beperkingGebruikNadereBeschrijving=one.description),
    ]


def _file(one: File) -> Iterator[Node]:
    yield _identification("identificatie", one.identification)
    yield "naam", one.name
    yield "omvang", str(one.size)
    yield _concept("bestandsformaat", one.form)
    yield (
        "checksum",
        [
            _concept("checksumAlgoritme", Concept("SHA256", "Begrippenlijst ChecksumAlgoritme MDTO")),
            ("checksumWaarde", one.checksum),
            ("checksumDatum", one.checked),
        ],
    )
    yield _reference("isRepresentatieVan", one.represents)
