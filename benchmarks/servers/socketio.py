"""python-socketio on uvicorn with uvloop and httptools: an event whose acknowledgement is the answer.

Its packets carry JSON, so it decodes and encodes the request and the answer itself.
"""

import msgspec
import socketio
import uvicorn

from .work import VIEWS, arguments

PORT, DEFLATE = arguments()


class Json:
    """msgspec where the json module is expected."""

    loads = staticmethod(msgspec.json.Decoder().decode)

    @staticmethod
    def dumps(value, **options):
        return msgspec.json.encode(value).decode()


server = socketio.AsyncServer(async_mode="asgi", json=Json, ping_interval=3600)


@server.event
async def request(sid, message):
    data = VIEWS[message["url"]](message)
    return {"data": data, "event_name": None, "id": message["id"], "status": 200}


uvicorn.run(
    socketio.ASGIApp(server),
    host="127.0.0.1",
    port=PORT,
    loop="uvloop",
    http="httptools",
    ws="websockets-sansio",
    ws_per_message_deflate=DEFLATE,
    log_level="error",
)
