# SPDX-License-Identifier: EUPL-1.2
"""The documentation says what is there, all of it, and its commands run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from archiver.cli import COMMANDS
from archiver.ledger import UrlOutcome
from archiver.settings import Settings, Site, Viewer
from tests.support.archive import Reply, build
from tests.support.command_help import command, render
from tests.support.tour import LANGUAGES, PICTURES, SHOTS
from tests.support.viewing import viewer_of

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_commands_page_is_in_step() -> None:
    """docs/commands.md is what the commands themselves say."""
    assert _text("docs/commands.md") == render()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_says_its_exit_statuses(name: str) -> None:
    """Each command has a help text that ends in its exit statuses."""
    help_text = command(name).help or ""
    assert "Exit status: 0" in help_text


@pytest.mark.parametrize(
    "key",
    [
        *(f.name for f in msgspec.structs.fields(Settings) if f.name not in {"viewer", "site"}),
        *(f"viewer.{f.name}" for f in msgspec.structs.fields(Viewer)),
        *(f"site.{f.name}" for f in msgspec.structs.fields(Site)),
    ],
)
def test_every_setting_is_documented(key: str) -> None:
    """Each key of the configuration has a row in docs/operations.md."""
    assert f"| `{key}` |" in _text("docs/operations.md")


@pytest.mark.parametrize("outcome", list(UrlOutcome))
def test_every_ledger_outcome_is_documented(outcome: UrlOutcome) -> None:
    """Each word of the ledger is explained in docs/design.md."""
    assert f"`{outcome.value}`" in _text("docs/design.md")


def test_every_route_is_documented(tmp_path: Path) -> None:
    """Each route that the viewer answers has a row in docs/routes.md, and each row is a route."""
    with build(
        tmp_path, {"demo": {"20260302023000": {"https://www.example.org/": Reply(b"a page")}}}
    ) as archive:
        rules = {rule.rule for rule in viewer_of(archive).url_map.iter_rules()}
    assert set(re.findall(r"(?m)^\| `([^`]+)` \|", _text("docs/routes.md"))) == rules


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_dead_links(page: Path) -> None:
    """Every relative link of a page leads to a file, and to a heading where it names one."""
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in _anchors(path), f"{page.name} links to {target}"


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"(?m)^#+ (.+)$", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def _documented_commands() -> list[list[str]]:
    """Return every `daykeep …` line in the code blocks of README and docs, as words."""
    found: list[list[str]] = []
    for page in PAGES:
        for block in re.findall(r"(?ms)^```(?:sh)?\n(.*?)^```", page.read_text(encoding="utf-8")):
            lines = (line for line in block.splitlines() if line.startswith("daykeep "))
            found += [shlex.split(line, comments=True)[1:] for line in lines]
    return found


def test_documented_commands_are_commands() -> None:
    """Each documented command line is understood by the command it names."""
    lines = _documented_commands()
    assert len(lines) >= 5
    for words in lines:
        command(words[0]).make_context(words[0], list(words[1:]))


def test_readme_runs(tmp_path: Path) -> None:
    """The README's own sequence runs, up to what needs the site itself."""
    archive = tmp_path / "ARCHIVE"
    script = [sys.executable, "-P", "-m", "archiver"]
    done = subprocess.run(
        [*script, "init", str(archive), "--seed", "https://www.example.org/"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "example-org" in done.stdout
    config = archive / "config" / "daykeep.toml"
    name = re.search(r'(?m)^name = "([^"]+)"', config.read_text(encoding="utf-8"))
    assert name is not None
    assert f"daykeep crawl {name[1]} " in _text("README.md")
    shown = subprocess.run(
        [*script, "--config", str(config), "snapshots", name[1]], capture_output=True, text=True, check=True
    )
    assert shown.stdout == ""


def test_every_picture_is_in_the_tour() -> None:
    """The tour has each picture that its tool takes, in both languages, and no other lies beside them."""
    named = {f"{name}-{language}.webp" for name in SHOTS for language in LANGUAGES}
    assert set(re.findall(r"\(img/([^)]+)\)", _text("docs/tour.md"))) == named
    assert {path.name for path in PICTURES.iterdir()} == named
