"""What a client does whose methods are awaited, on Twisted or on asyncio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from aiorest_gw.client import SessionLost

from .starting import Order
from .workload import AT_ONCE, Seen

__all__ = ["work"]

Start = Callable[[Coroutine[Any, Any, None]], Awaitable[None]]


async def work(client: Any, order: Order, start: Start) -> None:
    """
    :param start: runs a coroutine by itself.
    """
    seen = Seen(order.workload)
    _watch(client, seen)
    try:
        async with client:
            await (_move if order.moves else _work)(client, order, seen, start)
    except BaseException as error:
        seen.failure = repr(error)
    finally:
        seen.print()


def _watch(client: Any, seen: Seen) -> None:
    client.on_state(seen.state)
    client.on_resumed(seen.resume)
    client.on_lost(seen.loss)
    client.on("pushed", lambda push: seen.push(push.data))
    client.handles("/numbers/{number:int}", lambda request: seen.ask(request.data))


async def _move(client: Any, order: Order, seen: Seen, start: Start) -> None:
    """Ask for publications, and see all of them, also of requests that nobody knows of."""
    topic = f"numbers/{order.name}"
    await client.subscribe(topic, lambda push: seen.publication_at(push.offset))
    numbers = iter(range(order.workload.requests))
    running = [start(_ask_for_some(client, order, seen, numbers)) for _ in range(AT_ONCE)]
    for one in running:
        await one
    while seen.publications < (await client.history(topic, limit=0))["offset"]:
        pass


async def _ask_for_some(client: Any, order: Order, seen: Seen, numbers: Any) -> None:
    for number in numbers:
        url = f"/run/{order.name}/{number}"
        try:
            seen.answer(number, await client.post(url, args={"publications": 2}))
        except SessionLost:
            seen.unknown += 1


async def _work(client: Any, order: Order, seen: Seen, start: Start) -> None:
    await client.subscribe(
        f"numbers/{order.name}", lambda push: seen.publication(push.data, push.offset)
    )
    await client.post(f"/begin/{order.name}", args=order.workload.begin())
    running = [start(_take_parts(client, order, seen))]
    numbers = iter(range(order.workload.requests))
    running += [start(_ask(client, order, seen, numbers)) for _ in range(AT_ONCE)]
    for one in running:
        await one
    while not seen.all_came:
        await client.get("/~/ping")
    # Behind its answer nothing is on its way.
    await client.get("/~/ping")


async def _ask(client: Any, order: Order, seen: Seen, numbers: Any) -> None:
    for number in numbers:
        seen.answer(number, await client.post(f"/run/{order.name}/{number}"))


async def _take_parts(client: Any, order: Order, seen: Seen) -> None:
    async for part in client.stream(f"/parts/{order.workload.parts}"):
        seen.part(part)
