Pages and their channels in one service: ``aiorest_gw.channels.PageHandle`` serves a folder of pages and the WebSocket of their channels on one port,
``PageServer`` the pages alone, and ``handle_client`` the WebSocket of another server, within programs for asyncio and for Twisted.
