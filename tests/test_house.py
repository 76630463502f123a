# SPDX-License-Identifier: EUPL-1.2
"""The habits of the house that a machine can check, and the pages that must stay true."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("archiver", "index", "viewer", "tests", "bench", "config", ".ci")
SPDX = "SPDX-License-Identifier: "

# Files of ours that can carry a comment, by suffix or name. Recorded material (tests/data) and the pages and
# scripts of the demonstration's make-believe site are content, not code.
SUFFIXES = {".py", ".sh", ".toml", ".conf", ".service", ".timer", ".css", ".js", ".mjs"}
NAMES = {"Makefile", "Caddyfile", "requirements.txt", "run", "pyproject.toml"}
# The reference configuration becomes an operator's own file when it is copied.
CONTENT = ("tests/data/", "tests/vite_app/", "archiver/demo/", "config/daykeep.toml")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def files() -> Iterator[Path]:
    """Every file of ours: the top level and our folders, by-products left out."""
    for path in [*ROOT.iterdir(), *(found for folder in FOLDERS for found in (ROOT / folder).rglob("*"))]:
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def sources() -> list[Path]:
    return sorted(path for path in files() if path.suffix == ".py")


def scripts() -> list[Path]:
    return sorted(path for path in files() if path.read_bytes()[:30].startswith(b"#!/usr/bin/env bash"))


def carries_licence(path: Path) -> bool:
    named = path.suffix in SUFFIXES or path.name in NAMES
    return named and (path.suffix == ".py" or not name_of(path).startswith(CONTENT))


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def run(*command: str | Path, script: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command in the checkout, with a script on stdin or nothing, and nothing of an outer make around it."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with open(script or os.devnull, "rb") as stdin:
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, stdin=stdin
        )


# ---- code ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=name_of(path)) for path in files() if carries_licence(path)]
)
def test_licence_line(path):
    """A file begins with its licence; a script may have its #! line before it."""
    lines = path.read_text(encoding="utf-8").split("\n", 2)
    first = lines[1] if lines[0].startswith("#!") else lines[0]
    assert SPDX in first


def handlers(tree: ast.AST) -> Iterator[ast.ExceptHandler]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler))


def is_broad(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.type, ast.Name) and handler.type.id in {"Exception", "BaseException"}


def reraises(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def says_why(handler: ast.ExceptHandler, lines: list[str]) -> bool:
    """Tell whether a comment stands on the line of the handler, the one before it, or the first inside it."""
    near = lines[handler.lineno - 2 : handler.body[0].lineno]
    return any(re.search(r"#(?! *noqa: \S+$) *\w", line) for line in near)


def test_except_names_its_errors():
    """There is no bare except, and one that takes every exception raises it again or says why it does not."""
    wrong = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        for handler in handlers(ast.parse(text)):
            unexplained = (
                is_broad(handler) and not reraises(handler) and not says_why(handler, text.splitlines())
            )
            if handler.type is None or unexplained:
                wrong.append(f"{name_of(path)}:{handler.lineno}")
    assert wrong == []


@pytest.mark.parametrize(
    ("code", "explained"),
    [
        ("try:\n    x\nexcept Exception:\n    pass", False),
        ("try:\n    x\nexcept Exception:  # noqa: BLE001\n    pass", False),
        ("try:\n    x\nexcept Exception:  # noqa: BLE001 — the library raises anything\n    pass", True),
        ("try:\n    x\nexcept Exception:\n    # the library raises anything\n    pass", True),
        ("try:\n    x\n# the library raises anything\nexcept Exception:\n    pass", True),
    ],
)
def test_says_why(code, explained):
    """A reason is a comment beside the except, and more than an instruction to a tool."""
    (handler,) = handlers(ast.parse(code))
    assert says_why(handler, code.splitlines()) is explained


# What no `make` can install, because it is not ours to carry; its absence is a failure in CI all the same.
MAY_SKIP = {"tests/support/mdto.py"}


def test_nothing_is_skipped():
    """No test skips itself: what a test needs is installed by `make test`, or its absence is a failure."""
    wrong = []
    for path in (ROOT / "tests").rglob("*.py"):
        if name_of(path) in MAY_SKIP:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        if names & {"skip", "skipif", "importorskip", "xfail", "skipTest"}:
            wrong.append(name_of(path))
    assert wrong == []


def test_tests_are_flat():
    """Tests lie side by side: the folders below tests/ hold no tests of their own."""
    assert [name_of(path) for path in (ROOT / "tests").glob("*/**/test_*.py")] == []


@pytest.mark.parametrize("path", [pytest.param(path, id=name_of(path)) for path in scripts()])
def test_shell_script(path):
    """A script parses, stops at the first failure, and may be executed."""
    done = run("bash", "-n", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nset -euo pipefail\n" in path.read_text(encoding="utf-8")
    assert os.access(path, os.X_OK)


def as_nobody() -> list[str]:
    return [] if os.geteuid() else ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def test_setup_without_root_says_what_to_install():
    """Who may not install gets one sentence with the command to run, and a failure."""
    setup = ROOT / "tests/support/setup_machine.sh"
    done = run(*as_nobody(), "bash", "-s", "dpkg", "daykeep-no-such-package", script=setup)
    sentence = "missing on this machine: daykeep-no-such-package; run: sudo apt-get install -y daykeep-no-such-package"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"setup: {sentence}\n")


def test_setup_with_everything_there_does_nothing():
    """What is installed is left alone, without a word and without root."""
    done = run(*as_nobody(), "bash", "-s", "dpkg", "bash", script=ROOT / "tests/support/setup_machine.sh")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# ---- Makefile and CI -----------------------------------------------------------------------------------------


def test_ci_is_make_test():
    """CI runs what a developer runs."""
    assert re.findall(r"^exec .*", text_of(".ci/run"), re.MULTILINE) == ["exec make test </dev/null"]


def phony() -> list[str]:
    return re.findall(r"^\.PHONY: (.*)", text_of("Makefile"), re.MULTILINE)[0].split()


@pytest.mark.parametrize("target", [name for name in phony() if name != "archive"])
def test_make_target(target):
    """Every target can be planned."""
    done = run("make", "--dry-run", target)
    assert done.returncode == 0, done.stderr


def test_make_help_names_the_targets():
    """`make help` has a line for every target that is meant to be typed."""
    listed = re.findall(r"^  make ([a-z-]+) +\S", run("make", "help").stdout, re.MULTILINE)
    assert listed == [
        "help",
        "demo",
        "archive",
        "test",
        "bench",
        "test-large",
        "lint",
        "format",
        "oracles",
        "clean",
    ]


def test_make_archive_asks_for_a_site():
    """Without a URL, `make archive` says in one sentence what to type, before anything else."""
    done = run("make", "archive")
    assert done.returncode != 0
    assert done.stderr.startswith("make archive: which site? For example: make archive URL=https://")


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.org/?a=1&b=$HOME",
        "https://www.example.org/'\"; exit 3; #",
        "https://www.example.org/$(shell exit 3)`exit 3`",
        "https://www.example.org/$$(exit 3)",
    ],
)
def test_make_archive_passes_the_address_untouched(url, tmp_path):
    """Whatever characters an address holds, the command gets exactly those; neither make nor the shell reads them."""
    (tmp_path / "Makefile").write_text(text_of("Makefile"), encoding="utf-8")
    program = tmp_path / ".venv/bin/daykeep"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >>"$0.seen"\n', encoding="utf-8")
    program.chmod(0o755)
    done = run("make", "-C", tmp_path, "-o", ".venv/run.stamp", "archive", f"URL={url}")
    seen = program.with_name("daykeep.seen").read_text(encoding="utf-8").splitlines()
    assert done.returncode == 0, done.stderr
    assert seen[:4] == ["init", "my-archive", "--seed", url]
    assert seen[4:] == [*CONFIG, "run-due", "--now", *CONFIG, "serve"]


