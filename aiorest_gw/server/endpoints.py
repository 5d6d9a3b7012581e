"""What the description of an endpoint means on a reactor, and what may be wrong with it."""

from __future__ import annotations

import asyncio
import errno
import re
from typing import Any

from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.python.failure import Failure

from ..arguments import nearest
from ..errors import ConfigurationError
from .loops import loop_of
from .tls import is_understood, what_is_wrong

__all__ = ["address_of", "cannot_listen", "endpoint_of", "pages_at"]

# Ours, and those of Twisted that one may have in mind.
_KINDS = ("tcp", "loop", "unix", "ssl", "tcp6", "systemd", "haproxy")
_URL = re.compile(
    r"(?:http|ws)(?P<secure>s?):(?://(?P<host>[^/:]+|\[[0-9a-fA-F:]+\]):?)?(?P<port>\d*)/?"
)
# What Python says of the arguments of Twisted's functions, and what that means.
_WORDS = [
    (re.compile(pattern), words)
    for pattern, words in {
        r"unexpected keyword argument '(privateKey|certKey)'": r"there is no \1= to set; is ssl: meant?",
        r"unexpected keyword argument '(\w+)'": r"there is no \1= to set",
        r"missing 1 required positional argument: '(\w+)'": r"the \1 is missing",
        r"multiple values for argument '(\w+)'": r"\1= is there twice; a colon in it is written \\:",
        r"generator raised StopIteration": r"behind a backslash stands a colon or another one",
        r"list index out of range": r"no such socket was handed down",
    }.items()
]


def address_of(port: IListeningPort, text: str, path: str) -> str:
    """Where a client connects to, as a URL where there is one."""
    address: Any = port.getHost()
    if not hasattr(address, "port"):
        return text
    secure = text.startswith("ssl:") or getattr(port, "context", None) is not None
    scheme = "wss" if secure else "ws"
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{scheme}://{host}:{address.port}{path}"


def pages_at(port: IListeningPort, text: str) -> str:
    """Where a browser finds the pages on the same port, as a URL where there is one."""
    address = address_of(port, text, "/")
    return "http" + address.removeprefix("ws") if address.startswith("ws") else address


def endpoint_of(reactor: Any, text: str, twisted_tcp: bool) -> Any:
    """The endpoint of a description.

    :raises ConfigurationError: it is not right.
    """
    kind, colon, rest = text.partition(":")
    own = colon and not twisted_tcp and _is_better_by_the_loop(kind, rest, loop_of(reactor))
    try:
        return serverFromString(reactor, f"loop:{rest}" if own else text)
    except Exception as error:
        raise ConfigurationError(
            f"{text!r} is no endpoint to listen on: {_what_is_wrong(text, error, twisted_tcp)}"
        ) from None


def _is_better_by_the_loop(kind: str, arguments: str, loop: Any) -> bool:
    if kind == "ssl":
        # With TLS asyncio's own loops take 250 KiB more than Twisted for a connection, and no less CPU.
        own_loop = isinstance(loop, asyncio.BaseEventLoop)
        return loop is not None and not own_loop and is_understood(arguments)
    return loop is not None and kind == "tcp" and not is_understood(arguments)


def _what_is_wrong(text: str, error: Exception, twisted_tcp: bool) -> str:
    """What is wrong with a description, where Twisted's own words do not say it."""
    kind, _, rest = text.partition(":")
    if kind not in _KINDS:
        return _which_is_meant(text)
    if kind == "ssl":
        wrong = what_is_wrong(rest, twisted_tcp)
        if wrong:
            return wrong
    if isinstance(error, ImportError):
        return f"{error}; install aiorest_gw[tls]"
    told = str(error)
    for pattern, words in _WORDS:
        found = pattern.search(told)
        if found:
            return found.expand(words)
    return told.replace("parse_endpoint() ", "") or type(error).__name__


def _which_is_meant(text: str) -> str:
    """What is to be written in place of what is no description."""
    url = _URL.fullmatch(text)
    if url is not None:
        kind, files = "tcp", ""
        if url["secure"]:
            kind, files = "ssl", ":privateKey=key.pem:certKey=cert.pem"
        host = (url["host"] or "").strip("[]").replace(":", "\\:")
        interface = f":interface={host}" if host else ""
        return f"write {kind}:{url['port'] or 8080}{interface}{files}"
    kind, _, rest = text.partition(":")
    meant = nearest(kind, _KINDS, 0.6)
    if meant and rest:
        return f"is {meant}:{rest} meant?"
    host, _, port = text.rpartition(":")
    if port.isdecimal():
        return f"write tcp:{port}:interface={host or '127.0.0.1'}"
    return "what is listened on begins with " + ", ".join(f"{kind}:" for kind in _KINDS[:4])


def cannot_listen(text: str, failure: Failure) -> ConfigurationError:
    """Why a description cannot be listened on, in one line."""
    error = failure.value
    reason: Any = error
    if isinstance(error, CannotListenError):
        reason = error.socketError
        port = str(error.port)
        if port not in text.split(":"):
            text = f"{text}: cannot listen on port {port}"
    told = getattr(reason, "strerror", None) or reason
    hint = ""
    if getattr(reason, "errno", 0) == errno.EADDRINUSE:
        is_file = text.startswith("unix:")
        hint = "; is there such a file already?" if is_file else "; choose another port"
    return ConfigurationError(f"cannot listen on {text}: {told}{hint}")
