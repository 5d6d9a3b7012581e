"""A connection handler in the v1 dialect, at its work: it answers no requests, and takes parts together."""

import asyncio

from aiorest_gw.client.aio import ConnectionHandler

from .starting import Order
from .workload import AT_ONCE, Seen


async def main() -> None:
    order = Order.of_process(answers=False)
    seen = Seen(order.workload)
    handler = ConnectionHandler(
        ws_address=order.url, dialect="v1", token=order.name, patience=order.patience
    )
    handler.on_state(seen.state)
    try:
        async with asyncio.timeout(order.seconds), handler:
            await work(handler, order, seen)
    except Exception as error:
        seen.failure = repr(error)
    seen.resumed = seen.opened - 1
    seen.print()


async def work(handler: ConnectionHandler, order: Order, seen: Seen) -> None:
    async def ask(method, url, **more):
        answer = await handler.execute_command({"method": method, "url": url, **more}, None)
        return answer["data"]

    async def ask_for_each(numbers):
        for number in numbers:
            seen.answer(number, await ask("POST", f"/run/{order.name}/{number}"))

    async def take_parts():
        for part in await ask("GET", f"/parts/{order.workload.parts}"):
            seen.part(part)

    await handler.register_callback("pushed", lambda push: seen.push(push["data"]))
    await handler.register_callback(
        "published", lambda push: seen.publication(push["data"], push["offset"])
    )
    await ask("PUT", f"/~/topics/numbers%2F{order.name}")
    await ask("POST", f"/begin/{order.name}", args=order.workload.begin())
    numbers = iter(range(order.workload.requests))
    await asyncio.gather(take_parts(), *(ask_for_each(numbers) for _ in range(AT_ONCE)))
    while not seen.all_came:
        await ask("GET", "/~/ping")
    # Behind its answer nothing is on its way.
    await ask("GET", "/~/ping")


if __name__ == "__main__":
    asyncio.run(main())
