"""The command line's flags, and the environment's variables that mirror them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from twisted.python import usage

from ..arguments import refuse_misspelt
from ..errors import ConfigurationError
from ..limits import Limits

__all__ = ["DEFAULT_LISTEN", "ENVIRONMENT", "GatewayOptions"]

DEFAULT_LISTEN = "tcp:8080:interface=127.0.0.1"
ENVIRONMENT = "AIOREST_GW_"


def _limit_flags() -> list[list[Any]]:
    return [
        [
            field.name.replace("_", "-"),
            None,
            None,
            f"{field.metadata['help']} ({field.metadata['unit']}; default {field.default:g})"
            if isinstance(field.default, float)
            else f"{field.metadata['help']} ({field.metadata['unit']}; default {field.default})",
        ]
        for field in attrs.fields(Limits)
    ]


class GatewayOptions(usage.Options):
    """Flags of ``twistd aiorest_gw`` and ``aiorest-gw serve``.

    :param environ: where ``AIOREST_GW_*`` is looked for; a flag wins over its variable, and one that
        is empty counts as not set.
    :ivar unknown: variables with the prefix that are none of ours.
    """

    synopsis = "[--app package.module:name] [--site folder] [options]"
    longdesc = (
        "Serve an application, REST-style requests over WebSocket, and a site. Every option can be "
        f"given in the environment instead: --max-depth as {ENVIRONMENT}MAX_DEPTH; lists with blanks "
        "between."
    )
    optParameters = [
        [
            "app",
            "a",
            None,
            "package.module:name of a router, a factory, or a callable that makes one",
        ],
        [
            "workers",
            None,
            None,
            "processes that serve, on the same sockets; each has its own memory, and the limits of "
            "connections hold for each (default 1)",
        ],
        [
            "site",
            None,
            None,
            "folder of a site, that is served on the same port; without --app nothing else is",
        ],
        [
            "content-security-policy",
            None,
            None,
            "of the site's pages, {socket} in it is the address of the gateway; none: it sends none "
            "(default: scripts and connections of its own host alone)",
        ],
        ["path", None, None, "the only path that is answered (default /, or the factory's own)"],
        *_limit_flags(),
    ]
    optFlags = [
        ["compress", None, "take permessage-deflate where a client offers it"],
        [
            "single-page",
            None,
            "answer with the site's index.html also where it has no page, to browsers that go there",
        ],
        [
            "twisted-tcp",
            None,
            "let tcp: and ssl: be Twisted's own on asyncio's reactor too, not loop:",
        ],
    ]

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._environ = environ
        self._names: dict[str, str] = {}
        self.unknown: list[str] = []
        self["listen"] = []
        self["origin"] = []
        self["trust-proxy"] = []

    def opt_listen(self, description: str) -> None:
        """Twisted endpoint to listen on; repeatable (default tcp:8080:interface=127.0.0.1)"""
        self["listen"].append(description)

    opt_l = opt_listen

    def opt_origin(self, origin: str) -> None:
        """further web origin that may connect, as https://example.com; repeatable"""
        self["origin"].append(origin)

    def opt_trust_proxy(self, network: str) -> None:
        """address or network of a proxy, not counted by address; repeatable"""
        self["trust-proxy"].append(network)

    def parseArgs(self, *rest: str) -> None:
        if rest:
            raise usage.UsageError(
                f"{rest[0]!r} is no option; an application is named by --app, a site by --site"
            )

    def postOptions(self) -> None:
        """Take from the environment what no flag gave.

        :raises ConfigurationError: a variable looks misspelt, or is wrong.
        """
        self._refuse_misspelt()
        for flag, given in self.items():
            variable = _variable(flag)
            text = self._environ.get(variable) or None
            if given is None:
                self[flag] = text
                self._names[flag] = variable
            elif isinstance(given, list):
                self[flag] = given or (text or "").split()
            elif isinstance(given, int):
                self[flag] = bool(given) or _truth(variable, text or "")
        self["listen"] = self["listen"] or [DEFAULT_LISTEN]

    def _refuse_misspelt(self) -> None:
        """A variable that is like none of ours may be another's: of a service of this name, say."""
        known = {_variable(flag).removeprefix(ENVIRONMENT) for flag in self}
        given = {
            name.removeprefix(ENVIRONMENT) for name in self._environ if name.startswith(ENVIRONMENT)
        }
        refuse_misspelt(sorted(given - known), known, ENVIRONMENT)
        self.unknown = sorted(
            ENVIRONMENT + name for name in given - known if not name.startswith("JWT_")
        )

    def workers(self) -> int:
        """How many processes serve.

        :raises ConfigurationError: it is no number, or less than 1.
        """
        text = self["workers"] or "1"
        if not text.isdecimal() or not text.isascii() or not int(text[:10]):
            raise ConfigurationError(
                f"{self._name('workers')} should be a whole number of at least 1, not {text!r}"
            )
        return int(text[:10])

    def limits(self) -> dict[str, float]:
        """The limits that were given, as keywords of :class:`Limits`.

        :raises ConfigurationError: one of them is no number.
        """
        found: dict[str, float] = {}
        for field in attrs.fields(Limits):
            flag = field.name.replace("_", "-")
            text = self[flag]
            if text is None:
                continue
            whole = isinstance(field.default, int)
            try:
                found[field.name] = int(text) if whole else float(text)
            except ValueError:
                what = "a whole number" if whole else "a number"
                raise ConfigurationError(
                    f"{self._name(flag)} should be {what} of {field.metadata['unit']}, not {text!r}"
                ) from None
        return found

    def _name(self, flag: str) -> str:
        """Where a value was written."""
        return self._names.get(flag, "--" + flag)


def _variable(flag: str) -> str:
    return ENVIRONMENT + flag.replace("-", "_").upper()


def _truth(name: str, text: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True}
    known |= {"": False, "0": False, "false": False, "no": False, "off": False}
    try:
        return known[text.strip().lower()]
    except KeyError:
        raise ConfigurationError(f"{name} should be 1 or 0, not {text!r}") from None
