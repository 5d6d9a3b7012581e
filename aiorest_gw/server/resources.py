"""What a client asks of the gateway itself, under ``/~/`` (``docs/wire-protocol.rst``)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Raw

from ..errors import BadRequest, PermissionDeniedException, UnwritableMessage
from ..messages import Request, Response
from ..routing.router import SimpleRouter
from ..sessions.resumable import ResumableSession
from ..sessions.rules import wrong_in_topic
from ..sessions.session import Session
from ..sessions.topics import Topics, position_of
from ..wire.dialects import PLAIN

if TYPE_CHECKING:
    from .factory import RequestHandlerFactory

__all__ = ["own_resources"]


@cache
def own_resources() -> SimpleRouter:
    """The routes of the gateway's own resources, which are the same for every factory."""
    router = SimpleRouter()
    router.get("/~/ping")(_ping)
    router.get("/~/session")(_session)
    router.put("/~/session")(_renew)
    router.delete("/~/session")(_leave)
    for path in ("/~/topics/{topic}", "/~/topics/{topic:path}"):
        router.put(path)(_subscribe)
        router.delete(path)(_unsubscribe)
        router.post(path)(_publish)
    router.get("/~/topics/{topic}")(_history)
    router.get("/~/topics/{topic:path}")(_history_or_presence)
    router.get("/~/topics/{topic}/presence")(_presence)
    return router


def _ping(request: Request) -> str:
    return "pong"


def _of(request: Request) -> tuple[RequestHandlerFactory, Session]:
    if request.session is None or request.factory is None:
        raise BadRequest("There is no connection here.")
    return request.factory, request.session


def _session(request: Request) -> dict[str, Any]:
    """What the gateway knows of a session."""
    _, session = _of(request)
    known: dict[str, Any] = {
        "session_id": session.session_id,
        "user_id": session.user_id,
        "username": session.username,
        "peer": session.peer,
    }
    if isinstance(session, ResumableSession):
        known |= {"received": session.received, "unacknowledged": session.unacknowledged}
    return known


async def _renew(request: Request) -> dict[str, Any]:
    """Fresh credentials of the same user; or the first ones, of who was nobody until now."""
    factory, session = _of(request)
    data = request.data if isinstance(request.data, dict) else {}
    token = data.get("token", request.token)
    if not isinstance(token, str):
        raise BadRequest("A session is open here; a `token`, a string, renews its credentials.")
    identity = await factory.identify(token)
    if session.user_id not in (None, identity.user.id):
        raise PermissionDeniedException("The token is another user's.")
    session.user = identity.user
    session.renewed(identity.remaining)
    factory.manager.register(session)
    return _session(request)


def _of_topic(request: Request, topic: str) -> tuple[Topics, Session]:
    """The gateway's topics, and who asks for one of them.

    :raises BadRequest: that is no name of a topic.
    """
    wrong = wrong_in_topic(topic)
    if wrong is not None:
        raise BadRequest(wrong)
    factory, session = _of(request)
    return factory.manager.topics, session


async def _subscribe(request: Request, topic: str) -> dict[str, Any]:
    topics, session = _of_topic(request, topic)
    data = request.data if request.data is not None else {}
    if not isinstance(data, dict):
        raise BadRequest("The `data` should be an object.")
    since = position_of(data.get("since"))
    await topics.check(session, topic, "read")
    return (await topics.subscribe(session, topic, since)).told()


async def _unsubscribe(request: Request, topic: str) -> bool:
    topics, session = _of_topic(request, topic)
    return await topics.unsubscribe(session, topic)


async def _publish(request: Request, topic: str) -> dict[str, Any]:
    """The request's ``event_name`` and ``data`` are the publication's."""
    topics, session = _of_topic(request, topic)
    await topics.check(session, topic, "write")
    try:
        position = await topics.publish(topic, request.event_name, request.data)
    except UnwritableMessage:
        raise BadRequest("The `event_name` and `data` should be what JSON can hold too.") from None
    return {"epoch": position.epoch, "offset": position.offset}


async def _history(
    request: Request, topic: str, since: Any = None, limit: int | None = None
) -> dict[str, Any]:
    """What is kept, oldest first; of more than ``limit``, the newest."""
    topics, session = _of_topic(request, topic)
    if limit is not None and limit < 0:
        raise BadRequest("The `limit` should be 0 or more.")
    await topics.check(session, topic, "read")
    history = await topics.history(topic, position_of(since), limit)
    dialect = session.dialect if isinstance(session, ResumableSession) else PLAIN
    return {
        "epoch": history.position.epoch,
        "offset": history.position.offset,
        "complete": history.complete,
        # As they were written when they were published.
        "publications": [Raw(one.body(dialect)) for one in history.publications],
    }


async def _history_or_presence(
    request: Request, topic: str, since: Any = None, limit: int | None = None
) -> Any:
    """Of a topic whose slashes are written as such, the last part of the url says which."""
    if topic.endswith("/presence"):
        return await _presence(request, topic.removesuffix("/presence"))
    return await _history(request, topic, since, limit)


async def _presence(request: Request, topic: str) -> list[dict[str, Any]]:
    topics, session = _of_topic(request, topic)
    await topics.check(session, topic, "presence")
    return await topics.members(topic)


def _leave(request: Request) -> Response:
    """The client leaves for good; it is closed behind the answer."""
    factory, session = _of(request)
    factory.reactor.callLater(0, session.depart)
    return Response(None)
