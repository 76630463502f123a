# SPDX-License-Identifier: EUPL-1.2
"""What a user installs: the wheel's contents, what it needs to run, and under which licences."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGES = ("archiver", "index", "viewer")

PROGRAM = "import sys; from archiver.cli import main; sys.exit(main())"  # what pip's console script does

# Not to be found in what runs at a public body: GPL or AGPL, or (niquests) a library that overwrites urllib3.
FORBIDDEN = {"surt", "pywb", "cdxj-indexer", "wacz", "warcprox", "niquests"}

# LGPL is not meant: a library under it may be used by any program.
COPYLEFT = re.compile(r"(?<!L)GPL|(?<!Lesser )General Public License|Affero", re.IGNORECASE)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Build the wheel from the tree, as `make test` and a release do."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """Unpack the wheel in a folder of its own, as pip does in site-packages."""
    folder = tmp_path_factory.mktemp("site-packages")
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_installed(
    installed: Path, where: Path, code: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run Python code on the unpacked wheel; PYTHONPATH stands before the checkout's own entry."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, check=False)


def data_files() -> set[str]:
    """Every file of the three packages that is no Python and no by-product."""
    return {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"} and "__pycache__" not in path.parts
    }


def modules() -> set[str]:
    return {
        path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py")
    }


def closure(name: str) -> dict[str, Distribution]:
    """Return all that must be installed with `name`, by name, extras that are asked for included."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement(name)]
    while waiting:
        asked = waiting.pop()
        known = canonicalize_name(asked.name)
        found[known] = distribution(known)
        for text in found[known].requires or []:
            needed = Requirement(text)
            wanted = any(applies(needed, extra) for extra in ("", *asked.extras))
            if wanted and canonicalize_name(needed.name) not in found:
                waiting.append(needed)
    return found


def applies(needed: Requirement, extra: str) -> bool:
    return needed.marker is None or needed.marker.evaluate({"extra": extra})


def licences(package: Distribution) -> list[str]:
    """Return what a package says of its licence: the expression, the classifiers, the first line of the text."""
    told = package.metadata
    classifiers = [line for line in told.get_all("Classifier") or [] if line.startswith("License ::")]
    text = (told.get("License") or "").strip().splitlines()[:1]
    return [*filter(None, [told.get("License-Expression")]), *classifiers, *text]


