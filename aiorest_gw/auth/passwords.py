"""Passwords to what may be stored of them, and back to a yes or no; slow on purpose.

scrypt (RFC 7914) with a salt for each. It takes some 50 ms and 16 MiB: run it in a thread.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from typing import Any

__all__ = ["SALT_BYTES", "UNMATCHABLE", "hash_password", "verify_password"]

SALT_BYTES = 16
_DIGEST_BYTES = 32
_COST = (2**14, 8, 1)
_MEMORY = 64 * 1024 * 1024


def hash_password(password: str, salt: bytes) -> str:
    """What to store: ``scrypt$n$r$p$salt$hash``.

    :param salt: random, of this password alone, ``SALT_BYTES`` long.
    """
    return _stored(salt, _scrypt(password, salt, *_COST))


def verify_password(password: str, stored: Any) -> bool:
    """Whether this is the password; compared in constant time. What cannot be read is no match."""
    if not isinstance(password, str) or not isinstance(stored, str):
        return False
    try:
        kind, n, r, p, salt, digest = stored.split("$")
        cost = int(n), int(r), int(p)
        if kind != "scrypt" or min(cost) < 1 or cost[0] * cost[1] > 2**20 or cost[2] > 16:
            return False
        expected = b64decode(digest, validate=True)
        return hmac.compare_digest(
            _scrypt(password, b64decode(salt, validate=True), *cost), expected
        )
    except ValueError:
        return False


def _stored(salt: bytes, digest: bytes) -> str:
    numbers = "$".join(map(str, _COST))
    return f"scrypt${numbers}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=n,
        r=r,
        p=p,
        maxmem=_MEMORY,
        dklen=_DIGEST_BYTES,
    )


# What an unknown user's password is compared with: as much work as any, and no password has it.
UNMATCHABLE = _stored(bytes(SALT_BYTES), bytes(_DIGEST_BYTES))
