"""The gateway itself: ``aiorest-gw serve --app benchmarks.servers.gateway:router``."""

from aiorest_gw import SimpleRouter

from .work import Order

router = SimpleRouter()


@router.get("/hello")
def hello(request):
    return {"message": "Hello, world!"}


@router.post("/orders")
async def order(request, body: Order):
    return {"total": body.count * body.price}


@router.post("/echo")
def echo(request):
    return request.data
