# SPDX-License-Identifier: EUPL-1.2
"""What robots.txt asks of us, by RFC 9309."""

from __future__ import annotations

import pytest

from archiver.robots import (
    MAX_BYTES,
    MAX_CRAWL_DELAY,
    MAX_RULES,
    MAX_SITEMAPS,
    MAX_WILDCARDS,
    parse,
    product_token,
    unreachable,
)

SITE = "https://www.example.org"


def allows(text: str, path: str) -> bool:
    return parse(200, text.encode()).allows(SITE + path)


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        (200, False),
        (204, False),
        (301, True),
        (401, True),
        (404, True),
        (410, True),
        (429, True),
        (500, False),
        (503, False),
    ],
)
def test_the_status_decides(status: int, allowed: bool):
    """2xx is parsed, 4xx and endless redirects allow everything, 5xx nothing (section 2.3.1)."""
    assert parse(status, b"User-agent: *\nDisallow: /").allows(SITE + "/a") is allowed


def test_unreachable_disallows_everything():
    """Where robots.txt could not be asked for, nothing else may be (section 2.3.1.4)."""
    assert unreachable().allows(SITE + "/") is False
    assert unreachable().sitemaps == []


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/", True),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("Disallow: /", "/a", True),
        ("USER-AGENT: *\ndisALLOW: /", "/a", False),
        ("  User-agent :  *  \n\tDisallow:\t/a # comment", "/a", False),
        ("User-agent *\nDisallow /a", "/a", False),
        ("User agent: *\nDisallow: /a", "/a", False),
        ("User-agent: *\nDisallow: /a#b", "/a", False),
        ("User-agent: *\r\nDisallow: /a\rDisallow: /b", "/b", False),
        ("\ufeffUser-agent: *\nDisallow: /a", "/a", False),
        ("User-agent: *\nDisallow: /x\u2028/y", "/x", True),
        # groups (section 2.2.1)
        ("User-agent: daykeep\nDisallow: /a\nUser-agent: *\nDisallow: /b", "/a", False),
        ("User-agent: daykeep\nDisallow: /a\nUser-agent: *\nDisallow: /b", "/b", True),
        ("User-agent: DayKeep\nDisallow: /a", "/a", False),
        ("User-agent: daykeep/2.0\nDisallow: /a", "/a", False),
        ("User-agent: daykeep crawler\nDisallow: /a", "/a", False),
        ("User-agent: day\nDisallow: /a", "/a", True),
        ("User-agent: daykeeper\nDisallow: /a", "/a", True),
        ("User-agent: keep\nDisallow: /a", "/a", True),
        ("User-agent: other\nUser-agent: daykeep\nDisallow: /a", "/a", False),
        (
            "User-agent: daykeep\nDisallow: /a\nUser-agent: x\nDisallow: /\nUser-agent: daykeep\nDisallow: /b",
            "/b",
            False,
        ),
        (
            "User-agent: daykeep\nDisallow: /a\nUser-agent: x\nDisallow: /\nUser-agent: daykeep\nDisallow: /b",
            "/c",
            True,
        ),
        ("User-agent: daykeep\nUser-agent: *\nDisallow: /a", "/a", False),
        ("User-agent: daykeep\n\nUser-agent: *\nDisallow: /", "/a", False),
        ("User-agent: daykeep\nUnknown: line\nUser-agent: *\nDisallow: /", "/a", False),
        ("User-agent: daykeep\nCrawl-delay: 5\nUser-agent: x\nDisallow: /", "/a", False),
        ("User-agent: daykeep\nSitemap: /s\nUser-agent: x\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /\nUser-agent: daykeep\nAllow: /", "/a", True),
        # rules (section 2.2.2): the longest match wins, and Allow among equals
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nAllow: /a/b\nDisallow: /a", "/a/c", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),
        ("User-agent: *\nDisallow: /A", "/a", True),
        ("User-agent: *\nDisallow: /a", "/ab", False),
        ("User-agent: *\nDisallow: /a/", "/a", True),
        ("User-agent: *\nDisallow: /a?b", "/a?bc", False),
        ("User-agent: *\nDisallow: /*?", "/a?", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/a.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/a.pdf?v=1", True),
        ("User-agent: *\nDisallow: /a*b*c", "/a-b-c", False),
        ("User-agent: *\nDisallow: *", "/a", False),
        ("User-agent: *\nDisallow: /$", "/", False),
        ("User-agent: *\nDisallow: /$", "/a", True),
        ("User-agent: *\nDisallow: /~a", "/%7Ea", False),
        ("User-agent: *\nDisallow: /%7ea", "/~a", False),
        ("User-agent: *\nDisallow: /é", "/%C3%A9", False),
        ("User-agent: *\nDisallow: /%c3%a9", "/%C3%A9", False),
        ("User-agent: *\nDisallow: /a%2Fb", "/a/b", True),
        ("User-agent: *\nDisallow: //a", "//a", False),
    ],
    ids=range(50),
)
def test_rules_and_groups(text: str, path: str, allowed: bool):
    """Groups are chosen and merged, and rules matched, as the standard says."""
    assert allows(text, path) is allowed


