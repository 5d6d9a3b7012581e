"""An application that answers in parts, and asks its clients: for the JavaScript client."""

from twisted.internet.task import deferLater

from aiorest_gw import HandlerManager, RequestHandlerFactory, SimpleRouter
from aiorest_gw.errors import ClientError, RequestTimeout

router = SimpleRouter()


@router.get("/count/{number:int}")
async def count(request, number):
    for one in range(number):
        yield one


@router.get("/endless")
async def endless(request):
    number = 0
    while True:
        yield (number := number + 1)
        await deferLater(request.factory.reactor, 0.01)


@router.get("/broken")
async def broken(request):
    yield 1
    raise RequestTimeout("no more")


@router.get("/asks/{name}")
async def asks(request, name: str, deadline: float = 20):
    """What the client answers to a request."""
    try:
        return await request.session.request("GET", f"/{name}", data="please", deadline=deadline)
    except ClientError as error:
        return [error.status, error.detail]
    except RequestTimeout:
        return "too late"


@router.get("/open")
def open_requests(request):
    return request.session.work.open


@router.post("/ran")
def run(request):
    request.session.data.setdefault("ran", []).append(request.data)


@router.get("/ran")
def ran(request):
    return request.session.data.get("ran", [])


@router.get("/slow")
async def slow(request):
    await deferLater(request.factory.reactor, 1)


@router.post("/push")
def push(request):
    request.session.push("pushed", request.data)


@router.route("/mirror", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def mirror(request):
    return [request.method, request.args, request.data, request.event_name, request.headers]


def make_factory():
    return RequestHandlerFactory(router=router)


def make_full_factory():
    """One session is all that it takes."""
    return RequestHandlerFactory(
        router=router, manager=HandlerManager(max_concurrent_connections=1)
    )
