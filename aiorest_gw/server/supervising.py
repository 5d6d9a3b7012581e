"""Several processes that serve, and the one that starts, watches and stops them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import attrs
from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import ConfigurationError
from .balance import ConnectionCounts
from .endpoints import address_of, cannot_listen, endpoint_of
from .jobs import ACCEPT, FINISH, HURRY, LEAVE, File, Job, Report, remove_files
from .leaving import LeavingService
from .restarts import Restarts, how_ended
from .workers import Ended, Event, Process, WorkerProcess, Wrote

__all__ = ["Supervisor"]

# Seconds beyond a worker's own until it is taken for one that cannot end itself.
_UNABLE = 3.0
_SHARED = ("tcp", "loop", "unix", "ssl")


class Start(Protocol):
    """Starts a worker's process, as :class:`WorkerProcess` does."""

    def __call__(self, job: Job, tell: Callable[[Event], None]) -> Process: ...


class _Phase(Enum):
    STARTING = "starting"
    SERVING = "serving"
    STOPPING = "stopping"


@attrs.define
class _Worker:
    """A worker, whichever process it is at the moment.

    :ivar told: what has become of its process; nothing until it tells.
    :ivar due: the call that starts it again, or kills it where it was to leave.
    """

    number: int
    restarts: Restarts = attrs.field(factory=Restarts)
    process: Process | None = None
    told: Report = attrs.field(factory=Report)
    due: Any = None

    @property
    def name(self) -> str:
        """As people read it."""
        process = f" (process {self.process.pid})" if self.process is not None else ""
        return f"worker {self.number + 1}{process}"

    def cancel(self) -> None:
        """Forget what is due."""
        if self.due is not None:
            self.due.cancel()
            self.due = None


