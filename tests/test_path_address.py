# SPDX-License-Identifier: EUPL-1.2
"""Archived addresses in the path of one replay origin, and back."""

from __future__ import annotations

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import ConfigurationError
from index.urlkey import Origin
from viewer.addresses.path_address import PathAddresses, replay_addresses, touched
from viewer.addresses.view import PLAIN, View
from viewer.rewriting.css import rewrite_css
from viewer.rewriting.headers import rewrite_headers
from viewer.rewriting.html import rewrite_html

T = "20260302023000"
HERE = PathAddresses("http://replay.example:8080")
PREFIX = f"http://replay.example:8080/replay/{T}/"
PAGE = "https://www.example.org/a/b/page.html?q=1"


@pytest.mark.parametrize(
    ("written", "mapped"),
    [
        ("https://www.example.org/x?y#z", "https://www.example.org/x?y#z"),
        ("HTTPS://WWW.example.org:443/x", "https://www.example.org/x"),
        ("http://127.0.0.1:8082/x", "http://127.0.0.1:8082/x"),
        ("https://cdn.example.org", "https://cdn.example.org/"),
        ("https://cdn.example.org?q", "https://cdn.example.org/?q"),
        ("//cdn.example.org/x", "https://cdn.example.org/x"),
        ("\\\\cdn.example.org/x", "https://cdn.example.org/x"),
        ("http:/a.example/x", "http://a.example/x"),
        ("HTTP:a.example", "http://a.example/"),
        ("https:/x", "https://www.example.org/x"),
        ("/x", "https://www.example.org/x"),
        (" /x/../y ", "https://www.example.org/y"),
        ("\x0f/x\x1f", "https://www.example.org/x"),
        ("\x01//cdn.example.org/x", "https://cdn.example.org/x"),
        ("/../../y", "https://www.example.org/y"),
        ("c/../../../../y", "https://www.example.org/y"),
        ("\\x", "https://www.example.org/x"),
        ("/", "https://www.example.org/"),
        ("../../x", None),  # leads to the root by itself
        ("../../../x", "https://www.example.org/x"),  # and above it, where browsers stop
        ("./../../../../x", "https://www.example.org/x"),
        ("x", None),
        ("../x", None),
        ("?q", None),
        ("#f", None),
        ("", None),
        ("mailto:a@example.org", None),
        ("data:,x", None),
        ("javascript:void 0", None),
        ("https://user:secret@www.example.org/x", "https://www.example.org/x"),
        ("https://[", None),
    ],
)
def test_what_is_mapped(written, mapped):
    """Absolute addresses, and those from the root or above it; a relative one leads there by itself."""
    found = HERE.mapper(T, PAGE)(written)
    assert found == (written if mapped is None else PREFIX + mapped)


@given(st.lists(st.sampled_from(["..", ".", "a", "b.html", ""]), min_size=1, max_size=7), st.booleans())
def test_every_path_leads_where_it_did(parts, rooted):
    """Whatever a path looks like, resolved as it comes out it is the replay address of what it was."""
    written = ("/" if rooted else "") + "/".join(parts)
    if written.startswith("//") or (not rooted and not parts[0]):
        return
    leads = ada_url.join_url(PREFIX + PAGE, HERE.mapper(T, PAGE)(written))
    assert leads == PREFIX + ada_url.join_url(PAGE, written)


@pytest.mark.parametrize(
    ("path", "view", "origin", "rest"),
    [
        (
            f"/replay/{T}/https://www.example.org/a?b=c",
            PLAIN,
            Origin("https", "www.example.org", 443),
            "/a?b=c",
        ),
        (
            f"/replay/{T}n/http://a.example:8080/",
            View(scriptless=True),
            Origin("http", "a.example", 8080),
            "/",
        ),
        (
            f"/replay/{T}fn/https:/a.example/x%2Fy",
            View(filled=True, scriptless=True),
            Origin("https", "a.example", 443),
            "/x%2Fy",
        ),
        (
            f"/replay/{T}f/https%3A%2F%2Fa.example%2Fx",
            View(filled=True),
            Origin("https", "a.example", 443),
            "/x",
        ),
    ],
)
def test_what_a_request_asks_for(path, view, origin, rest):
    """Snapshot, view, archived origin and path; escapes stay."""
    read = HERE.read("Replay.Example:8080", path)
    assert read is not None
    label, found = read
    assert (label.timestamp, label.view, label.origin, found) == (T, view, origin, rest)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("replay.example:8080", "/a"), ("replay.example:8080", f"/replay/{T}"), ("replay.example:8080", f"/replay/{T}/ftp://a/"),
        ("replay.example:8080", "/replay/20261399000000/https://a.example/"), ("replay.example", f"/replay/{T}/https://a.example/"),
        ("other.example:8080", f"/replay/{T}/https://a.example/"), ("", f"/replay/{T}/https://a.example/"),
        ("replay.example:8080", f"/replay/{T}nf/https://a.example/"), ("replay.example:8080", f"/Replay/{T}/https://a.example/"),
    ],
)  # fmt: skip
def test_what_asks_for_nothing(host, path):
    """Other hosts, other paths, and moments that there are not."""
    assert HERE.read(host, path) is None


@pytest.mark.parametrize(
    "base",
    [
        "http://replay.example/x",
        "ftp://replay.example",
        "replay.example",
        "http://replay.example/?a",
        "http://a b",
    ],
)
def test_what_is_no_origin(base):
    """A replay origin is no more than that."""
    with pytest.raises(ConfigurationError, match="replay_url"):
        replay_addresses(base)


