"""FastAPI on uvicorn with uvloop and httptools: ``PORT websockets|websockets-sansio [deflate]``."""

import sys

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from .work import answer, arguments

PORT, DEFLATE = arguments()
app = FastAPI()


@app.websocket("/")
async def each(socket: WebSocket):
    await socket.accept()
    try:
        while True:
            await socket.send_text(answer(await socket.receive_text()).decode())
    except WebSocketDisconnect:
        pass


uvicorn.run(
    app,
    host="127.0.0.1",
    port=PORT,
    loop="uvloop",
    http="httptools",
    ws=sys.argv[2],
    ws_per_message_deflate=DEFLATE,
    log_level="error",
)
