"""The client of scripts, which waits for each answer, at its work."""

from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from aiorest_gw.client import connect

from .starting import Order
from .workload import AT_ONCE, Seen


class Numbers:
    """Numbers that several threads take."""

    def __init__(self, count: int) -> None:
        self._numbers = iter(range(count))
        self._lock = Lock()

    def __iter__(self):
        return self

    def __next__(self) -> int:
        with self._lock:
            return next(self._numbers)


def main() -> None:
    order = Order.of_process()
    seen = Seen(order.workload)
    options = {"timeout": order.seconds, "patience": order.patience}
    try:
        with connect(order.url, order.name, **options) as client:
            seen.opened = 1
            work(client, order, seen)
    except Exception as error:
        seen.failure = repr(error)
    seen.print()


def work(client, order: Order, seen: Seen) -> None:
    # Callbacks run in several threads.
    lock = Lock()

    def locked(function):
        def call(*args):
            with lock:
                return function(*args)

        return call

    def take_parts():
        for part in client.stream(f"/parts/{order.workload.parts}"):
            seen.part(part)

    def ask_for_each(numbers):
        for number in numbers:
            locked(seen.answer)(number, client.post(f"/run/{order.name}/{number}"))

    client.on_state(locked(seen.state))
    client.on_resumed(locked(seen.resume))
    client.on_lost(locked(seen.loss))
    client.on("pushed", lambda push: seen.push(push.data))
    client.handles("/numbers/{number:int}", locked(lambda request: seen.ask(request.data)))
    client.subscribe(f"numbers/{order.name}", lambda push: seen.publication(push.data, push.offset))
    client.post(f"/begin/{order.name}", args=order.workload.begin())
    numbers = Numbers(order.workload.requests)
    with ThreadPoolExecutor(AT_ONCE + 1) as threads:
        running = [threads.submit(take_parts)]
        running += [threads.submit(ask_for_each, numbers) for _ in range(AT_ONCE)]
        for one in running:
            one.result()
    while not seen.all_came:
        client.get("/~/ping")
    # Behind its answer nothing is on its way.
    client.get("/~/ping")


if __name__ == "__main__":
    main()
