"""A client of the v1 dialect in memory, which can be cut off and come back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from ..messages import Push
from .calls import Answer
from .connections import MemoryClient

__all__ = ["SessionClient"]


class SessionClient:
    """A client whose session outlives its connections.

    :param connect: makes a connection in memory, as :meth:`GatewayTestCase.connect` does.
    :param packed: speak MessagePack.
    :ivar connection: the one that it has now.
    :ivar session_id: of its session, once it is open.
    :ivar opened: what the gateway said when the session was opened or resumed last.
    :ivar seq: the number of the last message that it received.
    :ivar pushes: those that came and were not looked at yet, oldest first.
    :ivar answers: by the ids of their requests; of a stream the parts.
    :ivar asked: requests of the application that were not answered yet.
    """

    def __init__(self, connect: Callable[..., MemoryClient], packed: bool = False) -> None:
        self._connect = connect
        self._packed = packed
        self.connection: MemoryClient = self._new_connection()
        self.session_id = ""
        self.opened: dict[str, Any] = {}
        self.seq = 0
        self.pushes: deque[Push] = deque()
        self.answers: dict[int, list[Answer]] = {}
        self.asked: deque[dict[str, Any]] = deque()
        self._last_id = 0
        self._sent: dict[int, dict[str, Any]] = {}

    def _new_connection(self) -> MemoryClient:
        name = "msgpack" if self._packed else "json"
        return self._connect(protocols=[f"aiorest.1.{name}"])

    # -- the session

    def open(self, **data: Any) -> Answer:
        """Open a session; its requests count up from 1.

        :param data: of the opening message, such as ``token``.
        :raises RuntimeError: it is open; :meth:`resume` comes back to it.
        """
        if self.opened:
            raise RuntimeError("the session is open already; cut() and resume() come back to it")
        self._last_id = 1
        return self._begin(1, data)

    def cut(self) -> None:
        """Lose the connection, as when the network goes."""
        self.connection.cut()

    def resume(self, **data: Any) -> Answer:
        """Come back on another connection, and send again what the gateway has not received."""
        self.connection = self._new_connection()
        data = {"resume": self.opened.get("resume"), "ack": self.seq} | data
        answer = self._begin(0, data)
        if answer.status == 200 and self.opened["resumed"]:
            received = self.opened["received"]
            self._sent = {id: sent for id, sent in self._sent.items() if id > received}
            for message in self._sent.values():
                self._send(message)
        self.receive()
        return answer

    def _begin(self, id: int, data: dict[str, Any]) -> Answer:
        self._send({"id": id, "method": "PUT", "url": "/~/session", "data": data})
        self.answers.pop(id, None)
        self.receive()
        [answer] = self.answers.pop(id)
        return answer

    def _begun(self, message: dict[str, Any]) -> None:
        """The gateway has opened a session, or goes on with one."""
        self.opened = message["data"]
        self.session_id = self.opened["session_id"]
        if not self.opened["resumed"]:
            self.seq, self._last_id = 0, message["id"]
            self._sent.clear()

    # -- messages

    def ask(self, method: str, url: str, **keys: Any) -> int:
        """Send a request.

        :returns: its id, under which ``answers`` will have the answer.
        """
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "url": url} | keys
        self._sent[self._last_id] = message
        if self.connection.connected:
            self._send(message)
        return self._last_id

    def request(self, method: str, url: str, **keys: Any) -> Answer:
        """Send a request and receive its answer, where the view gives it at once.

        :raises LookupError: there is none yet.
        """
        id = self.ask(method, url, **keys)
        self.receive()
        if id not in self.answers:
            raise LookupError(
                f"the gateway has not answered (yet); {self._why or 'is there time to be advanced?'}"
            )
        return self.answers.pop(id)[-1]

    def push(self) -> Push:
        """The oldest push that was not looked at yet.

        :raises LookupError: there is none.
        """
        self.receive()
        if not self.pushes:
            raise LookupError(f"the gateway has pushed nothing (yet); {self._why}".rstrip("; "))
        return self.pushes.popleft()

    @property
    def _why(self) -> str:
        """Why nothing comes, where that is known."""
        connection = self.connection
        if connection.connected:
            return ""
        closed = connection.close_code
        return (
            f"the connection is closed ({closed} {connection.close_reason})"
            if closed
            else "it is cut"
        )

    def acknowledge(self) -> None:
        """Tell the gateway what was received."""
        self._send({"ack": self.seq})

    def cancel(self, id: int) -> None:
        """Want no answer to a request any more."""
        self._send({"cancel": id})

    def answer(self, data: Any = None, status: int = 200) -> None:
        """Answer the oldest request of the application.

        :param data: of the answer; of a failure the ``detail``.
        :param status: HTTP number; from 300 on it is a failure.
        :raises LookupError: there is none.
        """
        self.receive()
        if not self.asked:
            raise LookupError("the application has asked nothing (yet)")
        id = self.asked.popleft()["id"]
        key = "data" if status < 300 else "detail"
        self._send({"id": id, "status": status, key: data})

    def _send(self, message: dict[str, Any]) -> None:
        if self._packed:
            self.connection.send(msgspec.msgpack.encode(message), binary=True)
        else:
            self.connection.send(message)

    def receive(self) -> None:
        """Take what has come.

        :raises AssertionError: its numbers have a gap, or one comes twice.
        """
        decode = msgspec.msgpack.decode if self._packed else msgspec.json.decode
        self.connection.settle()
        messages, self.connection.messages = self.connection.messages, []
        for payload in messages:
            message = decode(payload)
            seq = message.pop("seq", None)
            if seq is not None:
                if seq != self.seq + 1:
                    raise AssertionError(f"message {seq} came behind {self.seq}")
                self.seq = seq
            elif message.get("status") == 200:
                self._begun(message)
            self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if "status" in message:
            message.pop("more", None)
            self._sent.pop(message["id"], None)
            self.answers.setdefault(message["id"], []).append(Answer(**message))
        elif "method" in message:
            self.asked.append(message)
        elif "cancel" in message:
            self.asked = deque(asked for asked in self.asked if asked["id"] != message["cancel"])
        else:
            self.pushes.append(Push(**message))
