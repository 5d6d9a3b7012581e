"""JSON Web Tokens (RFC 7519) to claims and back. The only module that knows PyJWT."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from ..errors import (
    BaseTokenException,
    ConfigurationError,
    InvalidSignatureException,
    ParsingTokenException,
)
from .keys import checked_algorithms, make_key_ring
from .legacy import LegacyTokenVerifier
from .times import check_times

__all__ = ["JSONWebTokenManager", "TokenRevokedException", "WrongClaimException"]

_RESERVED = ("iss", "sub", "aud", "exp", "nbf", "jti")
# RFC 7519 section 4.1 makes these strings, and PyJWT refuses tokens where they are not.
_TEXTS = ("iss", "sub", "jti")
_LONGEST = 16_384
# Seconds; a moment of the clock in place of a time from now is more than half of this.
_CENTURY = 1_000_000_000


class WrongClaimException(BaseTokenException):
    """The token is genuine, but was made for or by somebody else."""

    default_detail = "Token is not for this audience or not from this issuer."


class TokenRevokedException(BaseTokenException):
    """The token is genuine, but its user has logged out."""

    default_detail = "Token has been revoked."


class JSONWebTokenManager:
    """Makes and verifies tokens. There is no default key.

    :param key: what signs: a secret for HS256, HS384, HS512; a private key in PEM for the others; a
        public one where tokens are only verified.
    :param algorithms: those that are accepted; the first of them signs. All of one family where they
        share a key in PEM; with nothing but ``jwks`` they may be of several.
    :param verify_key: a public key in PEM, where ``key`` is not given or is of another pair.
    :param jwks: a JWK set (RFC 7517) as a dictionary, for tokens that name their key as ``kid``. A key
        of it is only used for its own ``alg`` or, where it has none, for what its kind is for.
    :param audience: required of ``aud``.
    :param issuer: required of ``iss``.
    :param leeway: seconds that the clocks may differ.
    :param legacy: accepts tokens of aiorest-ws too. They are known by their own key, and need neither
        the audience nor the issuer.
    :param now: seconds since the epoch.
    :param token_id: makes a ``jti``.
    :raises ConfigurationError: there is no key, or it does not fit the algorithms, or a setting is
        wrong.
    """

    def __init__(
        self,
        key: str | bytes | None = None,
        *,
        algorithms: str | Sequence[str] = ("HS256",),
        verify_key: str | bytes | None = None,
        jwks: Mapping[str, Any] | None = None,
        audience: str | Sequence[str] | None = None,
        issuer: str | Sequence[str] | None = None,
        leeway: float = 0,
        legacy: LegacyTokenVerifier | None = None,
        now: Callable[[], float] = time.time,
        token_id: Callable[[], str] = lambda: secrets.token_urlsafe(16),
    ) -> None:
        self._jwt = _pyjwt()
        self._keys = make_key_ring(self._jwt, checked_algorithms(algorithms), key, verify_key, jwks)
        self._audience = _names("audience", audience)
        self._issuer = _names("issuer", issuer)
        if not isinstance(leeway, (int, float)) or not 0 <= leeway < math.inf:
            raise ConfigurationError(f"leeway should be seconds, 0 or more, not {leeway!r}")
        self._leeway = leeway
        if legacy is not None and any(legacy.has_key(one) for one in (key, verify_key)):
            # A signature of the one kind could be rewritten as one of the other, past all claims.
            raise ConfigurationError(
                "legacy tokens need a key of their own, not that of the others"
            )
        self._legacy = legacy
        self._now = now
        self._token_id = token_id

    def generate(self, data: Mapping[str, Any] | None = None, **reserved: Any) -> str:
        """Make a token.

        :param data: further claims.
        :param reserved: ``iss``, ``sub``, ``aud``, ``jti`` as they are; ``exp`` and ``nbf`` in seconds
            from now. ``iat`` and, where not given, ``jti`` are added.
        :raises ConfigurationError: there is no key to sign with.
        :raises TypeError: a name is not reserved, and belongs into ``data``; ``iss``, ``sub`` or ``jti``
            is no text; ``exp`` or ``nbf`` is no time from now.
        """
        unknown = set(reserved) - set(_RESERVED)
        if unknown:
            raise TypeError(f"{', '.join(sorted(unknown))}: no reserved claim; put it into `data`")
        if self._keys.signing is None:
            raise ConfigurationError("this manager has no private key: it can only verify")
        for name in ("exp", "nbf"):
            if name in (data or {}):
                raise TypeError(f"give {name} as a keyword, in seconds from now")
            seconds = reserved.get(name, 0)
            if not isinstance(seconds, (int, float)) or not abs(seconds) < _CENTURY:
                raise TypeError(f"{name} should be seconds from now, not {seconds!r}")
        now = int(self._now())
        claims = {"jti": self._token_id(), **(data or {}), **reserved, "iat": now}
        for name in ("exp", "nbf"):
            if name in reserved:
                claims[name] = now + reserved[name]
        if isinstance(self._issuer, str):
            claims.setdefault("iss", self._issuer)
        if self._audience is not None:
            claims.setdefault("aud", self._audience)
        for name in _TEXTS:
            # It would be signed as it is, and then be refused by whoever verifies it.
            if not isinstance(claims.get(name, ""), str):
                raise TypeError(f"{name} should be a text, not {claims[name]!r}")
        token: str = self._jwt.encode(claims, self._keys.signing, algorithm=self._keys.algorithm)
        return token

    def verify(self, token: Any) -> dict[str, Any]:
        """The claims of a token.

        :param token: whatever a client sent.
        :raises BaseTokenException: one of its kinds says what is wrong with it.
        """
        if not isinstance(token, str) or len(token) > _LONGEST:
            raise ParsingTokenException
        now = self._now()
        try:
            claims = self._claims(token)
        except (ParsingTokenException, InvalidSignatureException):
            if self._legacy is None:
                raise
            return self._legacy.verify(token, now, self._leeway)
        check_times(claims, now, self._leeway)
        return claims

    def remaining(self, claims: dict[str, Any]) -> float | None:
        """How long verified claims still hold, in seconds; None: they do not end."""
        expires = claims.get("exp")
        return None if expires is None else max(0.0, expires + self._leeway - self._now())

    def _claims(self, token: str) -> dict[str, Any]:
        jwt = self._jwt
        try:
            kid = jwt.get_unverified_header(token).get("kid") if self._keys.knows_names else None
            found = self._keys.verifying(kid)
            if found is None:
                raise InvalidSignatureException
            key, algorithms = found
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(algorithms),
                audience=self._audience,
                issuer=self._issuer,
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError, jwt.MissingRequiredClaimError):
            raise WrongClaimException from None
        except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError, jwt.InvalidKeyError):
            raise InvalidSignatureException from None
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise ParsingTokenException from None
        return claims


def _pyjwt() -> ModuleType:
    try:
        import jwt
    except ImportError:
        raise ConfigurationError("tokens need PyJWT: pip install 'aiorest_gw[auth]'") from None
    return jwt


def _names(setting: str, given: str | Sequence[str] | None) -> str | list[str] | None:
    """One name, or several."""
    if given is None or (isinstance(given, str) and given):
        return given
    if isinstance(given, (list, tuple, set, frozenset)):
        names = [one for one in given if isinstance(one, str) and one]
        if names and len(names) == len(given):
            return names
    raise ConfigurationError(f"{setting} should be a text or a list of texts, not {given!r}")
