A small request costs the gateway less CPU than bare aiohttp and socketify, and a third of what Autobahn takes alone: frames that come whole are read in one loop,
what is sent in one turn of the loop leaves at its end, a connection's in one write, and on asyncio's reactor ``tcp:`` means ``loop:``, whose transports are the loop's own. With permessage-deflate every message
is compressed for itself, so that a connection which compresses needs no more memory. An idle connection keeps 3 to 4 KiB.
