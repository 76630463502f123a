# SPDX-License-Identifier: EUPL-1.2
"""
ReplayWeb.page, a WACZ viewer of the field, served on this machine together with a WACZ.

    with served(tmp_path, wacz) as base:
        page.goto(address(base, "https://www.example.org/", "20260302023000"))

Its two scripts come from its npm package (`make oracles`) and run in the browser alone: a page, and a service
worker that reads the WACZ by Range requests and answers for the archived site. The package is AGPL and stays out
of everything that is ours.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from .nginx import Nginx
from .oracles import REPLAYWEB, needed

NAME = "day.wacz"
FOLDER = "replay/"  # what the service worker answers for


@contextmanager
def served(folder: Path, wacz: Path) -> Iterator[str]:
    """Yield the address of the viewer: localhost, because a service worker needs a secure context."""
    root = folder / "viewer"
    (root / FOLDER).mkdir(parents=True)
    for name in ("ui.js", "sw.js"):
        shutil.copy(needed(REPLAYWEB / name), root / FOLDER / name)
    (root / FOLDER / "index.html").write_text(
        '<!doctype html><title>viewer</title><link rel="icon" href="data:,">'
        '<script src="ui.js"></script><replay-app-main></replay-app-main>'
    )
    shutil.copy(wacz, root / NAME)
    with Nginx(root, folder / "nginx") as server:
        yield f"http://localhost:{server.port}/"


def address(base: str, url: str = "", timestamp: str = "", **more: str) -> str:
    """Return the address of a page of the WACZ in the viewer; without a URL, of its list of pages."""
    shown = {"url": url, "ts": timestamp} if url else {"view": "pages"}
    return f"{base}{FOLDER}?{urlencode({'source': base + NAME})}#{urlencode(shown | more)}"
