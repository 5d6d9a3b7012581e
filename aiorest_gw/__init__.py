"""A gateway: REST-style requests, and pushes, over one WebSocket.

These are the names that applications use; importing them installs no reactor.
"""

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
from .version import VERSION
from .wire.renderers import BaseRenderer, JSONRenderer, XMLRenderer

__version__ = VERSION

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
