# SPDX-License-Identifier: EUPL-1.2
"""
The examples for production under config/, made fit for loopback: other ports, a certificate of our own.

    certificate(folder)                                   fullchain.pem and privkey.pem, for both names
    nginx_example(folder, plain, secure, behind)          text for nginx's block `http`
    caddy_example(folder, secure, behind)                 a whole Caddyfile

Nothing else of them is changed, and a change that finds nothing to change fails.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from .ports import LOOPBACK

CONFIG = Path(__file__).parents[2] / "config"
NAMES = "subjectAltName=DNS:archive.example.org,DNS:*.replay.example.org"


def certificate(folder: Path) -> None:
    """Make a key and a certificate for the viewer's name and all replay names, good for two days."""
    kind = ["-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    files = ["-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"]
    command = ["openssl", "req", *kind, "-subj", "/CN=archive.example.org", *files, "-addext", NAMES]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(f"no certificate was made: {done.stderr}")


def nginx_example(folder: Path, plain: int, secure: int, behind: int) -> str:
    """Return the example for nginx on these ports, in front of a server on `behind`."""
    text = re.sub(r" *listen \[::\].*\n", "", (CONFIG / "nginx" / "daykeep.conf").read_text(encoding="utf-8"))
    return _replaced(
        text,
        {
            "listen 80;": f"listen {LOOPBACK}:{plain};",
            "listen 443": f"listen {LOOPBACK}:{secure}",
            "127.0.0.1:8080": f"{LOOPBACK}:{behind}",
            "/etc/ssl/daykeep": str(folder),
            "/var/cache/nginx/daykeep": str(folder / "cache"),
        },
    )


def caddy_example(folder: Path, secure: int, behind: int) -> str:
    """Return the example for Caddy on a port, in front of a server on `behind`; it fetches no certificates."""
    tls = f"tls {folder}/fullchain.pem {folder}/privkey.pem"
    text = _replaced(
        (CONFIG / "caddy" / "Caddyfile").read_text(encoding="utf-8"),
        {
            "tls /etc/ssl/daykeep/fullchain.pem /etc/ssl/daykeep/privkey.pem": tls,
            "archive.example.org {\n": f"archive.example.org:{secure} {{\n\t{tls}\n",
            "*.replay.example.org {\n": f"*.replay.example.org:{secure} {{\n",
            "reverse_proxy 127.0.0.1:8080": f"reverse_proxy {LOOPBACK}:{behind}",
        },
    )
    return f"{{\n\tadmin off\n\tauto_https off\n\tdefault_bind {LOOPBACK}\n}}\n{text}"


def _replaced(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        if old not in text:
            raise AssertionError(f"the example has no {old!r}")
        text = text.replace(old, new)
    return text