def test_top_level(names):
    """Beside its metadata the wheel holds exactly the three packages."""
    top = {PurePosixPath(name).parts[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == set(PACKAGES)
    assert sum(name.endswith(".dist-info") for name in top) == 1


def test_every_module_travels(names):
    """Every module of the tree is in the wheel."""
    assert modules() - names == set()


def test_every_data_file_travels(names):
    """Templates, styles, scripts, translations and the demonstration's files are in the wheel."""
    assert data_files() - names == set()


@pytest.mark.parametrize(
    "prefix",
    [
        "viewer/templates/",
        "viewer/static/",
        "viewer/translations/",
        "archiver/demo/assets/",
        "archiver/data/daykeep.toml",
    ],
)
def test_what_the_program_needs_is_there(names, prefix):
    """The data that the installed program opens by name is in the wheel."""
    assert any(name.startswith(prefix) for name in names)


def test_no_by_products(names):
    """Nothing compiled, cached or left by an editor travels along."""
    stray = re.compile(r"__pycache__|\.pyc$|\.orig$|\.swp$|~$|\.log$|\.sqlite3?$")
    assert [name for name in names if stray.search(name)] == []


def test_licence_travels(names, wheel):
    """The licence's whole text is in the wheel, and its metadata names the licence."""
    (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
    (licence,) = [name for name in names if name.endswith("/licenses/LICENSE")]
    with ZipFile(wheel) as archive:
        assert "License-Expression: EUPL-1.2" in archive.read(metadata).decode()
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_reference_configuration_is_the_documented_one(wheel):
    """The configuration inside the wheel is config/daykeep.toml, byte for byte."""
    with ZipFile(wheel) as archive:
        assert archive.read("archiver/data/daykeep.toml") == (ROOT / "config/daykeep.toml").read_bytes()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("from archiver.conformance.rules import load; print(len(load().rule))", "17"),
        (
            "from archiver.exporting.profiles import built_in; print(*built_in())",
            "wacz warc nl-richtlijn mdto wacz-stored",
        ),
    ],
)
def test_data_is_read_from_the_wheel(installed, tmp_path, code, said):
    """The guideline's rules and the kinds of export are data of config/, and are found where only the wheel is."""
    done = run_installed(installed, tmp_path, code)
    assert (done.stdout.strip(), done.stderr) == (said, "")


@pytest.mark.parametrize("package", PACKAGES)
def test_unpacked_wheel_is_what_runs(installed, tmp_path, package):
    """The next tests run the wheel's modules, not those of the checkout."""
    done = run_installed(installed, tmp_path, f"import {package}; print({package}.__file__)")
    assert done.stdout.strip() == str(installed / package / "__init__.py")


def test_wheel_runs(installed, tmp_path):
    """The program starts from the wheel alone, in a folder that has nothing of the checkout."""
    done = run_installed(installed, tmp_path, PROGRAM, "--help")
    assert done.returncode == 0, done.stderr
    assert "crawl" in done.stdout


def test_wheel_makes_an_archive(installed, tmp_path):
    """`daykeep init` finds its data inside the wheel."""
    done = run_installed(
        installed, tmp_path, PROGRAM, "init", "archive", "--seed", "https://www.example.org/"
    )
    assert done.returncode == 0, done.stderr
    assert "https://www.example.org/" in (tmp_path / "archive/config/daykeep.toml").read_text(
        encoding="utf-8"
    )


def test_console_script(names, wheel):
    """The wheel installs one command, daykeep."""
    (entry,) = [name for name in names if name.endswith(".dist-info/entry_points.txt")]
    with ZipFile(wheel) as archive:
        lines = archive.read(entry).decode().split()
    assert lines == ["[console_scripts]", "daykeep", "=", "archiver.cli:main"]


def test_tools_under_copyleft_stay_in_their_own_environments(names):
    """Not even the environment of the tests has them, and the wheel has no file of ReplayWeb.page."""
    here = {canonicalize_name(one.metadata["Name"]) for one in distributions()}
    assert FORBIDDEN & here == set()
    assert "daykeep" in here
    assert {"ui.js", "sw.js"} & {PurePosixPath(name).name for name in names} == set()
    listed = (ROOT / "tests" / "oracles" / "pywb.txt").read_text(encoding="utf-8")
    assert {"pywb", "warcprox", "surt"} <= set(re.findall(r"^([\w.-]+)==", listed, re.MULTILINE))


def test_closure_is_free_of_what_we_may_not_ship():
    """Nothing that Daykeep needs to run brings in AGPL tools or a library that overwrites urllib3."""
    needed = closure("daykeep")
    assert {"warcio", "flask", "werkzeug", "jinja2"} <= needed.keys()  # the walk does walk
    assert FORBIDDEN & needed.keys() == set()


@pytest.mark.parametrize(("name", "package"), sorted(closure("daykeep").items()))
def test_licence_of_what_we_need(name, package):
    """Every library that Daykeep needs to run states a licence, and it is neither GPL nor AGPL."""
    told = licences(package)
    assert told, f"{name} does not say under which licence it is; look, and add it to pyproject's comments"
    assert [line for line in told if COPYLEFT.search(line)] == []


@pytest.mark.parametrize(
    ("text", "is_copyleft"),
    [
        ("GPL-3.0-or-later", True),
        ("AGPL-3.0", True),
        ("License :: OSI Approved :: GNU Affero General Public License v3", True),
        ("License :: OSI Approved :: GNU General Public License v2 (GPLv2)", True),
        ("LGPL-2.1", False),
        ("GNU Lesser General Public License v3", False),
        ("EUPL-1.2", False),
        ("MIT", False),
    ],
)
def test_copyleft_pattern(text, is_copyleft):
    """The pattern finds GPL and AGPL in every spelling, and leaves LGPL alone."""
    assert bool(COPYLEFT.search(text)) is is_copyleft
