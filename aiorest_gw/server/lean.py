"""How little an open connection keeps of itself.

Autobahn gives each connection some seventy attributes of its own. Here those that are the same for all
belong to the class or to the factory; what only the opening handshake needed, and what is rarely asked
for, is let go when the connection is open, and made again for whoever asks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import txaio
from autobahn.twisted.util import create_transport_details, peer2str
from autobahn.twisted.websocket import WebSocketServerProtocol
from autobahn.wamp.types import TransportDetails
from autobahn.websocket.protocol import TrafficStats
from autobahn.websocket.utf8validator import Utf8Validator
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

__all__ = ["LeanProtocol", "MadeAgain"]

_MISSING: Any = object()


class _OfFactory:
    """An option that a connection shares with its factory until it is given its own."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, connection: Any, kind: type) -> Any:
        return self if connection is None else getattr(connection.factory, self._name)


class MadeAgain:
    """An attribute that an open connection lets go.

    :param make: takes the connection and gives the value, when it is asked for.
    :param spare: whether a value can be let go.
    """

    __slots__ = ("_make", "_name", "spare")

    def __init__(
        self, make: Callable[[Any], Any], spare: Callable[[Any], bool] = lambda value: True
    ) -> None:
        self._make = make
        self.spare = spare

    def __set_name__(self, kind: type, name: str) -> None:
        self._name = name

    def __get__(self, connection: Any, kind: type) -> Any:
        if connection is None:
            return self
        value = vars(connection)[self._name] = self._make(connection)
        return value


def _transport_details(connection: Any) -> TransportDetails:
    try:
        details = create_transport_details(connection.transport, connection.is_server)
    except RuntimeError:  # TLS of asyncio's loop, which tells no ids of its channels
        details = TransportDetails(
            channel_type=TransportDetails.CHANNEL_TYPE_TLS,
            peer=peer2str(connection.transport),
            is_server=True,
            is_secure=True,
        )
    details.channel_framing = TransportDetails.CHANNEL_FRAMING_WEBSOCKET
    return details


def _end_of(connection: Any) -> Any:
    return txaio.create_future_success(connection) if connection._lost else txaio.create_future()


class LeanProtocol(WebSocketServerProtocol):  # type: ignore[misc]
    """Autobahn's protocol; what it lets go can be read and set as ever."""

    # What Autobahn sets of each connection before it is open.
    trackedTimings: Any = None
    send_state = WebSocketServerProtocol.SEND_STATE_GROUND
    data: bytes = b""
    # Only chopped and synchronous writes need one that takes them.
    send_queue: Any = ()
    triggered = False
    inside_message = False
    current_frame: Any = None
    closedByMe = failedByMe = droppedByMe = wasClean = False
    wasMaxFramePayloadSizeExceeded = wasMaxMessagePayloadSizeExceeded = False
    wasServerConnectionDropTimeout = wasOpenHandshakeTimeout = wasCloseHandshakeTimeout = False
    wasServingFlashSocketPolicyFile = False
    wasNotCleanReason: str | None = None
    localCloseCode = localCloseReason = remoteCloseCode = remoteCloseReason = None
    openHandshakeTimeoutCall: Any = None
    closeHandshakeTimeoutCall: Any = None
    autoPingTimeoutCall: Any = None
    autoPingPending: Any = None
    autoPingPendingCall: Any = None
    autoPingPendingSeq = 0
    autoPingPendingSent: Any = None
    websocket_protocol_in_use: str | None = None
    http_response_data = MadeAgain(lambda connection: None)
    is_open = MadeAgain(lambda connection: txaio.create_future_success(None))
    is_closed = MadeAgain(_end_of, lambda value: False)
    utf8validator = MadeAgain(lambda connection: Utf8Validator())
    websocket_extensions_in_use = MadeAgain(lambda connection: [], lambda value: not value)
    _transport_details = MadeAgain(_transport_details, lambda value: not value.is_secure)
    _perMessageCompress: Any = None
    _lost = False
    _valid_events = ["message"]

    def __init__(self) -> None:
        """For Twisted's factories."""
        super().__init__()
        # Made again for who asks, which few do.
        del self.is_closed, self._valid_events, self._results

    def connectionMade(self) -> None:
        """As Autobahn's, without a text for its log that nobody reads."""
        self.peer = peer2str(self.transport)
        with suppress(AttributeError, OSError):  # of a UNIX socket
            self.transport.setTcpNoDelay(self.tcpNoDelay)
        self._connectionMade()

    def _connectionMade(self) -> None:
        """As Autobahn's, but for what the class has, and for texts for its log that nobody reads: of all
        options, which took longer than all else of a new connection together."""
        factory = self.factory
        self.maxMessagePayloadSize = factory.maxMessagePayloadSize
        self.trafficStats = TrafficStats()
        self.state = self.STATE_CONNECTING
        factory.countConnections += 1
        if self.openHandshakeTimeout > 0:
            self.openHandshakeTimeoutCall = factory._batched_timer.call_later(
                self.openHandshakeTimeout, self.onOpenHandshakeTimeout
            )

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self._lost = True
        # Its result is this connection, which would wait for the collector.
        self.__dict__.pop("is_closed", None)

    def _let_go(self) -> None:
        """Keep only what is not as the class says, and cannot be made again."""
        kind = type(self)
        kept = {}
        for name, value in vars(self).items():
            default = getattr(kind, name, _MISSING)
            spare = default.spare(value) if type(default) is MadeAgain else value is default
            if not spare:
                kept[name] = value
        # A dictionary does not shrink.
        self.__dict__ = kept

    def on(self, event: str, handler: Callable[..., Any]) -> None:
        if self._results is None:
            self.set_valid_events(self._valid_events)
        super().on(event, handler)

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        if (sync or chopsize) and not self.send_queue:
            self.send_queue = deque()
        super().sendData(data, sync, chopsize)


for _name in (
    *WebSocketServerProtocol.CONFIG_ATTRS_COMMON,
    *WebSocketServerProtocol.CONFIG_ATTRS_SERVER,
):
    # This one is looked at for each message, and so at hand.
    if _name != "maxMessagePayloadSize":
        setattr(LeanProtocol, _name, _OfFactory(_name))
