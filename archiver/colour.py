# SPDX-License-Identifier: EUPL-1.2
"""
Colours as readers can tell them apart: contrast, and what a colour becomes with another in it.

Colours are `#rrggbb` of sRGB. Knows nothing of style sheets.
"""

from __future__ import annotations


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (`#rrggbb`), 1 to 21, as WCAG 2.2 defines contrast ratio."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [part / 255 for part in _parts(colour)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mixed(colour: str, other: str, share: float) -> str:
    """Return a colour with a share, 0 to 1, of another in it."""
    pairs = zip(_parts(colour), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def lightened(colour: str, ground: str, wanted: float) -> str:
    """Return a colour with as little white in it as it takes to be read on a dark ground."""
    steps = (mixed(colour, "#ffffff", step / 20) for step in range(21))
    return next((one for one in steps if contrast(one, ground) >= wanted), "#ffffff")


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
