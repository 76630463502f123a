# SPDX-License-Identifier: EUPL-1.2
"""
Session ids and tracking parameters taken out of URLs, so that one page is asked for once.

    https://a.example/p;jsessionid=1A2B?x=1&utm_source=mail   ->   https://a.example/p?x=1

Rules are patterns, one text each:

    gclid                a parameter of this name, in any case, whatever its value
    utm_*                every name that begins so
    sid=[0-9a-z]{32}     only with a value that fits the regular expression, whole and in any case
    ;jsessionid          the same, as a parameter of a path segment (RFC 3986 section 3.3)
    (S())                the path segment that ASP.NET puts its session into
    default              all the built-in ones of its kind

No other byte of the URL changes: not the order, not the escapes, not an empty parameter. Knows nothing of
which site has which rules, or of what becomes of a URL.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from .errors import ConfigurationError

DEFAULT = "default"
"""Stands in a list of patterns for the built-in ones."""

TRACKING: tuple[str, ...] = (
    "utm_*",  # Google Analytics and whoever followed it
    "amp;utm_*",  # the same from addresses that were escaped twice
    "gclid",  # Google Ads, as are the next six
    "gclsrc",
    "gbraid",
    "wbraid",
    "dclid",
    "gad_source",
    "srsltid",
    "_ga",
    "_gl",
    "fbclid",  # Facebook
    "igshid",  # Instagram
    "msclkid",  # Microsoft
    "twclid",  # X
    "ttclid",  # TikTok
    "yclid",  # Yandex
    "li_fat_id",  # LinkedIn
    "epik",  # Pinterest
    "mc_cid",  # Mailchimp
    "mc_eid",
    "_hsenc",  # HubSpot
    "_hsmi",
    "__hstc",
    "__hssc",
    "__hsfp",
    "hsctatracking",
    "mkt_tok",  # Marketo
    "mtm_*",  # Matomo, and Piwik as it was
    "matomo_*",
    "piwik_*",
    "pk_campaign",
    "pk_kwd",
    "pk_keyword",
    "pk_source",
    "pk_medium",
    "pk_content",
    "pk_cid",
    "wt.mc_id",  # Webtrends
    "at_campaign",  # Piano, formerly AT Internet
    "at_medium",
    "xtor",
    "s_cid",  # Adobe
    "vero_id",
    "_openstat",
    "oly_anon_id",
    "oly_enc_id",
)
"""Parameters that say where a visitor came from. No server needs them to know which page is meant."""

SESSION: tuple[str, ...] = (
    ";jsessionid",  # Java servlets
    "jsessionid",
    ";phpsessid",
    "phpsessid",
    "aspsessionid*",  # classic ASP
    "(S())",  # ASP.NET without cookies
    "cfid=[0-9]+|[0-9a-f-]{16,}",  # ColdFusion
    "cftoken",
    "oscsid",
    "zenid",
    "sid=[0-9a-z]{32}",
    "sessid=[0-9a-z]{16,}",
    "sessionid=[0-9a-z-]{16,}",
    "session_id=[0-9a-z-]{16,}",
)
"""Parameters that say which visit this is. Short or common names only with a value that looks like an id."""

_ASPNET = "(S())"
_ASPNET_SEGMENT = re.compile(r"/\((?:[ASF]\([0-9a-z_-]{20,100}\)){1,3}\)(?=/)", re.IGNORECASE)
_LONGEST_NAME = 128
KNOWN_RULES = 64
"""Pairs of lists that are kept as they were read: sites, and what they were set to before."""


@dataclass(frozen=True, slots=True)
class Tidy:
    """The rules of one site, ready for use: `Tidy.of(tracking, session)(url)`."""

    exact: frozenset[str]
    prefixes: tuple[str, ...]
    valued: tuple[tuple[str, re.Pattern[str]], ...]
    """Names, or beginnings of names that end in `*`, with what their value has to be."""
    aspnet: bool

    @classmethod
    def of(cls, tracking: Iterable[str] = (DEFAULT,), session: Iterable[str] = (DEFAULT,)) -> Tidy:
        """
        Return the rules for two lists of patterns; an empty list switches its kind off.

        Raises ConfigurationError for a pattern that makes no sense, and says which.
        """
        return _tidy(tuple(tracking), tuple(session))

    @classmethod
    def _of(cls, tracking: Iterable[str], session: Iterable[str]) -> Tidy:
        patterns = [*_with_defaults(tracking, TRACKING), *_with_defaults(session, SESSION)]
        plain = [pattern.lower() for pattern in patterns if "=" not in pattern and pattern != _ASPNET]
        for pattern in patterns:
            _check(pattern)
        return cls(
            exact=frozenset(pattern for pattern in plain if not pattern.endswith("*")),
            prefixes=tuple(pattern[:-1] for pattern in plain if pattern.endswith("*")),
            valued=tuple(map(_valued, (pattern for pattern in patterns if "=" in pattern))),
            aspnet=_ASPNET in patterns,
        )

    def __call__(self, url: str) -> str:
        """Return a normalised URL without the parameters that the rules name."""
        if "?" not in url and ";" not in url and "(" not in url:
            return url
        start = url.find("/", len("https://"))
        if start < 0:
            return url
        path, mark, query = url[start:].partition("?")
        if ";" in path:
            path = "/".join(map(self._kept, path.split("/")))
        if self.aspnet and "(" in path:
            path = _ASPNET_SEGMENT.sub("", path)
        if mark:
            kept = "&".join(part for part in query.split("&") if not self._named(part))
            mark, query = (mark, kept) if kept or kept == query else ("", "")
        return f"{url[:start]}{path}{mark}{query}"

    def _kept(self, segment: str) -> str:
        """Return a path segment without the parameters that are named."""
        first, *parts = segment.split(";")
        if first.lower().replace("%2e", ".") in {".", ".."}:
            return segment  # without its parameter it would lead elsewhere (URL standard, "double-dot")
        return ";".join([first, *(part for part in parts if not self._named(f";{part}"))])

    def _named(self, part: str) -> bool:
        """Tell whether a rule names a parameter, given as `name=value`."""
        name, _, value = part.partition("=")
        name = unquote(name[:_LONGEST_NAME]).lower()
        if name in self.exact or (self.prefixes and name.startswith(self.prefixes)):
            return True
        return any(_fits(rule, name) and of.fullmatch(value) is not None for rule, of in self.valued)


@lru_cache(KNOWN_RULES)
def _tidy(tracking: tuple[str, ...], session: tuple[str, ...]) -> Tidy:
    return Tidy._of(tracking, session)  # noqa: SLF001 - checked once, however many snapshots have them


def _with_defaults(patterns: Iterable[str], built_in: tuple[str, ...]) -> list[str]:
    return [one for pattern in patterns for one in (built_in if pattern == DEFAULT else (pattern,))]


def _fits(rule: str, name: str) -> bool:
    return name.startswith(rule[:-1]) if rule.endswith("*") else name == rule


def _valued(pattern: str) -> tuple[str, re.Pattern[str]]:
    name, _, value = pattern.partition("=")
    return name.lower(), re.compile(value, re.IGNORECASE | re.ASCII)


def _check(pattern: str) -> None:
    """Raise ConfigurationError for a pattern that could name nothing, or everything."""
    name, _, value = pattern.partition("=")
    bare = name.removeprefix(";").removesuffix("*")
    if pattern != _ASPNET and (not bare or "*" in bare or any(letter in bare for letter in "&?#/ ")):
        raise ConfigurationError(
            f"{pattern!r} names no parameter of a URL: write a name, one that ends in *, or name=expression."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what re may read in another way one day, it reads in none here
            re.compile(value)
    except (re.error, Warning) as error:
        raise ConfigurationError(f"{pattern!r}: {value!r} is not a regular expression ({error}).") from error
