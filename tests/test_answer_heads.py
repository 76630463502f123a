# SPDX-License-Identifier: EUPL-1.2
"""The head of an answer: spelled here where nothing is to be said of the connection, and as waitress spells it."""

from __future__ import annotations

import socket

import pytest
from waitress.task import WSGITask

from archiver.cli.door import Door, _Task
from archiver.cli.listening import bind

HEADS = {
    "usual": ([("Content-Length", "2"), ("x-a", "1"), ("X-A", "2"), ("content-TYPE", "text/plain")], "GET / HTTP/1.1\r\n"),
    "untold": ([("Content-Type", "text/plain")], "GET / HTTP/1.1\r\n"),
    "dated": ([("Date", "Mon, 02 Mar 2026 02:30:00 GMT")], "GET / HTTP/1.1\r\n"),
    "named": ([("Server", "x")], "GET / HTTP/1.1\r\n"),
    "kept": ([("Content-Length", "2")], "GET / HTTP/1.1\r\nConnection: keep-alive\r\n"),
    "closed": ([("Content-Length", "2")], "GET / HTTP/1.1\r\nConnection: Close\r\n"),
    "old": ([("Content-Length", "2")], "GET / HTTP/1.0\r\n"),
    "asked-for": ([("Content-Length", "2")], "HEAD / HTTP/1.1\r\n"),
}  # fmt: skip


def _head(fields: list[tuple[str, str]], asked: str) -> list[bytes]:
    def app(_environ, start_response):
        start_response("200 OK", fields)
        return [b"ok"]

    with bind("127.0.0.1", 0) as listening:
        door = Door(app, listening, threads=1, is_at_hand=lambda _environ: True)
        door.open()
        with socket.create_connection(listening.getsockname(), timeout=10) as client:
            client.sendall(f"{asked}Host: x\r\n\r\n".encode())
            head = client.recv(4096).partition(b"\r\n\r\n")[0]
        door.close(5)
    return [head.split(b"\r\n")[0], *sorted(head.split(b"\r\n")[1:])]


@pytest.mark.parametrize("name", HEADS)
def test_a_head_is_the_one_that_waitress_writes(name, monkeypatch):
    """Spelled faster or not, with each field once and in its spelling."""
    monkeypatch.setattr("time.time", lambda: 1772418600.0)
    ours = _head(*HEADS[name])
    monkeypatch.setattr(_Task, "_usual_head", lambda _self: None)
    assert ours == _head(*HEADS[name])
    assert any(line.startswith(b"Date: ") for line in ours)


def test_the_usual_head_is_spelled_here(monkeypatch):
    """Waitress is asked where there is more to it."""
    monkeypatch.setattr(WSGITask, "build_response_header", lambda _self: b"HTTP/1.1 599 waitress\r\n\r\n")
    asked = {name: _head(*HEADS[name])[0].endswith(b"waitress") for name in HEADS}
    assert [name for name, by_waitress in asked.items() if by_waitress] == ["dated", "named", "closed", "old"]
