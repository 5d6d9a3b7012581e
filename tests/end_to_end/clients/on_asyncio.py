"""The client of asyncio, at its work."""

import asyncio

from aiorest_gw.client.aio import GatewayClient

from .awaiting import work
from .starting import Order


async def main() -> None:
    order = Order.of_process()
    client = GatewayClient(order.url, order.name, patience=order.patience)
    await asyncio.wait_for(work(client, order, asyncio.create_task), order.seconds)


if __name__ == "__main__":
    asyncio.run(main())
