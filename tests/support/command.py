# SPDX-License-Identifier: EUPL-1.2
"""The installed command `daykeep` as an operator runs it: a process of its own, its output and exit status."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archiver.cli import main

DAYKEEP = Path(sys.executable).with_name("daykeep")


@dataclass(frozen=True, slots=True)
class Ended:
    status: int
    out: str
    err: str

    def json(self) -> Any:
        """Return the one JSON document on stdout."""
        return json.loads(self.out)


def command(config: Path | None, *words: str | Path) -> list[str]:
    """Return the words of a command line."""
    return [str(DAYKEEP), *(["--config", str(config)] if config else []), *map(str, words)]


def daykeep(config: Path | None, *words: str | Path, **more: Any) -> Ended:
    """Run a command to its end. No fault outside the program may show a traceback."""
    options = {"env": {**os.environ, "COLUMNS": "100"}, "timeout": 60, **more}
    ran = subprocess.run(command(config, *words), capture_output=True, check=False, **options)
    ended = Ended(ran.returncode, ran.stdout.decode(), ran.stderr.decode())
    assert "Traceback" not in ended.err, ended.err
    return ended


def inside(config: Path | None, *words: str | Path) -> Ended:
    """
    Run a command as the console script does, in this process: a second less each.

    Not for commands that take signals. Standard output and error are no terminals.
    """
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", command(config, *words))
        patch.setenv("COLUMNS", "100")
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as left,
        ):
            main()
    status = left.value.code
    assert isinstance(status, int)
    return Ended(status, out.getvalue(), err.getvalue())


AT_ONCE = {"delay": 0, "retries": 0, "allow_addresses": ["127.0.0.0/8"]}
"""A site on loopback that is asked without pauses, and once: a second try comes seconds later."""


def configure(folder: Path, *seeds: str, top: str = "", **site: Any) -> Path:
    """Write a configuration of one site, `example`, in which `site` replaces what is there at once; return its path."""
    values = {"name": "example", "seeds": list(seeds), **AT_ONCE} | site
    lines = [
        'data = "../data"',
        top,
        "[[site]]",
        *(f"{key} = {json.dumps(value)}" for key, value in values.items()),
    ]
    path = folder / "config" / "daykeep.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines))
    return path
