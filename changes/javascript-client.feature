``aiorest-gw.js``: a client for browsers and node, an ES module with types and without dependencies, at
most 5 KiB compressed, which the gateway serves itself and ``npm pack`` packs. Requests, streams, pushes,
topics and requests of the gateway, over a session that resumes.
