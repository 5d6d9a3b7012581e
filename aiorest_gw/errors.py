"""The one tree of errors that views, router and wire raise, each with the status it is answered with.

The ``detail`` texts are those of aiorest-ws, which its clients compare against; the statuses are the
HTTP numbers of the wire protocol (``docs/wire-protocol.rst``), sent where a request has an ``id``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

__all__ = [
    "APIError",
    "BadMessage",
    "BadRequest",
    "BaseAPIException",
    "BaseAuthException",
    "BaseTokenException",
    "ClientError",
    "CloseCode",
    "ConfigurationError",
    "Conflict",
    "EndpointValueError",
    "IncorrectArgument",
    "IncorrectData",
    "IncorrectMethodNameType",
    "InvalidHandler",
    "InvalidPathArgument",
    "InvalidRenderer",
    "InvalidSignatureException",
    "MethodNotAllowed",
    "ModelSerializerError",
    "NoMatch",
    "NoReverseMatch",
    "NotEnoughArguments",
    "NotFound",
    "NotImplementedMethod",
    "NotSpecifiedError",
    "NotSpecifiedHandler",
    "NotSpecifiedMethodName",
    "NotSpecifiedURL",
    "NotSupportedArgumentType",
    "ParsingTokenException",
    "PermissionDeniedException",
    "RequestCancelled",
    "RequestTimeout",
    "RequiredModelFieldsNotDefined",
    "SearchCriteriaRequired",
    "SerializerError",
    "ServiceUnavailable",
    "TokenExpiredException",
    "TokenNotBeforeException",
    "TokenNotProvidedException",
    "TooManyRequests",
    "UnwritableMessage",
    "ValidationError",
    "checked_close",
    "for_clients",
]


class CloseCode(IntEnum):
    """Why the gateway closes a WebSocket. 4000-4499 mean "come back", 4500-4999 "don't"."""

    DRAINING = 4001
    SLOW_READER = 4002
    NO_HEARTBEAT = 4003
    RATE_LIMIT = 4004
    NOT_AUTHENTICATED = 4501
    CREDENTIALS_EXPIRED = 4502
    TAKEN_OVER = 4503
    UNANSWERABLE = 4504


def checked_close(code: int, reason: str) -> int:
    """The code of a close by an application.

    :raises ValueError: that code cannot be sent (RFC 6455 section 7.4), or that reason (section 5.5).
    """
    if not isinstance(reason, str) or len(reason.encode()) > 123:
        raise ValueError(f"a close has a reason, a text of at most 123 bytes, not {reason!r:.200}")
    number = isinstance(code, int) and not isinstance(code, bool)
    if not number or (code != 1000 and not 3000 <= code <= 4999):
        raise ValueError(f"a close has the code 1000, or 3000 to 4999, not {code!r}")
    return int(code)


class ConfigurationError(Exception):
    """The gateway was set up wrongly; said to the operator in one line, never to a client."""


class NoReverseMatch(Exception):
    """No route has the name that was to be reversed."""


class NoMatch(Exception):
    """No route has the path that was to be resolved."""


class APIError(Exception):
    """An answer in the form of an exception: whoever raises it answers the request with it.

    :param detail: what the client is told: a text, or any JSON; the class's ``default_detail`` if
        not given.
    :param status: HTTP number; the class's ``status`` if not given.
    :param errors: what exactly is wrong, each as ``{"path": "$.data.email", "message": "…"}``.
    """

    status: int = 500
    default_detail: str = "A server error occurred."

    def __init__(
        self,
        detail: Any = None,
        *,
        status: int | None = None,
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        self.detail: Any = self.default_detail if detail is None else detail
        if status is not None:
            self.status = status
        self.errors = errors
        super().__init__(self.detail)


# The name under which applications written for aiorest-ws know the root of the tree.
BaseAPIException = APIError


class BadRequest(APIError):
    status = 400
    default_detail = "The request is not valid."


class BadMessage(BadRequest):
    """The message is not a request: not JSON, not base64, not an object.

    :param event_name: what could be read of the message's own, to be echoed.
    :param id: likewise.
    """

    default_detail = "The message is not a request."

    def __init__(
        self, detail: Any = None, *, event_name: Any = None, id: str | int | float | None = None
    ) -> None:
        super().__init__(detail)
        self.event_name = event_name
        self.id = id


class NotFound(APIError):
    status = 404
    default_detail = "Not found."


class Conflict(APIError):
    status = 409
    default_detail = "The request conflicts with the present state."


class TooManyRequests(APIError):
    status = 429
    default_detail = "Too many requests."


class ServiceUnavailable(APIError):
    status = 503
    default_detail = "The service is overloaded; try again later."


class RequestTimeout(APIError):
    """The view did not answer within the request's time limit."""

    status = 504
    default_detail = "The request was not answered in time."


