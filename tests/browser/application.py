"""An application for the JavaScript client's tests: pushes, topics, and credentials that run out."""

from __future__ import annotations

import os

from aiorest_gw import RequestHandlerFactory, SimpleRouter, TopicRule
from aiorest_gw.auth import Identity, User
from aiorest_gw.errors import BaseAuthException
from tests.end_to_end.asking import router as asking

router = SimpleRouter()
router.include(asking)


@router.post("/pushes")
async def pushes(request, body: int):
    for number in range(body):
        request.session.push("numbers", number)
        if number % 100 == 99:
            await request.session.request("GET", "/ready")


@router.post("/close")
def close(request):
    code, reason = request.data
    request.factory.reactor.callLater(0, request.session.close, code, reason)


@router.post("/forget")
def forget(request):
    """Who comes back gets a new session."""
    request.factory.reactor.callLater(0.05, request.session.depart)


class Tokens:
    """Takes ``name:seconds`` for a token that holds for as long."""

    def authenticate(self, token):
        if token is None:
            return Identity()
        name, _, seconds = token.partition(":")
        if not seconds:
            raise BaseAuthException("A token is name:seconds.")
        user = User(id=name, username=name, is_active=True, is_anonymous=False)
        return Identity(user, remaining=float(seconds))


def make_factory():
    rule = TopicRule("news/*", read=True, write=True, history=5)
    return RequestHandlerFactory(
        router=router,
        authenticator=Tokens(),
        topics=[rule],
        token_grace=0,
        session_ttl=float(os.environ.get("TEST_TTL", "60")),
    )
