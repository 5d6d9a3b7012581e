"""Django Channels on Daphne, its consumer alone, on uvloop. Daphne has no permessage-deflate."""

import asyncio

import django
import uvloop
from django.conf import settings

from .work import answer, arguments

PORT, _ = arguments()
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
settings.configure(INSTALLED_APPS=["channels"])
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter  # noqa: E402
from daphne.server import Server  # noqa: E402


class Consumer(AsyncWebsocketConsumer):
    async def receive(self, text_data=None, bytes_data=None):
        await self.send(answer(text_data).decode())


Server(
    ProtocolTypeRouter({"websocket": Consumer.as_asgi()}),
    endpoints=[f"tcp:{PORT}:interface=127.0.0.1"],
).run()
