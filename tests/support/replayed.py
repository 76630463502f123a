# SPDX-License-Identifier: EUPL-1.2
"""An archived page in the viewer's frame, compared with what the live page looked like."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page

from .serving import daykeep


def newest(config: Path, site: str) -> str:
    """Return the timestamp of a site's newest snapshot."""
    return str(json.loads(daykeep("snapshots", site, "--json", config=config).stdout)[-1]["timestamp"])


def frame_picture(page: Page, size: tuple[int, int]) -> bytes:
    """Return a picture of what the frame shows, at the size the live page was pictured."""
    page.locator("#daykeep-page").evaluate(
        "(frame, size) => { frame.style.cssText = `position:fixed;left:0;top:0;width:${size[0]}px;height:${size[1]}px;"
        "border:0;z-index:99;max-width:none` }",
        list(size),
    )
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_timeout(300)  # the frame lays itself out anew
    return page.screenshot()
