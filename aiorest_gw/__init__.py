"""A gateway: REST-style requests, and pushes, over one WebSocket.

These are the names that applications use; importing them installs no reactor.
"""

from typing import TYPE_CHECKING

from .lazily import lazily
from .version import VERSION

if TYPE_CHECKING:
    from .auth.permissions import AbstractPermission, IsAuthenticated
    from .errors import APIError, BaseAPIException, ConfigurationError, ValidationError
    from .limits import Limits
    from .messages import Push, Request, Response
    from .routing.middleware import AbstractMiddleware
    from .routing.router import SimpleRouter
    from .routing.urls import resolve, reverse
    from .routing.views import MethodBasedView, blocking, endpoint
    from .server.application import Application
    from .server.factory import RequestHandlerFactory
    from .server.protocol import RequestHandlerProtocol
    from .sessions.entries import Policy
    from .sessions.manager import HandlerManager
    from .sessions.rules import TopicRule
    from .sessions.session import Session
    from .web.files import Pages
    from .web.page_server import PageServer
    from .wire.renderers import BaseRenderer, JSONRenderer, XMLRenderer

__version__ = VERSION

# Imported when they are first used: whoever uses a client for asyncio needs nothing of Twisted.
_HOMES = {
    ".auth.permissions": (
        "AbstractPermission",
        "IsAuthenticated",
    ),
    ".errors": (
        "APIError",
        "BaseAPIException",
        "ConfigurationError",
        "ValidationError",
    ),
    ".limits": ("Limits",),
    ".messages": (
        "Push",
        "Request",
        "Response",
    ),
    ".routing.middleware": ("AbstractMiddleware",),
    ".routing.router": ("SimpleRouter",),
    ".routing.urls": (
        "resolve",
        "reverse",
    ),
    ".routing.views": (
        "MethodBasedView",
        "blocking",
        "endpoint",
    ),
    ".server.application": ("Application",),
    ".server.factory": ("RequestHandlerFactory",),
    ".server.protocol": ("RequestHandlerProtocol",),
    ".sessions.entries": ("Policy",),
    ".sessions.manager": ("HandlerManager",),
    ".sessions.rules": ("TopicRule",),
    ".sessions.session": ("Session",),
    ".web.files": ("Pages",),
    ".web.page_server": ("PageServer",),
    ".wire.renderers": (
        "BaseRenderer",
        "JSONRenderer",
        "XMLRenderer",
    ),
}
__getattr__, __dir__ = lazily(globals(), _HOMES)

__all__ = [
    "APIError",
    "AbstractMiddleware",
    "AbstractPermission",
    "Application",
    "BaseAPIException",
    "BaseRenderer",
    "ConfigurationError",
    "HandlerManager",
    "IsAuthenticated",
    "JSONRenderer",
    "Limits",
    "MethodBasedView",
    "PageServer",
    "Pages",
    "Policy",
    "Push",
    "Request",
    "RequestHandlerFactory",
    "RequestHandlerProtocol",
    "Response",
    "Session",
    "SimpleRouter",
    "TopicRule",
    "ValidationError",
    "XMLRenderer",
    "__version__",
    "blocking",
    "endpoint",
    "resolve",
    "reverse",
]
