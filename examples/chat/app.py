"""The chat: ``aiorest-gw serve --app examples.chat.app:make_factory``, then open two pages.

Rooms are topics, ``rooms/<name>``: the gateway itself lets people join and leave them, and tells
their history and who is there (``/~/topics/…``). The views here are what the gateway cannot know:
that whoever says something says it under the own name.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Annotated, Any

import attrs
from msgspec import Meta

from aiorest_gw import Push, Request, RequestHandlerFactory, Session, SimpleRouter, TopicRule
from aiorest_gw.auth import Identity, User
from aiorest_gw.errors import BaseAuthException

PAGE = Path(__file__).parent / "page"
DAY = 86_400
# Of people and of rooms.
NAME = r"^[\w-][\w.-]{0,29}\Z"
Name = Annotated[str, Meta(pattern=NAME)]

router = SimpleRouter()


@attrs.frozen
class Said:
    text: Annotated[str, Meta(min_length=1, max_length=2000)]


@router.post("/rooms/{room}", auth_required=True)
async def say(request: Request, room: Name, body: Said) -> dict[str, Any]:
    """Everybody in the room hears it; the answer says which number it has there."""
    message = _message(request, body)
    position = await request.factory.manager.publish(f"rooms/{room}", "said", message)
    return {"offset": position.offset}


@router.post("/users/{name}", auth_required=True)
def tell(request: Request, name: Name, body: Said) -> None:
    """Only one hears it, on all devices, or as soon as there is one; so do the speaker's own."""
    push = Push("told", _message(request, body) | {"to": name})
    request.factory.manager.send_message_to_user_ids([name, request.user.id], push)


def _message(request: Request, said: Said) -> dict[str, Any]:
    return {"from": request.user.id, "text": said.text, "at": round(time.time())}


class BelievesNames:
    """Takes a token for the name of who shows it.

    That is for an example: anybody can be anybody here, and reads what waits for them. Where it
    matters use :class:`aiorest_gw.auth.JSONWebTokenAuthenticator`, with a log-in as in
    ``examples/todo``; nothing else in this application has to change.
    """

    def authenticate(self, token: str | None) -> Identity:
        if token is None or not re.match(NAME, token):
            raise BaseAuthException(
                "A name has 1 to 30 letters, digits, dots and dashes, and no dot first."
            )
        return Identity(User(id=token, username=token, is_active=True, is_anonymous=False))


def has_name(session: Session, topic: str) -> bool:
    return bool(session.user.is_authenticated())


class ChatFactory(RequestHandlerFactory):
    """The gateway, and its page on the same port."""

    def __init__(self, **options: Any) -> None:
        # Nobody may write: clients could say that anybody said it. They ask the views.
        rule = TopicRule("rooms/*", read=has_name, history=200, history_seconds=DAY)
        super().__init__(
            router=router, authenticator=BelievesNames(), topics=[rule], site=PAGE, **options
        )

    def startFactory(self) -> None:
        """Called when the gateway begins to listen."""
        print(
            "chat: open its page in two windows, under two names\nchat: CTRL-C stops it", flush=True
        )


def make_factory() -> ChatFactory:
    """What ``--app`` names."""
    return ChatFactory()
