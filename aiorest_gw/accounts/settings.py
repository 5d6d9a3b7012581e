"""Keys and rules for tokens, from the environment and the files that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ..auth.keys import checked_algorithms
from ..auth.tokens import JSONWebTokenManager
from ..errors import ConfigurationError

__all__ = ["token_manager_from_environment"]

_PREFIX = "AIOREST_GW_JWT_"


def token_manager_from_environment(environ: Mapping[str, str]) -> JSONWebTokenManager:
    """A token manager as the environment describes it; a variable that is empty counts as not set.

    :param environ: ``AIOREST_GW_JWT_KEY`` (the key itself) or ``AIOREST_GW_JWT_KEY_FILE``,
        ``…_JWKS_FILE``, ``…_ALGORITHMS`` (with commas between), ``…_AUDIENCE``, ``…_ISSUER``,
        ``…_LEEWAY`` (seconds).
    :raises ConfigurationError: a variable is wrong, and it is said which; or no key is named.
    """
    given = {name: environ[_PREFIX + name] for name in _READERS if environ.get(_PREFIX + name)}
    if "KEY" in given and "KEY_FILE" in given:
        raise ConfigurationError(f"give {_PREFIX}KEY or {_PREFIX}KEY_FILE, not both")
    keys = [_PREFIX + name for name in given if name in ("KEY", "KEY_FILE", "JWKS_FILE")]
    if not keys:
        raise ConfigurationError(
            f"tokens need a key: set {_PREFIX}KEY, {_PREFIX}KEY_FILE or {_PREFIX}JWKS_FILE"
        )
    settings = dict(_read(name, text) for name, text in given.items())
    try:
        return JSONWebTokenManager(**settings)
    except ConfigurationError as error:
        # The other settings were right by themselves: it is a key, or what it is used for.
        raise ConfigurationError(
            f"{', '.join(keys)} with {_PREFIX}ALGORITHMS "
            f"({', '.join(settings.get('algorithms', ['HS256']))}): {error}"
        ) from None


def _read(name: str, text: str) -> tuple[str, Any]:
    """What the manager calls a setting, and its value."""
    setting, read = _READERS[name]
    try:
        return setting, read(text)
    except OSError as error:
        raise ConfigurationError(f"{_PREFIX}{name}: {error.strerror}: {text}") from None
    except (ValueError, ConfigurationError) as error:
        raise ConfigurationError(f"{_PREFIX}{name}: {error}") from None


def _key_file(text: str) -> bytes:
    return Path(text).read_bytes().rstrip(b"\r\n")


def _jwks_file(text: str) -> Any:
    return msgspec.json.decode(Path(text).read_bytes(), type=dict)


def _algorithms(text: str) -> tuple[str, ...]:
    return checked_algorithms(text.replace(",", " ").split())


def _leeway(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"should be seconds, 0 or more, not {text}")
    return seconds


_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "KEY": ("key", str),
    "KEY_FILE": ("key", _key_file),
    "JWKS_FILE": ("jwks", _jwks_file),
    "ALGORITHMS": ("algorithms", _algorithms),
    "AUDIENCE": ("audience", str),
    "ISSUER": ("issuer", str),
    "LEEWAY": ("leeway", _leeway),
}
