"""An application for clients on real sockets: credentials that run out, large answers, and closes."""

from __future__ import annotations

from aiorest_gw import RequestHandlerFactory, SimpleRouter, TopicRule
from aiorest_gw.auth import Identity, User
from aiorest_gw.errors import TokenExpiredException

router = SimpleRouter()
# Tokens are "name" or "name for SECONDS", and those that were used up.
used = set()


class Guests:
    """Whoever has a name is welcome, with a token for some seconds once."""

    def authenticate(self, token):
        if token is None:
            return Identity()
        name, _, seconds = token.partition(" for ")
        if token in used:
            raise TokenExpiredException
        if seconds:
            used.add(token)
        return Identity(
            User(id=name, username=name, is_anonymous=False), float(seconds) if seconds else None
        )


@router.get("/me")
def me(request):
    return request.session.username


@router.post("/size")
def size(request):
    return len(request.data)


@router.get("/text/{count:int}")
def text(request, count):
    return "x" * count


@router.post("/close/{code:int}")
def close(request, code):
    request.factory.reactor.callLater(0, request.session.close, code, "as you wished")


@router.get("/count/{to:int}")
async def count(request, to):
    for number in range(to):
        yield number


@router.get("/never")
async def never(request):
    from twisted.internet.defer import Deferred

    await Deferred()


def make_factory():
    return RequestHandlerFactory(
        router=router,
        authenticator=Guests(),
        topics=[TopicRule("*", read=True, write=True, history=50)],
        max_message_size=8_000_000,
        token_grace=0,
    )
