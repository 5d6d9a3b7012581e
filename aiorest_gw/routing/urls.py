"""``reverse`` and ``resolve`` as functions, for the application that serves the current request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol
from urllib.parse import urlsplit

from ..errors import ConfigurationError, NoMatch
from .router import RouteMatch, SimpleRouter

__all__ = ["SERVING", "UrlConf", "resolve", "reverse"]


class UrlConf(Protocol):
    """Something with routes and, where it is known, the address that clients reach them under."""

    @property
    def router(self) -> SimpleRouter: ...

    @property
    def url(self) -> str | None: ...


# Whose request is being answered; set around each, so that two applications never meet.
SERVING: ContextVar[UrlConf] = ContextVar("SERVING")


def reverse(
    view_name: str,
    urlconf: UrlConf | SimpleRouter | None = None,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    relative: bool = False,
) -> str:
    """The URL of a named route.

    :param urlconf: a router or a factory; None means that of the request which is being answered.
    :param args: values of the path's parameters, in order.
    :param kwargs: what goes into the query.
    :param relative: leave out the scheme and host even where they are known.
    :returns: ``ws://host:port/path``, or the path alone where the host is not known.
    :raises NoReverseMatch: no route has that name.
    :raises ValueError: a value does not fit.
    :raises ConfigurationError: no ``urlconf``, and no request is being answered.
    """
    base, router = _parts(urlconf)
    path = router.reverse(view_name, *args, query=kwargs)
    return path if relative else base + path


def resolve(path: str, urlconf: UrlConf | SimpleRouter | None = None) -> RouteMatch:
    """What a URL leads to.

    :param path: a path, or a whole URL that begins as those of :func:`reverse` do.
    :param urlconf: as in :func:`reverse`.
    :raises NoMatch: to nothing, or it is the URL of another gateway.
    """
    base, router = _parts(urlconf)
    if "://" in path.partition("?")[0]:
        if not base or not (path + "/").startswith(base + "/"):
            raise NoMatch(f"{path!r} is no URL of this gateway")
        path = path[len(base) :] or "/"
    return router.resolve(path)


def _parts(urlconf: UrlConf | SimpleRouter | None) -> tuple[str, SimpleRouter]:
    if isinstance(urlconf, SimpleRouter):
        return "", urlconf
    conf = SERVING.get(None) if urlconf is None else urlconf
    if conf is None:
        raise ConfigurationError("give reverse or resolve a router: no request is being answered")
    if conf.url is None:
        return "", conf.router
    parts = urlsplit(conf.url)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", conf.router