def test_which_mode():
    """With a label in its name each day and host has an origin; without, all have one."""
    assert not replay_addresses("http://{label}.localhost:8080").by_path
    assert replay_addresses("http://replay.example").by_path
    assert HERE.source(T, []) == [PREFIX]


MARKUP = """<!doctype html><head><link rel=stylesheet href="/a.css"><script src='/b.js?x'></script></head>
<body style="background: url(/c.png)"><img src=/d.png srcset="/e.png 1x, f.png 2x, //g.example/h.png 3x"><a href="i">
<a href="/j">k</a> <a href="../../../l">m</a><form action="/n"><button formaction="/o">p</button></form>
<video poster="/q.jpg" src="r.webm"></video><svg><image href="/s.svg"/><use href="#t"/></svg>
<meta http-equiv="refresh" content="5; url=/u"><iframe srcdoc="&lt;img src=&quot;/v.png&quot;>"></iframe>
<style>@import "/w.css"; .x {{ background: url('/y.png'), url(z.png) }}</style>"""


def test_markup():
    """Every place in markup that holds an address from the root has it mapped, and relative ones stay."""
    page = rewrite_html(MARKUP.encode(), "utf-8", HERE.mapper(T, PAGE), "<script></script>").decode()
    for name in (
        "a.css",
        "b.js?x",
        "c.png",
        "d.png",
        "e.png",
        "j",
        "l",
        "n",
        "o",
        "q.jpg",
        "s.svg",
        "u",
        "v.png",
        "w.css",
        "y.png",
    ):
        assert f"{PREFIX}https://www.example.org/{name}" in page, name
    for stays in ('href="i"', " f.png 2x", 'src="r.webm"', 'href="#t"', "url(z.png)"):
        assert stays in page, stays
    assert f"{PREFIX}https://g.example/h.png 3x" in page


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("/docs/", "https://www.example.org/x"),
        ("https://cdn.example/lib/", "https://cdn.example/x"),
        ("sub/", "https://www.example.org/x"),
        ("//cdn.example/", "https://cdn.example/x"),
    ],
)
def test_a_base_counts_below_it(base, expected):
    """An address from the root is that of the `<base>` above it, of which the first counts."""
    page = f'<base href="{base}"><base href="https://no.example/"><img src="/x">'
    found = rewrite_html(page.encode(), "utf-8", HERE.mapper(T, PAGE), "").decode()
    assert f'<img crossorigin="" src="{PREFIX}{expected}">' in found


def test_an_import_map_is_asked_both_ways():
    """Scripts ask by the address as it is written, and by where it leads."""
    raw = b'<script type="importmap">{"imports": {"/lib/": "/js/lib/", "dep": "/js/dep.js", "./own": "x.js"}}</script>'
    found = rewrite_html(raw, "utf-8", HERE.mapper(T, PAGE), "").decode()
    here = f"{PREFIX}https://www.example.org"
    assert f'"/lib/": "{here}/js/lib/"' in found
    assert f'"{here}/lib/": "{here}/js/lib/"' in found
    assert f'"dep": "{here}/js/dep.js"' in found
    assert '"./own": "x.js"' in found


def test_style_sheets_and_fields():
    """The same in style sheets, Location and Refresh."""
    mapper = HERE.mapper(T, "https://cdn.example/css/a.css")
    assert (
        rewrite_css(b'a{src:url(/f.woff2)}@import "/b.css";c{background:url(d.png)}', mapper)
        == (
            f'a{{src:url({PREFIX}https://cdn.example/f.woff2)}}@import "{PREFIX}https://cdn.example/b.css";'
            "c{background:url(d.png)}"
        ).encode()
    )
    fields = [("Location", "/x"), ("Refresh", "3; url=/y"), ("Location", "z")]
    assert rewrite_headers(fields, mapper) == [
        ("Location", f"{PREFIX}https://cdn.example/x"), ("Refresh", f"3; url={PREFIX}https://cdn.example/y"), ("Location", "z"),
    ]  # fmt: skip


def test_the_other_mode_touches_no_more_than_before():
    """Where names tell origins apart, an address from the root is none of the mapper's business."""
    mapper = replay_addresses("http://{label}.localhost:8080").mapper(T, PAGE)
    assert not touched(mapper).match("/x")
    assert rewrite_html(b'<a href="/x">', "utf-8", mapper, "") == b'<a href="/x">'


@pytest.mark.parametrize(
    ("xml", "tag"),
    [(False, "<img src=x>"), (True, '<img src="x"/>'), (False, "<link rel=stylesheet href=x>")],
)
def test_what_scripts_read_is_asked_for_by_cors(xml, tag):
    """Images and sheets are asked for so that scripts can read them, in XML too; who says how is left alone."""
    mapper = HERE.mapper(T, PAGE)
    page = f"<html>{tag}</html>"
    name = tag[1:].split()[0]
    assert f'<{name} crossorigin=""' in rewrite_html(page.encode(), "utf-8", mapper, "", xml=xml).decode()
    said = page.replace(f"<{name} ", f'<{name} crossorigin="anonymous" ')
    assert rewrite_html(said.encode(), "utf-8", mapper, "", xml=xml).decode().count("crossorigin") == 1
    other = replay_addresses("http://{label}.localhost:8080").mapper(T, PAGE)
    assert b"crossorigin" not in rewrite_html(page.encode(), "utf-8", other, "", xml=xml)
