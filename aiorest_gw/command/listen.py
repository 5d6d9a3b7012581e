"""``aiorest-gw listen``: what a gateway pushes, a line each."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import attrs

from ..client.aio import ConnectionLost, GatewayClient, Loss, Position, State, Subscription
from ..messages import Push
from .outcomes import Outcome
from .output import Output, compact, tell
from .parsing import CommandParser, whole_number
from .running import run

__all__ = ["main"]

_EXAMPLES = """  aiorest-gw listen ws://127.0.0.1:8080/
  aiorest-gw listen ws://127.0.0.1:8080/ news/today rooms/red --json
  aiorest-gw listen ws://127.0.0.1:8080/ news/today --since=Zk3d:17 --count 1
  aiorest-gw listen ws://127.0.0.1:8080/ --event 'order.*'"""
# Pushes between the network and whoever reads the output; behind them nothing is acknowledged.
_MOST_WAITING = 100


def main(arguments: Sequence[str]) -> None:
    """Print pushes, until it is interrupted or has printed enough.

    :raises SystemExit: with the outcome.
    """
    parser = _parser()
    options = parser.parse(arguments)
    if options.since is not None and len(options.topic) != 1:
        parser.error("--since is a place in one topic: name that topic, and no other")
    run("listen", _Listening(options).run())


def _parser() -> CommandParser:
    parser = CommandParser(
        "listen",
        "Print what a gateway pushes, a line each: time, topic, offset, name, data.",
        _EXAMPLES,
    )
    parser.add_argument(
        "topic", type=_topic, nargs="*", help="subscribe to it; without any, all pushes are printed"
    )
    parser.add_argument(
        "--event",
        type=_event,
        action="append",
        default=[],
        metavar="NAME",
        help="pushes of this name, besides those of the topics; 'order.*' for all that begin so",
    )
    parser.add_argument(
        "--since",
        type=_position,
        metavar="EPOCH:OFFSET",
        help="of the topic, also what was published behind this place",
    )
    parser.add_argument("--count", type=whole_number, metavar="N", help="end after so many pushes")
    return parser


def _topic(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("a topic has a name")
    return text


def _event(text: str) -> str:
    if not text or "*" in text[:-1]:
        raise argparse.ArgumentTypeError(f"{text!r} is no name such as order.changed or 'order.*'")
    return text


def _position(text: str) -> Position:
    epoch, _, offset = text.rpartition(":")
    if not epoch or not (offset.isascii() and offset.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no place such as Zk3d:17")
    return Position(epoch, int(offset))


class _Listening:
    """
    :param options: of the command line.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._output = Output()
        self._pushes: asyncio.Queue[Push] = asyncio.Queue(_MOST_WAITING)
        self._subscriptions: dict[str, Subscription] = {}
        # Of each topic, behind what was printed of it.
        self._places: dict[str, Position] = {}
        self._away = False

    async def run(self) -> Outcome:
        """
        :raises CommandError: the gateway refuses it, or there is no connection any more.
        """
        client = GatewayClient(**self._options.client)
        closed = asyncio.get_running_loop().create_future()
        client.on_state(partial(self._tell_state, client, closed))
        client.on_resumed(lambda: tell("listen", "resumed: nothing is missing"))
        client.on_lost(_tell_loss)
        try:
            await client.connect()
            # What was missed comes before a subscription is answered.
            printing = asyncio.ensure_future(self._print())
            asking = asyncio.ensure_future(self._subscribe(client))
            await _first_of(asking, printing, closed)
            await _first_of(printing, closed)
            asking.cancel()
        finally:
            self._tell_places()
            await client.close()
        return Outcome.DONE

    async def _subscribe(self, client: GatewayClient) -> None:
        options = self._options
        for name in options.event or ([] if options.topic else ["*"]):
            client.on(name, self._heard_besides)
        for topic in options.topic:
            made = await client.subscribe(topic, self._pushes.put, since=options.since)
            self._subscriptions[topic] = made
            self._places.setdefault(topic, made.position)
            if options.since is not None and not made.recovered:
                _tell_loss(Loss("not all that was published since then is kept", topic))
        tell("listen", f"listening to {', '.join(options.topic + options.event) or 'all pushes'}")

    async def _heard_besides(self, push: Push) -> None:
        if push.topic not in self._options.topic:
            await self._pushes.put(push)

    async def _print(self) -> None:
        printed = 0
        while printed != self._options.count:
            push = await self._pushes.get()
            self._print_one(push)
            printed += 1

    def _print_one(self, push: Push) -> None:
        now = datetime.now(UTC)
        if self._options.json:
            shown = {"time": f"{now:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"} | attrs.asdict(push)
            self._output.line(compact(shown))
        else:
            self._output.styled(
                (f"{now.astimezone():%H:%M:%S.%f}"[:-3], "dim"),
                (push.topic or "-", "cyan"),
                ("-" if push.offset is None else str(push.offset), "dim"),
                (_name(push.event_name), "bold"),
                (compact(push.data), ""),
            )
        self._remember(push)

    def _remember(self, push: Push) -> None:
        topic, offset = push.topic, push.offset
        if topic is not None and offset is not None and topic in self._options.topic:
            subscription = self._subscriptions.get(topic)
            known = subscription.position if subscription else self._options.since
            if known is not None:
                self._places[topic] = Position(known.epoch, offset)

    def _tell_state(
        self, client: GatewayClient, closed: asyncio.Future[None], state: State, reason: str
    ) -> None:
        if state is State.LOST and not self._away:
            self._away = True
            tell("listen", f"the connection is lost ({reason}); coming back")
        elif state is State.OPEN:
            self._away = False
        elif state is State.CLOSED and not closed.done():
            closed.set_exception(client.error or ConnectionLost(reason))
            # Whether or not anybody still waits for it.
            closed.exception()

    def _tell_places(self) -> None:
        for topic, place in self._places.items():
            tell("listen", f"{topic} goes on with --since={place.epoch}:{place.offset}")


async def _first_of(*running: asyncio.Future[None]) -> None:
    """Wait for the first of them to end, and raise what it raises."""
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    except BaseException:
        for one in running:
            one.cancel()
        raise


def _name(event_name: object) -> str:
    return event_name if isinstance(event_name, str) else compact(event_name)


def _tell_loss(loss: Loss) -> None:
    tell("listen", f"lost of {loss.topic or 'the session'}: {loss.reason}")
