"""Browsers that do what they are told, on real sockets, in threads of their own."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import threading
from http import HTTPStatus

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve
from websockets.utils import accept_key

__all__ = ["DeafBrowser", "ScriptedBrowser"]

HOST = "127.0.0.1"
_NUMBERS = itertools.count(1)


class ScriptedBrowser:
    """Answers each command with what it was, but for those of the domain ``Script``, which it does.

    :param port: 0: a free one.
    :param tls: a server's context.
    :ivar visits: path and headers of each WebSocket that was opened.
    :ivar commands: that came, oldest first.
    :ivar closed: the codes with which clients closed.
    """

    def __init__(self, port=0, tls=None, token=None, **options):
        self._token = token
        self.visits, self.commands, self.closed = [], [], []
        self._connections = set()
        options = {"compression": None, "max_size": None, "close_timeout": 0.5} | options
        self._server = serve(
            self._talk, HOST, port, process_request=self._answer_http, ssl=tls, **options
        )
        self.port = self._server.socket.getsockname()[1]
        # Each has another address, as a browser has that was started again.
        self.path = f"/devtools/browser/{next(_NUMBERS)}"
        self.version = json.dumps({"webSocketDebuggerUrl": f"ws://{HOST}:{self.port}{self.path}"})
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def url(self):
        return f"ws://{HOST}:{self.port}{self.path}"

    def _answer_http(self, connection, request):
        if request.path == "/json/version":
            return connection.respond(HTTPStatus.OK, self.version)
        if self._token is not None and request.headers.get("Authorization") != self._token:
            return connection.respond(HTTPStatus.UNAUTHORIZED, "no token")
        if not request.path.startswith((self.path, "/devtools/page/")):
            return connection.respond(HTTPStatus.NOT_FOUND, "no such target")
        return None

    def _talk(self, connection):
        self.visits.append((connection.request.path, connection.request.headers))
        self._connections.add(connection)
        try:
            for message in connection:
                command = json.loads(message)
                self.commands.append(command)
                self._do(connection, command, **command.get("params", {}))
        except (ConnectionClosed, OSError):
            pass
        self._connections.discard(connection)
        self.closed.append(connection.close_code)

    def _do(self, connection, command, events=(), payloads=(), size=0, **params):
        method = command["method"]
        if method == "Script.hangUp":
            _cut(connection)
        elif method == "Script.fail":
            _say(connection, {"id": command["id"], "error": {"code": -1, "message": "told to"}})
        elif method == "Script.fragment":
            whole = json.dumps({"id": command["id"], "result": {"x": "y" * size}})
            connection.send(whole[start : start + 1_000] for start in range(0, len(whole), 1_000))
        elif method != "Script.ignore":
            for event in events:
                _say(connection, event)
            for payload in payloads:
                connection.send(payload)
                connection.send(payload.encode("latin-1"))
            result = {"method": method, "x": "y" * size} | params
            _say(connection, {"id": command["id"], "result": result})

    def stop(self):
        """End as one that was killed."""
        for connection in [*self._connections]:
            _cut(connection)
        self._server.shutdown()
        self._thread.join()


def _say(connection, message):
    connection.send(json.dumps(message))


def _cut(connection):
    with contextlib.suppress(OSError):
        connection.socket.shutdown(socket.SHUT_RDWR)


class DeafBrowser:
    """Opens a WebSocket, and then neither says nor hears anything: no pong, no answer, no close."""

    def __init__(self):
        self._listening = socket.create_server((HOST, 0))
        self.url = f"ws://{HOST}:{self._listening.getsockname()[1]}/"
        self._open = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self._open.append(connection)
                request = b""
                while b"\r\n\r\n" not in request:
                    request += connection.recv(65_536)
                key = request.lower().split(b"sec-websocket-key:")[1]
                start = len(request) - len(key)
                key = request[start:].split(b"\r\n")[0].strip().decode()
                connection.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                    b"Connection: Upgrade\r\nSec-WebSocket-Accept: "
                    + accept_key(key).encode()
                    + b"\r\n\r\n"
                )

    def stop(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for one in (self._listening, *self._open):
            one.close()
