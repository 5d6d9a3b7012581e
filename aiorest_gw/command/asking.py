"""A client that hands on whole answers, with their status, and each part when it comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from ..client.aio import GatewayClient
from ..client.core.requests import request_of
from ..client.core.streams import Items
from ..client.core.v1 import Incoming

__all__ = ["AskingClient"]


class AskingClient(GatewayClient):
    """A :class:`GatewayClient` for whom it matters whether an answer is a 200 or a 201."""

    async def answers(
        self, method: str, url: str, **options: Any
    ) -> AsyncGenerator[Incoming, None]:
        """Ask, and take the parts of the answer, and what ends it.

        :param options: those of :meth:`request`.
        :returns: parts, which have nothing but ``data`` and ``more``; and last the answer, which may be
            a failure.
        :raises ClientError: there is no answer.
        """
        items: Items[Any] = Items(self._world, self._backlog)
        request = request_of(method, url, **options)
        self._connection.open()
        call = self._session.ask(request, items.put)
        call.future.add_done_callback(lambda future: items.end())
        try:
            while True:
                try:
                    part = await items.take()
                except StopAsyncIteration:
                    break
                yield Incoming(data=part, more=True)
            yield await call.future
        finally:
            items.drop()
            if not call.ended:
                self._session.forget(call)
