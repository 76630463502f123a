# SPDX-License-Identifier: EUPL-1.2
"""
The operator's logo, colour and letters, from the table `[theme]`: served by us, never from another host.

The style sheet sets only the design tokens of static/viewer.css; what there is to set is told by `sheet`. A
logo in SVG runs nothing: where it is opened by itself its policy forbids scripts and its sandbox an origin.
Knows nothing of pages.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, abort, request

from archiver.colour import lightened, mixed
from archiver.presented import DARK_GROUND, FONT_TYPES, LOGO_TYPES, Theme

from ..current import holdings

pages = Blueprint("theme", __name__)

_DARK_CONTRAST = 7.0
"""Of a colour that nobody chose for dark screens: WCAG 2.2, success criterion 1.4.6."""
_STRONGER = 0.35
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


@pages.get("/about/theme.css")
def theme_css() -> Response:
    """Return the operator's design tokens."""
    text = sheet(holdings().settings.theme)
    return _kept(Response(text, content_type="text/css; charset=utf-8"))


@pages.get("/about/logo")
def logo() -> Response:
    """Return the operator's logo."""
    return _file(holdings().settings.theme.logo, LOGO_TYPES)


@pages.get("/about/logo-dark")
def logo_dark() -> Response:
    """Return the operator's logo for dark screens."""
    return _file(holdings().settings.theme.logo_dark, LOGO_TYPES)


@pages.get("/about/font")
def font() -> Response:
    """Return the operator's letters."""
    return _file(holdings().settings.theme.font, FONT_TYPES)


def is_themed(theme: Theme) -> bool:
    """Return whether there is anything for a style sheet to set."""
    return bool(theme.colour or theme.colour_dark or theme.font)


def sheet(theme: Theme) -> str:
    """
    Return a style sheet that sets colour and letters of static/viewer.css.

    A colour for dark screens that nobody chose is made of the other one, as light as it takes to be read.
    """
    parts = []
    if theme.font:
        parts.append('@font-face{font-family:"operator";src:url(/about/font);font-display:swap}')
        parts.append(':root{--font:"operator",system-ui,sans-serif}')
    if theme.colour:
        parts.append(f":root{{{_tokens(theme.colour, '#000000')}}}")
    dark = theme.colour_dark or (theme.colour and lightened(theme.colour, DARK_GROUND, _DARK_CONTRAST))
    if dark:
        parts.append(f"@media(prefers-color-scheme:dark){{:root{{{_tokens(dark, '#ffffff')}}}}}")
    return "\n".join(parts) + "\n"


def _tokens(colour: str, towards: str) -> str:
    return f"--accent:{colour};--accent-strong:{mixed(colour, towards, _STRONGER)}"


def _file(name: str, types: dict[str, str]) -> Response:
    if not name:
        abort(404)
    path = Path(name)
    try:
        body = path.read_bytes()
    except OSError:
        abort(404)
    response = Response(body, content_type=types[path.suffix.lower()])
    response.headers["Content-Security-Policy"] = _POLICY
    return _kept(response)


def _kept(response: Response) -> Response:
    """Let browsers keep it for an hour, and ask then whether it is still the same."""
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.add_etag()
    response.make_conditional(request.environ)
    return response
