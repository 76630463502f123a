# SPDX-License-Identifier: EUPL-1.2
"""
Other people's tools, each in an environment of its own that `make oracles` makes; none is in .venv or the wheel.

    oracle("warcio", "check", path).returncode
    oracle("wb-manager", "add", "demo", path, home=PYWB, cwd=folder)

A tool that is missing is a failure that says what to do, never a skip.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ORACLES = ROOT / ".venv-oracles" / "bin"
PYWB = ROOT / ".venv-pywb" / "bin"
CLIENTS = ROOT / ".venv-clients" / "bin"
REPLAYWEB = ROOT / ".oracles-npm" / "replaywebpage"
AXE = ROOT / ".oracles-npm" / "axe-core" / "axe.min.js"


def needed(path: Path) -> Path:
    """Return a path that `make oracles` made. Raises RuntimeError with what to do when it is not there."""
    if not path.exists():
        raise RuntimeError(f"{path} is not here; make it with `make oracles`")
    return path


def oracle(
    name: str, *arguments: str | Path, home: Path = ORACLES, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a tool to its end; the caller looks at status and output."""
    command = [needed(home / name), *arguments]
    limits = {"timeout": 120, "stdin": subprocess.DEVNULL, "env": {**os.environ, "COLUMNS": "1000"}}
    return subprocess.run(command, capture_output=True, text=True, check=False, **(limits | options))
