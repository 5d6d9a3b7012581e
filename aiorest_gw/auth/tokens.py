"""JSON Web Tokens (RFC 7519) to claims and back. The only module that knows PyJWT."""

from __future__ import annotations

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
from .legacy import LegacyTokenVerifier, check_times

__all__ = ["JSONWebTokenManager", "TokenRevokedException", "WrongClaimException"]

# RFC 7518 section 3.2: a secret is at least as long as the hash, in bytes.
_SECRET_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
_PUBLIC_KEY = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
_RESERVED = ("iss", "sub", "aud", "exp", "nbf", "jti")
_LONGEST = 16_384


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
    :param algorithms: those that are accepted; the first of them signs. All of one family, so that no
        key is ever used for another.
    :param verify_key: a public key in PEM, where ``key`` is not given or is of another pair.
    :param jwks: a JWK set (RFC 7517) as a dictionary, for tokens that name their key as ``kid``.
    :param audience: required of ``aud``.
    :param issuer: required of ``iss``.
    :param leeway: seconds that the clocks may differ.
    :param legacy: accepts tokens of aiorest-ws too.
    :param now: seconds since the epoch.
    :param token_id: makes a ``jti``.
    :raises ConfigurationError: there is no key, or it does not fit the algorithms.
    """

    def __init__(
        self,
        key: str | bytes | None = None,
        *,
        algorithms: Sequence[str] = ("HS256",),
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
        self._algorithms = _checked(algorithms)
        self._audience = audience
        self._issuer = issuer
        self._leeway = leeway
        self._legacy = legacy
        self._now = now
        self._token_id = token_id
        if key is None and verify_key is None and jwks is None:
            raise ConfigurationError(
                "tokens need a key: a secret, a private or public key in PEM, or a JWK set"
            )
        if self._algorithms[0] in _SECRET_BYTES:
            if verify_key is not None or jwks is not None:
                raise ConfigurationError(
                    f"{self._algorithms[0]} takes one secret, and no public key"
                )
            self._sign_key = self._verify_key = _secret(key, self._algorithms)
        else:
            self._sign_key, self._verify_key = self._pair(key, verify_key)
        self._jwks = {} if jwks is None else self._key_set(jwks)

    def generate(self, data: Mapping[str, Any] | None = None, **reserved: Any) -> str:
        """Make a token.

        :param data: further claims.
        :param reserved: ``iss``, ``sub``, ``aud``, ``jti`` as they are; ``exp`` and ``nbf`` in seconds
            from now. ``iat`` and, where not given, ``jti`` are added.
        :raises ConfigurationError: there is no key to sign with.
        :raises TypeError: a name is not reserved, and belongs into ``data``.
        """
        unknown = set(reserved) - set(_RESERVED)
        if unknown:
            raise TypeError(f"{', '.join(sorted(unknown))}: no reserved claim; put it into `data`")
        if self._sign_key is None:
            raise ConfigurationError("this manager has no private key: it can only verify")
        now = int(self._now())
        claims = {"jti": self._token_id(), **(data or {}), **reserved, "iat": now}
        for name in ("exp", "nbf"):
            if name in reserved:
                claims[name] = now + reserved[name]
        if self._issuer is not None and isinstance(self._issuer, str):
            claims.setdefault("iss", self._issuer)
        if self._audience is not None:
            claims.setdefault("aud", self._audience)
        token: str = self._jwt.encode(claims, self._sign_key, algorithm=self._algorithms[0])
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

    def _claims(self, token: str) -> dict[str, Any]:
        jwt = self._jwt
        try:
            key = self._key_for(jwt.get_unverified_header(token).get("kid"))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(self._algorithms),
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

    def _key_for(self, kid: Any) -> Any:
        if isinstance(kid, str) and kid in self._jwks:
            return self._jwks[kid]
        if self._verify_key is None:
            raise InvalidSignatureException
        return self._verify_key

    def _pair(self, key: str | bytes | None, verify_key: str | bytes | None) -> tuple[Any, Any]:
        """What signs and what verifies; either may be None."""
        private = None if key is None else self._prepared(key)
        if private is not None and not hasattr(private, "public_key"):
            private, verify_key = None, verify_key or key
        if verify_key is not None:
            return private, self._prepared(verify_key)
        return private, None if private is None else private.public_key()

    def _prepared(self, key: str | bytes) -> Any:
        for algorithm in self._algorithms:
            try:
                prepared = self._jwt.get_algorithm_by_name(algorithm).prepare_key(key)
            except (self._jwt.PyJWTError, ValueError, TypeError, NotImplementedError) as error:
                raise ConfigurationError(f"the key does not fit {algorithm}: {error}") from None
        return prepared

    def _key_set(self, jwks: Mapping[str, Any]) -> dict[str, Any]:
        try:
            keys = self._jwt.PyJWKSet.from_dict(dict(jwks)).keys
        except (self._jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ConfigurationError(f"the JWK set cannot be read: {error}") from None
        named = {
            one.key_id: one
            for one in keys
            if one.key_id is not None and one.algorithm_name in self._algorithms
        }
        if not named:
            raise ConfigurationError(
                f"the JWK set has no key with a `kid` for {', '.join(self._algorithms)}"
            )
        return named


def _pyjwt() -> ModuleType:
    try:
        import jwt
    except ImportError:
        raise ConfigurationError("tokens need PyJWT: pip install 'aiorest_gw[auth]'") from None
    return jwt


def _checked(algorithms: Sequence[str]) -> tuple[str, ...]:
    """The algorithms, all of one family."""
    if isinstance(algorithms, str):
        algorithms = (algorithms,)
    known = (*_SECRET_BYTES, *_PUBLIC_KEY)
    for one in algorithms:
        if one not in known:
            raise ConfigurationError(
                f"{one!r} is no algorithm for tokens; known: {', '.join(known)}"
            )
    if len({one[:2] for one in algorithms}) != 1:
        raise ConfigurationError("name algorithms of one family, since they share a key")
    return tuple(algorithms)


def _secret(key: str | bytes | None, algorithms: Sequence[str]) -> bytes:
    secret = key.encode() if isinstance(key, str) else key or b""
    if b"-----BEGIN" in secret or secret.startswith(b"ssh-"):
        raise ConfigurationError(f"a public or private key is no secret for {algorithms[0]}")
    least = max(_SECRET_BYTES[one] for one in algorithms)
    if len(secret) < least:
        raise ConfigurationError(
            f"the secret for {', '.join(algorithms)} should be random and at least {least} bytes long"
        )
    return secret
