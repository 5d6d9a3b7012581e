"""The gateway's own factory and protocol as the echo server that the Autobahn Testsuite asks for.

``python -m tests.conformance.server loop:0:interface=127.0.0.1 --compress``; ``loop:`` brings its own
reactor, any other endpoint runs on epoll. The first line of the output ends with the port.
"""

from __future__ import annotations

import argparse
from typing import Any

from aiorest_gw import RequestHandlerFactory, RequestHandlerProtocol
from aiorest_gw.server.reactors import install_reactor

# The largest message of the suite, in cases 9.1 to 9.6.
LARGEST_MESSAGE = 16 * 1024 * 1024


class EchoProtocol(RequestHandlerProtocol):
    """Sends every message back instead of taking it for a request; all else is the gateway's."""

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.sendMessage(payload, isBinary)


def make_factory(compress: bool, **options: Any) -> RequestHandlerFactory:
    """The factory under test.

    :param compress: take permessage-deflate where the suite offers it.
    """
    factory = RequestHandlerFactory(
        max_message_size=LARGEST_MESSAGE,
        # Cases 9.3 to 9.6 cut 4 MiB into pieces of 64 bytes, and others send pings as fast as they can.
        max_fragments=1_000_000,
        control_frames_per_second=0,
        compress=compress,
        **options,
    )
    factory.protocol = EchoProtocol
    return factory


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("endpoint", help="as Twisted describes one; its port may be 0")
    arguments.add_argument("--compress", action="store_true")
    options = arguments.parse_args()
    install_reactor(None if options.endpoint.startswith("loop:") else "epoll")
    from twisted.internet import reactor
    from twisted.internet.endpoints import serverFromString

    listening = serverFromString(reactor, options.endpoint).listen(make_factory(options.compress))
    listening.addCallback(lambda port: print("listens on", port.getHost().port, flush=True))
    reactor.run()


if __name__ == "__main__":
    main()
