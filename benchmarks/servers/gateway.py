"""The gateway itself: ``aiorest-gw serve --app benchmarks.servers.gateway:router``."""

from aiorest_gw import Push, SimpleRouter

from .work import TEXT, Order

router = SimpleRouter()


@router.get("/hello")
def hello(request):
    return {"message": "Hello, world!"}


@router.post("/orders")
async def order(request, body: Order):
    return {"total": body.count * body.price}


@router.post("/broadcast")
def broadcast(request, policy: str = "close", count: int = 1):
    manager = request.factory.manager
    return sum(manager.send_message_to_all(Push("news", TEXT), policy=policy) for _ in range(count))


@router.post("/echo")
def echo(request):
    return request.data
