# SPDX-License-Identifier: EUPL-1.2
"""
A disk that fails on purpose, and a machine whose power is cut: what faults.c does to a process, and its use.

    disk = Disk(folder, library)
    run(..., env=disk.fault("kill", 120))    the process is killed at its 120th call that changes the disk
    run(..., env=disk.watched())             nothing fails, and what was synced is remembered
    disk.cut_power()                         every file and every folder is what it was at its last sync

The strictest disk there may be: what was not synced is gone, names as well as bytes. Knows nothing of archives.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("faults.c")


def build(folder: Path) -> Path:
    """Compile faults.c, and return the library for LD_PRELOAD."""
    library = folder / "faults.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl", "-lpthread"], check=True)
    return library


class Disk:
    """One folder whose calls are watched, with a shadow of what would be left of it after a power cut."""

    def __init__(self, root: Path, library: Path) -> None:
        self.root = root
        self._library = library
        self._shadow = root.with_name(f"{root.name}.synced")
        self._count = root.with_name(f"{root.name}.count")
        self.root.mkdir(parents=True, exist_ok=True)
        self._keep_all()

    def calls(self) -> dict[str, int]:
        """Return how many calls each deed would have counted of the last process that came to its end."""
        return dict(zip(("kill", "eio", "enospc"), map(int, self._count.read_text().split()), strict=True))

    def watched(self) -> dict[str, str]:
        """Return an environment in which nothing fails."""
        return self.fault("nothing", 0)

    def fault(self, deed: str, at: int) -> dict[str, str]:
        """Return an environment in which `kill`, `eio` or `enospc` happens at the given call, from 1."""
        settings = {
            "LD_PRELOAD": self._library,
            "FAULTS_ROOT": self.root,
            "FAULTS_SHADOW": self._shadow,
            "FAULTS_COUNT": self._count,
            "FAULTS_DO": deed,
            "FAULTS_AT": at,
        }
        return {**os.environ, "COLUMNS": "100", **{name: str(value) for name, value in settings.items()}}

    def cut_power(self) -> None:
        """Leave of the folder what had been synced, and take that for synced from now on."""
        left = self.root.with_name(f"{self.root.name}.left")
        self._bring_back(_key(self._tools(), self.root), left)
        _remove(self.root)
        left.rename(self.root)
        self._keep_all()

    def put_back(self, copy: Path) -> None:
        """Set the folder back to a copy of it, and take that for synced."""
        _remove(self.root)
        shutil.copytree(copy, self.root)
        self._keep_all()

    def _bring_back(self, key: str, path: Path) -> None:
        kept = self._shadow / key
        told = kept.read_bytes() if kept.exists() else b""
        if key.startswith("f"):
            path.write_bytes(told)
        else:
            path.mkdir()
            for line in told.decode().splitlines():
                inner, _, name = line.partition("\t")
                self._bring_back(inner, path / name)
        if kept.exists():
            path.chmod(kept.stat().st_mode)

    def _keep_all(self) -> None:
        shutil.rmtree(self._shadow, ignore_errors=True)
        self._shadow.mkdir()
        tools = self._tools()
        for path in (self.root, *self.root.rglob("*")):
            tools.faults_keep(os.fsencode(path))

    def _tools(self) -> ctypes.CDLL:
        """Return the library's own functions, told where the shadow is."""
        tools = ctypes.CDLL(str(self._library))
        tools.faults_shadow(os.fsencode(self._shadow))
        return tools


def _key(tools: ctypes.CDLL, path: Path) -> str:
    key = ctypes.create_string_buffer(64)
    assert tools.faults_key(os.fsencode(path), key)
    return key.value.decode()


def _remove(folder: Path) -> None:
    for path in (folder, *(one for one in folder.rglob("*") if one.is_dir())):
        path.chmod(0o755)
    shutil.rmtree(folder)
