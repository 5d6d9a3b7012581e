"""A small shop, to be asked from the shell: answers of every kind, pushes, and topics."""

import time
from collections import Counter

from attrs import define
from twisted.internet.defer import Deferred

from aiorest_gw import (
    APIError,
    Push,
    RequestHandlerFactory,
    Response,
    SimpleRouter,
    TopicRule,
)
from aiorest_gw.auth.identity import Identity
from aiorest_gw.auth.users import User
from aiorest_gw.errors import RequestTimeout, TokenNotProvidedException

router = SimpleRouter()
asked = Counter()


@define
class Customer:
    name: str
    age: int = 0


@router.get("/users/{id:int}")
def customer(request, id: int):
    if id > 9:
        raise APIError("no such user", status=404)
    return {"id": id, "name": "Ann"}


@router.post("/users")
def add(request, body: Customer):
    return Response({"id": 2, "name": body.name}, status=201)


@router.get("/echo")
def echo(request):
    return [request.args, request.data]


@router.get("/hiccup")
def hiccup(request):
    """The first time it stops everything for half a second."""
    asked["hiccup"] += 1
    if asked["hiccup"] == 1:
        time.sleep(0.5)


@router.get("/asked/hiccup")
def how_often(request):
    return asked["hiccup"]


@router.get("/nothing")
def nothing(request):
    return None


@router.get("/screen")
def screen(request):
    """What a terminal would obey."""
    return "\x1b[2J\x9b2J"


@router.get("/bug")
def bug(request):
    raise RuntimeError("a mistake in a view")


@router.get("/never")
def never(request):
    return Deferred()


@router.get("/count/{number:int}")
async def count(request, number):
    for one in range(number):
        yield one


@router.get("/broken")
async def broken(request):
    yield 1
    raise RequestTimeout("no more")


@router.get("/stuck")
async def stuck(request):
    yield 1
    await Deferred()


@router.get("/me")
def me(request):
    return request.session.username


@router.post("/news")
async def publish(request):
    return (await request.factory.manager.publish("news", "told", request.data)).offset


@router.post("/orders")
def order(request):
    """Whoever has a session is told."""
    return request.factory.manager.send_message_to_all(Push("order.changed", request.data))


@router.delete("/sessions")
def end_sessions(request, code: int = 4003):
    request.factory.manager.close_all(code, "out of patience")


class Names:
    """Takes the name of a customer for a token."""

    def authenticate(self, token):
        if token not in ("ann", "bob"):
            raise TokenNotProvidedException()
        return Identity(User(id=token, username=token, is_active=True, is_anonymous=False))


TOPICS = [TopicRule("news", read=True, history=5), TopicRule("secret")]


def make_factory():
    return RequestHandlerFactory(router=router, topics=TOPICS)


def make_locked_factory():
    return RequestHandlerFactory(router=router, topics=TOPICS, authenticator=Names())
