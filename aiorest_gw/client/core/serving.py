"""What the gateway asks its client: each request is run once, and answered as often as it is asked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
from msgspec import UNSET

from ...arguments import checked_callable
from ...errors import APIError
from ...routing.paths import BUILT_IN_TYPES, Parameter, Path, parse_path, segments_of
from ..errors import InvalidCommand
from .v1 import Answer, Incoming
from .world import Running, World

__all__ = ["GatewayRequest", "Serving"]

# Answers that are kept, for a gateway that asks again because it did not get them.
_MOST_KEPT = 64
# Requests that run at the same time.
_MOST_OPEN = 64
_FAILED = "A client error occurred."


@attrs.frozen
class GatewayRequest:
    """What the gateway asks.

    :param method: the verb.
    :param url: as it asked.
    :param args: named arguments.
    :param data: the body.
    :param event_name: a name, or None.
    :param deadline: milliseconds within which it wants the answer, or None.
    :param headers: ``traceparent`` and the like.
    :param parameters: what stands in the url for the parameters of the path.
    """

    method: str
    url: str
    args: dict[str, Any] = attrs.field(repr=False)
    data: Any = attrs.field(repr=False)
    event_name: Any
    deadline: float | None
    headers: dict[str, Any] = attrs.field(repr=False)
    parameters: dict[str, Any] = attrs.field(repr=False)


@attrs.frozen
class _Route:
    path: Path
    methods: frozenset[str] | None
    handler: Callable[[GatewayRequest], Any]

    def match(self, segments: list[str]) -> dict[str, Any] | None:
        """What stands for the parameters, where it is this path."""
        found: dict[str, Any] = {}
        for at, part in enumerate(self.path.segments):
            if at >= len(segments):
                return None
            if not isinstance(part, Parameter):
                if part != segments[at]:
                    return None
                continue
            text = "/".join(segments[at:]) if part.type.whole_rest else segments[at]
            try:
                found[part.name] = part.type.parse(text)
            except ValueError:
                return None
            if part.type.whole_rest:
                return found
        return found if len(segments) == len(self.path.segments) else None


@attrs.define(eq=False)
class _Run:
    """A request that runs.

    :param answer: what it will be answered; until it has ended, that it was cancelled.
    """

    answer: Answer
    running: Running | None = None
    cancelled: bool = False


def checked_path(path: Any) -> None:
    """
    :raises TypeError: it is no text, such as where a decorator has been given none.
    """
    if not isinstance(path, str):
        raise TypeError(f"a handler has a path, a text such as '/location', not {path!r}")


class Serving:
    """
    :param world: that handlers run in.
    :param send: sends an answer, if that is possible now; raises InvalidCommand where it cannot be
        written.
    """

    def __init__(self, world: World[Any], send: Callable[[Answer], None]) -> None:
        self._world = world
        self._send = send
        self._routes: list[_Route] = []
        self._running: dict[int, _Run] = {}
        self._answered: OrderedDict[int, Answer] = OrderedDict()

    def register(
        self, path: str, handler: Callable[[GatewayRequest], Any], methods: Any = None
    ) -> None:
        """
        :param path: as of a router's, ``/files/{name}``.
        :param methods: verbs; None: any.
        :raises TypeError: the handler is no function of one argument.
        """
        checked_callable("handler", handler, "request")
        if isinstance(methods, str):
            methods = [methods]
        verbs = None if methods is None else frozenset(str(verb).upper() for verb in methods)
        self._routes.append(_Route(parse_path(path, BUILT_IN_TYPES), verbs, handler))

    def ask(self, message: Incoming) -> None:
        """The gateway asks, perhaps again."""
        id = message.id
        if type(id) is not int:
            return
        if id in self._answered:
            self._send(self._answered[id])
        elif id not in self._running:
            if len(self._running) >= _MOST_OPEN:
                self._send(Answer(id, 503, detail="The client answers too many requests already."))
                return
            run = self._running[id] = _Run(Answer(id, 499, detail="The client has cancelled it."))
            run.running = self._world.begin(self._run(run, message), partial(self._ended, run))

    def cancel(self, id: int) -> None:
        """The gateway wants no answer any more."""
        run = self._running.get(id)
        if run is not None:
            _cancel(run)

    def reset(self) -> None:
        """Another session counts anew; what runs is of no use any more."""
        runs, self._running = self._running, {}
        self._answered.clear()
        for run in runs.values():
            _cancel(run)

    async def _run(self, run: _Run, message: Incoming) -> None:
        """Fill in what is answered."""
        answer = run.answer
        try:
            handler, request = self._find(message)
            data = handler(request)
            if self._world.awaitable(data):
                data = await data
        except APIError as error:
            answer.status, answer.detail = error.status, error.detail
            answer.errors = UNSET if error.errors is None else error.errors
        except Exception:
            if run.cancelled:
                return
            self._world.failure("the handler of {url} failed", url=message.url)
            answer.status, answer.detail = 500, _FAILED
        else:
            answer.status, answer.data, answer.detail = 200, data, UNSET

    def _ended(self, run: _Run) -> None:
        # An earlier session's is of no use to anybody.
        if self._running.get(run.answer.id) is run:
            del self._running[run.answer.id]
            self._keep(run.answer)

    def _keep(self, answer: Answer) -> None:
        try:
            self._send(answer)
        except InvalidCommand:
            self._world.failure("the answer to the gateway's request cannot be written")
            answer = Answer(answer.id, 500, detail=_FAILED)
            self._send(answer)
        self._answered[answer.id] = answer
        if len(self._answered) > _MOST_KEPT:
            self._answered.popitem(last=False)

    def _find(self, message: Incoming) -> tuple[Callable[[GatewayRequest], Any], GatewayRequest]:
        """
        :raises APIError: nobody handles it.
        """
        url, method = str(message.url), str(message.method).upper()
        path = url.partition("?")[0].strip("/")
        segments = segments_of(f"/{path}") if path else []
        status = 501 if not self._routes else 404
        for route in self._routes:
            parameters = route.match(segments)
            if parameters is None:
                continue
            if route.methods is None or method in route.methods:
                return route.handler, _request(message, method, url, parameters)
            status = 405
        raise APIError(_NOBODY[status], status=status)


def _cancel(run: _Run) -> None:
    run.cancelled = True
    if run.running is not None:
        run.running.cancel()


_NOBODY = {
    404: "The client has no handler for this url.",
    405: "The client has no handler for this method.",
    501: "The client answers no requests.",
}


def _request(
    message: Incoming, method: str, url: str, parameters: dict[str, Any]
) -> GatewayRequest:
    return GatewayRequest(
        method,
        url,
        message.args if isinstance(message.args, dict) else {},
        message.data,
        message.event_name,
        message.deadline,
        message.headers if isinstance(message.headers, dict) else {},
        parameters,
    )