class ClientError(APIError):
    """A client answered a request of the application with an error.

    :ivar status: that it gave.
    :ivar detail: likewise.
    """


class RequestCancelled(APIError):
    """The client wants no answer any more; a status of nginx's, as HTTP has none."""

    status = 499
    default_detail = "The request was cancelled."


class ValidationError(APIError):
    """What the client sent breaks a rule; ``detail`` is a list or an object, as in aiorest-ws."""

    status = 422

    def __init__(self, detail: Any, **options: Any) -> None:
        super().__init__(detail if isinstance(detail, (list, dict)) else [detail], **options)


class EndpointValueError(APIError):
    default_detail = "Incorrect endpoint. Check path to your API."


class IncorrectArgument(BadRequest):
    default_detail = "Check `args` in query on errors and try again."


class IncorrectData(BadRequest):
    """The body does not fit what the view declares."""

    status = 422
    default_detail = "Check `data` in query on errors and try again."


class IncorrectMethodNameType(BadRequest):
    default_detail = "Method name should be a string type."


class InvalidHandler(APIError):
    default_detail = (
        "Received handler isn't correct. It shall be function or class, inherited from the "
        "MethodBasedView class."
    )


class InvalidPathArgument(BadRequest):
    default_detail = "Received path value not valid."


class InvalidRenderer(APIError):
    default_detail = (
        "Attribute `renderers` should be defined as list or tuple of inherited from "
        "BaseSerializer classes."
    )


class NotImplementedMethod(APIError):
    status = 501
    default_detail = "Error occurred in not implemented method."


class NotSpecifiedError(BadRequest):
    default_detail = "Not specified parameter."


class NotSpecifiedHandler(APIError):
    status = 404
    default_detail = "For URL, typed in request, handler not specified."


class MethodNotAllowed(NotSpecifiedHandler):
    """The URL has a view, but none for this method; aiorest-ws used the same words for both."""

    status = 405


class NotSpecifiedMethodName(BadRequest):
    default_detail = "In query not specified `method` argument."


class NotSpecifiedURL(BadRequest):
    default_detail = "In query not specified `url` argument."


class NotSupportedArgumentType(BadRequest):
    default_detail = "Check your arguments on supported types."


class SerializerError(APIError):
    default_detail = "Error has occurred inside serializer class."


class UnwritableMessage(SerializerError):
    """What the application sends of its own accord cannot be written: a push, or a request to a client.

    It is the application's mistake: within a view it is logged, and no client is told its text.

    :ivar what: is sent, in words.
    """

    default_detail = APIError.default_detail

    def __init__(self, what: str, reason: str) -> None:
        super().__init__()
        self.what = what
        self.args = (f"{what} cannot be written: {reason}",)


def for_clients(error: BaseException | None) -> APIError:
    """What a client is answered where something failed.

    :returns: the error itself, where it is an answer in the form of an exception. Otherwise it is a
        mistake of the application, which belongs into the log, and clients are told only that there
        was one.
    """
    if isinstance(error, APIError) and not isinstance(error, UnwritableMessage):
        return error
    return APIError()


class ModelSerializerError(SerializerError):
    default_detail = "Error has occurred inside model serializer class."


class RequiredModelFieldsNotDefined(APIError):
    default_detail = "Required fields aren't defined."


class SearchCriteriaRequired(APIError):
    default_detail = "Criteria for WHEN statement not defined."


class NotEnoughArguments(APIError):
    default_detail = "Necessary specify at least one field to update."


class BaseAuthException(APIError):
    status = 401
    default_detail = "Error occurred in the authentication process."


class PermissionDeniedException(BaseAuthException):
    status = 403
    default_detail = "Permission denied: user doesn't have enough rights."


class BaseTokenException(BaseAuthException):
    default_detail = "Occurred error, when aiorest-ws processing token."


class ParsingTokenException(BaseTokenException):
    default_detail = "Can't parse token: mismatch format."


class InvalidSignatureException(BaseTokenException):
    default_detail = "Token signature is invalid."


class TokenNotBeforeException(BaseTokenException):
    default_detail = "Time after which the token not be accepted has passed."


class TokenExpiredException(BaseTokenException):
    default_detail = "Token has expired."


class TokenNotProvidedException(BaseTokenException):
    default_detail = "Token has not provided in the request."
