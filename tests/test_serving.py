# SPDX-License-Identifier: EUPL-1.2
"""What `daykeep serve` asks of the machine: files enough for ten years of indexes, and connections beyond them."""

from __future__ import annotations

import http.client
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from archiver.cli.door import server_of
from archiver.cli.listening import bind
from archiver.cli.serving import allow_files, warn_of_plain_http
from archiver.settings import Settings, Viewer
from viewer.security import is_told

MANY = 1_100


@pytest.fixture
def many_files() -> Iterator[list[int]]:
    """Have more files open than select() can tell apart."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    allow_files(3 * MANY)
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(MANY)]
    yield opened
    for one in opened:
        os.close(one)
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_connections_beyond_many_files(many_files):
    """However many indexes are open, who connects is answered."""
    listening = bind("127.0.0.1", 0)
    assert listening.fileno() > 1_023 < max(many_files)

    def app(_environ, start_response):
        start_response("200 OK", [("Content-Length", "5")])
        return [b"there"]

    server = server_of(app, listening, 4)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        client = http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=30)
        client.request("GET", "/")
        assert client.getresponse().read() == b"there"
        client.close()
    finally:
        server.close()
        thread.join(timeout=30)
        listening.close()


@pytest.mark.parametrize(
    ("soft", "hard", "asked", "then"),
    [(256, 2_000, 1_000, 1_000), (256, 2_000, 10_000, 2_000), (1_500, 2_000, 1_000, 1_500)],
)
def test_files_that_may_be_open(soft, hard, asked, then):
    """A low limit is raised as far as it may be; a higher one stays."""
    program = (
        "import resource\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
        "from archiver.cli.serving import allow_files\n"
        f"allow_files({asked})\n"
        "print(*resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [str(then), str(hard)]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://archive.example.org", True),
        ("https://{label}.archive.example.org:8443", True),
        ("http://localhost:8080", True),
        ("http://{label}.localhost:8080", True),
        ("http://LOCALHOST.", True),
        ("http://127.0.0.1:8080", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:8080", True),
        ("http://archive.example.org", False),
        ("http://{label}.archive.example.org:8080", False),
        ("http://localhost.example.org", False),
        ("http://notlocalhost", False),
        ("http://10.0.0.1", False),
        ("http://[fe80::1]", False),
    ],
)
def test_addresses_that_browsers_trust(url, told):
    """TLS, and this machine by whichever of its names: what browsers send Sec-Fetch fields to."""
    assert is_told(url) is told


def test_plain_http_is_warned_of(capsys):
    """An operator whose public addresses are plain http is told so at the start, of each; others are not."""
    warn_of_plain_http(Settings(data="."))
    warn_of_plain_http(Settings(data=".", viewer=Viewer("https://a.example", "https://{label}.b.example")))
    assert capsys.readouterr().err == ""
    warn_of_plain_http(Settings(data=".", viewer=Viewer("http://a.example", "http://{label}.b.example")))
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("Warning: http://a.example is plain http")
    assert second.startswith("Warning: http://{label}.b.example is plain http")
