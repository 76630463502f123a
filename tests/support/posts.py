# SPDX-License-Identifier: EUPL-1.2
"""Exchanges by other methods than GET, as the tools of the field record them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.foreign import record
from tests.support.importing import EXAMPLE, http, sha1

ID = "<urn:uuid:00000000-0000-4000-8000-%012d>"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
MULTIPART = "multipart/form-data; boundary=AaB03x"
PARTS = (
    b'--AaB03x\r\nContent-Disposition: form-data; name="q"\r\n\r\ntwo words \xc3\xa9\r\n'
    b'--AaB03x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n\x00\xff\r\n\r\n--AaB03x--\r\n"
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One request and what answers it."""

    method: str
    path: str
    body: bytes = b""
    mime: str = ""
    answer: bytes = b"ok"
    status: int = 200

    def request(self) -> bytes:
        """Return the block of its record."""
        head = f"{self.method} {self.path} HTTP/1.1\r\nHost: www.example.org\r\n"
        if self.mime:
            head += f"Content-Type: {self.mime}\r\n"
        if self.body or self.method in {"POST", "PUT"}:
            head += f"Content-Length: {len(self.body)}\r\n"
        return head.encode() + b"\r\n" + self.body

    def records(
        self, number: int, date: str, *, links: str = "request", answer_first: bool = True
    ) -> list[bytes]:
        """Return both records; `links` tells which of them names the other: `request`, `answer` or none."""
        uri, fields = f"{EXAMPLE}{self.path}", {"WARC_Date": date}
        named = {"WARC_Concurrent_To": ID % number} if links == "request" else {}
        naming = {"WARC_Concurrent_To": ID % (number + 500_000)} if links == "answer" else {}
        block = http(b"" if self.method == "HEAD" else self.answer, self.status)
        said = {"WARC_Payload_Digest": sha1(b"" if self.method == "HEAD" else self.answer)}
        response = record(block, number, WARC_Target_URI=uri, **fields, **said, **naming)
        request = record(
            self.request(), number + 500_000, kind="request", WARC_Target_URI=uri,
            Content_Type="application/http; msgtype=request", **fields, **named,
        )  # fmt: skip
        return [response, request] if answer_first else [request, response]


SENT = (
    Sent("GET", "/", answer=b"<title>home</title>"),
    Sent("GET", "/api?page=1", answer=b"by GET"),
    Sent("POST", "/api?page=1", b"q=two+words&z=1", FORM, b"form"),
    Sent("POST", "/api?page=1", b"q=other&z=1", FORM, b"other form"),
    Sent("POST", "/api", b'{"a": [1, 2.0, true, null], "b": {"a": "x y"}}', JSON, b"json"),
    Sent("POST", "/graphql", b'{"query":"{ page }","variables":{"id":7}}', f"{JSON}; charset=utf-8", b"graph"),
    Sent("POST", "/upload", PARTS, MULTIPART, b"uploaded"),
    Sent("POST", "/binary", b"\x00\x01\xfe\xff" * 5, "application/octet-stream", b"bytes"),
    Sent("POST", "/text", b"plain words", "text/plain", b"words"),
    Sent("POST", "/nothing", b"", FORM, b"nothing"),
    Sent("PUT", "/doc", b"name=new", FORM, b"put"),
    Sent("DELETE", "/doc", answer=b"gone"),
    Sent("OPTIONS", "/api", answer=b"", status=204),
    Sent("HEAD", "/"),
)  # fmt: skip


def archived(date: str, **how: object) -> list[bytes]:
    """Return the records of all of these."""
    return [one for number, sent in enumerate(SENT, 1) for one in sent.records(number, date, **how)]