@pytest.mark.parametrize(
    ("path", "rule", "fits"),
    [
        # section 2.2.2, percent-encoding
        ("/foo/bar?baz=quz", "/foo/bar?baz=quz", True),
        ("/foo/bar?baz=https%3A%2F%2Ffoo.bar", "/foo/bar?baz=https://foo.bar", False),
        ("/foo/bar/%E3%83%84", "/foo/bar/ツ", True),
        ("/foo/bar/%E3%83%84", "/foo/bar/%E3%83%84", True),
        ("/foo/bar/%e3%83%84", "/foo/bar/%E3%83%84", True),
        ("/foo/bar/baz", "/foo/bar/%62%61%7A", True),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz", True),
        ("/a%2Fb", "/a%2fb", True),
        ("/a/b", "/a%2Fb", False),
        ("/a%2Fb", "/a/b", False),
        ("/a%25b", "/a%b", False),
        # section 2.2.3, special characters, and the same as characters of their own
        ("/path/file-with-a-*.html", "/path/file-with-a-%2A.html", True),
        ("/path/file-with-a-x.html", "/path/file-with-a-%2A.html", False),
        ("/path/foo-$", "/path/foo-%24", True),
        ("/path/foo-", "/path/foo-%24", False),
        ("/a$b", "/a$b", True),
        ("/ab", "/a$b", False),
        # what the large search engines publish of their matching
        ("/", "/", True),
        ("/fish", "/fish", True),
        ("/fish.html", "/fish", True),
        ("/fishheads/yummy.html", "/fish", True),
        ("/Fish.asp", "/fish", False),
        ("/catfish", "/fish", False),
        ("/?id=fish", "/fish", False),
        ("/fish", "/fish*", True),
        ("/fish/?id=anything", "/fish/", True),
        ("/fish", "/fish/", False),
        ("/animals/fish/", "/fish/", False),
        ("/index.php", "/*.php", True),
        ("/folder/filename.php?parameters", "/*.php", True),
        ("/filename.php/", "/*.php", True),
        ("/windows.PHP", "/*.php", False),
        ("/filename.php", "/*.php$", True),
        ("/filename.php?parameters", "/*.php$", False),
        ("/filename.php5", "/*.php$", False),
        ("/fish.php", "/fish*.php", True),
        ("/fishheads/catfish.php?parameters", "/fish*.php", True),
        ("/Fish.PHP", "/fish*.php", False),
        # stars and ends
        ("/a", "/**", True),
        ("/a", "/a*$", True),
        ("/ab", "/*b$", True),
        ("/abb", "/*b$", True),
        ("/aba", "/*b$", False),
        ("/aXbXc", "/a*b*c$", True),
        ("/aXbXcX", "/a*b*c$", False),
        ("/a", "$", False),
        ("/a?b", "/*?", True),
        ("/a", "/*?", False),
        ("/a;b", "/a;", True),
        ("/a%3Bb", "/a;", True),
        ("/a//b", "/a/b", False),
        ("/a", "a", False),
        ("/xa", "*a", True),
        ("/a", "", False),
    ],
)
def test_what_a_rule_fits(path: str, rule: str, fits: bool):
    """A path and the path of a rule are compared as the standard says, octet by octet."""
    assert allows(f"User-agent: *\nDisallow: {rule}", path) is not fits
    assert allows(f"User-agent: *\nDisallow: /\nAllow: {rule}", path) is fits


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("Allow: /p\nDisallow: /", "/page", True),
        ("Allow: /folder\nDisallow: /folder", "/folder/page", True),
        ("Disallow: /folder\nAllow: /folder", "/folder/page", True),
        ("Allow: /page\nDisallow: /*.htm", "/page.htm", False),
        ("Allow: /page\nDisallow: /*.ph", "/page.php5", True),
        ("Allow: /$\nDisallow: /", "/", True),
        ("Allow: /$\nDisallow: /", "/page.htm", False),
        ("Disallow: /a\nAllow: /a/b\nDisallow: /a/b/c", "/a/b/c/d", False),
        ("Disallow: /a\nAllow: /a/b\nDisallow: /a/b/c", "/a/b/d", True),
        (
            "Allow: /example/page/\nDisallow: /example/page/disallowed.gif",
            "/example/page/disallowed.gif",
            False,
        ),
        ("Allow: /example/page/\nDisallow: /example/page/disallowed.gif", "/example/page/", True),
        ("Disallow:\nDisallow: /a", "/a", False),
        ("Disallow: /\nDisallow:", "/a", False),
        ("Allow:\nDisallow: /", "/a", False),
        ("Disallow: /\nAllow: /a\nAllow: /a", "/a", True),
    ],
)
def test_the_longest_rule_wins(rules: str, path: str, allowed: bool):
    """Of the rules that fit, the one with most octets counts, in whatever order, and Allow among equals."""
    assert allows(f"User-agent: daykeep\n{rules}", path) is allowed


