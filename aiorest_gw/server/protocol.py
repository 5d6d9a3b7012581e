"""One client's connection: bytes in, bytes out. What they mean is decided elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ..errors import BadMessage, CloseCode
from ..messages import Request
from ..routing.urls import SERVING
from ..sessions.session import Session
from ..sessions.unopened import UnopenedSession
from ..web.guests import Guest
from ..wire.codecs import decode_base64, decode_request, encode_base64, look
from ..wire.dialects import V1
from ..wire.handshake import RequestHead
from .answering import Answering
from .bridging import Bridging
from .conversation import Conversation
from .loops import loop_of
from .working import Working
from .writing import WritingProtocol

if TYPE_CHECKING:
    from .factory import RequestHandlerFactory

__all__ = ["RequestHandlerProtocol"]

# Bytes of a message that is looked at and answered in two turns.
_LARGE = 262_144


@implementer(IPushProducer)
class RequestHandlerProtocol(WritingProtocol):
    """Made by :class:`RequestHandlerFactory`, one for each connection.

    A subclass may override ``_decode_message`` and ``_encode_message``, and Autobahn's hooks
    (``onConnect``, ``onOpen``, ``onMessage``, ``onClose`` …); of ``onMessage`` it should call the one
    here for what is a request.

    The connection is a producer to its own transport: where the peer does not read its answers, its
    requests are not read.
    """

    factory: RequestHandlerFactory
    # Whether a subclass has its own way of encoding or decoding, which is then taken.
    _encodes = _decodes = False
    draining = False
    # In the v1 dialect; and whether what the client sends has to wait.
    _conversation: Conversation | None = None
    _holds = False
    # In the plain dialect, where somebody takes messages that are no requests.
    _bridging: Bridging | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._decodes = cls._decode_message is not RequestHandlerProtocol._decode_message
        cls._encodes = cls._encode_message is not RequestHandlerProtocol._encode_message

    def connectionMade(self) -> None:
        factory = self.factory
        self._answering: Answering | Working = Answering(
            factory, self, factory.reactor, factory.limits, factory.events
        )
        factory.connections.add(self)
        super().connectionMade()
        self.transport.registerProducer(self, True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.connections.discard(self)
        if self._conversation is not None:
            self._conversation.lost()
        else:
            self._answering.close()
        try:
            super().connectionLost(reason)
        finally:
            if self._conversation is None and self.session is not None:
                self.session.lost(self)
            if self._bridging is not None:
                self._bridging.close()
            self.factory.connection_ended()

    def _leave_to(self, guest: Guest, request: RequestHead) -> None:
        self.factory.connections.discard(self)
        self._answering.close()
        self.transport.unregisterProducer()
        super()._leave_to(guest, request)

    # -- requests and their answers

    def _look_at(self, payload: bytes) -> None:
        try:
            dear = look(payload, self.factory.shape)
        except BadMessage as error:
            if self._conversation is not None:
                self._conversation.refuse(error, len(payload))
            else:
                self._refuse_message(error, False)
        else:
            self._do_in_turn(lambda: RequestHandlerProtocol.onMessage(self, payload, False, dear))

    def onMessage(self, payload: bytes, isBinary: bool, dear: bool | None = None) -> None:
        """Decode a message and ask for its answer.

        :param dear: what was found out about it, where it was looked at before.
        """
        if self.state != self.STATE_OPEN:
            # What comes behind our close frame cannot be answered any more, so it is not run.
            return
        if len(payload) > _LARGE and dear is None and not (isBinary or self._decodes):
            # To read a large one is work for a turn, and so it is to look at it, and to answer it.
            self._do_in_turn(lambda: self._look_at(payload))
            return
        factory = self.factory
        serving = SERVING.set(factory)
        try:
            if self._conversation is not None:
                self._conversation.receive(payload, isBinary, dear)
                return
            if isBinary or self._decodes:
                request = self._decode_message(payload, isBinary)
            else:
                request = decode_request(payload, factory.shape, dear)
        except BadMessage as error:
            self._refuse_message(error, isBinary)
        except Exception as error:  # of a subclass that decodes in its own way
            self._answering.refuse(error, None, None, isBinary)
        else:
            if request.method is None and request.url is None and self._hand_over(payload):
                return
            request.session = self.session
            request.factory = factory
            self._answering.ask(request, isBinary, len(payload))
        finally:
            SERVING.reset(serving)

    def _refuse_message(self, error: BadMessage, isBinary: bool) -> None:
        """Answer what could not be read, in the plain dialect."""
        self._answering.refuse(error, error.event_name, error.id, isBinary)

    def _hand_over(self, payload: bytes) -> bool:
        """A message that is no request: to whoever bridges messages elsewhere, if somebody does."""
        factory = self.factory
        if factory.manager.on_handler_message_received is None:
            return False
        if self._bridging is None:
            self._bridging = Bridging(factory.limits, factory.events, self.requests_changed)
        handling = factory.manager.on_handler_message(self.session, payload)
        self._bridging.hand_over(handling, len(payload), loop_of(factory.reactor))
        return True

    @property
    def _bridged(self) -> int:
        """How many messages that are no requests somebody still has."""
        return 0 if self._bridging is None else self._bridging.open

    def _decode_message(
        self,
        payload: bytes,
        isBinary: bool = False,
    ) -> Request:
        """The request in a message.

        :raises BadMessage: it is none.
        """
        text = decode_base64(payload) if isBinary else payload
        return decode_request(text, self.factory.shape)

    def _encode_message(
        self,
        response: bytes,
        isBinary: bool = False,
    ) -> bytes:
        """The message that carries an answer, in the form in which its request came."""
        return encode_base64(response) if isBinary else response

    def send_answer(self, answer: bytes, binary: bool) -> None:
        if self.state != self.STATE_OPEN:
            return
        if binary or self._encodes:
            try:
                answer = self._encode_message(answer, binary)
                if type(answer) is not bytes:
                    raise TypeError(f"_encode_message should return bytes, not {answer!r}")
            except Exception:
                self.factory.events.failure("an answer cannot be encoded")
                self._fail_connection(self.CLOSE_STATUS_CODE_INTERNAL_ERROR, "internal error")
                return
        session = self.session
        # Of most it is known at once that nothing waits, neither here nor in the session.
        if session is not None and session.straight is not None:
            self._send_frame(answer, binary, True)
        elif session is not None and session.waits:
            session.send(answer, binary)
        else:
            self.send_text_or_binary(answer, binary)

    # -- what a session sends over its connection

    def _onOpen(self) -> None:
        self._begin_session()
        super()._onOpen()

    def _begin_session(self) -> None:
        """A client is there: in the plain dialect with its session, in v1 before it opens one."""
        factory, session = self.factory, self.session
        assert session is not None
        dialect = V1.get(self.websocket_protocol_in_use or "")
        if dialect is not None:
            most = factory.limits.max_outbox_messages
            first = self.session = UnopenedSession.of(session, dialect, self, most)
            self._conversation = Conversation(self, dialect, first, self.token)
            return
        session.begin(factory.manager, self)
        session.renewed(self._remaining)
        self._reconsider_straight()
        factory.manager.register(session)
        if factory.hello:
            session.push(
                "hello",
                {
                    "session_id": session.session_id,
                    "user_id": session.user_id,
                    "username": session.username,
                },
            )

    @property
    def can_send(self) -> bool:
        """Whether messages can be sent."""
        return bool(self.state == self.STATE_OPEN)

    def carry(self, body: bytes, binary: bool) -> None:
        """Send a message of the session's."""
        if self.state == self.STATE_OPEN:
            self.send_text_or_binary(body, binary)

    def leave(self, code: int, reason: str) -> None:
        """Close in order."""
        if self.state == self.STATE_OPEN:
            self.sendClose(code, reason)

    def hold(self, holds: bool) -> None:
        """Let what the client sends wait, or go on with it."""
        self._holds = holds
        self.requests_changed()

    def fail(self, code: int, reason: str) -> None:
        """Close for a mistake of ours, which has codes that applications may not send."""
        if self.state == self.STATE_OPEN:
            self._fail_connection(code, reason)

    def works_for(self, work: Working) -> None:
        """Its requests are those of a session from now on."""
        self._answering.close()
        self._answering = work
        self._reconsider()

    def has_session(self, session: Session) -> None:
        """Whose connection it is from now on."""
        self.session = session
        self._reconsider_straight()

    def requests_changed(self) -> None:
        """A request is open now, or is not any more."""
        self._reconsider()
        if self.draining and self._may_leave:
            self._leave()
        else:
            self._read_on()

    @property
    def _may_leave(self) -> bool:
        """Whether all that was asked is answered, and the answers are sent."""
        return not (self._answering.open or self._bridged) and self._behind is None

    # -- reading only as fast as the application answers and the peer reads

    def _reconsider(self) -> None:
        """Whether requests may be worked on: fewer are open than may be, and answers can be sent."""
        self._may_work = (
            self._peer_reads
            and not self._answering.full
            and not (self._bridging is not None and self._bridging.full(self._answering.open))
            and (not self.draining or self._conversation is not None)
            and not self._holds
            and self._behind is None
        )
        self._see_straight()

    def pauseProducing(self) -> None:
        """The transport holds more than the peer reads."""
        self._peer_reads = False
        self._reconsider_straight()
        self._reconsider()

    def resumeProducing(self) -> None:
        self._peer_reads = True
        self._unread = 0
        if self.session is not None:
            self.session.go_on()
        self._reconsider_straight()
        self._reconsider()
        self._read_on()

    def stopProducing(self) -> None:
        """The transport is gone; ``connectionLost`` sees to the rest."""

    # -- another application in the same process

    def served_by(self, factory: RequestHandlerFactory) -> None:
        """Another factory has it from now on; a client that can resume its session does so at once.

        What is open goes on, and its answers are the session's.
        """
        self.factory = factory
        self._answering.served_by(factory)
        if self._conversation is not None:
            self.leave(int(CloseCode.DRAINING), "draining 0")

    # -- closing

    def onAutoPingTimeout(self) -> None:
        """No pong: the peer is dead, or deaf, or we did not read it."""
        if self._peer_reads and (self._rest or self._must_hold()):
            self.autoPingTimeoutCall = self.factory.reactor.callLater(
                self.autoPingTimeout, self.onAutoPingTimeout
            )
            return
        self.autoPingTimeoutCall = None
        self.wasNotCleanReason = "no pong"
        code = CloseCode.NO_HEARTBEAT if self._peer_reads else CloseCode.SLOW_READER
        self.sendClose(int(code), code.name.replace("_", " ").lower())

    def drain(self) -> None:
        """Take no more requests, answer those that are open, and close."""
        self.draining = True
        self._reconsider()
        if self._may_leave:
            self._leave()

    def finish(self) -> None:
        """Answer what is still open with an error, now."""
        self._answering.expire()
        if self.draining and (self._behind is not None or self._bridged):
            self._leave()

    def _leave(self) -> None:
        if self.state == self.STATE_OPEN:
            seconds = self.factory.limits.drain_window
            self.sendClose(int(CloseCode.DRAINING), f"draining {seconds:g}")
        elif self.state == self.STATE_CONNECTING:
            self.dropConnection(abort=True)
