"""Keys and rules for tokens, from the environment and the files that it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ..auth.tokens import JSONWebTokenManager
from ..errors import ConfigurationError

__all__ = ["token_manager_from_environment"]

_PREFIX = "AIOREST_GW_JWT_"


def token_manager_from_environment(environ: Mapping[str, str]) -> JSONWebTokenManager:
    """A token manager as the environment describes it.

    :param environ: ``AIOREST_GW_JWT_KEY`` (the key itself) or ``AIOREST_GW_JWT_KEY_FILE``,
        ``…_JWKS_FILE``, ``…_ALGORITHMS`` (with blanks between), ``…_AUDIENCE``, ``…_ISSUER``,
        ``…_LEEWAY`` (seconds).
    :raises ConfigurationError: a variable is wrong, or no key is named.
    """
    given = {name: environ[_PREFIX + name] for name in _KNOWN if environ.get(_PREFIX + name)}
    if "KEY" in given and "KEY_FILE" in given:
        raise ConfigurationError(f"give {_PREFIX}KEY or {_PREFIX}KEY_FILE, not both")
    settings: dict[str, Any] = {_KNOWN[name]: _read(name, text) for name, text in given.items()}
    if not settings.keys() & {"key", "jwks"}:
        raise ConfigurationError(
            f"tokens need a key: set {_PREFIX}KEY, {_PREFIX}KEY_FILE or {_PREFIX}JWKS_FILE"
        )
    return JSONWebTokenManager(**settings)


_KNOWN = {
    "KEY": "key",
    "KEY_FILE": "key",
    "JWKS_FILE": "jwks",
    "ALGORITHMS": "algorithms",
    "AUDIENCE": "audience",
    "ISSUER": "issuer",
    "LEEWAY": "leeway",
}


def _read(name: str, text: str) -> Any:
    try:
        if name == "KEY_FILE":
            return Path(text).read_bytes().rstrip(b"\r\n")
        if name == "JWKS_FILE":
            return msgspec.json.decode(Path(text).read_bytes(), type=dict)
        if name == "ALGORITHMS":
            return tuple(text.replace(",", " ").split())
        return float(text) if name == "LEEWAY" else text
    except OSError as error:
        raise ConfigurationError(f"{_PREFIX}{name}: {error.strerror}: {text}") from None
    except (ValueError, msgspec.MsgspecError) as error:
        raise ConfigurationError(f"{_PREFIX}{name}: {error}") from None