class Supervisor(LeavingService):
    """Opens the sockets, and keeps processes that accept from them.

    :param reactor: what it runs on.
    :param job: of each worker, but for what is only known when the sockets are open.
    :param start: starts a process.
    :raises ConfigurationError: what is to be listened on is not right, or cannot be shared.
    """

    def __init__(self, reactor: Any, job: Job, start: Start = WorkerProcess) -> None:
        self.log = Logger(namespace="aiorest_gw")
        self.reactor = reactor
        self._job = job
        self._start = start
        listen, twisted_tcp = job.options["listen"], job.options["twisted-tcp"]
        self._endpoints = [(text, endpoint_of(reactor, text, twisted_tcp)) for text in listen]
        for text in listen:
            if text.partition(":")[0] not in _SHARED:
                raise ConfigurationError(
                    f"{text!r} cannot be shared by {job.workers} workers; what can is "
                    + ", ".join(f"{kind}:" for kind in _SHARED)
                )
        self._ports: list[Any] = []
        self._counts = ConnectionCounts(job.workers)
        self._workers = [_Worker(number) for number in range(job.workers)]
        self._phase = _Phase.STARTING
        self._events: SimpleQueue[tuple[_Worker, Event]] = SimpleQueue()
        self._all_left: Deferred[None] = Deferred()

    # -- starting

    def privilegedStartService(self) -> None:
        """Listen, while the process may still take low ports. Nothing is accepted here.

        :raises ConfigurationError: an address cannot be listened on.
        """
        files: list[File] = []
        for text, endpoint in self._endpoints:
            listening: list[Any] = []
            endpoint.listen(_Nothing()).addBoth(listening.append)
            port = listening[0]
            if isinstance(port, Failure):
                self._close(files)
                raise cannot_listen(text, port)
            port.stopReading()
            self._ports.append(port)
            files += _files_of(port.getHost())
        self._job = attrs.evolve(
            self._job,
            sockets=tuple(port.fileno() for port in self._ports),
            files=tuple(files),
            counts=self._counts.descriptor,
        )

    def startService(self) -> None:
        """Start the workers, and let them accept when all of them can: else one would have every client.

        The first one is alone, so that what is wrong with the application is told once.

        :raises ConfigurationError: one of them does not serve.
        """
        super().startService()  # type: ignore[no-untyped-call]
        try:
            for some in (self._workers[:1], self._workers[1:]):
                for worker in some:
                    self._begin(worker)
                while not all(worker.told.path for worker in some):
                    self._handle(*self._events.get())
        except BaseException:
            self._abandon()
            raise
        self._phase = _Phase.SERVING
        self.ready()
        for worker in self._workers:
            if worker.process is not None:
                worker.process.order(ACCEPT)
        running = [str(worker.process.pid) for worker in self._workers if worker.process]
        self.announce(f"{len(self._workers)} workers serve: processes {', '.join(running)}")
        for port, text in zip(self._ports, self._job.options["listen"], strict=True):
            self.announce(f"listens on {address_of(port, text, self._workers[0].told.path)}")

    def _abandon(self) -> None:
        """The start has failed: leave nothing behind."""
        self._close(self._job.files)
        for worker in self._workers:
            if worker.process is not None:
                worker.process.order(LEAVE)
                worker.process.wait()

    def _close(self, files: Sequence[File]) -> None:
        """Stop listening where no reactor runs that would remove the files."""
        for port in self._ports:
            port.stopListening()
        remove_files(files)

    def _begin(self, worker: _Worker) -> None:
        """Start a worker's process."""
        worker.due = None
        worker.told = Report()
        job = attrs.evolve(self._job, number=worker.number)
        try:
            worker.process = self._start(job, partial(self._tell, worker))
        except OSError as error:
            self._again(worker, worker.name, f"cannot be started: {error.strerror}")

    # -- what workers tell; it comes from other threads

    def _tell(self, worker: _Worker, event: Event) -> None:
        self._events.put((worker, event))
        self.reactor.callFromThread(self._handle_all)

    def _handle_all(self) -> None:
        with suppress(Empty):
            while True:
                self._handle(*self._events.get_nowait())

    def _handle(self, worker: _Worker, event: Event) -> None:
        if isinstance(event, Wrote):
            self.log.info("{line}", line=event.line, log_system=worker.name)
        elif isinstance(event, Ended):
            self._ended(worker, event.status)
        else:
            worker.told = event
            if event.path:
                worker.restarts.serves(self.reactor.seconds())
            if event.path and self._phase is _Phase.SERVING and worker.process is not None:
                worker.process.order(ACCEPT)
                self.log.info("{worker} serves", worker=worker.name)

    def _ended(self, worker: _Worker, status: int) -> None:
        name, how = worker.name, how_ended(status)
        worker.process = None
        worker.cancel()
        self._counts.leave(worker.number)
        if self._phase is not _Phase.STOPPING:
            self._again(worker, name, worker.told.refused or how)
        elif status:
            self.log.warn("{worker} {how}", worker=name, how=how)
        self._look_whether_all_left()

    def _again(self, worker: _Worker, name: str, why: str) -> None:
        """Start another process in place of one that has ended.

        :raises ConfigurationError: none has served yet.
        """
        if self._phase is _Phase.STARTING and not worker.told.path:
            raise ConfigurationError(
                why if worker.told.refused and not worker.number else f"{name} {why}"
            )
        pause = worker.restarts.pause(self.reactor.seconds())
        when = f"in {pause:g} s" if pause else "now"
        self.log.warn("{worker} {why}; it is started again {when}", worker=name, why=why, when=when)
        worker.due = self.reactor.callLater(pause, self._begin, worker)

    # -- stopping

    def stopService(self) -> Deferred[Any]:
        """Stop listening, and let every worker drain.

        :returns: fires when the last one has left.
        """
        super().stopService()
        self._phase = _Phase.STOPPING
        closed = [maybeDeferred(port.stopListening) for port in self._ports]
        for worker in self._workers:
            worker.cancel()
            self._end(worker, HURRY if self.hurries else LEAVE, worker.told.leaves_within)
        self._look_whether_all_left()
        return DeferredList([*closed, self._all_left])

    def finish(self) -> None:
        """Let the workers answer what is still open with an error."""
        for worker in self._workers:
            self._end(worker, FINISH, worker.told.finishes_within)

    def _end(self, worker: _Worker, order: bytes, within: float) -> None:
        """Have a worker's process end by itself, or be ended."""
        if worker.process is not None:
            worker.process.order(order)
            end = self.reactor.seconds() + within + _UNABLE
            if worker.due is None or end < worker.due.getTime():
                worker.cancel()
                worker.due = self.reactor.callLater(within + _UNABLE, self._kill, worker)

    def _kill(self, worker: _Worker) -> None:
        worker.due = None
        assert worker.process is not None
        self.log.warn("{worker} does not leave, and is killed", worker=worker.name)
        worker.process.kill()

    def _look_whether_all_left(self) -> None:
        left = all(worker.process is None for worker in self._workers)
        if self._phase is _Phase.STOPPING and left and not self._all_left.called:
            self._all_left.callback(None)

    def announce(self, line: str) -> None:
        """Tell the operator something, here in the log."""
        self.log.info("{line}", line=line)


class _Nothing(Factory):
    """Of sockets that nothing is accepted from."""

    noisy = False


def _files_of(address: Any) -> list[File]:
    """The files that belong to the address of a listening socket."""
    found = []
    if isinstance(address, UNIXAddress) and address.name:
        path = os.path.abspath(os.fsdecode(address.name))
        for name in (path, path + ".lock"):
            with suppress(OSError, ValueError):
                found.append(File.of(name))
    return found
