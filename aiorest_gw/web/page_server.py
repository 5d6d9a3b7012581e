"""A folder's pages, served by a program that does something else besides."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any

from ..arguments import nearest
from ..errors import ConfigurationError
from ..limits import Limits
from ..server.embedded import EmbeddedServer
from ..server.factory import RequestHandlerFactory
from ..wire.hosts import LOCAL
from .files import Pages

__all__ = ["PageServer"]

# No path of a request is without a slash: so none opens a WebSocket.
_NOWHERE = "nowhere"


def _refuse_unknown(options: Iterable[str]) -> None:
    """
    :raises ConfigurationError: there is no such option; of a gateway's most make no sense here.
    """
    known = ("limits", "trusted_proxies", *Limits.names())
    for name in options:
        if name not in known:
            meant = nearest(name, ("path", "host", "port", *known), 0.6)
            raise ConfigurationError(
                f"there is no option {name}" + (f"; is {meant} meant?" if meant else "")
            )


class PageServer(EmbeddedServer):
    """Serves the pages of a folder for as long as an ``async with`` block lasts, as ``--site`` does.

    It runs in programs for asyncio, and in those on a reactor of Twisted's; in the former no reactor is
    installed. No WebSocket is served; :class:`~aiorest_gw.channels.PageHandle` has one besides.

    :param path: the folder, or :class:`~aiorest_gw.web.files.Pages`.
    :param host: an address to listen on; ``localhost`` is 127.0.0.1, and ::1 where there is IPv6.
    :param port: 0 takes a free one.
    :param reactor: to run on; what runs the caller when the block is entered, if not given.
    :param options: fields of :class:`~aiorest_gw.Limits`, and ``trusted_proxies``, as of
        :class:`~aiorest_gw.RequestHandlerFactory`.
    :raises ConfigurationError: there is no such folder, or a value is wrong.
    """

    def __init__(
        self,
        path: str | PathLike[str] | Pages,
        host: str = "localhost",
        port: int = 0,
        *,
        reactor: Any = None,
        **options: Any,
    ) -> None:
        _refuse_unknown(options)
        factory = RequestHandlerFactory(site=path, client_script=False, **options)
        factory.path = _NOWHERE
        if host in LOCAL:
            factory.web.hosts = frozenset()
        super().__init__(factory, host, port, reactor)

    @property
    def url(self) -> str:
        """Of the folder's own page, as a browser on this machine takes it.

        :raises RuntimeError: it does not listen.
        """
        return f"http://{self.location}/"
