# SPDX-License-Identifier: EUPL-1.2
"""
Why an address is not stored, in the language of the page: what the crawler wrote into the ledger, read again.

    host x.example gave no answer: nothing came for 30 seconds; asked 3 times
      →  x.example gaf geen antwoord: er kwam 30 seconden lang niets; 3 keer gevraagd

A ledger is sealed, and in English. Each of its sentences has a row here, by its shape, and what is quoted in
it (a host, a path) is set apart as what others wrote. What has no row, such as the words of an operating
system or of another crawler, stands as it was written and looks like it: as `code`, said to be in English.
Knows nothing of ledgers.
"""

from __future__ import annotations

import re

from flask_babel import format_decimal, lazy_gettext
from markupsafe import Markup

from .apart import apart

LONGEST = 1000
"""Characters of a reason that are read: a sentence of ours has a few hundred."""
MOST = 6
"""Parts of a reason: a sentence of ours has three."""
DEEP = 3
"""Reasons within reasons."""

_FIGURE = re.compile(r"\d{1,12}(?:\.\d{1,3})?", re.ASCII)
_NUMBERS = frozenset({"number", "seconds"})

_AND = "; "

_HOST = r"host (?P<host>\S{1,255}?)"
_ROWS = {
    # No response (archiver/recording.py, archiver/wire.py)
    _HOST + r" could not be found in the DNS: (?P<why>.+)": lazy_gettext(
        "the name %(host)s could not be found: %(why)s"
    ),
    _HOST + r" has no address": lazy_gettext("%(host)s has no address"),
    _HOST + r" cannot be reached on port 0": lazy_gettext("%(host)s cannot be reached on port 0"),
    _HOST + r" \((?P<address>[^)]*)\) did not accept a connection in time": lazy_gettext(
        "%(host)s (%(address)s) did not accept a connection in time"
    ),
    _HOST + r" \((?P<address>[^)]*)\) could not be connected to: (?P<why>.+)": lazy_gettext(
        "no connection to %(host)s (%(address)s) could be made: %(why)s"
    ),
    _HOST + r" did not take the request": lazy_gettext("%(host)s did not take the request"),
    _HOST + r" broke off the TLS connection: (?P<why>.+)": lazy_gettext(
        "%(host)s broke off the secure connection: %(why)s"
    ),
    _HOST + r" broke off the connection: (?P<why>.+)": lazy_gettext(
        "%(host)s broke off the connection: %(why)s"
    ),
    r"the certificate of " + _HOST + r" could not be verified: (?P<why>.+)": lazy_gettext(
        "the certificate of %(host)s could not be verified: %(why)s"
    ),
    _HOST + r" did not finish the TLS handshake": lazy_gettext(
        "%(host)s did not finish making a secure connection"
    ),
    r"TLS with " + _HOST + r" failed: (?P<why>.+)": lazy_gettext(
        "no secure connection to %(host)s could be made: %(why)s"
    ),
    _HOST + r" did not answer in HTTP: no status line": lazy_gettext("%(host)s did not answer in HTTP"),
    _HOST + r" gave no answer: (?P<why>.+)": lazy_gettext("%(host)s gave no answer: %(why)s"),
    r"address (?P<address>\S+) of " + _HOST + r" is (?P<kind>.+)": lazy_gettext(
        "%(host)s has an address that is not on the public web, %(address)s (%(kind)s)"
    ),
    r"list it under allow_addresses to archive it": lazy_gettext(
        "the configuration can allow it (allow_addresses)"
    ),
    r"the request failed inside the crawler: (?P<why>.+)": lazy_gettext(
        "the request failed inside the crawler: %(why)s"
    ),
    # What an operating system says most
    r"Connection refused": lazy_gettext("the connection was refused"),
    r"Connection reset by peer": lazy_gettext("the other side broke it off"),
    r"No route to host": lazy_gettext("no way leads to it"),
    r"Network is unreachable": lazy_gettext("the network cannot be reached"),
    r"Name or service not known|nodename nor servname provided, or not known": lazy_gettext(
        "that name does not exist"
    ),
    r"Temporary failure in name resolution": lazy_gettext("names could not be looked up just then"),
    # A response that was cut (archiver/wire.py)
    r"the header fields are longer than (?P<number>\d+) bytes": lazy_gettext(
        "the header fields are longer than %(number)s bytes"
    ),
    r"the body is longer than (?P<number>\d+) bytes": lazy_gettext(
        "the body is longer than %(number)s bytes"
    ),
    r"the trailer fields are longer than (?P<number>\d+) bytes": lazy_gettext(
        "the trailer fields are longer than %(number)s bytes"
    ),
    r"not complete within (?P<number>[\d.e+]+) seconds": lazy_gettext(
        "not complete within %(number)s seconds"
    ),
    r"nothing came for (?P<number>[\d.e+]+) seconds": lazy_gettext("nothing came for %(number)s seconds"),
    r"the connection broke off": lazy_gettext("the connection broke off"),
    r"the server closed the connection before the response was complete": lazy_gettext(
        "the server closed the connection before the response was complete"
    ),
    r"the framing of the chunks outweighs the body": lazy_gettext(
        "it came in pieces whose wrapping outweighs what is in them"
    ),
    r"the size of a chunk is not a number": lazy_gettext("of a piece it came in the size is not a number"),
    r"a chunk does not end where its size says": lazy_gettext(
        "a piece it came in does not end where its size says"
    ),
    r"the connection broke off \((?P<why>.+)\)": lazy_gettext("the connection broke off (%(why)s)"),
    r"it is longer than (?P<number>\d+) bytes": lazy_gettext("it is longer than %(number)s bytes"),
    r"the server sent more bytes than its response has": lazy_gettext(
        "the server sent more bytes than belong to its answer"
    ),
    r"they are not kept": lazy_gettext("these are not kept"),
    r"the server closed the connection without the blank line after the last chunk": lazy_gettext(
        "the server closed the connection without the empty line that ends an answer"
    ),
    # A decision (archiver/crawl.py, archiver/intake.py, archiver/retry.py, archiver/sealing.py)
    r"robots\.txt does not allow it": lazy_gettext("robots.txt does not allow it"),
    r"robots\.txt did not arrive whole, and what is missing may forbid anything": lazy_gettext(
        "robots.txt did not arrive whole, and what is missing may forbid anything"
    ),
    r"robots\.txt was answered with (?P<number>\d+), which forbids everything": lazy_gettext(
        "robots.txt was answered with status %(number)s, which forbids everything"
    ),
    r"not within the scope of the site": lazy_gettext(
        "not within the part of the web that is kept of this site"
    ),
    r"more than max_depth = (?P<number>\d+) links from a seed": lazy_gettext(
        "more than %(number)s links away from where the crawl began"
    ),
    r"more than (?P<number>\d+) parts in a row out of scope": lazy_gettext(
        "more than %(number)s parts in a row of elsewhere"
    ),
    r"more than (?P<number>\d+) redirects in a row": lazy_gettext("more than %(number)s redirects in a row"),
    r"more than max_urls = (?P<number>\d+) addresses": lazy_gettext("more than %(number)s addresses"),
    r"more than (?P<name>[a-z_]+) = (?P<number>\d+)": lazy_gettext(
        "more than %(name)s = %(number)s of the configuration"
    ),
    r"the host refused (?P<number>\d+) times in a row, (?P<why>last with status .+)": lazy_gettext(
        "the host refused %(number)s times in a row, %(why)s"
    ),
    r"last with status (?P<number>\d+)": lazy_gettext("last with status %(number)s"),
    r"last with status (?P<number>\d+), which asked for (?P<seconds>\d+) seconds": lazy_gettext(
        "last with status %(number)s, which asked for %(seconds)s seconds"
    ),
    r"the host gave no response (?P<number>\d+) times in a row": lazy_gettext(
        "the host gave no response %(number)s times in a row"
    ),
    r"given up for today": lazy_gettext("given up for today"),
    r"the crawl ended before it": lazy_gettext("the crawl ended before its turn came"),
    r"asked (?P<number>\d+) times": lazy_gettext("asked %(number)s times"),
    # One of endlessly many (archiver/traps.py)
    r"it looks like one of endless addresses: (?P<why>.+)": lazy_gettext(
        "it looks like one of endlessly many addresses: %(why)s"
    ),
    r"its path has (?P<number>\d+) segments": lazy_gettext("its path has %(number)s parts"),
    r"'(?P<given>.+)' stands (?P<number>\d+) times in its path": lazy_gettext(
        "“%(given)s” stands %(number)s times in its path"
    ),
    r"'(?P<given>.+)' stands again and again in its path": lazy_gettext(
        "“%(given)s” stands again and again in its path"
    ),
    r"its query string has (?P<number>\d+) parameters": lazy_gettext(
        "there are %(number)s parameters behind its question mark"
    ),
    r"'(?P<given>.+)' stands (?P<number>\d+) times in its query string": lazy_gettext(
        "“%(given)s” stands %(number)s times behind its question mark"
    ),
    r"(?P<number>\d+) addresses like it brought nothing new": lazy_gettext(
        "%(number)s addresses like it brought nothing new"
    ),
    r"its path is asked for with ever other sets of parameters": lazy_gettext(
        "its path is asked for with ever other sets of parameters"
    ),
    r"it is one of more than (?P<number>\d+) for months as far away as (?P<given>[\d-]+)": lazy_gettext(
        "it is one of more than %(number)s for months as far away as %(given)s"
    ),
    # Of imported files (archiver/importing)
    r"it says that nothing has changed since a record that is not in this archive": lazy_gettext(
        "it says that nothing has changed since a record that is not in this archive"
    ),
    r"its record did not come with the imported files": lazy_gettext(
        "its record did not come with the imported files"
    ),
}
_KNOWN = [(re.compile(shape), text) for shape, text in _ROWS.items()]
_NUMBERED = re.compile(r"\[Errno -?\d+\] ")
"""What Python puts before the words of an operating system."""


