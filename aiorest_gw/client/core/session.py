"""A session of the v1 dialect, over as many WebSockets as it takes (``docs/wire-protocol.rst``).

Each request runs once, and what the gateway says is heard once and in order, whatever the network does;
or it is told what became of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import attrs
import msgspec
from msgspec import UNSET

from ...errors import CloseCode
from ..errors import CommandFailed, ConnectionLost, InvalidCommand, SessionLost
from .arrivals import Arrivals, OutOfOrder
from .calls import Call, Calls, closed
from .closing import Closing, closing
from .credentials import Credentials, Token
from .opening import Limits, Opened, opened_of, read_welcome
from .v1 import Ack, Answer, Cancel, Codec, Incoming, Request
from .world import Running, Wire, World

__all__ = ["Owner", "Session"]

_SESSION = "/~/session"
# Times that one message may be broken, one after another.
_MOST_BREAKS = 5
# Of an answer that are collected, where they are not taken one by one.
_MOST_PARTS = 10_000


class Owner(Protocol):
    """Whose session it is."""

    def session_opened(self, opened: Opened) -> None:
        """What is asked is sent at once from now on."""

    def session_refused(self, error: Exception) -> None:
        """The gateway takes none, or not these credentials."""

    def broken(self, reason: str) -> None:
        """What came is no message of the dialect."""

    def pushed(self, push: Incoming) -> None:
        """A push came."""

    def asked(self, request: Incoming) -> None:
        """The gateway asks something; perhaps again, when the session was resumed."""

    def cancelled(self, id: int) -> None:
        """The gateway wants no answer any more."""

    def may_acknowledge(self) -> bool:
        """Whether more may come."""


class Session:
    """
    :param world: that it runs in.
    :param codec: JSON or MessagePack.
    :param token: credentials, or what gives them, now or later; it is called again when they are
        refused, or ran out.
    :param owner: whose it is.
    :param most_waiting: requests that may wait to be sent.
    """

    def __init__(
        self,
        world: World[Any],
        codec: Codec,
        token: Token,
        owner: Owner,
        most_waiting: int,
    ) -> None:
        self._world = world
        self._codec = codec
        self._credentials = Credentials(world, token)
        self._owner = owner
        self._calls = Calls(most_waiting)
        self._wire: Wire | None = None
        self._open = False
        self._resume: str | None = None
        self._last_id = 0
        self._most_open = Limits().max_open_requests
        self._arrivals = Arrivals(world, self._acknowledge)
        self._breaks = 0
        self._fetching: Running | None = None
        self.subprotocols: tuple[str, ...] = (codec.subprotocol,)

    # -- requests

    def ask(self, request: Request, take_part: Callable[[Any], None] | None = None) -> Call:
        """Send a request as soon as that may be.

        :returns: its future ends with the answer, an :class:`~.v1.Incoming`; or with an error.
        :raises InvalidCommand: it cannot be written, or too many wait already.
        """
        call = Call(request, self._world.future(), take_part)
        if self._open and not self._calls.waiting and len(self._calls.open) < self._most_open:
            self._send(call)
        else:
            self._calls.wait(call)
        return call

    @property
    def busy(self) -> bool:
        """Whether somebody waits for a whole answer; who takes parts one by one waits for none."""
        calls = self._calls.open.values()
        return any(call.take_part is None and not call.cancelled for call in calls)

    def forget(self, call: Call) -> None:
        """Nobody wants it any more: it is not sent, or cancelled where it was."""
        if call.id is None:
            self._calls.forget(call)
        elif not call.cancelled and not call.ended:
            # It is open until the gateway has answered.
            call.cancelled = True
            if self._open:
                self._write(Cancel(call.id))

    def answer(self, answer: Answer) -> None:
        """Answer a request of the gateway's, if there is a connection; it asks again else.

        :raises InvalidCommand: the answer cannot be written.
        """
        payload = self._encoded(answer)
        if self._open and self._wire is not None:
            self._wire.send(payload, self._codec.binary)

    def _send(self, call: Call) -> None:
        request: Request = call.message
        request.id = self._last_id + 1
        request.ack = self._arrivals.open
        call.payload = self._encoded(request)
        self._last_id += 1
        call.id = self._last_id
        self._calls.open[call.id] = call
        if request.ack is not None:
            self._arrivals.are_acknowledged()
        assert self._wire is not None
        self._wire.send(call.payload, self._codec.binary)

    def _go_on(self) -> None:
        """Send what waits, as far as that may be."""
        calls = self._calls
        while self._open and calls.waiting and len(calls.open) < self._most_open:
            call = calls.waiting.popleft()
            try:
                self._send(call)
            except InvalidCommand as error:
                call.ended = True
                self._world.fail(call.future, error)

    def _write(self, message: Any) -> None:
        assert self._wire is not None
        self._wire.send(self._codec.encode(message), self._codec.binary)

    def _encoded(self, message: Any) -> bytes:
        try:
            return self._codec.encode(message)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise InvalidCommand(f"it cannot be written: {error}") from None

    def leave(self) -> None:
        """The gateway shall keep nothing."""
        self._last_id += 1
        self._write(Request("DELETE", _SESSION, self._last_id))

    def renewed(self, token: str) -> None:
        """These are the credentials from now on."""
        self._credentials.renew(token)

    # -- opening and resuming

    def opened(self, wire: Wire) -> None:
        """There is a WebSocket: open the session on it, or resume it."""
        self._wire = wire
        if self._credentials.to_be_fetched:
            self._fetching = self._world.begin(self._open_with_new_token(wire), lambda: None)
        else:
            self._put_session(wire)

    async def _open_with_new_token(self, wire: Wire) -> None:
        try:
            await self._credentials.fetch()
        except Exception as error:
            if wire is self._wire:
                self._fetching = None
                self._world.failure("the provider of the token failed")
                self._owner.session_refused(error)
        else:
            if wire is self._wire:
                self._fetching = None
                self._put_session(wire)

    def _put_session(self, wire: Wire) -> None:
        token = self._credentials.token
        data: dict[str, Any] = {} if token is None else {"token": token}
        if self._resume is not None:
            data |= {"resume": self._resume, "ack": self._arrivals.seq}
        id = 1 if self._resume is None else 0
        try:
            payload = self._encoded(Request("PUT", _SESSION, id, data=data))
        except InvalidCommand as error:
            self._owner.session_refused(error)
        else:
            wire.send(payload, self._codec.binary)

    def _answered_opening(self, answer: Incoming) -> None:
        if answer.status != 200:
            self._refused(answer)
            return
        wire, again = self._wire, self._resume is not None
        try:
            welcome = read_welcome(answer.data, self._last_id if again else None)
        except ValueError as error:
            self._owner.broken(str(error))
            return
        self._resume = welcome.resume
        self._credentials.accepted()
        self._most_open = welcome.limits.max_open_requests
        self._arrivals.bound(welcome.limits)
        self._open = True
        if welcome.resumed:
            self._arrivals.are_acknowledged()
            self._resumed(welcome.received or 0)
        else:
            self._begun_anew(0 if again else 1)
        # Whoever was told of a loss may have closed it.
        if wire is self._wire:
            self._owner.session_opened(opened_of(welcome, again))
            self._go_on()

    def _refused(self, answer: Incoming) -> None:
        detail = "no session was opened" if answer.detail is UNSET else answer.detail
        # A token that was fetched for an earlier opening may have run out meanwhile.
        if answer.status == 401 and not self._credentials.refused():
            self._owner.session_refused(CommandFailed(answer.status or 500, detail, answer.errors))
        elif answer.status == 503:
            # It is full, and may have room later.
            self._owner.broken(str(detail))

    def _resumed(self, received: int) -> None:
        """Send again what the gateway has not received, and only that."""
        assert self._wire is not None
        for id, call in self._calls.open.items():
            if id > received:
                self._wire.send(call.payload, self._codec.binary)
            if call.cancelled:
                self._write(Cancel(id))

    def _begun_anew(self, last_id: int) -> None:
        """A new session counts anew; of what was open in an earlier one nobody knows."""
        self._arrivals.begin_anew()
        self._last_id = last_id
        lost = self._calls.take_open()
        for call in lost:
            self._world.fail(
                call.future, SessionLost("the session is lost: not known whether it was done")
            )

    # -- what comes

    def received(self, payload: bytes) -> None:
        """A message came."""
        try:
            message = self._codec.decode(payload)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            self._broken("what came is no message of this dialect")
            return
        if not self._open:
            if message.seq is None and message.status is not None:
                self._answered_opening(message)
            return
        try:
            # Before anybody hears of it, who may close the client at once.
            self._arrivals.take(message.seq, len(payload))
        except OutOfOrder as error:
            self._broken(str(error))
            return
        except ConnectionLost as error:
            self._owner.session_refused(error)
            return
        self._breaks = 0
        if message.status is not None:
            self._answered(message)
        elif message.method is not None:
            self._owner.asked(message)
        elif message.cancel is not None:
            self._owner.cancelled(message.cancel)
        else:
            self._owner.pushed(message)

    def _broken(self, reason: str) -> None:
        """Come back for it; what is broken each time will not mend."""
        self._breaks += 1
        if self._breaks < _MOST_BREAKS:
            self._owner.broken(reason)
        else:
            self._owner.session_refused(ConnectionLost(reason, 1002))

    def _answered(self, answer: Incoming) -> None:
        call = self._calls.open.get(answer.id)  # type: ignore[arg-type]  # None is no key
        if call is None:
            return
        if answer.more:
            self._take_part(call, answer.data)
            return
        del self._calls.open[call.id]  # type: ignore[arg-type]  # it was sent
        call.ended = True
        if call.parts is not None and answer.detail is UNSET:
            answer.data = call.parts
        self._world.settle(call.future, answer)
        if self._calls.waiting:
            self._go_on()

    def _take_part(self, call: Call, part: Any) -> None:
        if call.cancelled:
            # Nobody wants it, but its peer does not know that yet.
            return
        if call.take_part is not None:
            call.take_part(part)
            return
        if call.parts is None:
            call.parts = []
        call.parts.append(part)
        if len(call.parts) > _MOST_PARTS:
            call.parts = None
            self.forget(call)
            told = f"the answer has more than {_MOST_PARTS} parts: take them with stream()"
            self._world.fail(call.future, CommandFailed(413, told))

    def acknowledge(self) -> None:
        """Acknowledge what came, if that may be and is not done."""
        self._arrivals.acknowledge()

    def _acknowledge(self, seq: int) -> bool:
        if not self._open or not self._owner.may_acknowledge():
            return False
        self._write(Ack(seq))
        return True

    # -- the end

    def lost(self, code: int, reason: str) -> Closing:
        """The WebSocket is gone.

        :returns: what to do now.
        """
        self._leave_wire()
        asked = closing(code, reason)
        if asked.new_token:
            return attrs.evolve(asked, come_back=self._credentials.expired())
        if code == CloseCode.NOT_AUTHENTICATED:
            # It may have been told already that the old token is refused.
            return attrs.evolve(asked, come_back=self._credentials.to_be_fetched)
        return asked

    def _leave_wire(self) -> None:
        self._wire = None
        self._open = False
        fetching, self._fetching = self._fetching, None
        if fetching is not None:
            # One that hangs would hang for ever, and another one beside it with each WebSocket.
            fetching.cancel()

    def end(self, error: Exception | None = None) -> None:
        """There will be no WebSocket any more; whoever waits is told why."""
        self._leave_wire()
        self._arrivals.end()
        for call in self._calls.take_all():
            self._world.fail(call.future, error or closed())
        self._resume = None
        self._begun_anew(0)
