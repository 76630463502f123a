# SPDX-License-Identifier: EUPL-1.2
"""The command that begins an archive: init. Knows where the annotated configuration is installed."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from pathlib import Path

import click

from index.errors import ArchiveError, ConfigurationError
from index.urlkey import normalise, origin

from ..collection import Collection
from ..durable import storage, write_file
from ..settings import load, parse
from . import show

DONE = 0


@click.command("init")
@click.argument("directory", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", help="The address of the site to keep, such as https://www.example.org/.")
@click.option("--name", help="A short name for the site; made from the address if left out.")
def init_command(directory: Path, seed: str | None, name: str | None) -> int:
    """
    Write DIRECTORY/config/daykeep.toml, with comments, and make an empty archive.

    A configuration that is there already is left as it is.

    Exit status: 0 done; 1 the folder cannot be written; 2 the address is not one.
    """
    config = directory / "config" / "daykeep.toml"
    if config.exists():
        show.note(f"{config} is there already and was left as it is.")
    else:
        _write_configuration(config, seed, name)
    settings = load(config)
    Collection.create(settings.root)
    show.line(f"Configuration: {config}")
    show.line(f"Archive:       {settings.root}")
    for site in settings.site:
        show.line(f"Next:          daykeep --config {config} crawl {site.name}")
    return DONE


def _write_configuration(config: Path, seed: str | None, name: str | None) -> None:
    """Write the configuration of one site. Raises ConfigurationError before anything is written."""
    address = normalise(seed or "https://www.example.org/")
    if address is None:
        raise ConfigurationError(f"{seed!r} is not an http(s) address; write it with https:// in front.")
    text = _configuration(address, name or _site_name(address))
    try:
        parse(tomllib.loads(text), config.parent)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"{name or address!r} cannot stand in a configuration; give a plain address, and a --name of "
            "letters, digits and hyphens."
        ) from error
    with storage(f"make {config.parent}"):
        config.parent.mkdir(parents=True, exist_ok=True)
    write_file(config, [text.encode()])


def _site_name(address: str) -> str:
    """Return a site's name made from its host: letters, digits and hyphens."""
    host = origin(address).host.removeprefix("www.")
    return re.sub(r"[^a-z0-9]+", "-", host).strip("-")[:64] or "site"


def _configuration(address: str, site: str) -> str:
    """Return the annotated configuration with a site's own values in it."""
    text = _reference()
    host = origin(address).host
    values = {
        "name": f'"{site}"',
        "title": f'"{host}"',
        "seeds": f'["{address}"]',
        "allow_addresses": _private(host),
    }
    for key, value in values.items():
        line = f"{key} = {value}".replace("\\", "\\\\")
        text = re.sub(rf'(?m)^{key} = (?:"[^"]*"|\[[^\]]*\])', line, text)
    return text


def _reference() -> str:
    """Return config/daykeep.toml, from the wheel or from the checkout."""
    here = Path(__file__).resolve().parent.parent
    for path in (here / "data" / "daykeep.toml", here.parent / "config" / "daykeep.toml"):
        if path.exists():
            return path.read_text(encoding="utf-8")
    raise ArchiveError("The annotated configuration is not in this installation; install Daykeep again.")


def _private(host: str) -> str:
    """Return `allow_addresses` for a host that names this machine or a private network; none is looked up."""
    if host == "localhost" or host.endswith(".localhost"):
        return '["127.0.0.0/8", "::1"]'
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return "[]"
    return "[]" if address.is_global else f'["{address}"]'
