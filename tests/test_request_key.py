# SPDX-License-Identifier: EUPL-1.2
"""Keys of requests other than GET are those that pywb and cdxj-indexer make, as far as these two agree."""

from __future__ import annotations

import json
import subprocess
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.request_key import MAX_BODY, MAX_QUERY, key_of_request, parts_of, query_of
from tests.support.oracles import PYWB
from tests.support.posts import FORM, JSON, MULTIPART, PARTS
from tests.support.tables import cases

URL = "https://www.example.org/Send"
DEEP = b'{"a":' * 250 + b"1" + b"}" * 250
# method, media type, body, what of it stands in the key
CASES = [
    ("POST", FORM, b"a=1&b=two+words", "a=1&b=two words"),
    ("POST", FORM, b"a=%C3%A9%26", "a=é&"),
    ("POST", FORM, b"a=%23hash&b=1", "a=#hash&b=1"),
    ("POST", FORM, b"a=\xff", "__wb_post_data=YT3/"),
    ("POST", FORM, b"", ""),
    ("POST", f"{FORM}; charset=UTF-8", b"q=x", "q=x"),
    ("POST", JSON, b'{"a":1,"b":{"a":"x y"}}', "a=1&a.2_=x+y"),
    ("POST", JSON, b'{"a":[true,false,null,1.0,1.5,-7,"t"]}',
     "a=true&a.2_=false&a.3_=null&a.4_=1&a.5_=1.5&a.6_=-7&a.7_=t"),
    ("POST", JSON, b'[{"x":"\xc3\xa9"},{"x":2}]', "x=%C3%A9&x.2_=2"),
    ("POST", JSON, b"7", ""),
    ("POST", JSON, b'{"":1,"a":{}}', ""),
    ("POST", JSON, b"{broken", ""),
    ("POST", JSON, b'{"a":1}\n{"a":2}', ""),
    ("POST", JSON, b'{"a":1e999}', ""),
    ("POST", "text/plain", b'{"a":1}', "a=1"),
    ("POST", "text/plain;charset=UTF-8", b"words", "__wb_post_data=d29yZHM="),
    ("POST", MULTIPART, PARTS, "q=two+words+%C3%A9&file=%00%FF%0D%0A"),
    ("POST", "multipart/form-data", PARTS[:30], "__wb_post_data=LS1BYUIwM3gNCkNvbnRlbnQtRGlzcG9zaXRpb246"),
    ("POST", "application/octet-stream", b"\x00\x01", "__wb_post_data=AAE="),
    ("POST", "", b"bare", "__wb_post_data=YmFyZQ=="),
    ("POST", "application/octet-stream", b"x" * 9000, ("__wb_post_data=" + "eHh4" * 3000)[:MAX_QUERY]),
    ("POST", FORM, b"a=" + b"x" * 9000, "a=" + "x" * (MAX_QUERY - 2)),
    ("PUT", FORM, b"a=1", "a=1"),
    ("PATCH", JSON, b'{"a":1}', ""),
    ("DELETE", "", b"", ""),
    ("OPTIONS", "", b"", ""),
    ("HEAD", "", b"", ""),
]  # fmt: skip
OURS = [
    ("POST", JSON, DEEP, ""),
    ("POST", MULTIPART, b"no form", "__wb_post_data=bm8gZm9ybQ=="),
    ("POST", MULTIPART, PARTS.replace(b'name="q"', b""), None),
    ("POST", FORM, b"a=" + b"x" * MAX_BODY, "__wb_post_data=" + "YT14" + "eHh4" * 1019 + "e"),
]
KEYS = [
    (f"{URL}", "POST", "a=1", "org,example)/send?__wb_method=post&a=1"),
    (f"{URL}?Z=1", "PUT", "b= &a", "org,example)/send?__wb_method=put&a&b=%20&z=1"),
    (f"{URL}?", "HEAD", "", "org,example)/send?&__wb_method=head"),
    (f"{URL}", "POST", "a=#h", "org,example)/send?__wb_method=post&a="),
]


