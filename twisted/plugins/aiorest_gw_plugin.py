"""Makes ``twistd aiorest_gw`` known; imported by every ``twistd``, so it imports no reactor."""

from twisted.application.service import ServiceMaker

aiorest_gw = ServiceMaker(
    "aiorest_gw",
    "aiorest_gw.server.twistd",
    "A gateway for REST-style requests over WebSocket.",
    "aiorest_gw",
)