def in_words(reason: str) -> Markup:
    """Return a reason of a ledger as a piece of a page, in the language of the page as far as it is known."""
    read = reason[:LONGEST]
    parts = _all(read) if read.count(_AND) < MOST else []
    return Markup("; ").join(parts) if parts else _as_written(read)


def _all(said: str) -> list[Markup]:
    """Return the parts of a reason, each told; none where one is not known. A quotation stays whole."""
    end = len(said)
    while (end := said.rfind(_AND, 0, end)) > 0:
        last = _told(said[end + len(_AND) :], DEEP)
        before = _all(said[:end]) if last is not None else []
        if last is not None and before:
            return [*before, last]
    whole = _told(said, DEEP)
    return [] if whole is None else [whole]


def _told(said: str, deep: int) -> Markup | None:
    plain = _NUMBERED.sub("", said)
    for shape, text in _KNOWN if deep else ():
        found = shape.fullmatch(plain)
        if found:
            values = {name: _within(name, value, deep - 1) for name, value in found.groupdict().items()}
            return Markup(str(text)) % values  # noqa: S704  a text of ours
    return None


def _within(name: str, value: str, deep: int) -> Markup:
    if name in _NUMBERS:
        return apart(_figure(value))
    if name != "why":
        return apart(value)
    told = _told(value, deep)
    return _as_written(value) if told is None else told


def _figure(value: str) -> str:
    """Return a number as the language of the page writes it; what is none, or a long one, as it stands."""
    return str(format_decimal(float(value))) if _FIGURE.fullmatch(value) else value


def _as_written(said: str) -> Markup:
    return Markup('<code lang="en">{}</code>').format(apart(said))
