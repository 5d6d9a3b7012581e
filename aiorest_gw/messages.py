"""The words of the wire: what a view is asked, and what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from .auth.users import ANONYMOUS, User

if TYPE_CHECKING:
    from .sessions.session import Session
    from .wire.renderers import BaseRenderer

__all__ = ["Message", "Push", "Request", "Response"]


class Request(msgspec.Struct, dict=True, eq=False, weakref=True, forbid_unknown_fields=True):
    """One request of a client (``docs/wire-protocol.rst``, plain dialect).

    Keys of the message that are not listed here are kept in ``extra`` and can be read as attributes
    of this instance where it has no attribute of that name, nor a name that begins with ``_``.
    Middlewares may set further attributes; what they set wins over what the client sent. Its ``repr``
    shows nothing that may be secret.

    :param method: the verb as the client wrote it; anything, until the router has checked it.
    :param url: likewise; a ``?query`` has been moved to ``args``.
    :param args: named arguments.
    :param data: the body.
    :param event_name: echoed in the answer.
    :param token: credentials for this request.
    :param id: the client's number or string for this request, or None.
    :param deadline: milliseconds within which the client wants its answer, or None.
    :ivar extra: the message's other keys.
    :ivar session: the connection's client; None where there is no connection.
    :ivar factory: the factory that serves the request; None where there is no connection.
    :ivar user: who makes it, as an authenticating middleware found out.
    :ivar token_payload: what the verified token says; set likewise.
    :ivar route: where the router found that it leads.
    """

    # The fields are what a message may hold, and is read into; all else no client can set.
    method: Any = None
    url: Any = None
    args: Any = None
    data: Any = None
    event_name: Any = None
    token: Any = None
    id: Any = None
    deadline: Any = None

    if TYPE_CHECKING:
        extra: dict[str, Any] = {}
        session: Session | None = None
        factory: Any = None
        user: User = ANONYMOUS
        token_payload: dict[str, Any] | None = None
        route: Any = None
    else:
        # Without annotations, or they would be fields.
        session = factory = token_payload = route = None
        user = ANONYMOUS

    @classmethod
    def of(cls, message: dict[str, Any]) -> Request:
        """The request that a message is, whatever its keys.

        :param message: its object; taken over.
        """
        request = cls(*(message.pop(word, None) for word in cls.__struct_fields__))
        request.__dict__["extra"] = message
        return request

    def get_argument(self, name: str) -> Any:
        """The value of one of the ``args``, or None."""
        return (self.args or {}).get(name)

    def to_representation(self) -> dict[str, Any]:
        """What an answer echoes of this request."""
        return {"event_name": self.event_name}

    def __repr__(self) -> str:
        return f"Request(method={self.method!r}, url={self.url!r}, id={self.id!r})"

    def __getattr__(self, name: str) -> Any:
        # Only reached where the instance has no such attribute, so a client can shadow nothing.
        if name == "extra":
            return self.__dict__.setdefault("extra", {})
        if not name.startswith("_"):
            try:
                return self.__dict__["extra"][name]
            except KeyError:
                pass
        raise AttributeError(f"the request has no {name!r}")


class Message(Request, dict=True, eq=False, weakref=True, forbid_unknown_fields=False):
    """One message of a client of the v1 dialect (``docs/wire-protocol.rst``), which may be a request.

    :param headers: of a request: ``traceparent``, ``idempotency-key`` and the like.
    :param ack: the highest number (``seq``) that the client has received; may ride on any message.
    :param cancel: the id of a request that the client wants no answer to any more.
    :param status: of an answer to a request of ours: HTTP number.
    :param detail: likewise, of a failure.
    :param errors: likewise, what exactly was wrong.
    """

    headers: Any = None
    ack: Any = None
    cancel: Any = None
    status: Any = None
    detail: Any = None
    errors: Any = None


@attrs.frozen
class Push:
    """What the application sends a client without being asked.

    :param event_name: what it is, for the client to tell it from others; any JSON.
    :param data: anything that can be written as JSON.
    :param topic: where it was published, if it was.
    :param offset: its number there.
    """

    event_name: Any = None
    data: Any = None
    topic: str | None = None
    offset: int | None = None


@attrs.define(slots=True, eq=False)
class Response:
    """What a view answers; a view may return its bare data where the status is 200.

    :param data: anything that the renderer can write.
    :param status: HTTP number, sent where the request has an ``id``.
    :param renderer: writes the answer; None means the view's own choice by ``args.format``.
    """

    data: Any = None
    status: int = 200
    renderer: BaseRenderer | None = None
