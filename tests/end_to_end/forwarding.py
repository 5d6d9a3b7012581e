"""A network between clients and a gateway that fails when a test says so."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

__all__ = ["Network", "network"]


class Network:
    """Forwards connections to a port.

    :param port: on 127.0.0.1.
    :ivar to: the same; may be another later.
    :ivar port: to connect to instead.
    """

    def __init__(self, port: int) -> None:
        self.to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._lock = threading.Lock()
        self._works = True
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def fail(self) -> None:
        """Cut all connections, and all that are made from now on."""
        with self._lock:
            self._works = False
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def work(self) -> None:
        """Carry connections again."""
        with self._lock:
            self._works = True

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                with self._lock:
                    if not self._works:
                        client.close()
                        continue
                    gateway = socket.create_connection(("127.0.0.1", self.to))
                    self._open += [client, gateway]
                for pair in ((client, gateway), (gateway, client)):
                    threading.Thread(target=_forward, args=pair, daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.fail()


def _forward(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def network(port: int) -> Iterator[Network]:
    """A network to a port of this machine, until the block ends."""
    made = Network(port)
    try:
        yield made
    finally:
        made.close()
