# SPDX-License-Identifier: EUPL-1.2
"""The examples for production under config/: each is run, not only read."""

from __future__ import annotations

import configparser
import http.client
import re
import shlex
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.ports import LOOPBACK, free_ports
from tests.support.production import certificate, nginx_example

ROOT = Path(__file__).parents[1]
VIEWER = "archive.example.org"
REPLAY = "20260302023000-www-example-org.replay.example.org"


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def test_examples_agree_on_names():
    """The web servers' examples show the same two lines of configuration, and serve the names in them."""
    lines = re.compile(
        r'base_url = "https://archive\.example\.org"\n# +replay_url = "https://\{label\}\.replay\.example\.org"'
    )
    for name in ("config/nginx/daykeep.conf", "config/caddy/Caddyfile"):
        assert lines.search(text_of(name)), name
        assert "127.0.0.1:8080" in text_of(name)


def unit(name: str) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # systemd's keys have capitals
    parsed.read_string(text_of(f"config/systemd/{name}"))
    return parsed


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("daykeep.service", "serve"),
        ("daykeep-run-due.service", "run-due"),
        ("daykeep-conform.service", "conform"),
    ],
)
def test_units_run_commands_that_exist(name, command):
    """A unit's command line is one that the program takes."""
    words = shlex.split(unit(name)["Service"]["ExecStart"])
    assert words[:3] == ["/opt/daykeep/bin/daykeep", "--config", "/etc/daykeep/daykeep.toml"]
    assert words[3] == command
    told = run(sys.executable, "-c", "from archiver.cli import main; main()", command, "--help")
    assert told.returncode == 0, told.stderr
    assert [
        word for word in words if word.startswith("--") and word != "--config" and word not in told.stdout
    ] == []


def test_viewer_unit_has_no_way_out():
    """The service that the public talks to may use loopback only."""
    service = unit("daykeep.service")["Service"]
    assert (service["IPAddressDeny"], service["IPAddressAllow"]) == ("any", "localhost")


@pytest.mark.parametrize("name", ["daykeep.timer", "daykeep-conform.timer"])
def test_timer_starts_the_job(name):
    """A timer starts the unit that takes what is due, or measures what waits."""
    assert (ROOT / "config/systemd" / unit(name)["Timer"]["Unit"]).is_file()


class Echo(BaseHTTPRequestHandler):
    """Stands where Daykeep stands behind nginx: answers with what it was asked."""

    def do_GET(self) -> None:
        body = f"{self.headers['Host']} {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'")
        self.send_header("Cache-Control", "public, max-age=31536000, immutable")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def behind() -> Iterator[int]:
    """Return the port of a server that echoes."""
    with ThreadingHTTPServer((LOOPBACK, 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def production(nginx, tmp_path, behind) -> tuple[int, int]:
    """Start nginx with the production example; only ports, certificate and cache folder are changed."""
    plain, secure = free_ports(2)
    certificate(tmp_path)
    nginx(tmp_path, http=nginx_example(tmp_path, plain, secure, behind))
    return plain, secure


def get(
    production: tuple[int, int], folder: Path, host: str, path: str
) -> tuple[http.client.HTTPMessage, str]:
    """Ask over TLS, with the name checked against the certificate, as a browser would."""
    context = ssl.create_default_context(cafile=folder / "fullchain.pem")
    address = (LOOPBACK, production[1])
    with (
        socket.create_connection(address, timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        secure.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = http.client.HTTPResponse(secure)
        answer.begin()
        return answer.headers, f"{answer.status} {answer.read().decode()}"


@pytest.mark.parametrize("host", [VIEWER, REPLAY])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/web/2026-03-02/https://www.example.org//a/../b%2Fc%20d?q=%C3%A9&r=//x?y",
        "/ind/2026-03-02/",
        "/a;b=c",
    ],
)
def test_nginx_passes_name_and_path_untouched(production, tmp_path, host, path):
    """Daykeep behind the example gets the name and the path byte for byte as the visitor sent them."""
    assert get(production, tmp_path, host, path)[1] == f"200 {host} {path}"


def test_nginx_leaves_the_fence_alone(production, tmp_path):
    """Response headers of a replay name arrive as Daykeep sent them, and nothing is added."""
    headers, _ = get(production, tmp_path, REPLAY, "/")
    assert headers["Content-Security-Policy"] == "default-src 'none'"
    assert sorted(name.lower() for name in headers) == [
        *("cache-control", "connection", "content-length", "content-security-policy", "date", "server"),
    ]


def test_nginx_never_answers_one_day_for_another(production, tmp_path):
    """What nginx keeps of one day is not given for the same path of another day."""
    other = REPLAY.replace("20260302", "20260303")
    answers = [get(production, tmp_path, host, "/a")[1] for host in (REPLAY, other, REPLAY)]
    assert answers == [f"200 {REPLAY} /a", f"200 {other} /a", f"200 {REPLAY} /a"]
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]  # it does keep them


@pytest.mark.parametrize(
    ("path", "at_once"),
    [
        ("/ind/search?q=a", 21),
        ("/ind/history?url=https://www.ind.nl/&passage=a", 31),
        ("/web/parts", 61),
        ("/ind/2026-03-02/", None),
    ],
)
def test_nginx_bounds_what_costs_much(production, tmp_path, path, at_once):
    """So many questions of one address are answered at once where an answer costs much; the next is told 503."""
    told = [get(production, tmp_path, VIEWER, path)[1][:3] for _ in range((at_once or 34) + 3)]
    assert told[: at_once or len(told)] == ["200"] * (at_once or len(told))
    assert at_once is None or "503" in told[at_once:]


def test_nginx_keeps_metrics_to_this_machine(production, tmp_path):
    """This machine may read the numbers; the example refuses everybody else."""
    assert get(production, tmp_path, VIEWER, "/metrics")[1] == f"200 {VIEWER} /metrics"
    (block,) = re.findall(r"location = /metrics \{(.*?)\}", text_of("config/nginx/daykeep.conf"), re.DOTALL)
    assert re.findall(r"(?:allow|deny) ([^;]+);", block) == ["127.0.0.1", "::1", "all"]


def test_nginx_sends_visitors_to_https(production):
    """Without TLS there is only the way to it, with name and path kept."""
    with socket.create_connection((LOOPBACK, production[0]), timeout=5) as plain:
        plain.sendall(f"GET //a?b HTTP/1.1\r\nHost: {REPLAY}\r\nConnection: close\r\n\r\n".encode())
        answer = http.client.HTTPResponse(plain)
        answer.begin()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{REPLAY}//a?b")
