# SPDX-License-Identifier: EUPL-1.2
"""
One HTTP request and its raw response, as they went over the wire. Knows nothing of how they are stored.

    Exchange  a response arrived, whole or cut; every byte from its status line on is kept
    Failure   no response arrived, and why

The response keeps its transfer coding (chunk framing) as sent; the payload digest is over the body
without it (ISO 28500:2017 section 6.3.6), so that a chunked and a plain transfer of a page are equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from index.urlkey import normalise

from .payload import dechunk

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order they came, repeated ones repeated; names as spelled, values as Latin-1."""

_PLAIN = re.compile(rb"(?:[!-9;-~]++:[^\r\n\0]*+\r\n)*+")
"""Fields as nearly all servers send them: a name without white space, one line each, CR LF."""
# RFC 9110 section 5.5: replace CR and NUL inside a value by a space before anything acts on it.
_DANGEROUS = {0: " ", 13: " "}


def header(headers: Headers, name: str) -> str | None:
    """Return the first value of a field, whatever the case of its name."""
    wanted, size = name.lower(), len(name)
    for key, value in headers:
        if len(key) == size and key.lower() == wanted:
            return value
    return None


def header_fields(block: bytes) -> Headers:
    """
    Return the fields of a head, its status line taken off, in order and as spelled, as Latin-1.

    Folded lines are joined with one space (RFC 9112 section 5.2), white space before the colon is dropped
    (section 5.1), CR and NUL in a value become spaces. A line that is no field is left out.
    """
    whole = block.decode("latin-1")
    if _PLAIN.fullmatch(block):
        pairs = [line.split(":", 1) for line in whole.split("\r\n")[:-1]]
        return tuple([(name, value.strip(" \t")) for name, value in pairs])
    if _is_plain(whole):
        parts = (line.partition(":") for line in whole.split("\r\n"))
        trimmed = ((name.strip(" \t"), colon, value.strip(" \t")) for name, colon, value in parts)
        return tuple([(name, value) for name, colon, value in trimmed if colon and name])
    fields: list[tuple[str, list[str]]] = []
    for line in whole.split("\n"):
        text = line.removesuffix("\r").translate(_DANGEROUS)
        if text.startswith((" ", "\t")):
            if fields:
                fields[-1][1].append(text.strip(" \t"))
            continue
        name, colon, value = text.partition(":")
        if colon and name.strip(" \t"):
            fields.append((name.strip(" \t"), [value.strip(" \t")]))
    return tuple((name, " ".join(filter(None, parts))) for name, parts in fields)


def _is_plain(text: str) -> bool:
    """Tell whether every line ends in CR LF, no other CR and no NUL is there, and no line is folded."""
    ends = text.count("\r\n")
    folded = text.startswith((" ", "\t")) or "\n " in text or "\n\t" in text
    return text.count("\r") == ends == text.count("\n") and not folded and "\0" not in text


def address_text(value: str) -> str:
    """
    Return the value of a field that holds an address as the server meant it.

    Fields are read as Latin-1, which loses nothing; servers that put more than ASCII into an address mean
    UTF-8, as browsers take it (URL standard, "UTF-8 decode without BOM" of a Location).
    """
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that got a response. Close it when its bytes have been written; it may be a file on disk."""

    url: str
    """Normalised URL that was asked for."""
    date: datetime
    """When the request was sent; aware, UTC, with microseconds; shared by all records of the exchange."""
    request: bytes
    """Request line, header fields, blank line and body, as sent."""
    response: BinaryIO
    """Everything from the status line on, as received; seekable, position undefined."""
    length: int
    """Number of bytes in `response`."""
    head_length: int
    """
    Number of those bytes up to and including the blank line that ends the header fields, interim (1xx)
    responses before the final one counted in; all of them where the response was cut inside its head.
    """
    status: int
    headers: Headers
    payload_digest: str
    """`sha256:` and hexadecimal digits, over the body without transfer coding, with content coding."""
    payload_length: int
    chunked: bool
    """Whether the body in `response` carries chunk framing."""
    address: str | None
    """IP address of the peer we were connected to."""
    protocols: tuple[str, ...]
    """Values for WARC-Protocol: `http/1.1`, and `tls/1.3` where the connection was encrypted."""
    cipher: str | None = None
    """Value for WARC-Cipher-Suite, IANA name."""
    truncated: str | None = None
    """`length`, `time`, `disconnect` or `unspecified` (WARC-Truncated) where the body is not whole."""
    reason: str = ""
    """Why it was cut, or what was wrong with its framing although it is whole; for the ledger."""
    fetch_ms: int | None = None
    """Milliseconds from the beginning of network traffic until all had arrived."""

    def header(self, name: str) -> str | None:
        """Return the first value of a response field, whatever the case of its name."""
        return header(self.headers, name)

    @property
    def location(self) -> str | None:
        """Where a 3xx leads, absolute and normalised; None for other answers and for what is no address."""
        value = self.header("location") if 300 <= self.status < 400 else None
        return normalise(address_text(value), self.url) if value else None

    @property
    def mime(self) -> str:
        """The media type as served, in lower case without parameters; `unk` where none was given."""
        value = (self.header("content-type") or "").partition(";")[0].strip().lower()
        return value if "/" in value and " " not in value else "unk"

    def raw(self, size: int = 65536) -> Iterator[bytes]:
        """Yield every byte of the response from its status line on."""
        self.response.seek(0)
        while chunk := self.response.read(size):
            yield chunk

    def payload(self) -> Iterator[bytes]:
        """Yield the body without transfer coding, with content coding."""
        self.response.seek(self.head_length)
        if self.chunked:
            return iter(dechunk(self.response))
        return iter(lambda: self.response.read(65536), b"")

    def close(self) -> None:
        """Let go of the response's bytes."""
        self.response.close()


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that got no response we could keep. `outcome` is a word of the ledger."""

    url: str
    date: datetime
    outcome: str
    """`network-error`, `timeout` or `out-of-scope` (an address we must not talk to)."""
    reason: str
    """One sentence for the ledger."""
