# SPDX-License-Identifier: EUPL-1.2
"""
Exchanges and artefacts into WARC/1.1 records, and what their lines in the index say.

    warcinfo                     first in every file
    response, request, metadata  one set per exchange, with one WARC-Date; metadata only where it is given
    revisit, request             the same where the payload is stored already
    resource                     artefacts of ours: urn:text:<url>, urn:daykeep:ledger, …

Rules (ISO 28500:2017): the block keeps the bytes as sent; digests are SHA-256, lower-case hexadecimal; the
payload digest is over the body without transfer coding. On a response whose body is chunked, or begins
after interim (1xx) heads, the payload digest is left out of the WARC (it is optional there) and stands in
the CDXJ: every checker of the field computes it over the chunk framing (warcio issue 74), or over all that
follows the first blank line, and would call the right one wrong. A request stands behind its response, in
the same file, and metadata behind that. Knows nothing of files (`record_files`), of what to fetch, or of who
reads (`records`).
"""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from index.errors import DamagedError
from index.model import REVISIT, Capture, Original
from index.timestamp import to_timestamp, to_warc_date
from index.urlkey import urlkey

from .digests import is_sha256
from .discovery import Discovery
from .exchange import Exchange, header, header_fields
from .identity import identity
from .named_fields import (
    Fields,
    Reference,
    about,
    head_of,
    of_metadata,
    of_request,
    of_response,
    of_revisit,
    sha256,
)
from .record_files import RecordFiles, Written
from .records import open_whole
from .responses import payload_digest

FORMAT = "WARC File Format 1.1"
CONFORMS_TO = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
_FIELDS = 1024
"""More than the named fields of a request or metadata record take, but for its URL."""


class WarcFiles(RecordFiles):
    """The WARCs of one snapshot, and how exchanges and artefacts become records in them."""

    def exchange(
        self, exchange: Exchange, same_as: Reference | None = None, how: Discovery | None = None
    ) -> Capture:
        """
        Write response, request and `how` the address was come by; return the capture's line for the index.

        With `same_as` a revisit that refers to it is written in place of the response, with its header
        block: of profile server-not-modified where the answer was 304, else identical-payload-digest. A 304
        without `same_as` is a response like any other. Raises StorageError.
        """
        record_id = self.new_id()
        own: Fields = [("WARC-Record-ID", record_id), *about(exchange)]
        told = how.block() if how else b""
        beside = len(exchange.request) + len(told) + 2 * (len(exchange.url) + _FIELDS)
        if same_as is None:
            fields, length = own + of_response(exchange), exchange.length
            there = self.record("response", fields, exchange.response, length, beside=beside)
        else:
            head = head_of(exchange)
            fields = own + of_revisit(exchange, same_as, head)
            there = self.record("revisit", fields, io.BytesIO(head), len(head), beside=beside)
        request = [("WARC-Record-ID", self.new_id()), *own[1:], *of_request(exchange, record_id)]
        self.record("request", request, io.BytesIO(exchange.request), len(exchange.request))
        if told:
            own = [("WARC-Record-ID", self.new_id()), *_moment_and_target(own)]
            self.record("metadata", own + of_metadata(record_id, told), io.BytesIO(told), len(told))
        capture = _capture(exchange, record_id, there)
        return _revisit(capture, exchange, same_as) if same_as else capture

    def resource(self, uri: str, mime: str, data: bytes, moment: datetime) -> Capture:
        """Write an artefact of ours as a resource record, and return its line for the index."""
        record_id, date, digest = self.new_id(), to_warc_date(moment), sha256(data)
        fields = [
            ("WARC-Record-ID", record_id),
            ("WARC-Date", date),
            ("WARC-Target-URI", uri),
            ("Content-Type", mime),
            ("WARC-Payload-Digest", digest),
            ("WARC-Block-Digest", digest),
        ]
        there = self.record("resource", fields, io.BytesIO(data), len(data))
        return Capture(
            urlkey=urlkey(uri),
            timestamp=to_timestamp(moment),
            url=uri,
            mime=mime.partition(";")[0],
            status=None,
            digest=digest,
            filename=there.filename,
            offset=there.offset,
            length=there.length,
            record=record_id[1:-1],
            date=date,
            segments=there.segments,
        )


def _moment_and_target(fields: Fields) -> Fields:
    return [(name, value) for name, value in fields if name in {"WARC-Date", "WARC-Target-URI"}]


def _capture(exchange: Exchange, record_id: str, there: Written) -> Capture:
    return Capture(
        urlkey=urlkey(exchange.url),
        timestamp=to_timestamp(exchange.date),
        url=exchange.url,
        mime=exchange.mime,
        status=exchange.status,
        digest=exchange.payload_digest,
        filename=there.filename,
        offset=there.offset,
        length=there.length,
        redirect=exchange.location,
        etag=exchange.header("etag"),
        last_modified=exchange.header("last-modified"),
        truncated=exchange.truncated,
        record=record_id[1:-1],
        date=to_warc_date(exchange.date),
        segments=there.segments,
    )


def _revisit(capture: Capture, exchange: Exchange, same_as: Reference) -> Capture:
    """
    Return the line of a revisit.

    A 304 stands for the original's payload. It need not repeat the validators (RFC 9110 section 15.4.5 asks
    for the ETag alone); those that were asked by hold on, so that the day after can ask by them as well.
    """
    if exchange.status != 304:
        return replace(capture, mime=REVISIT, original=same_as.original)
    return replace(
        capture,
        mime=REVISIT,
        original=same_as.original,
        digest=same_as.digest,
        redirect=None,
        etag=capture.etag or _asked_by(exchange, "if-none-match"),
        last_modified=capture.last_modified or _asked_by(exchange, "if-modified-since"),
    )


def _asked_by(exchange: Exchange, name: str) -> str | None:
    return header(header_fields(exchange.request.partition(b"\n")[2]), name)


def original_of(capture: Capture, snapshot: str) -> Original:
    """Return where the payload of a capture of that snapshot lives: in itself, or where its revisit says."""
    return capture.original or Original(
        snapshot=snapshot,
        filename=capture.filename,
        offset=capture.offset,
        length=capture.length,
        mime=capture.mime,
        status=capture.status or 0,
        url=capture.url,
        timestamp=capture.timestamp,
        record=capture.record,
        date=capture.date,
        segments=capture.segments,
    )


def reference_of(original: Original, digest: str) -> Reference | None:
    """Return what a revisit must say of a response with that payload, None where its line does not tell."""
    if original.record is None or original.date is None:
        return None
    return Reference(original, f"<{original.record}>", original.date, digest)


def refer(path: Path, original: Original) -> Reference:
    """
    Return what a revisit must say of the response it refers to, read from the record itself.

    Raises DamagedError where the record there is not the response of that URL.
    """
    with open_whole(path.with_name, path, original.offset, original.segments) as record:
        uri = (record.field("WARC-Target-URI") or "").strip("<> ")  # wget puts it in brackets
        if record.kind != "response" or identity(uri) != original.url:
            what = f"does not hold the response of {original.url}"
            raise DamagedError(f"{path} at offset {original.offset} {what}. Run `daykeep verify`.")
        said = record.field("WARC-Payload-Digest") or ""
        digest = said if is_sha256(said) else payload_digest(record)
        record_id, date = record.field("WARC-Record-ID") or "", record.field("WARC-Date") or ""
        return Reference(original, record_id, date, digest)
