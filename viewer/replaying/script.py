# SPDX-License-Identifier: EUPL-1.2
"""
Our script that runs first in archived pages, and what archived workers begin with, put together of parts.

    static/path_addresses.js   archived addresses and replay addresses in path mode
    static/addresses.js   archived addresses and replay addresses
    static/requests.js    how functions are wrapped; the requests that both can make
    static/parts.js       what was asked for, as the viewer is told
    static/worker.js      the rest of a worker
    static/marks.js       how a page shows what is missing in it, or of another day
    static/sizes.js       how much room a page takes, for paper
    static/replay.js      the rest of a page

Nothing of it is a name that a page can see. Knows nothing of requests of ours.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources

PARTS = ("path_addresses.js", "addresses.js", "requests.js", "parts.js", "worker.js")
"""What pages and workers have in common, in the order in which it is put together."""

# A directive counts only where nothing but comments stands before it (ECMAScript section 11.2.1).
_STRICT = re.compile(rb"(?:\s|\xef\xbb\xbf|/\*(?s:.*?)\*/|//[^\r\n]*+)*+[\"']use strict[\"']")


@cache
def page_script() -> bytes:
    """Return the script of pages."""
    return _together(b"\n".join(_file(name) for name in ("marks.js", "sizes.js", "replay.js")))


def worker_script(body: bytes, said: dict[str, str]) -> bytes:
    """Return a worker's script with ours before it; strict where it was. `said` is as requests.js has it."""
    strict = b'"use strict";' if _STRICT.match(body) else b""
    begin = _together(f"startWorker({json.dumps(said)});".encode())
    return strict + begin + b"\n" + body.removeprefix(b"\xef\xbb\xbf")


def _together(last: bytes) -> bytes:
    return b"(() => {\n" + b"\n".join([*map(_file, PARTS), last]) + b"\n})();"


@cache
def _file(name: str) -> bytes:
    return (resources.files("viewer") / "static" / name).read_bytes()
