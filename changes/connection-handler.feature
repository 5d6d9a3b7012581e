``aiorest_gw.client.ConnectionHandler`` drives a browser over its DevTools Protocol, on Twisted and on asyncio: commands side by side with errors that say what is known,
callbacks that may command and wait for other events, and a connection that is made again, with what the browser has to be told first. ``examples/chromium`` takes pictures of pages with it.
