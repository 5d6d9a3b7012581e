Clients for Twisted (``aiorest_gw.client``), for asyncio (``aiorest_gw.client.aio``, without Twisted) and for
scripts (``aiorest_gw.client.connect``): requests, pushes, topics, streams, requests of the gateway, and a
session that is resumed whatever the network does. A call costs no more than one of a bare client.
