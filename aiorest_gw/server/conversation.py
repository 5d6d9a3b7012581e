"""The v1 dialect on one connection: a session is opened or resumed, and then goes on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import CancelledError, Deferred

from ..errors import APIError, BadMessage, BaseAuthException, CloseCode, for_clients
from ..messages import Message, Response
from ..sessions.registry import TooManySessions
from ..sessions.resumable import NeverSent, ResumableSession, ResumeRefused, Verdict
from ..sessions.states import State
from ..sessions.unopened import UnopenedSession
from ..wire.dialects import V1Dialect
from .awaiting import begun
from .loops import loop_of
from .working import Working

if TYPE_CHECKING:
    from .protocol import RequestHandlerProtocol

__all__ = ["Conversation"]

_SESSION = "/~/session"
# What the opening message may say, and of which kind.
_OPENING = {"resume": str, "token": str, "ack": int}


class _Broken(Exception):
    """A message breaks the dialect's rules beyond answering; the text says how."""


class Conversation:
    """What a client says on one connection.

    :param connection: that it comes over.
    :param dialect: JSON or MessagePack.
    :param first: stands for the session until the client has opened it.
    :param token: credentials of the opening handshake.
    :ivar session: None until it is open.
    """

    __slots__ = (
        "_connection", "_dialect", "_factory", "_first", "_opening", "_timer", "_token", "session",
    )  # fmt: skip

    def __init__(
        self,
        connection: RequestHandlerProtocol,
        dialect: V1Dialect,
        first: UnopenedSession,
        token: str | None,
    ) -> None:
        self._connection = connection
        self._factory = connection.factory
        self._dialect = dialect
        self._first = first
        self._token = token
        self._opening: Deferred[None] | None = None
        self.session: ResumableSession | None = None
        self._timer = self._factory.surroundings.later(
            self._factory.limits.session_timeout, self._too_late
        )

    def receive(self, payload: bytes, binary: bool, dear: bool | None = None) -> None:
        """Take a message.

        :param binary: whether it came in a binary frame.
        :param dear: what was found out about it, where it was looked at before.
        """
        try:
            if binary is not self._dialect.binary:
                raise _Broken(f"messages are {'binary' if self._dialect.binary else 'text'} frames")
            try:
                message = self._dialect.decode(payload, self._factory.shape, dear)
            except BadMessage as error:
                self._refuse(error, len(payload))
            else:
                if self.session is None:
                    self._open(message)
                else:
                    self._take(self.session, message, len(payload))
        except _Broken as broken:
            self._connection.leave(int(CloseCode.UNANSWERABLE), str(broken))

    def refuse(self, error: BadMessage, size: int) -> None:
        """A message that was looked at, and holds too much of something."""
        try:
            self._refuse(error, size)
        except _Broken as broken:
            self._connection.leave(int(CloseCode.UNANSWERABLE), str(broken))

    def lost(self) -> None:
        """The connection is lost."""
        self._timer.cancel()
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.cancel()
        self._first.lost(self._connection)
        if self.session is not None:
            self._let_go(self.session)
            self.session.lost(self._connection)

    # -- of an open session

    def _take(self, session: ResumableSession, message: Message, size: int) -> None:
        if session.state is not State.OPEN:
            return
        if message.ack is not None:
            _acknowledge(session, message.ack)
        work = session.work
        if work is None:
            return
        if message.method is not None or message.url is not None:
            if self._connection.draining:
                # It is not received; the client sends it again, elsewhere.
                return
            id = message.id
            if type(id) is int and id == session.received + 1:
                session.received = id
            elif not self._accepts(session, _id(id)):
                return
            message.session = session
            message.factory = self._factory
            message.user = session.user
            work.ask(message, self._dialect.binary, size)
        elif message.cancel is not None:
            work.cancel(message.cancel)
        elif message.status is not None:
            work.answered(message)
        elif message.ack is None:
            raise _Broken("a message has one of method, cancel, status and ack")

    def _accepts(self, session: ResumableSession, id: int) -> bool:
        verdict = session.accept(id)
        if verdict is Verdict.GAP:
            raise _Broken(f"request {id} came where {session.received + 1} is the next")
        return verdict is Verdict.RUN

    def _refuse(self, error: BadMessage, size: int) -> None:
        """A message that cannot be read, but for its id."""
        if type(error.id) is not int:
            raise _Broken(str(error.detail))
        session = self.session
        if session is None:
            self._answer_failure(error, error.id)
        elif (
            session.state is State.OPEN
            and not self._connection.draining
            and self._accepts(session, error.id)
            and session.work is not None
        ):
            session.work.refuse(error, error.event_name, error.id, self._dialect.binary, size)

    # -- opening and resuming

    def _open(self, message: Message) -> None:
        id = _id(message.id, least=0)
        if message.url != _SESSION or str(message.method).upper() != "PUT":
            self._answer_failure(
                BaseAuthException(f"No session is open: PUT {_SESSION} opens one."), id
            )
            return
        data = {} if message.data is None else message.data
        wrong = _wrong(id, data)
        if wrong:
            self._answer_failure(BadMessage(wrong), id)
            return
        # What the client sends behind it waits until this is answered.
        self._connection.hold(True)
        opening = begun(self._begin(id, data), loop_of(self._factory.reactor))
        if isinstance(opening, Deferred):
            self._opening = opening
            opening.addErrback(lambda _: None)

    async def _begin(self, id: int, data: dict[str, Any]) -> None:
        """Answer the opening message; nothing is raised."""
        try:
            token = data.get("token")
            identity = await self._factory.identify(self._token if token is None else token)
            self._opening = None
            if self._connection.can_send:
                self._opened_or_resumed(id, data, identity)
                if self.session is not None:
                    self._first.opened(self.session)
        except TooManySessions as error:
            self._answer_failure(error, id)
        except (CancelledError, asyncio.CancelledError, GeneratorExit):  # the connection is lost
            return
        except BaseException as error:  # sys.exit() in an authenticator ends no gateway
            self._refuse_client(error, id)
            return
        self._connection.hold(False)

    def _refuse_client(self, error: BaseException, id: int) -> None:
        """Its credentials are wrong, or whoever looks at them failed."""
        self._opening = None
        code, reason = int(CloseCode.NOT_AUTHENTICATED), "not authenticated"
        told = for_clients(error)
        if told is not error:
            self._factory.events.failure("opening a session failed")
            code, reason = 1011, "internal error"
        if self.session is None:
            self._answer_failure(told, id)
        self._connection.fail(code, reason)

    def _opened_or_resumed(self, id: int, data: dict[str, Any], identity: Any) -> None:
        if data.get("resume") is None:
            self._opened(id, identity)
            return
        ack = data.get("ack") or 0
        try:
            session = self._to_be_resumed(data["resume"], ack, identity)
        except ResumeRefused as refused:
            self._opened(id, identity, str(refused))
        else:
            self._resumed(id, session, ack, identity)

    def _to_be_resumed(self, resume: str, ack: int, identity: Any) -> ResumableSession:
        """The session that a client may go on with.

        :raises ResumeRefused: there is none.
        """
        session = self._factory.manager.find(resume)
        session.check_resume(ack, self._dialect)
        if session.user_id != identity.user.id and session.user_id is not None:
            raise ResumeRefused("it is another user's")
        return session

    def _resumed(self, id: int, session: ResumableSession, ack: int, identity: Any) -> None:
        session.user = identity.user
        session.peer = self._first.peer

        def answer() -> None:
            self._answer(id, session, resumed=True, received=session.received)

        self._has(session)
        session.resume(self._connection, ack, answer)
        self._connection.has_session(session)
        if session.state is State.OPEN:
            session.renewed(identity.remaining)
            # It may have been nobody's until now.
            self._factory.manager.register(session)
        if session.work is not None:
            session.work.again()

    def _opened(self, id: int, identity: Any, refused: str | None = None) -> None:
        """Go on with a new session.

        :param refused: why not with another one, where that was asked.
        """
        self._first.user = identity.user
        manager = self._factory.manager
        session = ResumableSession.instead_of(self._first, self._dialect, manager)
        if manager.full:
            raise TooManySessions
        session.work = Working(session, self._factory)
        # Its opening was the first request, or stands for it.
        session.received = id
        self._has(session)
        more = {} if refused is None else {"reason": refused}
        self._answer(id, session, resumed=False, **more)
        session.begin(manager, self._connection)
        self._connection.has_session(session)
        session.renewed(identity.remaining)
        manager.register(session)

    def _has(self, session: ResumableSession) -> None:
        """This is the connection's session from now on."""
        self._timer.cancel()
        session.origin = self._connection.origin
        self.session = session
        work = session.work
        assert isinstance(work, Working)
        work.changed = self._connection.requests_changed
        self._connection.works_for(work)

    def _let_go(self, session: ResumableSession) -> None:
        work = session.work
        if isinstance(work, Working) and work.changed == self._connection.requests_changed:
            work.changed = None

    # -- answers of before

    def _answer(self, id: int, session: ResumableSession, **more: Any) -> None:
        limits = self._factory.limits
        data = {
            "session_id": session.session_id,
            "user_id": session.user_id,
            "username": session.username,
            "resume": session.resume_token,
            "heartbeat": limits.ping_interval,
            "limits": {
                name: getattr(limits, name)
                for name in (
                    "max_message_size", "max_open_requests", "max_outbox_messages",
                    "max_outbox_size", "session_ttl",
                )
            },
        }  # fmt: skip
        body = self._dialect.response(Response(data | more), None, id)
        self._connection.carry(body, self._dialect.binary)

    def _answer_failure(self, error: APIError, id: int) -> None:
        self._connection.carry(self._dialect.error(error, None, id), self._dialect.binary)

    def _too_late(self) -> None:
        if self.session is None:
            self._connection.leave(
                int(CloseCode.NOT_AUTHENTICATED), "no session was opened in time"
            )


def _id(id: Any, least: int = 1) -> int:
    if type(id) is not int or id < least:
        raise _Broken("a request has an `id`, counted up from 1")
    return id


def _acknowledge(session: ResumableSession, seq: Any) -> None:
    if type(seq) is not int or seq < 0:
        raise _Broken("an `ack` is the number of a message")
    try:
        session.acknowledge(seq)
    except NeverSent as error:
        raise _Broken(str(error)) from None


def _wrong(id: int, data: Any) -> str | None:
    """What is wrong with an opening message."""
    if not isinstance(data, dict):
        return "The `data` should be an object."
    for name, kind in _OPENING.items():
        value = data.get(name)
        if value is not None and type(value) is not kind:
            return f"The `{name}` should be {'a string' if kind is str else 'a number'}."
    # It is the first request of its session; one that resumes is none of it.
    if id > 1 or (id == 0 and data.get("resume") is None):
        return "The `id` should be 1, or 0 with a `resume`: a session's requests count up from 1."
    return None
