"""Passwords to what may be stored of them, and back to a yes or no; slow on purpose.

scrypt (RFC 7914) with a salt for each. It takes some 50 ms and 16 MiB: run it in a thread.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode

__all__ = ["SALT_BYTES", "hash_password", "verify_password"]

SALT_BYTES = 16
_COST = (2**14, 8, 1)
_MEMORY = 64 * 1024 * 1024


def hash_password(password: str, salt: bytes) -> str:
    """What to store: ``scrypt$n$r$p$salt$hash``.

    :param salt: random, of this password alone, ``SALT_BYTES`` long.
    """
    n, r, p = _COST
    digest = _scrypt(password, salt, n, r, p)
    return f"scrypt${n}${r}${p}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def verify_password(password: str, stored: str) -> bool:
    """Whether this is the password; compared in constant time. What cannot be read is no match."""
    try:
        kind, n, r, p, salt, digest = stored.split("$")
        cost = int(n), int(r), int(p)
        if kind != "scrypt" or cost[0] * cost[1] > 2**20 or cost[2] > 16:
            return False
        expected = b64decode(digest, validate=True)
        return hmac.compare_digest(
            _scrypt(password, b64decode(salt, validate=True), *cost), expected
        )
    except ValueError:
        return False


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=n,
        r=r,
        p=p,
        maxmem=_MEMORY,
        dklen=32,
    )
