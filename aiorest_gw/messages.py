"""The words of the wire: what a view is asked, and what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from .auth.users import ANONYMOUS, User

if TYPE_CHECKING:
    from .wire.renderers import BaseRenderer

__all__ = ["Request", "Response", "Session"]


@attrs.define
class Session:
    """One client, as long as its connection lasts.

    :param session_id: unguessable, unique.
    :param peer: the address that the connection came from, ``host:port`` or a path.
    :param data: the application's own notes about this client.
    """

    session_id: str
    peer: str = ""
    data: dict[str, Any] = attrs.field(factory=dict)


# The keys of a message that the protocol gives a meaning.
_WORDS = frozenset(("method", "url", "args", "data", "event_name", "token", "id", "deadline"))
_new = object.__new__


class Request:
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
    :param extra: the message's other keys.
    :param session: the connection's client; None where there is no connection.
    :param factory: the factory that serves the request; None where there is no connection.
    :param user: who makes it, as an authenticating middleware found out.
    :param token_payload: what the verified token says; set likewise.
    :param route: where the router found that it leads.
    """

    # What a message leaves out; one is made for each message, so that counts.
    method: Any = None
    url: Any = None
    args: dict[str, Any] = None  # type: ignore[assignment]  # the router sees to it
    data: Any = None
    event_name: Any = None
    token: Any = None
    id: str | int | float | None = None
    deadline: float | None = None
    extra: dict[str, Any]
    session: Session | None = None
    factory: Any = None
    user: User = ANONYMOUS
    token_payload: dict[str, Any] | None = None
    route: Any = None

    def __init__(
        self,
        method: Any = None,
        url: Any = None,
        args: dict[str, Any] | None = None,
        data: Any = None,
        event_name: Any = None,
        token: Any = None,
        id: str | int | float | None = None,
        deadline: float | None = None,
        extra: dict[str, Any] | None = None,
        session: Session | None = None,
        factory: Any = None,
        user: User = ANONYMOUS,
    ) -> None:
        self.method = method
        self.url = url
        self.args = {} if args is None else args
        self.data = data
        self.event_name = event_name
        self.token = token
        self.id = id
        self.deadline = deadline
        self.extra = {} if extra is None else extra
        self.session = session
        self.factory = factory
        self.user = user

    @classmethod
    def of(cls, message: dict[str, Any]) -> Request:
        """The request that a message is.

        :param message: its object; taken over, so that nothing is copied.
        """
        request = _new(cls)
        if message.keys() <= _WORDS:
            request.__dict__ = message
        else:
            # No key of a client's own ever becomes an attribute of the instance.
            request.__dict__ = {word: message.pop(word) for word in _WORDS if word in message}
            request.extra = message
        return request

    def get_argument(self, name: str) -> Any:
        """The value of one of the ``args``, or None."""
        return self.args.get(name)

    def to_representation(self) -> dict[str, Any]:
        """What an answer echoes of this request."""
        return {"event_name": self.event_name}

    def __repr__(self) -> str:
        return f"Request(method={self.method!r}, url={self.url!r}, id={self.id!r})"

    def __getattr__(self, name: str) -> Any:
        # Only reached where the instance has no such attribute, so a client can shadow nothing.
        if name == "extra":
            self.extra = {}
            return self.extra
        if not name.startswith("_"):
            try:
                return self.__dict__["extra"][name]
            except KeyError:
                pass
        raise AttributeError(f"the request has no {name!r}")


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