CONFIG = ["--config", "my-archive/config/daykeep.toml"]


def test_make_clean_spares_what_is_yours(tmp_path):
    """`make clean` removes what make made, read-only snapshots included, and nothing of my-archive."""
    (tmp_path / "Makefile").write_text(text_of("Makefile"), encoding="utf-8")
    for name in (
        "archiver",
        "index",
        "viewer",
        "tests",
        "bench",
        "my-archive",
        ".venv",
        "demo-archive/sealed",
    ):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "demo-archive/sealed").chmod(0o555)
    done = run("make", "-C", tmp_path, "clean")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "my-archive").is_dir()
    assert not (tmp_path / ".venv").exists()
    assert not (tmp_path / "demo-archive").exists()


# ---- pages ---------------------------------------------------------------------------------------------------


def test_contributing_names_files_that_exist():
    """Every path in CONTRIBUTING.md is there; a star stands for one or more files."""
    named = re.findall(r"`([\w./*-]+)`", text_of("CONTRIBUTING.md"))
    paths = [
        name
        for name in named
        if "/" in name or name.endswith((".md", ".toml")) or name in {"Makefile", "LICENSE"}
    ]
    made = (".venv", ".oracles-npm")  # by make
    missing = [path for path in paths if not path.startswith(made) and not [*ROOT.glob(path.rstrip("/"))]]
    assert len(paths) > 20
    assert missing == []


def test_contributing_has_the_commands_of_make():
    """The commands that CONTRIBUTING.md gives are those that make runs."""
    recipes = text_of("Makefile").replace("$(BIN)", ".venv/bin").replace("@", "")
    recipes = re.sub(r"\$\(PYTEST\)", ".venv/bin/python -m pytest", recipes)
    told = re.findall(r"^\.venv/bin/.*", text_of("CONTRIBUTING.md"), re.MULTILINE)
    assert len(told) == 5
    assert [line for line in told if f"\t{line}\n" not in recipes] == []


def test_contributing_shows_code_as_it_stands():
    """The model function in CONTRIBUTING.md is in the code, word for word."""
    (shown,) = re.findall(r"```python\n(def .*?)```", text_of("CONTRIBUTING.md"), re.DOTALL)
    assert shown in text_of("index/timestamp.py")


def test_licence_is_whole():
    """LICENSE is the EUPL 1.2 with its fifteen articles and the appendix of compatible licences."""
    text = text_of("LICENSE")
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\n")
    assert re.findall(r"^(\d+)\.[A-Z]", text, re.MULTILINE) == [str(number) for number in range(1, 16)]
    assert len(re.findall(r"^— ", text.split("Appendix\n", 1)[1], re.MULTILINE)) == 10
