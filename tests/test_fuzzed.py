# SPDX-License-Identifier: EUPL-1.2
"""The rewriter under a fuzzer that is guided by what each input runs: some thousand inputs, and an hour of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SECONDS = int(os.environ.get("DAYKEEP_FUZZ_SECONDS", "3600"))
"""Of the long run; another number for a look in between."""


def fuzz(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the fuzzer in a folder of its own, where it leaves the input that broke something."""
    corpus = folder / "corpus"
    corpus.mkdir()
    command = [sys.executable, "-m", "tests.fuzz.rewriting", str(corpus), f"-artifact_prefix={folder}/"]
    return subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)


def test_some_thousand_inputs(tmp_path):
    """No input breaks the rewriter, and the fuzzer finds its way into it."""
    ran = fuzz(tmp_path, "-runs=3000", "-seed=1")
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-4000:]
    assert "Done 3000 runs" in ran.stderr
    assert len(list((tmp_path / "corpus").iterdir())) > 20  # inputs that ran something new


def test_it_tells_what_breaks(tmp_path):
    """A page that the rewriter leads out of the archive ends the run, and the input is kept."""
    program = (
        "import sys, atheris, tests.fuzz.rewriting as fuzz\n"
        'fuzz.rewrite_html = lambda body, *_, **__: body.decode(errors="replace").encode()\n'
        "atheris.Setup(sys.argv, fuzz.one_input)\n"
        "atheris.Fuzz()\n"
    )
    command = [sys.executable, "-c", program, "-runs=20000", "-seed=1", f"-artifact_prefix={tmp_path}/"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert "leads out by" in ran.stderr + ran.stdout, ran.stderr[-2000:]
    assert list(tmp_path.glob("crash-*"))


@pytest.mark.large
def test_an_hour(tmp_path):
    """No input of an hour breaks the rewriter."""
    ran = fuzz(tmp_path, f"-max_total_time={SECONDS}")
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-4000:]
