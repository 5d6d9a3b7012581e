"""The gateway itself: ``aiorest-gw serve --app benchmarks.servers.gateway:router``."""

import attrs

from aiorest_gw import SimpleRouter

router = SimpleRouter()


@attrs.define
class Order:
    item: str
    count: int
    price: float
    paid: bool
    notes: list[str]


@router.get("/hello")
def hello(request):
    return {"message": "Hello, world!"}


@router.post("/orders")
async def order(request, body: Order):
    return {"total": body.count * body.price}


@router.post("/echo")
def echo(request):
    return request.data
