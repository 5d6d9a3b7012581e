"""Which key signs and which ones verify, each bound to its algorithms, so none stands in for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import attrs

from ..errors import ConfigurationError

__all__ = ["KeyRing", "checked_algorithms", "make_key_ring"]

# RFC 7518 section 3.2: a secret is at least as long as the hash, in bytes.
_SECRET_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
# RFC 7518 section 3.3, in bits.
_LEAST_RSA = 2048
# RFC 7518 section 3.4: an algorithm goes with one curve.
_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_KNOWN = (*_SECRET_BYTES, *_RSA, *_CURVES, "EdDSA")
# What a JWK's `kty` and `crv` can be used for (RFC 7518 section 6, RFC 8037). No secrets.
_JWK_ALGORITHMS = {
    ("RSA", None): _RSA,
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}


@attrs.frozen
class KeyRing:
    """Keys that were found to fit.

    :param algorithm: what is signed with.
    :param signing: None where tokens are only verified.
    """

    algorithm: str
    signing: Any
    _verifying: Any
    _algorithms: tuple[str, ...]
    _named: Mapping[str, tuple[Any, tuple[str, ...]]]

    @property
    def knows_names(self) -> bool:
        """Whether a token's ``kid`` matters."""
        return bool(self._named)

    def verifying(self, kid: Any) -> tuple[Any, tuple[str, ...]] | None:
        """The key for a token of this ``kid``, and the algorithms that it is for; or None."""
        if isinstance(kid, str) and kid in self._named:
            return self._named[kid]
        return None if self._verifying is None else (self._verifying, self._algorithms)


def checked_algorithms(algorithms: str | Sequence[str]) -> tuple[str, ...]:
    """Algorithms that one manager may accept.

    :raises ConfigurationError: one is not known, or secrets and public keys would be mixed.
    """
    found = (algorithms,) if isinstance(algorithms, str) else tuple(algorithms)
    for one in found:
        if one not in _KNOWN:
            raise ConfigurationError(
                f"{one!r} is no algorithm for tokens; known: {', '.join(_KNOWN)}"
            )
    if not found:
        raise ConfigurationError("name an algorithm for tokens")
    if len({one in _SECRET_BYTES for one in found}) != 1:
        raise ConfigurationError("an algorithm with a secret goes with none with public keys")
    return found


def make_key_ring(
    jwt: ModuleType,
    algorithms: tuple[str, ...],
    key: str | bytes | None,
    verify_key: str | bytes | None,
    jwks: Mapping[str, Any] | None,
) -> KeyRing:
    """Keys as they were set; the parameters are those of ``JSONWebTokenManager``.

    :param jwt: PyJWT.
    :raises ConfigurationError: there is no key, or one does not fit its algorithms.
    """
    if key is None and verify_key is None and jwks is None:
        raise ConfigurationError(
            "tokens need a key: a secret, a private or public key in PEM, or a JWK set"
        )
    for one in (key, verify_key):
        if one is not None and not isinstance(one, (str, bytes)):
            raise ConfigurationError(f"a key is a text or bytes, not {type(one).__name__}")
    if algorithms[0] in _SECRET_BYTES:
        if verify_key is not None or jwks is not None:
            raise ConfigurationError(f"{algorithms[0]} takes one secret, and no public key")
        secret = _secret(key, algorithms)
        return KeyRing(algorithms[0], secret, secret, algorithms, {})
    in_pem = key is not None or verify_key is not None
    if in_pem and len({one[:2] for one in algorithms}) != 1:
        raise ConfigurationError("name algorithms of one family, since they share a key")
    signing, verifying = _pair(jwt, algorithms, key, verify_key)
    named = {} if jwks is None else _named(jwt, algorithms, jwks)
    return KeyRing(algorithms[0], signing, verifying, algorithms, named)


def _secret(key: str | bytes | None, algorithms: tuple[str, ...]) -> bytes:
    secret = key.encode() if isinstance(key, str) else key or b""
    if b"-----BEGIN" in secret or secret.startswith(b"ssh-"):
        raise ConfigurationError(f"a public or private key is no secret for {algorithms[0]}")
    least = max(_SECRET_BYTES[one] for one in algorithms)
    if len(secret) < least:
        raise ConfigurationError(
            f"the secret for {', '.join(algorithms)} should be random and at least {least} bytes long"
        )
    return secret


def _pair(
    jwt: ModuleType,
    algorithms: tuple[str, ...],
    key: str | bytes | None,
    verify_key: str | bytes | None,
) -> tuple[Any, Any]:
    """What signs and what verifies; either may be None."""
    private = None if key is None else _prepared(jwt, algorithms, key)
    if private is not None and not hasattr(private, "public_key"):
        private, verify_key = None, verify_key or key
    if verify_key is not None:
        return private, _public(_prepared(jwt, algorithms, verify_key))
    return private, None if private is None else _public(private)


def _public(key: Any) -> Any:
    return key.public_key() if hasattr(key, "public_key") else key


def _prepared(jwt: ModuleType, algorithms: tuple[str, ...], key: str | bytes) -> Any:
    for algorithm in algorithms:
        try:
            prepared = jwt.get_algorithm_by_name(algorithm).prepare_key(key)
        except (jwt.PyJWTError, ValueError, TypeError, NotImplementedError) as error:
            raise ConfigurationError(f"the key does not fit {algorithm}: {error}") from None
        fault = _misfit(algorithm, prepared)
        if fault is not None:
            raise ConfigurationError(f"the key does not fit {algorithm}: {fault}")
    return prepared


def _misfit(algorithm: str, key: Any) -> str | None:
    """Why a key of the right kind is still not the right one, or None."""
    if algorithm in _RSA and key.key_size < _LEAST_RSA:
        return f"it has {key.key_size} bits, and should have {_LEAST_RSA} or more"
    if algorithm in _CURVES and key.curve.name != _CURVES[algorithm]:
        return f"its curve is {key.curve.name}, and should be {_CURVES[algorithm]}"
    return None


def _named(
    jwt: ModuleType, algorithms: tuple[str, ...], jwks: Mapping[str, Any]
) -> dict[str, tuple[Any, tuple[str, ...]]]:
    """The keys of a JWK set that can verify, by ``kid``; others are passed over (RFC 7517 section 5).

    :raises ConfigurationError: it is no JWK set, or none of its keys can.
    """
    listed = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(listed, list):
        raise ConfigurationError("the JWK set cannot be read: it has no list of `keys`")
    named: dict[str, tuple[Any, tuple[str, ...]]] = {}
    for jwk in listed:
        accepted = _accepted(jwk, algorithms)
        if not accepted:
            continue
        try:
            key = _public(jwt.PyJWK(jwk, accepted[0]).key)
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        if not any(_misfit(one, key) for one in accepted):
            named.setdefault(jwk["kid"], (key, accepted))
    if not named:
        raise ConfigurationError(
            f"the JWK set has no key with a `kid` that fits {', '.join(algorithms)}"
        )
    return named


def _accepted(jwk: Any, algorithms: tuple[str, ...]) -> tuple[str, ...]:
    """What a JWK may verify: its own ``alg``, or what its kind is for; of what is accepted at all."""
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str):
        return ()
    if jwk.get("use", "sig") != "sig":
        return ()
    fitting = next(
        (
            possible
            for (kind, curve), possible in _JWK_ALGORITHMS.items()
            if jwk.get("kty") == kind and curve in (None, jwk.get("crv"))
        ),
        (),
    )
    return tuple(one for one in algorithms if one in fitting and jwk.get("alg", one) == one)
