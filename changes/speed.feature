A small request costs the gateway less CPU than bare aiohttp, about as much as socketify, and a third of what Autobahn takes alone: frames that come whole are read in one loop,
answers of one read leave in one write, and on asyncio's reactor ``tcp:`` means ``loop:``, whose transports are the loop's own. With permessage-deflate every message
is compressed for itself, so that a connection which compresses needs no more memory. An idle connection keeps 3 to 4 KiB.
