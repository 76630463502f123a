# SPDX-License-Identifier: EUPL-1.2
"""
Digests as records of any tool say them, into bytes that can be compared. Knows nothing of records.

    sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ    algorithm in any case, with or without a hyphen, a colon, then
    SHA-256:2cf24dba…                        base16 or base32 in any case, or base64, padded or not

ISO 28500:2017 section 5.8 leaves algorithm and notation open. What the letters are in is told by how many
there are: no algorithm has one length in two notations.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

_SIZES = {
    "md5": 16,
    "sha1": 20,
    "sha224": 28,
    "sha256": 32,
    "sha384": 48,
    "sha512": 64,
    "sha3_256": 32,
    "sha3_512": 64,
    "blake2s": 32,
    "blake2b": 64,
}
"""Bytes of a digest, by the name that hashlib has for its algorithm."""
_MAKERS: dict[str, Callable[..., hashlib._Hash]] = {name: getattr(hashlib, name) for name in _SIZES}
_BASE32 = dict.fromkeys(range(128), "!") | str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz234567",
    "0123456789ABCDEFGHIJKLMNOP0123456789ABCDEFGHIJKLMNOPQRSTUV",
)
"""The letters of RFC 4648 section 6 into Python's digits of base 32; what is none of them into no digit."""
_HEXADECIMAL = re.compile(r"sha256:[0-9a-f]{64}")
_USUAL_SHA1 = re.compile(r"sha1:[A-Z2-7]{32}")
_BASE64 = str.maketrans("-_", "+/")
_SAID = re.compile(r"\s*([A-Za-z][A-Za-z0-9/_-]{1,15}):\s*([!-~]{1,200})\s*")


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest that a record says. `value` is None where its letters are none of that algorithm."""

    algorithm: str
    """A name that hashlib knows."""
    value: bytes | None


def parse_digest(text: str) -> Digest | None:
    """Return what a digest field says; None where its algorithm is not known here."""
    if text.startswith("sha256:") and _HEXADECIMAL.fullmatch(text):
        return Digest("sha256", bytes.fromhex(text[7:]))
    if text.startswith("sha1:") and _USUAL_SHA1.fullmatch(text):
        return Digest("sha1", _base32(text[5:]))
    found = _SAID.fullmatch(text)
    algorithm = algorithm_of(found[1]) if found else None
    return Digest(algorithm, _value(found[2], _SIZES[algorithm])) if found and algorithm else None


@lru_cache(maxsize=64)
def algorithm_of(label: str) -> str | None:
    """Return the name hashlib has for a label: `SHA-1`, `sha1` and `sha_1` are one."""
    name = label.lower().replace("-", "_").replace("/", "_")
    plain = name.replace("_", "")
    return next((known for known in _SIZES if name == known or plain == known.replace("_", "")), None)


def written(algorithm: str, value: bytes) -> str:
    """Return a digest as our own records say it: base16 in lower case."""
    return f"{algorithm}:{value.hex()}"


def is_sha256(text: str) -> bool:
    """Tell whether a field says SHA-256 as our own records do, so that it can be compared as text."""
    return len(text) == 71 and text.startswith("sha256:")


def _value(letters: str, size: int) -> bytes | None:
    bare = letters.rstrip("=")
    decode = {size * 2: _base16, (size * 8 + 4) // 5: _base32, (size * 8 + 5) // 6: _base64}.get(len(bare))
    try:
        value = decode(bare) if decode else None
    except (ValueError, binascii.Error):
        return None
    return value if value is not None and len(value) == size else None


def _base16(letters: str) -> bytes:
    return bytes.fromhex(letters)


def _base32(letters: str) -> bytes:
    # int() reads base 32 in C; base64.b32decode() is Python, and takes five times as long
    number = int(letters.translate(_BASE32), 32)
    length = len(letters) * 5
    return (number >> length % 8).to_bytes(length // 8, "big")


def _base64(letters: str) -> bytes:
    padded = letters.translate(_BASE64) + "=" * (-len(letters) % 4)
    return base64.b64decode(padded, validate=True)


def hasher(algorithm: str, data: bytes | memoryview = b"") -> hashlib._Hash:
    """Return a running digest of that algorithm; none of them here is for secrets."""
    return _MAKERS[algorithm](data, usedforsecurity=False)
