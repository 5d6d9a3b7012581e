"""Tokens in aiorest-ws's own format, so that its clients need not log in again during a move.

``base64(header).base64(payload).base64(hex digest)``: not RFC 7519. Off unless it is asked for.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import b64decode
from typing import Any

import msgspec

from ..errors import (
    ConfigurationError,
    InvalidSignatureException,
    ParsingTokenException,
)
from .times import check_times

__all__ = ["LegacyTokenVerifier"]

# Short keys are guessed from any one token.
_SHORTEST = 8
_HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


class LegacyTokenVerifier:
    """Verifies tokens that aiorest-ws made.

    :param key: the secret that they were made with; its public default ``secret_key`` is refused.
    :param algorithms: those that are accepted.
    :raises ConfigurationError: the key is missing, short, or known to everybody.
    """

    def __init__(self, key: str | bytes, algorithms: tuple[str, ...] = ("HS256",)) -> None:
        secret = key.encode() if isinstance(key, str) else key
        if len(secret) < _SHORTEST or secret.strip().lower() == b"secret_key":
            raise ConfigurationError(
                f"legacy tokens need their key, of {_SHORTEST} bytes or more, and not aiorest-ws's "
                "public default"
            )
        unknown = set(algorithms) - set(_HASHES)
        if unknown or not algorithms:
            raise ConfigurationError(
                f"legacy tokens know {', '.join(_HASHES)}, not {unknown or 'none'}"
            )
        self._key = secret
        self._algorithms = algorithms

    def has_key(self, key: str | bytes | None) -> bool:
        """Whether this is its key."""
        return (key.encode() if isinstance(key, str) else key) == self._key

    def verify(self, token: str, now: float, leeway: float) -> dict[str, Any]:
        """The token's claims.

        :param now: seconds since the epoch.
        :param leeway: seconds that the clocks may differ.
        :raises BaseTokenException: one of its kinds says what is wrong.
        """
        parts = token.split(".")
        if len(parts) != 3:
            raise ParsingTokenException
        try:
            header, payload = (msgspec.json.decode(b64decode(p, validate=True)) for p in parts[:2])
            signature = b64decode(parts[2], validate=True)
        except (binascii.Error, ValueError, RecursionError):
            raise ParsingTokenException from None
        if not isinstance(header, dict) or not isinstance(payload, dict):
            raise ParsingTokenException
        algorithm = header.get("alg")
        if algorithm not in self._algorithms:
            raise InvalidSignatureException
        signed = f"{parts[0]}.{parts[1]}".encode()
        expected = hmac.new(self._key, signed, _HASHES[algorithm]).hexdigest().encode()
        if not hmac.compare_digest(expected, signature):
            raise InvalidSignatureException
        check_times(payload, now, leeway)
        return payload
