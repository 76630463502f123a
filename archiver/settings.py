# SPDX-License-Identifier: EUPL-1.2
"""
The configuration file: TOML in, frozen values out. Every default of the program lives here.

    Settings          the file as a whole
     ├─ viewer        Viewer: the public addresses of the viewer and of the replay
     ├─ archive       Listing: what the archive tells programs of itself
     ├─ about         About: who runs it, and where the public turns to
     ├─ theme         Theme: the operator's logo, colour and letters
     ├─ mdto          Mdto: who hands over to an archive institution, and on what terms
     └─ site[]        Site: what to crawl, when and how
         ├─ traps     TrapLimits: from where on addresses are taken for endless ones
         ├─ suspicion Thresholds: from where on what came is not taken for the site
         └─ mdto      Appraisal: where the terms of this site are other ones

An unknown key, a wrong type or a value out of range is a ConfigurationError that names the file, the key
and the nearest valid key. Knows nothing of folders on disk but where `data` is.
"""

from __future__ import annotations

import difflib
import ipaddress
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from index.errors import ConfigurationError
from index.fuzzy import Rule as FuzzyRule
from index.fuzzy import check as check_fuzzy
from index.noise import Rule, check
from index.parameters import DEFAULT, Tidy
from index.urlkey import normalise, origin

from .exporting.appraisal import Appraisal, Mdto
from .presented import About, Line, Theme, check_about, placed
from .traps import TrapLimits
from .verdict import Thresholds

