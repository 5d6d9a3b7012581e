"""twisted.web's own static.File, and nothing else: what a page costs is measured beside it.

``python -m benchmarks.servers.static_file PORT FOLDER REACTOR``: ``uvloop``, or one of Twisted's.
"""

from __future__ import annotations

import sys

from aiorest_gw.server.reactors import install_reactor


def main(port: int, folder: str, reactor_name: str) -> None:
    install_reactor(None if reactor_name == "uvloop" else reactor_name)
    from twisted.internet import reactor
    from twisted.web.server import Site
    from twisted.web.static import File

    class Silent(Site):
        def log(self, request: object) -> None:
            """Nothing, as the gateway."""

    reactor.listenTCP(port, Silent(File(folder)), interface="127.0.0.1")  # type: ignore[attr-defined]
    reactor.run()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
