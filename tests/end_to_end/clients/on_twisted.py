"""The client of Twisted, in MessagePack, at its work."""

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from aiorest_gw.client import GatewayClient

from .awaiting import work
from .starting import Order


def main(reactor):
    order = Order.of_process()
    client = GatewayClient(order.url, order.name, msgpack=True, patience=order.patience)
    working = Deferred.fromCoroutine(work(client, order, Deferred.fromCoroutine))
    return working.addTimeout(order.seconds, reactor)


if __name__ == "__main__":
    react(main)