Scope = Literal["page", "prefix", "host", "domain"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

RESERVED_NAMES = frozenset({"web", "timegate", "timemap", "cdx", "healthz", "metrics", "static", "about"})
"""First path segments that the viewer itself answers; a site of that name could not be reached."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.IGNORECASE | re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


MOST_PROCESSES = 64


class Viewer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the public finds the viewer, and where archived pages are replayed."""

    base_url: str = "http://localhost:8080"
    replay_url: str = "http://{label}.localhost:8080"
    downloads: tuple[str, ...] = ("wacz", "warc", "nl-richtlijn")
    download_bytes: Annotated[int, Meta(ge=0)] = 20_000_000_000
    kept_bytes: Annotated[int, Meta(ge=0)] = 64_000_000
    fill_days: Annotated[int, Meta(ge=0, le=3660)] = 31
    processes: Annotated[int, Meta(ge=0, le=MOST_PROCESSES)] = 0


class Listing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `/.well-known/web-archive.txt` says that nobody else can know. Nothing of it is needed."""

    id: Annotated[str, Meta(pattern=r"\A([a-z0-9]{2,6})?\Z")] = ""
    name: Line = ""
    website: Line = ""
    organisation: Line = ""
    organisation_type: Line = ""
    organisation_website: Line = ""
    location: tuple[Annotated[str, Meta(pattern=r"\A[A-Z]{2}(-[A-Z0-9]{1,3})?\Z")], ...] = ()
    authority: Line = ""
    authority_document: Line = ""


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to crawl and how. Each field is a key of `[[site]]`; config/daykeep.toml tells what it does."""

    name: str
    seeds: tuple[str, ...]
    title: str = ""
    operator: str = ""
    scope: Scope = "host"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    embeds: Literal["anywhere", "scope"] = "anywhere"
    at: str = "03:30"
    robots: Literal["obey", "ignore"] = "obey"
    delay: Annotated[float, Meta(ge=0, le=3600)] = 1.0
    connections: Annotated[int, Meta(ge=1, le=64)] = 2
    max_urls: Annotated[int, Meta(ge=1)] = 100_000
    max_depth: Annotated[int, Meta(ge=0)] = 50
    max_bytes: Annotated[int, Meta(ge=1)] = 2_000_000_000
    timeout: Annotated[float, Meta(gt=0, le=3600)] = 30.0
    max_seconds: Annotated[float, Meta(gt=0)] = 1800.0
    retries: Annotated[int, Meta(ge=0, le=10)] = 2
    retry_wait: Annotated[float, Meta(ge=0, le=3600)] = 5.0
    max_wait: Annotated[float, Meta(ge=0, le=86_400)] = 300.0
    capture: Literal["http"] = "http"
    compression: Literal["gzip", "none"] = "gzip"
    full: Literal["always", "weekly", "monthly", "yearly", "never"] = "yearly"
    user_agent: str = "Mozilla/5.0 (compatible; daykeep/0.1; daily web archive)"
    allow_addresses: tuple[str, ...] = ()
    demonstration: bool = False
    tracking_parameters: tuple[str, ...] = (DEFAULT,)
    session_parameters: tuple[str, ...] = (DEFAULT,)
    traps: TrapLimits = msgspec.field(default_factory=TrapLimits)
    suspicion: Thresholds = msgspec.field(default_factory=Thresholds)
    mdto: Appraisal = msgspec.field(default_factory=Appraisal)
    noise: tuple[Rule, ...] = ()
    fuzzy: tuple[FuzzyRule, ...] = ()

    @property
    def tidy(self) -> Tidy:
        """What takes session ids and tracking parameters off the addresses of this site."""
        return Tidy.of(self.tracking_parameters, self.session_parameters)

    @property
    def networks(self) -> tuple[Network, ...]:
        """The private networks this site may live on."""
        return tuple(ipaddress.ip_network(text, strict=False) for text in self.allow_addresses)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The configuration file as a whole. `data` is absolute once loaded."""

    data: str = "../data"
    timezone: str = "Europe/Amsterdam"
    operator: str = ""
    language: Literal["nl", "en"] = "nl"
    viewer: Viewer = msgspec.field(default_factory=Viewer)
    archive: Listing = msgspec.field(default_factory=Listing)
    about: About = msgspec.field(default_factory=About)
    theme: Theme = msgspec.field(default_factory=Theme)
    mdto: Mdto = msgspec.field(default_factory=Mdto)
    site: tuple[Site, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which calendar days are counted."""
        return ZoneInfo(self.timezone)

    @property
    def root(self) -> Path:
        """The data folder."""
        return Path(self.data)

    def tidy_of(self, name: str) -> Tidy:
        """Return what tidies the addresses of a site; the built-in rules for one that is not configured."""
        return next((site.tidy for site in self.site if site.name == name), None) or Tidy.of()

    def find(self, name: str) -> Site:
        """Return the site of that name. Raises ConfigurationError with the nearest name there is."""
        for site in self.site:
            if site.name == name:
                return site
        names = [site.name for site in self.site]
        known = f"known sites: {', '.join(names)}" if names else "the configuration has no [[site]] yet"
        raise ConfigurationError(f"There is no site {name!r}; {_nearest(name, names) or known}.")


def load(path: Path) -> Settings:
    """
    Read and check the configuration file.

    Raises ConfigurationError for a file that cannot be read, TOML that cannot be parsed, and every key or
    value that is not as it should be.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"Cannot read the configuration {path}: {error.strerror or error}. "
            "Name another file with --config, or make one with `daykeep init`."
        ) from error
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8, a number of thousands of digits
        raise ConfigurationError(f"{path} is not valid TOML: {error}.") from error
    try:
        return parse(raw, path.resolve().parent)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def parse(raw: Mapping[str, Any], folder: Path) -> Settings:
    """Turn parsed TOML into Settings; relative paths are from `folder`. Raises ConfigurationError."""
    _refuse_unknown(raw)
    try:
        settings = msgspec.convert(raw, Settings)
    except msgspec.ValidationError as error:
        raise ConfigurationError(_readable(str(error))) from error
    if "\0" in settings.data:
        raise ConfigurationError("key `data`: the name of a folder has no NUL character in it.")
    _check_zone(settings.timezone)
    _check_operator(settings.operator, "operator")
    _check_viewer(settings.viewer)
    _check_listing(settings.archive)
    check_about(settings.about)
    for number, site in enumerate(settings.site):
        _check_site(site, f"site[{number}] ({site.name})")
    _check_names(settings.site)
    return msgspec.structs.replace(
        settings, data=str((folder / settings.data).resolve()), theme=placed(settings.theme, folder)
    )


_SHOWN: tuple[tuple[str, type[msgspec.Struct]], ...] = (
    ("archive", Listing),
    ("about", About),
    ("theme", Theme),
)


def _refuse_unknown(raw: Mapping[str, Any]) -> None:
    tables: list[tuple[str, Any, type[msgspec.Struct]]]
    tables = [("", raw, Settings), ("viewer", raw.get("viewer"), Viewer), ("mdto", raw.get("mdto"), Mdto)]
    tables += [(name, raw.get(name), kind) for name, kind in _SHOWN]
    sites = raw.get("site")
    if isinstance(sites, list):
        for number, site in enumerate(sites):
            tables += _tables(f"site[{number}]", site)
    for place, table, kind in tables:
        if isinstance(table, Mapping):
            _refuse_unknown_keys(place, table, kind.__struct_fields__)


def _tables(place: str, site: Any) -> list[tuple[str, Any, type[msgspec.Struct]]]:
    within = site if isinstance(site, Mapping) else {}
    return [
        *_rule_tables(f"{place}.noise", within.get("noise"), Rule),
        *_rule_tables(f"{place}.fuzzy", within.get("fuzzy"), FuzzyRule),
        (place, site, Site),
        (f"{place}.traps", within.get("traps"), TrapLimits),
        (f"{place}.suspicion", within.get("suspicion"), Thresholds),
        (f"{place}.mdto", within.get("mdto"), Appraisal),
    ]


def _rule_tables(
    place: str, rules: Any, kind: type[msgspec.Struct]
) -> list[tuple[str, Any, type[msgspec.Struct]]]:
    listed = rules if isinstance(rules, list) else []
    return [(f"{place}[{number}]", rule, kind) for number, rule in enumerate(listed)]


def _refuse_unknown_keys(place: str, table: Mapping[str, Any], valid: Iterable[str]) -> None:
    fields = list(valid)
    for key in table:
        if key not in fields:
            name = f"{place}.{key}" if place else key
            hint = _nearest(key, fields) or f"valid keys: {', '.join(fields)}"
            raise ConfigurationError(f"unknown key `{name}`; {hint}.")


def _nearest(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), n=1)
    return f"the nearest valid one is `{near[0]}`" if near else ""


def _readable(message: str) -> str:
    """Turn msgspec's 'Expected `int`, got `str` - at `$.site[0].delay`' into a sentence, the key first."""
    what, _, where = message.partition(" - at ")
    place = where.strip("`").removeprefix("$.").removeprefix("$")
    return f"key `{place}`: {what[0].lower()}{what[1:]}." if place else f"{what[0].lower()}{what[1:]}."


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"key `timezone`: there is no time zone {name!r} (example: Europe/Amsterdam)."
        ) from error


