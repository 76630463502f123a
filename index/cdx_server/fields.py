# SPDX-License-Identifier: EUPL-1.2
"""
What a line says, as the columns of the Internet Archive's seven, and one more where it is asked for.

    urlkey timestamp original mimetype statuscode digest length           redirect

A revisit is `warc/revisit` with the status `-`, as everywhere in the field; resolved it says what it stands
for. Of a value that is not there the column says `-`. Whatever could break a line of columns in two, such
as a space within an imported media type, is percent-encoded. Knows nothing of which lines are chosen.
"""

from __future__ import annotations

import re

import msgspec

from ..errors import DamagedError
from ..model import REVISIT
from .place import Line

DEFAULT = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")
NAMES = {name: name for name in (*DEFAULT, "redirect")} | {
    "url": "original",  # the names that pywb and CDXJ have for these
    "mime": "mimetype",
    "status": "statuscode",
}
"""What a field may be called, and which it is."""
COUNTERS = ("dupecount", "skipcount", "endtimestamp")

_NOT_PLAIN = re.compile(r"[^!-~]")


class Row(msgspec.Struct, frozen=True):
    """A line as columns. `content_type` and `answered` are what the address had, of a revisit too."""

    urlkey: str
    timestamp: str
    original: str
    mimetype: str
    statuscode: str
    digest: str
    length: str
    redirect: str
    content_type: str
    answered: str
    dupecount: str = "0"
    skipcount: str = "0"
    endtimestamp: str = "-"


class _Told(msgspec.Struct):
    """What the JSON of a line tells that anybody may know: no file, and no place in one."""

    url: str
    mime: str
    status: str
    digest: str
    length: str
    redirect: str | None = None
    made_up: str | None = None
    orig_mime: str | None = msgspec.field(name="orig.mime", default=None)
    orig_status: str | None = msgspec.field(name="orig.status", default=None)


_DECODER = msgspec.json.Decoder(_Told)


def row_of(line: Line, *, resolve: bool = False) -> Row | None:
    """
    Return the columns of a line; None for an address that the crawler made up, which is no part of a site.

    With `resolve` a revisit has the media type and the status of what it stands for. Raises DamagedError.
    """
    try:
        told = _DECODER.decode(line.data[len(line.head) + 1 :])
    except (msgspec.DecodeError, RecursionError) as error:
        raise DamagedError(
            f"A line of the index of snapshot {line.snapshot} cannot be read ({error}). Run `daykeep verify`."
        ) from error
    return None if told.made_up else _columns(line, told, resolve=resolve)


def _columns(line: Line, told: _Told, *, resolve: bool) -> Row:
    revisit = told.mime == REVISIT
    mime, status = _stands_for(told)
    head = line.head.decode("latin-1")
    columns = (
        head[:-15],
        head[-14:],
        told.url,
        mime if resolve else told.mime,
        "-" if revisit and not resolve else status,
        told.digest,
        told.length,
        told.redirect or "-",
        mime,
        status,
    )
    plain = _is_plain(line.data, len(head) + 1) and "" not in columns
    return Row(*columns) if plain else Row(*map(_column, columns))


def _is_plain(data: bytes, body: int) -> bool:
    """
    Tell whether no value of a line, whose JSON begins at `body`, needs a look, as nearly none does.

    One look at the line takes a tenth of one at each value. No JSON decoder lets a raw control character
    through, but for the last of ASCII.
    """
    return data.isascii() and data.find(b" ", body) < 0 and data.find(b"\\") < 0 and data.find(b"\x7f") < 0


def _stands_for(told: _Told) -> tuple[str, str]:
    """Return media type and status of what a visitor of that day was given (model.Capture says how)."""
    if told.orig_mime is None:
        return told.mime, "-" if told.mime == REVISIT else told.status
    return told.orig_mime, told.orig_status or "-" if told.status == "304" else told.status


def _column(value: str) -> str:
    if value.isascii() and value.isprintable() and " " not in value and value:
        return value
    return _NOT_PLAIN.sub(_percent, value) or "-"


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace"))
