"""Makes ``twistd aiorest_gw`` and ``loop:`` known.

Imported by every ``twistd`` and wherever endpoints are parsed, so it imports neither a reactor nor the
gateway itself.
"""

from twisted.application.service import ServiceMaker
from twisted.internet.interfaces import IStreamServerEndpointStringParser
from twisted.plugin import IPlugin
from zope.interface import implementer


@implementer(IPlugin, IStreamServerEndpointStringParser)
class LoopParser:
    """``loop:8080:interface=127.0.0.1``: the asyncio loop's own transports."""

    prefix = "loop"

    def parseStreamServer(self, reactor, *args, **kwargs):
        from aiorest_gw.server.listening import parse_endpoint

        return parse_endpoint(reactor, *args, **kwargs)


aiorest_gw = ServiceMaker(
    "aiorest_gw",
    "aiorest_gw.server.twistd",
    "A gateway for REST-style requests over WebSocket.",
    "aiorest_gw",
)
loop_parser = LoopParser()