def _check_viewer(viewer: Viewer) -> None:
    if normalise(viewer.base_url) is None:
        raise ConfigurationError(f"key `viewer.base_url`: {viewer.base_url!r} is not an http(s) address.")
    replay = normalise(viewer.replay_url.replace("{label}", "label"))
    if replay is None:
        raise ConfigurationError(f"key `viewer.replay_url`: {viewer.replay_url!r} is not an http(s) address.")
    if "{label}" in viewer.replay_url and not origin(replay).host.startswith("label."):
        raise ConfigurationError(
            "key `viewer.replay_url`: its host must begin with {label}, as in http://{label}.localhost:8080, "
            "or have none: then all pages are replayed on this one origin, in the simpler way."
        )
    if "{label}" not in viewer.replay_url:
        _check_one_origin(viewer.base_url, replay)


def _check_one_origin(base_url: str, replay: str) -> None:
    if replay != f"{origin(replay)}/":
        raise ConfigurationError(
            f"key `viewer.replay_url`: {replay!r} is more than an origin; write it without a path, as in "
            "http://replay.example.org."
        )
    if origin(replay) == origin(normalise(base_url) or ""):
        raise ConfigurationError(
            "key `viewer.replay_url`: archived pages may not run where the viewer is; use another name "
            "or port than that of `viewer.base_url`, or one with {label}."
        )


