# SPDX-License-Identifier: EUPL-1.2
"""
Our server as programs find it that know one address only: https://web.archive.org.

    with as_wayback_machine(port, tmp_path) as environment:
        subprocess.run([CLIENTS / "python", …], env=environment)

A certificate of that name, nginx with it in front of a port of this machine, and a proxy (`HTTPS_PROXY`) that leads
every CONNECT to nginx. Nothing reaches the network, and the programs are as they come.
"""

from __future__ import annotations

import os
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from msgspec import structs

from archiver.settings import Viewer

from .archive import Archive
from .nginx import Nginx
from .ports import LOOPBACK, free_port
from .viewing import serving

NAME = "web.archive.org"
ADDRESS = f"https://{NAME}"


@contextmanager
def served_as_wayback_machine(archive: Archive, folder: Path) -> Iterator[dict[str, str]]:
    """Serve an archive as web.archive.org, and yield the environment of programs that find it there."""
    port = free_port()
    viewer = Viewer(ADDRESS, archive.settings.viewer.replay_url)
    named = replace(archive, settings=structs.replace(archive.settings, viewer=viewer))
    with serving(named, port), as_wayback_machine(port, folder) as environment:
        yield environment


@contextmanager
def as_wayback_machine(port: int, folder: Path) -> Iterator[dict[str, str]]:
    """Yield the environment in which web.archive.org is a port of this machine."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    _certify(certificate, key)
    secure = free_port()
    server = f"""
        listen {LOOPBACK}:{secure} ssl;
        ssl_certificate "{certificate}";
        ssl_certificate_key "{key}";
        location / {{
            proxy_pass http://{LOOPBACK}:{port};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
        }}
    """
    with Nginx({}, folder / "nginx", server=server), _Tunnels(secure) as tunnels:
        running = threading.Thread(target=tunnels.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        running.start()
        plain = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        proxy = f"http://{LOOPBACK}:{tunnels.server_address[1]}"
        yield plain | {"HTTPS_PROXY": proxy, "REQUESTS_CA_BUNDLE": str(certificate)}
        tunnels.shutdown()
        running.join()


def _certify(certificate: Path, key: Path) -> None:
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-days", "2"]
    subprocess.run([*command, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)


class _Tunnels(socketserver.ThreadingTCPServer):
    """A proxy that knows CONNECT alone, and one place to connect to."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__((LOOPBACK, 0), _Tunnel)


class _Tunnel(socketserver.StreamRequestHandler):
    server: _Tunnels
    rbufsize = 0

    def handle(self) -> None:
        asked = self.rfile.readline(1000)
        while self.rfile.readline(10_000).strip():
            pass
        if not asked.startswith(f"CONNECT {NAME}:443 ".encode()):
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection((LOOPBACK, self.server.port)) as there:
            back = threading.Thread(target=_carry, args=(there, self.connection), daemon=True)
            back.start()
            _carry(self.connection, there)
            back.join()


def _carry(source: Any, target: Any) -> None:
    try:
        while piece := source.recv(1 << 16):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # one side is gone, and the other will find out
