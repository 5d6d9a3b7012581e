"""The chat: ``aiorest-gw serve --app examples.chat.app:make_factory``, then open two pages.

Rooms are topics, ``rooms/<name>``: the gateway itself lets people join and leave them, and tells
their history and who is there (``/~/topics/…``). The views here are what the gateway cannot know:
that whoever says something says it under the own name. ``CHAT_PAGE_PORT`` names the port of the
page (default 8082).
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Annotated, Any

import attrs
from msgspec import Meta
from twisted.internet.error import CannotListenError
from twisted.web.server import Site
from twisted.web.static import Data, File

from aiorest_gw import Push, Request, RequestHandlerFactory, Session, SimpleRouter, TopicRule
from aiorest_gw.auth import Identity, User
from aiorest_gw.errors import BaseAuthException, ConfigurationError

PAGE = Path(__file__).parent / "page"
SCRIPT = "text/javascript; charset=utf-8"
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
    """The gateway, and the page beside it.

    :param page_port: on 127.0.0.1; 0: one that is free.
    """

    def __init__(self, page_port: int = 0, **options: Any) -> None:
        self.page_port = page_port
        # Nobody may write: clients could say that anybody said it. They ask the views.
        rule = TopicRule("rooms/*", read=has_name, history=200, history_seconds=DAY)
        super().__init__(router=router, authenticator=BelievesNames(), topics=[rule], **options)

    def startFactory(self) -> None:
        """Called when the gateway begins to listen: serve the page, and let it connect."""
        root = File(str(PAGE))
        root.putChild(b"aiorest-gw.js", Data(self.documents["/aiorest-gw.js"].body, SCRIPT))
        page = Site(root)
        try:
            self.page = self.reactor.listenTCP(self.page_port, page, interface="127.0.0.1")
        except CannotListenError as error:
            raise ConfigurationError(
                f"the page cannot have port {self.page_port} ({error.socketError.strerror}); "
                "choose another with CHAT_PAGE_PORT=8083"
            ) from None
        port = self.page.getHost().port
        self.configure(origins=[f"http://{host}:{port}" for host in ("127.0.0.1", "localhost")])
        print(
            f"chat: open http://127.0.0.1:{port}/ in two windows, under two names\n"
            "chat: (where the gateway is not on 8080, with ?gateway=ws://127.0.0.1:PORT/)\n"
            "chat: CTRL-C stops it",
            flush=True,
        )

    def stopFactory(self) -> None:
        self.page.stopListening()


def make_factory() -> ChatFactory:
    """What ``--app`` names: settings come from the environment."""
    return ChatFactory(page_port())


def page_port() -> int:
    """The port that ``CHAT_PAGE_PORT`` names.

    :raises ConfigurationError: it names none.
    """
    text = os.environ.get("CHAT_PAGE_PORT") or "8082"
    if not text.isdecimal() or int(text) > 65_535:
        raise ConfigurationError(
            f"CHAT_PAGE_PORT should be a number from 0 to 65535, as in CHAT_PAGE_PORT=8083, not {text!r}"
        )
    return int(text)