def _check_listing(listing: Listing) -> None:
    for key in ("website", "organisation_website", "authority_document"):
        address = getattr(listing, key)
        if address and normalise(address) is None:
            raise ConfigurationError(f"key `archive.{key}`: {address!r} is not an http(s) address.")


def _check_site(site: Site, place: str) -> None:
    if not _NAME.fullmatch(site.name) or site.name in RESERVED_NAMES:
        raise ConfigurationError(
            f"key `{place}.name`: {site.name!r} is not a name for a site; use letters, digits and hyphens, "
            f"and none of {', '.join(sorted(RESERVED_NAMES))}."
        )
    if not site.seeds:
        raise ConfigurationError(f"key `{place}.seeds`: at least one address is needed.")
    for seed in site.seeds:
        if normalise(seed) is None:
            raise ConfigurationError(f"key `{place}.seeds`: {seed!r} is not an http(s) address.")
    _check_operator(site.operator, f"{place}.operator")
    _check_times(site, place)
    _check_patterns(site, place)
    _check_networks(site, place)
    _check_parameters(site, place)
    _check_rules(site, place)
    if not site.user_agent.isprintable() or not site.user_agent.isascii() or not site.user_agent.strip():
        raise ConfigurationError(f"key `{place}.user_agent`: use printable ASCII on one line.")


def _check_operator(operator: str, key: str) -> None:
    if operator and (not operator.isprintable() or len(operator) > 200):
        raise ConfigurationError(f"key `{key}`: a name, or name and e-mail address, on one line is needed.")


def _check_times(site: Site, place: str) -> None:
    if not _TIME.fullmatch(site.at):
        raise ConfigurationError(f"key `{place}.at`: {site.at!r} is not a time of day such as 03:30.")
    for key in ("delay", "timeout", "max_seconds", "retry_wait", "max_wait"):
        if not math.isfinite(getattr(site, key)):  # TOML has `inf` and `nan`
            raise ConfigurationError(f"key `{place}.{key}`: a number of seconds is needed.")


def _check_patterns(site: Site, place: str) -> None:
    for key in ("include", "exclude"):
        for pattern in getattr(site, key):
            try:
                re.compile(pattern)
            except (re.error, OverflowError, RecursionError) as error:
                raise ConfigurationError(
                    f"key `{place}.{key}`: {pattern!r} is not a regular expression: {error}."
                ) from error


def _check_parameters(site: Site, place: str) -> None:
    try:
        _ = site.tidy
    except ConfigurationError as error:
        raise ConfigurationError(
            f"key `{place}.tracking_parameters` or `{place}.session_parameters`: {error}"
        ) from error


def _check_rules(site: Site, place: str) -> None:
    checks = [(f"noise[{number}]", partial(check, rule)) for number, rule in enumerate(site.noise)]
    checks += [(f"fuzzy[{number}]", partial(check_fuzzy, rule)) for number, rule in enumerate(site.fuzzy)]
    for key, checked in checks:
        try:
            checked()
        except ConfigurationError as error:
            raise ConfigurationError(f"key `{place}.{key}`: {error}") from error


def _check_networks(site: Site, place: str) -> None:
    try:
        _ = site.networks
    except ValueError as error:
        raise ConfigurationError(f"key `{place}.allow_addresses`: {error} (example: 10.1.0.0/16).") from error


def _check_names(sites: Iterable[Site]) -> None:
    seen: set[str] = set()
    for site in sites:
        # folded: two names that differ in case alone would share a folder on some file systems
        if site.name.casefold() in seen:
            raise ConfigurationError(
                f"key `site.name`: there are two sites named {site.name!r}; names are unique."
            )
        seen.add(site.name.casefold())
