"""An application that tells its clients which headers it read of them, and where they seem to be."""

import base64
import json

from aiorest_gw import RequestHandlerFactory, RequestHandlerProtocol, SimpleRouter

router = SimpleRouter()


@router.get("/peer")
def peer(request):
    return request.session.peer


@router.post("/echo")
def echo(request):
    return request.data


class Reflecting(RequestHandlerProtocol):
    """Answers a handshake with the headers that it held, as base64 of JSON in ``X-Read``."""

    def onConnect(self, request):
        read = json.dumps(request.headers).encode()
        return None, {"X-Read": base64.b64encode(read).decode()}


def make_factory():
    return RequestHandlerFactory(router=router, protocol=Reflecting)
