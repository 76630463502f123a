# SPDX-License-Identifier: EUPL-1.2
"""
The import map of a page (HTML section 8.1.5.3), with its addresses mapped. Knows nothing of markup.

    {"imports": {"a": "https://x.example/a.js"}}   the address leads to its replay; `integrity` is taken away
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..addresses.address import Mapper
from ..addresses.path_address import RootedMapper, mapped_address


def rewrite_import_map(raw: str, mapper: Mapper, modules: Sequence[str]) -> str | None:
    """
    Map the addresses of an import map (HTML section 8.1.5.3); one that is no JSON stays as it is.

    A name that is an absolute address stays one, as scripts write it and as it is here; and the origins that
    scripts import from lead to their replay.
    """
    try:
        parsed = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict):
        return None
    parsed.pop("integrity", None)
    mapped = {name: _mapped_json(value, mapper, 2) for name, value in parsed.items()}
    own = parsed.get("imports", {})
    if isinstance(own, dict):
        written = {name: mapper(to) for name, to in own.items() if isinstance(to, str)}
        origins = {f"{origin}/": mapper(f"{origin}/") for origin in modules}
        here = _mapped_json(own, mapper, 2)
        mapped["imports"] = {**origins, **written, **(here if isinstance(here, dict) else {})}
    return json.dumps(mapped, ensure_ascii=False).replace("<", "\\u003c")


def _mapped_json(value: object, mapper: Mapper, depth: int) -> object:
    if isinstance(value, dict) and depth:
        inner = {name: _mapped_json(one, mapper, depth - 1) for name, one in value.items()}
        # in path mode scripts also ask by the address as it is written
        written = inner if isinstance(mapper, RootedMapper) else {}
        return written | {_mapped_json(name, mapper, 0): one for name, one in inner.items()}
    return mapped_address(value, mapper) if isinstance(value, str) else value