@pytest.mark.parametrize(
    ("body", "path", "allowed"),
    [
        (b"User-agent: *\rDisallow: /a\rAllow: /a/b", "/a", False),
        (b"User-agent: *\rDisallow: /a\rAllow: /a/b", "/a/b", True),
        (b"\xef\xbb\xbfUser-agent: *\r\nDisallow: /a", "/a", False),
        (b"User-agent: *\nDisallow: /\xe9", "/%E9", False),
        (b"User-agent: *\nDisallow: /\xe9", "/e", True),
        (b"User-agent: *\nDisallow: /a\x00b", "/a", True),
        (b"User-agent: *\nNoindex: /\nClean-param: x /\nHost: x\nDisallow: /a", "/a", False),
        (b"User-agent: *\nDisallow everything that is not nice", "/everything", True),
        (b"<p>User-agent * is what we say\n<p>Disallow / is too", "/a", True),
        (b"User-agent: *\nDisallow /a\nAllow /a/b", "/a/b", True),
        (b"User-agent: *\nDisallow : /a", "/a", False),
        (b"User-agent: *\nDissallow: /a", "/a", True),
        (b"User-agent: *\n#\n\n\nDisallow: /a #\n", "/a", False),
        (b"User-agent: *#\nDisallow: /a", "/a", False),
    ],
    ids=range(14),
)
def test_lines(body: bytes, path: str, allowed: bool):
    """Lines end in any of three ways, a byte order mark is nothing, and what is no rule ends no group."""
    assert parse(200, body).allows(SITE + path) is allowed


def test_the_query_counts():
    """Rules are held against path and query, and never against the host or a fragment."""
    assert allows("User-agent: *\nDisallow: /*example", "/x") is True
    assert allows("User-agent: *\nDisallow: /*example", "/x?example") is False
    assert allows("User-agent: *\nDisallow: /*example", "/x#example") is True


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("", None),
        ("User-agent: *\nCrawl-delay: 2.5", 2.5),
        ("User-agent: *\nCrawl-delay: 99999999", MAX_CRAWL_DELAY),
        ("User-agent: *\nCrawl-delay: -1", None),
        ("User-agent: *\nCrawl-delay: inf", None),
        ("User-agent: *\nCrawl-delay: nan", None),
        ("User-agent: *\nCrawl-delay: soon", None),
        ("User-agent: daykeep\nCrawl-delay: 3\nUser-agent: *\nCrawl-delay: 1\nDisallow: /x", 1.0),
        ("User-agent: daykeep\nDisallow: /x\nCrawl-delay: 3\nUser-agent: *\nCrawl-delay: 1", 3.0),
    ],
    ids=range(9),
)
def test_crawl_delay_is_capped(text: str, delay: float | None):
    """A delay is ours if our group has it, and no longer than a minute."""
    assert parse(200, text.encode()).crawl_delay == delay


def test_sitemaps_are_listed_once_whatever_the_group():
    """Sitemaps belong to no group; each is named once, and not without limit."""
    lines = [f"Sitemap: {SITE}/{number % 2000}.xml" for number in range(4000)]
    rules = parse(200, "\n".join(["User-agent: x", *lines, "Sitemap:"]).encode())
    assert rules.sitemaps == [f"{SITE}/{number}.xml" for number in range(MAX_SITEMAPS)]


