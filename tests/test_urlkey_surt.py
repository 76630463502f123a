# SPDX-License-Identifier: EUPL-1.2
"""Our key beside that of the field: `surt`, as pywb and cdxj-indexer use it, on some thousand odd addresses."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from index.urlkey import normalise, urlkey
from tests.support.oracles import ORACLES, PYWB, needed
from tests.support.tables import cases

COUNT = 6000
PYWB_SAYS = "from pywb.utils.canonicalize import canonicalize as key"
INDEXER_SAYS = "from surt import surt as key"
OTHERWISE = cases("urls.md", "address", "key here", "key of others")

HOSTS = [
    *("example.org", "www.example.org", "WWW2.Example.org", "www.www.example.org", "wwwx.example.org"),
    *("a-b.example.co.uk", "münchen.de", "xn--bcher-kva.ch", "localhost", "www.com", "www1.nl", "www-1.nl"),
    *("127.0.0.1", "10.1.2.3", "0.1.2.3", "1.2.3.com", "1e100.net", "www.1.2.nl", "a_b.example.org"),
    *("[::1]", "[2001:db8::1]", "[::ffff:1.2.3.4]", "example.org.", "%65xample.org", "a,b.example.org"),
]
PORTS = ["", "", "", "", ":80", ":443", ":8080", ":0", ":00080"]
PIECES = [
    *(
        "a",
        "b",
        "A",
        "p",
        "p2",
        "q",
        "id",
        "x.y",
        "~u",
        "-",
        "_",
        "+",
        ";",
        "!",
        "*",
        "'",
        "(",
        ")",
        ",",
        "$",
    ),
    *("@", ":", "|", "{", "}", "[", "]", "^", "`", '"', "<", ">", "\\", " ", "?", "&amp;", "\t", "é", "日本"),
    *("%20", "%2F", "%2f", "%C3%A9", "%E9", "%25", "%2520", "%252525", "%3F", "%26", "%3D", "%23", "%3B"),
    *("%00", "%7F", "%0a", "%u00e9", "%", "%zz", "%252e%252e", "%252E", ".", ".."),
]
ID = "0123456789abcdefABCDEF0123456789"
SEGMENTS = [
    *("..", ".", "%2e", "%252e%252e", "", "", "index.html", "a.aspx", "A.ASPX", f"a;jsessionid={ID}"),
    *("(S(4hqa0555fwsecu455xqckv45))", "(4HQA0555fwsecu455xqckv45)", "(a(4hqa0555fwsecu455xqckv45)S())"),
    "(a(4hqa0555fwsecu455xqckv45)S(4hqa0555fwsecu455xqckv45))",
]
PARAMETERS = [
    *(f"jsessionid={ID}", f"JSESSIONID={ID}", "jsessionid=1A2B", f"PHPSESSID={ID}", "phpsessid=12"),
    *(f"sid={ID}", f"osid={ID}", f"sid={ID}0", "ASPSESSIONIDAQBSDSRT=EOHBLBDDPFCLHKPGGKLILNAM"),
    *(
        "cfid=1&cftoken=2",
        "CFID=1&CFTOKEN=",
        "acfid=cfid=1&cftoken=2",
        "cfid=&cftoken=1",
        "cfid=1",
        "cftoken=1",
    ),
    *("", "", "=", "=b", "b=", "a==", "a=b=c", "?", "a", "p=1", "p2=3", "p-=1", "p+=1", "P=0", "a.2_=x"),
]


def addresses(seed: int) -> list[str]:
    """Return so many different normalised addresses, odd in every part."""
    chance, found = random.Random(seed), {}

    def word(most: int) -> str:
        return "".join(chance.choices(PIECES, k=chance.randint(0, most)))

    def part(known: list[str], most: int) -> str:
        return chance.choice(known) if chance.random() < 0.4 else word(most)

    while len(found) < COUNT:
        path = "".join(f"/{part(SEGMENTS, 3)}" for _ in range(chance.randint(0, 5)))
        pairs = [
            part(PARAMETERS, 2) + chance.choice(["", "", f"={word(1)}"]) for _ in range(chance.randint(0, 5))
        ]
        query = f"?{'&'.join(pairs)}" if pairs else chance.choice(["", "?"])
        authority = f"{chance.choice(HOSTS)}{chance.choice(PORTS)}"
        url = f"{chance.choice(['http', 'https'])}://{authority}{path or '/'}{query}"
        if normal := normalise(url):
            found[normal] = None
    return list(found)


def keys(home: Path, how: str, urls: list[str]) -> list[str]:
    """Return the keys that another tool makes."""
    code = f"import json, sys\n{how}\njson.dump([key(url) for url in json.load(sys.stdin)], sys.stdout)"
    ran = subprocess.run(
        [needed(home / "python"), "-c", code],
        input=json.dumps(urls),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found: list[str] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize(("home", "how"), [(PYWB, PYWB_SAYS), (ORACLES, INDEXER_SAYS)])
@pytest.mark.parametrize("seed", [1, 2])
def test_keys_are_those_of_the_field(home, how, seed):
    """Of every address, however odd, the key is the very one under which others look for it."""
    urls = addresses(seed)
    differing = [
        (url, urlkey(url), theirs)
        for url, theirs in zip(urls, keys(home, how, urls), strict=True)
        if urlkey(url) != theirs
    ]
    assert differing == []


def test_addresses_are_odd_enough():
    """The addresses above have each of what keys are made by."""
    made = "\n".join(map(urlkey, addresses(1)))
    for sign in ("com)", "1,0,0,127)", "::1:8080)", "%25", "/..", "ox", "?&", "&&", "jsessionid", ")/a.aspx"):
        assert sign in made, sign


@pytest.mark.parametrize(("home", "how"), [(PYWB, PYWB_SAYS), (ORACLES, INDEXER_SAYS)])
def test_differences_on_purpose(home, how):
    """What the documentation tells to differ differs, and as it tells."""
    urls = [url for url, _, _ in OTHERWISE]
    assert [(url, urlkey(url)) for url in urls] == [(url, ours) for url, ours, _ in OTHERWISE]
    assert keys(home, how, urls) == [theirs for _, _, theirs in OTHERWISE]


def test_escaped_without_end():
    """What is escaped thousands of times takes no longer than what is escaped twenty times."""
    assert urlkey("http://example.org/%" + "25" * 19 + "41") == "org,example)/a"
    assert urlkey("http://example.org/%" + "25" * 2000 + "41") == "org,example)/%" + "25" * 1981 + "41"
