One port serves pages, the gateway's WebSocket and further ones: ``--site folder``, with types, caching, ranges, compressed forms and headers for a page's
security, for a third of the CPU of ``twisted.web.static.File``.