@pytest.mark.parametrize(("method", "mime", "body", "query"), CASES + OURS)
def test_query_of_a_body(method, mime, body, query):
    """Forms as they read, JSON leaf by leaf, all else in base64; cut where the field cuts it."""
    found = query_of(method, mime, body)
    if query is None:
        assert found.startswith("__wb_post_data=")
    else:
        assert found == query


@pytest.mark.parametrize(("url", "method", "query", "key"), KEYS)
def test_key(url, method, query, key):
    """What is appended is in order with the address's own parameters, as everywhere in a key."""
    assert key_of_request(url, method, query) == key


def test_as_pywb_makes_it():
    """Pywb makes the same address of each, and the same key of that."""
    code = """
import io, json, sys
from pywb.utils.canonicalize import canonicalize
from pywb.warcserver.inputrequest import MethodQueryCanonicalizer
for method, mime, body in json.load(sys.stdin):
    data = body.encode("latin-1")
    made = MethodQueryCanonicalizer(method, mime, len(data), io.BytesIO(data))
    url = made.append_query("https://www.example.org/Send")
    print(json.dumps([made.query if isinstance(made.query, str) else "", canonicalize(url)]))
"""
    asked = json.dumps([(method, mime, body.decode("latin-1")) for method, mime, body, _ in CASES])
    ran = subprocess.run(
        [PYWB / "python", "-c", code], input=asked, capture_output=True, text=True, check=True
    )
    for line, (method, _, _, query) in zip(ran.stdout.splitlines(), CASES, strict=True):
        assert json.loads(line) == [query, key_of_request(URL, method, query)], query


@pytest.mark.parametrize(
    ("mime", "body", "parts"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\na\r\n--x--\r\n", [b"", b"\r\na", b"--\r\n"]),
        ('Multipart/mixed; boundary="y z"', b"--y z\r\na\r\n--y z--\r\n", [b"", b"\r\na", b"--\r\n"]),
        ("multipart/form-data; boundary=x", b"--y\r\na\r\n--y--\r\n", [b"\r\n--y\r\na\r\n--y--\r\n"]),
        ("multipart/form-data", b"--x--", None),
        (FORM, b"a=1", None),
        ("", b"", None),
    ],
)
def test_parts_of_a_form(mime, body, parts):
    """What stands between the boundaries is kept byte for byte, and nothing of the boundaries."""
    assert parts_of(mime, body) == parts


@pytest.mark.parametrize(
    ("mime", "body"),
    [
        (JSON, b"[" * 500_000),
        (JSON, b"[" + b'{"a":1},' * 60_000 + b'{"a":1}]'),
        (JSON, b'{"a":' + b"9" * 500_000 + b"}"),
        (MULTIPART.replace("AaB03x", "a"), b"--a\r\n" * 100_000),
        (MULTIPART, PARTS[:-12] * 2000),
        (FORM, b"%" * 500_000),
    ],
)
def test_hostile_bodies(mime, body):
    """Whatever a body holds, what is made of it is short, and takes some memory for each of its bytes at most."""
    tracemalloc.start()
    assert len(query_of("POST", mime, body)) <= MAX_QUERY
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20


@given(st.sampled_from([FORM, JSON, MULTIPART, "text/plain", "x/y"]), st.binary(max_size=300))
def test_any_body_has_a_key(mime, body):
    """Nothing that can be sent makes a key that would break a line."""
    key = key_of_request(URL, "POST", query_of("POST", mime, body))
    assert key.isascii()
    assert " " not in key
    assert key.isprintable()
    assert "__wb_method=post" in key


@pytest.mark.parametrize(
    ("method", "mime", "body", "key"),
    cases("urls.md", "method", "media type", "body, to `http://archive.org/send?z=1`", "key"),
)
def test_table_in_the_docs(method, mime, body, key):
    """The keys that the documentation shows are those that are made."""
    query = query_of(method, mime, body.encode())
    assert key_of_request("http://archive.org/send?z=1", method, query) == key
