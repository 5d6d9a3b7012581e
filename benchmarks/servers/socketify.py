"""socketify: uWebSockets, called from Python."""

from socketify import App, AppListenOptions, CompressOptions, OpCode

from .work import answer, arguments

PORT, DEFLATE = arguments()


def each(socket, message, opcode):
    socket.send(answer(message), OpCode.TEXT, DEFLATE)


app = App()
app.ws(
    "/*",
    {
        "compression": CompressOptions.SHARED_COMPRESSOR if DEFLATE else CompressOptions.DISABLED,
        "max_payload_length": 1 << 20,
        "max_backpressure": 1 << 20,
        "message": each,
    },
)
app.listen(AppListenOptions(port=PORT, host="127.0.0.1"))
app.run()
