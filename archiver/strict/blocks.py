# SPDX-License-Identifier: EUPL-1.2
"""
The block of one record as it passes by: its digests, and whether it is what its fields say.

    response, request of http   an HTTP message; its payload is the body without transfer coding
    resource, conversion        the payload is the block
    revisit                     the head of a message; its payload is another record's
    application/warc-fields     lines of name, colon and value

ISO 28500:2017 clauses 5.8, 5.9 and 6. Nothing is held but a head or a block of
fields. Knows nothing of files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from .fields import parse_fields
from .framing import Head
from .grammar import algorithm_of, essence, is_digest, is_uri, is_well_written, parameter, value_of
from .http import Message

IDENTICAL = frozenset(
    {
        "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest",
        "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest",
    }
)
NOT_MODIFIED = frozenset(
    {
        "http://netpreserve.org/warc/1.1/revisit/server-not-modified",
        "http://netpreserve.org/warc/1.0/revisit/server-not-modified",
    }
)
MAX_FIELDS = 1 << 20
_WARCINFO = ("software", "format", "robots")
"""What the Dutch guideline wants of a warcinfo."""

Say = Callable[[str, str], None]


class _Digest:
    """A digest that a record claims, and the one computed."""

    def __init__(self, rule: str, claimed: str | None, say: Say) -> None:
        self._rule = rule
        self._claimed = claimed if claimed is not None and is_digest(claimed) else None
        algorithm = algorithm_of(self._claimed) if self._claimed else None
        self._hash: Any = hashlib.new(algorithm, usedforsecurity=False) if algorithm else None
        if self._claimed and algorithm is None:
            say("digest-algorithm", f"{self._claimed[:80]} cannot be checked here")

    def update(self, data: bytes) -> None:
        if self._hash is not None:
            self._hash.update(data)

    @property
    def right(self) -> bool:
        """Whether it is the digest of what came, or nothing is claimed that could be computed."""
        if self._hash is None or self._claimed is None:
            return True
        return bool(value_of(self._claimed, self._hash.digest_size) == self._hash.digest())

    def judge(self, say: Say) -> None:
        """Say where it is another, or written in another way than agreed."""
        if not self.right:
            say(self._rule, f"it is not {self._claimed}")
        elif self._hash is not None and not is_well_written(str(self._claimed), self._hash.digest_size):
            say("digest-notation", f"{self._claimed} is written in another way")


class Block:
    """The block of one record."""

    def __init__(self, head: Head, say: Say) -> None:
        self._head = head
        self._say = say
        self._scheme = (head.get("warc-target-uri") or "").strip("<>").partition(":")[0].lower()
        self._type = head.get("content-type") or ""
        self._digest = _Digest("block-digest-value", head.get("warc-block-digest"), say)
        claimed = head.get("warc-payload-digest") if head.kind not in {"warcinfo", "metadata"} else None
        self._payload = _Digest("payload-digest-value", claimed, say)
        self._raw = _Digest("payload-digest-value", claimed, _say_nothing)
        self._message = self._new_message()
        self._fields = bytearray() if essence(self._type) == "application/warc-fields" else None

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._digest.update(data)
        if self._head.kind in {"resource", "conversion"}:
            self._payload.update(data)
        if self._message is not None:
            self._message.feed(data)
        if self._fields is not None and len(self._fields) < MAX_FIELDS:
            self._fields += data

    def close(self) -> None:
        """Say what is wrong with the block, which came whole."""
        self._digest.judge(self._say)
        self._judge_type()
        if self._message is not None:
            self._message.close()
            self._judge_message(self._message)
        if self._head.kind in {"resource", "conversion"} and not self._segmented:
            self._payload.judge(self._say)
        if self._head.kind == "revisit":
            self._judge_revisit()
        if self._fields is not None:
            self._judge_fields(bytes(self._fields))

    @property
    def _segmented(self) -> bool:
        return self._head.get("warc-segment-number") is not None

    @property
    def _of_http(self) -> bool:
        return self._scheme in {"http", "https"} and self._head.kind in {"response", "request", "revisit"}

    def _new_message(self) -> Message | None:
        told = essence(self._type) == "application/http"
        if not told or self._head.kind not in {"response", "request", "revisit"} or not self._head.length:
            return None
        request = self._head.kind == "request"
        return Message(request=request, payload=self._payload.update, raw=self._raw.update)

    def _judge_type(self) -> None:
        kind, type_ = self._head.kind, essence(self._type)
        if kind in {"response", "request"} and self._of_http:
            msgtype = parameter(self._type, "msgtype")
            if self._type and (type_ != "application/http" or msgtype != kind):
                self._say("msgtype", f"the Content-Type of a {kind} is {self._type[:80]}")
            if not self._head.get("warc-ip-address"):
                self._say("ip-missing", f"a {kind} without WARC-IP-Address")
        if kind == "resource" and self._scheme == "dns" and type_ != "text/dns":
            self._say("dns-type", f"the Content-Type is {self._type[:80] or 'not given'}")
        if kind == "warcinfo" and self._type and type_ != "application/warc-fields":
            self._say("warcinfo-type", f"the Content-Type is {self._type[:80]}")

    def _judge_message(self, message: Message) -> None:
        rule = "http-request" if self._head.kind == "request" else "http-response"
        for fault in message.faults[:1]:
            self._say(rule, fault)
        if self._head.kind != "revisit" and not self._segmented:
            self._judge_cut(message)
            self._judge_payload(message)

    def _judge_cut(self, message: Message) -> None:
        if self._head.kind != "response" or self._head.get("warc-truncated"):
            return
        chunks = message.chunks
        if message.missing and message.body:
            self._say("cut-unmarked", f"{message.missing} bytes of the body are missing")
        elif chunks and chunks.began and not chunks.whole and not chunks.broken:
            self._say("cut-unmarked", "the last chunk of the body is missing")

    def _judge_payload(self, message: Message) -> None:
        """Hold the payload digest against the body; that of one whose chunks break off cannot be told."""
        chunks = message.chunks
        if chunks is None:
            self._raw.judge(self._say)
        elif chunks.broken or not chunks.began:
            if not self._head.get("warc-truncated"):
                self._say(
                    "http-chunks", "the body has no chunks" if not chunks.began else "a chunk is broken"
                )
            if not chunks.began:
                self._raw.judge(self._say)
        else:
            self._payload.judge(self._say)

    def _judge_revisit(self) -> None:
        profile = self._head.get("warc-profile") or ""
        if profile in IDENTICAL:
            self._judge_identical()
        elif is_uri(profile) and profile not in NOT_MODIFIED:
            self._say("profile-known", f"the profile is {profile[:200]}")
        wanted = ["warc-refers-to-date"] + ["warc-refers-to-target-uri"] * (profile in IDENTICAL)
        for name in wanted:
            if profile in IDENTICAL | NOT_MODIFIED and self._head.get(name) is None:
                self._say("revisit-refers-more", f"a revisit without {name}")

    def _judge_identical(self) -> None:
        digest = self._head.get("warc-payload-digest")
        if digest is None:
            self._say("revisit-digest", "a revisit of an identical payload without WARC-Payload-Digest")
            return
        left_out = self._message is not None and self._message.has_head and not self._message.body
        # without a body the digest of what is there is right only where the payload is empty
        if left_out and not self._raw.right and self._head.get("warc-truncated") != "length":
            self._say("revisit-truncated", "the payload is left out, and WARC-Truncated is not length")

    def _judge_fields(self, data: bytes) -> None:
        lines = data.splitlines(keepends=True)
        if lines and lines[-1].strip(b"\r\n") == b"":
            lines.pop()  # many writers end the block as a head is ended
        faults: list[str] = []
        # the community's advice on how fields are written is for heads: a block is data
        form = {"line-end", "field-line", "field-name", "field-text", "field-utf8"}
        fields = parse_fields(
            [*lines, b"\r\n"], lambda rule, what: faults.append(what) if rule in form else None
        )
        for fault in faults[:1]:
            self._say("warc-fields-form", fault)
        if self._head.kind == "warcinfo":
            lacking = [name for name in _WARCINFO if name not in fields]
            if lacking and not faults:
                self._say("warcinfo-fields", f"it does not say {', '.join(lacking)}")


def _say_nothing(_rule: str, _what: str) -> None:
    """Say nothing: it was said already of the same digest."""