@pytest.mark.parametrize(
    ("user_agent", "product"),
    [
        ("daykeep", "daykeep"),
        ("daykeep/1.0 (+https://archive.example/)", "daykeep"),
        ("Mozilla/5.0 (compatible; Daykeep/1.0; +https://archive.example/)", "daykeep"),
        ("Archief-Gemeente/2", "archief-gemeente"),
        ("123", "*"),
        ("", "*"),
    ],
)
def test_our_name_is_taken_from_the_user_agent(user_agent: str, product: str):
    """The product token is the name that a user agent string begins with, or is compatible as."""
    assert product_token(user_agent) == product


def test_another_name_has_other_rules():
    """Rules are those of the user agent we send."""
    body = b"User-agent: archief\nDisallow: /a"
    assert parse(200, body, "Archief/1.0").allows(SITE + "/a") is False
    assert parse(200, body, "daykeep/1.0").allows(SITE + "/a") is True


def test_a_rule_cut_at_the_size_limit_is_left_out():
    """What lies beyond the size limit is not read, and half a line is no rule."""
    start = b"User-agent: *\nDisallow: /first\n"
    padding = b"#" * (MAX_BYTES - len(start) - 13) + b"\n"
    rules = parse(200, start + padding + b"Disallow: /long-path\n")
    assert rules.allows(SITE + "/first") is False
    assert rules.allows(SITE + "/long-path") is True
    assert rules.allows(SITE + "/other") is True


@pytest.mark.parametrize(
    ("lines", "left_out"),
    [
        (["Disallow: /a"] * 30_000, 0),
        ([f"Disallow: /{number}" for number in range(MAX_RULES)], 0),
        ([f"Disallow: /{number}" for number in range(MAX_RULES + 3)], 3),
        ([f"Disallow: /*{number}" for number in range(MAX_WILDCARDS + 2)], 2),
        ([f"Disallow: /{'*a' * (MAX_WILDCARDS + 1)}", "Disallow: /b"], 1),
        ([f"Disallow: /{'a' * 20_000}", "Disallow: /b"], 1),
    ],
    ids=range(6),
)
def test_rules_are_bounded_and_that_is_said(lines: list[str], left_out: int):
    """Rules in such number that matching would take long are left out, the first ones count, and it is noted."""
    rules = parse(200, "\n".join(["User-agent: *", *lines]).encode())
    assert rules.note == (
        f"robots.txt has {left_out} rules beyond what is held against every address" if left_out else ""
    )


def test_a_cut_file_is_noted():
    """A file longer than what is read is noted with its size."""
    body = b"User-agent: *\n" + b"#\n" * MAX_BYTES
    assert parse(200, body).note == f"robots.txt has {len(body)} bytes, the first {MAX_BYTES} were read"


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        ("Disallow: /*{0}*b$", True),
        ("Disallow: /{0}", True),
        ("Disallow: /a*a*a*a*a*a*a*a*a{0}$", False),
        ("Allow: /*a*a*a*a{0}\nDisallow: /", True),
    ],
)
def test_hostile_rules_are_matched(rule: str, allowed: bool):
    """However many rules a hostile file has, and however they are made, the longest addresses are matched."""
    lines = "\n".join(rule.format(number) for number in range(20_000))
    rules = parse(200, f"User-agent: *\n{lines}".encode())
    assert {rules.allows(f"{SITE}/{'a' * 4000}{number}") for number in range(20)} == {allowed}


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe\x00\x01" * 1000,
        b"<html><body>Not found</body></html>" * 100,
        b"User-agent: *\nDisallow: /" + b"a" * 600_000,
        b"User-agent: *\nDisallow: /" + b"*a" * 250_000,
        b"User-agent" + b" " * 400_000,
        b" " * 500_000 + b"x",
        b"User-agent: x\n" * 20_000 + b"Disallow: /a\n" * 20_000,
        b"User-agent: *\n" + b"Disallow: /*a*b$\n" * 30_000,
        b"\x00\n\r\x0b" * 10_000,
        b"Allow:\n" * 50_000,
    ],
    ids=range(10),
)
def test_garbage_is_safe(body: bytes):
    """Hostile or senseless bytes forbid nothing and do not raise."""
    assert parse(200, body).allows(SITE + "/page") is True
