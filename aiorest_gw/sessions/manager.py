"""Everybody who is connected, and the application's way to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

import msgspec

from ..auth.users import User
from ..errors import APIError, BadMessage, CloseCode, checked_close
from ..wire.prepared import Prepared
from .engine import Position
from .keeper import SessionKeeper
from .letters import EVERYBODY, Address, Letter, Whose
from .receipts import Reached, Receipt
from .session import Session
from .states import State
from .terms import Terms, checked_name, prepared, terms_from

__all__ = ["HandlerManager", "OnMessage", "ToHandler"]

ToHandler = Callable[[Any, Any], Awaitable[None]]
OnMessage = Callable[[ToHandler, Any, dict[str, Any]], Awaitable[Any]]

_ONE = Reached(1)
# What may be called from other threads.
_FROM_THREADS = (
    "send_message", "send_message_to_user_ids", "send_message_to_all", "close", "close_user_ids",
    "close_all", "publish",
)  # fmt: skip


class _FromThreads:
    """The same calls for other threads: each returns a future of :mod:`concurrent.futures`."""

    def __init__(self, manager: HandlerManager) -> None:
        self._manager = manager

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in _FROM_THREADS:
            raise AttributeError(f"{name} cannot be called from other threads")
        call = getattr(self._manager, name)
        surroundings = self._manager.surroundings
        return lambda *args, **options: surroundings.in_loop(partial(call, *args, **options))


class HandlerManager(SessionKeeper):
    """Holds the sessions of a gateway, and sends to them.

    Nothing of what it sends waits for anybody: a push is written once, and is in the outbox of each
    session of this gateway, or on its way to the client, when the call returns; to the sessions of
    others the engine brings it. What the parameters ``policy``, ``key``, ``volatile`` and ``ttl`` of the
    sending methods mean is said at :class:`~aiorest_gw.sessions.terms.Terms`; with ``receipt=True`` they
    return a :class:`~aiorest_gw.sessions.receipts.Receipt`, otherwise the number of sessions
    (:class:`~aiorest_gw.sessions.receipts.Reached`).

    A message is a :class:`~aiorest_gw.Push`, or a dictionary with ``event_name`` and ``data`` and
    nothing else; everything else is the ``data`` of a push without a name.

    :param service_name: of the application, for whoever bridges messages elsewhere.
    :param instance_id: of this process, likewise.
    :param on_handler_message_received: awaited with a function to answer with, the session, and each
        message of a client of the plain dialect that is no request; may be set later. Until it has
        returned, the message counts as an open request of its connection: of ``max_open_requests`` no
        more are read. It is cancelled when the connection is lost. In the v1 dialect all messages have
        their meaning, and others are mistakes, which close with 4504.
    :param max_concurrent_connections: most sessions at the same time; None: as many as connections.
    """

    def __init__(
        self,
        service_name: str = "",
        instance_id: str = "",
        on_handler_message_received: OnMessage | None = None,
        *,
        max_concurrent_connections: int | None = None,
    ) -> None:
        super().__init__(max_concurrent_connections)
        self.service_name = service_name
        self.instance_id = instance_id
        self.on_handler_message_received = on_handler_message_received
        self.call_from_thread = _FromThreads(self)

    # -- who is there

    @property
    def max_concurrent_connections(self) -> int | None:
        """Most sessions at the same time."""
        return self._registry.most

    @property
    def highest_concurrent_connections(self) -> int:
        """The most sessions that there were at the same time."""
        return self._registry.highest

    @property
    def concurrent_connections(self) -> int:
        """How many sessions there are, those included whose clients are away."""
        return len(self._registry)

    @property
    def full(self) -> bool:
        """Whether there may be no more sessions."""
        return self._registry.full

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Everybody who is there now."""
        return self._registry.all()

    def get_handler(self, session_id: str) -> Any:
        """The session with an id, or None."""
        return self._registry.get(session_id)

    # -- messages that are no requests

    async def on_handler_message(self, handler: Any, message: bytes | str | dict[str, Any]) -> None:
        """Hand a message of a client to ``on_handler_message_received``; others need not wait for it.

        What is no JSON object, or fails there, is answered with a ``detail``.
        """
        content: Any = message
        try:
            if isinstance(message, (bytes, str)):
                content = msgspec.json.decode(message)
            if not isinstance(content, dict):
                raise BadMessage("The message is not a JSON object.")
            if self.on_handler_message_received is None:
                raise BadMessage
        except (msgspec.DecodeError, UnicodeDecodeError):
            await self.to_handler_message(handler, {"detail": "The message is not valid JSON."})
        except BadMessage as error:
            known = content if isinstance(content, dict) else {}
            await self.to_handler_message(handler, {"detail": error.detail} | _kept(known))
        else:
            await self._hand_over(handler, content, self.on_handler_message_received)

    async def _hand_over(self, handler: Any, content: dict[str, Any], received: OnMessage) -> None:
        try:
            await received(self.to_handler_message, handler, content)
        except Exception:
            if getattr(handler, "state", None) is State.GONE:
                raise  # to whoever runs it, and has perhaps cancelled it
            self.surroundings.failure("on_handler_message_received failed")
            await self.to_handler_message(handler, {"detail": APIError().detail} | _kept(content))

    async def to_handler_message(self, handler: Any, message: Any) -> None:
        """Send an object to a client as it is.

        :raises SerializerError: it cannot be written.
        """
        handler.send_object(message)

    # -- the application sends

    def send_message(
        self, session_id: str, message: Any, *, receipt: bool = False, **terms: Any
    ) -> Reached | Receipt:
        """Send a push to one session.

        :raises SerializerError: it cannot be written.
        """
        written, options, surroundings = prepared(message), terms_from(terms), self.surroundings
        surroundings.check_thread("send_message")
        result = Receipt(lambda: surroundings, single=True) if receipt else None
        handler = self._registry.get(_session_id(session_id))
        if handler is None:
            letter = self._letter(Address(Whose.SESSION, session_id), written, options, result)
            return self._send([letter], result)
        handler.deliver(written, options, None if result is None else result.expect(session_id))
        if result is None:
            return _ONE
        result.complete()
        return result

    def send_message_to_user_ids(
        self, user_ids: Iterable[Any], message: Any, *, receipt: bool = False, **terms: Any
    ) -> Reached | Receipt:
        """Send a push to all sessions of some users.

        For a user who has none it waits in a mailbox, unless it is volatile.

        :param user_ids: each once; one id may be given as it is.
        :raises SerializerError: it cannot be written.
        """
        written, options, surroundings = prepared(message), terms_from(terms), self.surroundings
        surroundings.check_thread("send_message_to_user_ids")
        result = Receipt(lambda: surroundings, single=False) if receipt else None
        letters = [self._letter(to, written, options, result) for to in _addresses(user_ids)]
        return self._send(letters, result)

    def send_message_to_all(
        self, message: Any, *, receipt: bool = False, **terms: Any
    ) -> Reached | Receipt:
        """Send a push to every session.

        :raises SerializerError: it cannot be written.
        """
        written, options, surroundings = prepared(message), terms_from(terms), self.surroundings
        surroundings.check_thread("send_message_to_all")
        result = Receipt(lambda: surroundings, single=False) if receipt else None
        return self._send([self._letter(EVERYBODY, written, options, result)], result)

    def _letter(
        self, to: Address, message: Prepared, terms: Terms, receipt: Receipt | None
    ) -> Letter:
        expires = None if terms.ttl is None else self.surroundings.now() + terms.ttl
        return Letter(to, message, terms, expires, receipt)

    def _send(self, letters: list[Letter], receipt: Receipt | None) -> Reached | Receipt:
        sent = self._delivery.send(letters, receipt)
        return sent if receipt is None else receipt

    def publish(self, topic: str, event_name: Any = None, data: Any = None) -> Awaitable[Position]:
        """Publish in a topic; it may be awaited.

        :returns: awaited, its place there.
        :raises ValueError: that is no name of a topic.
        :raises SerializerError: it cannot be written.
        :raises TypeError: a message was given in place of its name.
        """
        self.surroundings.check_thread("publish")
        publishing = self.topics.publish(topic, checked_name(event_name), data)
        return self.surroundings.begin(publishing)

    # -- the application closes

    def close(self, session_id: str, code: int = 1000, reason: str = "") -> Reached:
        """Close a session for good: its client cannot come back to it.

        :param code: of the close.
        :param reason: at most 123 bytes.
        :returns: whether there was one here; awaited, or elsewhere.
        :raises ValueError: that code cannot be sent.
        """
        to = Address(Whose.SESSION, _session_id(session_id))
        return self._close("close", [to], code, reason)

    def close_user_ids(
        self,
        user_ids: Iterable[Any],
        code: int = CloseCode.NOT_AUTHENTICATED,
        reason: str = "closed by the application",
    ) -> Reached:
        """Close all sessions of some users, at once and for good.

        :returns: how many there were.
        :raises ValueError: that code cannot be sent.
        """
        return self._close("close_user_ids", _addresses(user_ids), code, reason)

    def close_all(self, code: int = 1000, reason: str = "") -> Reached:
        """Close every session for good.

        :returns: how many there were.
        :raises ValueError: that code cannot be sent.
        """
        return self._close("close_all", [EVERYBODY], code, reason)

    def _close(self, what: str, addresses: list[Address], code: int, reason: str) -> Reached:
        self.surroundings.check_thread(what)
        return self._delivery.close(addresses, checked_close(code, reason), reason)


def _session_id(given: Any) -> str:
    """
    :raises TypeError: it is no id of a session.
    """
    if not isinstance(given, str):
        raise TypeError(f"give session.session_id, a text, and not {given!r:.100}")
    return given


def _addresses(user_ids: Iterable[Any]) -> list[Address]:
    """Of users, each once; one id may be given as it is.

    :raises ValueError: one is None.
    :raises TypeError: one is a user, and no id.
    """
    if user_ids is None or isinstance(user_ids, (str, bytes, int, User)):
        user_ids = [user_ids]
    given = list(user_ids)
    if any(isinstance(one, User) for one in given):
        raise TypeError("give user.id, and not the User")
    ids = dict.fromkeys(given)
    if None in ids:
        raise ValueError("None is no user's id")
    return [Address(Whose.USER, user_id) for user_id in ids]


def _kept(message: dict[str, Any]) -> dict[str, Any]:
    """What tells a client which of its messages an answer is for."""
    return {key: message[key] for key in ("id", "trace_id", "event_name") if key in message}
