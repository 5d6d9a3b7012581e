"""The process of a worker: it accepts from its supervisor's sockets, and leaves when that is gone."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from threading import Thread, Timer
from typing import Any

from twisted.logger import FileLogObserver, LogEvent, eventAsText

from ..errors import ConfigurationError
from .balance import ConnectionCounts
from .building import build_service
from .draining import CLOSING
from .factory import RequestHandlerFactory
from .foreground import begin_logging, discard_output, run
from .jobs import ACCEPT, FINISH, HURRY, LEAVE, Job, Report, remove_files
from .options import GatewayOptions
from .reactors import install_reactor
from .service import GatewayService
from .sharing import SharedSockets

__all__ = ["WorkerService", "main"]

# Seconds beyond those for draining after which a worker whose loop is stuck is ended.
_STUCK = 5.0


class WorkerService(GatewayService):
    """A gateway that accepts from sockets which others accept from too.

    :param job: of this worker.
    """

    def __init__(
        self,
        job: Job,
        reactor: Any,
        factory: RequestHandlerFactory,
        listen: Sequence[str],
        twisted_tcp: bool = False,
    ) -> None:
        shared = SharedSockets(
            reactor,
            [_taken(descriptor) for descriptor in job.sockets],
            lambda: factory.admission.total,
            ConnectionCounts(job.workers, job.counts),
            job.number,
        )
        super().__init__(shared, factory, listen, twisted_tcp)
        self.reactor = reactor

    def signalled(self, number: int) -> None:
        """A signal may come to all processes of a group, and the supervisor's order beside it."""
        self.hurries = self.hurries or number != signal.SIGTERM
        self.leave()

    def hurry(self) -> None:
        """Leave, with all connections at once."""
        self.hurries = True
        self.leave()

    def accept(self) -> None:
        """Accept connections."""
        for port in self.ports:
            port.startListening()

    def ends_within(self, order: bytes) -> float:
        """Seconds after which an order to end must have been followed."""
        limits = self.factory.limits
        draining = limits.drain_timeout if order in (LEAVE, HURRY) else 0
        window = limits.drain_window if order == LEAVE else 0
        return window + draining + CLOSING + _STUCK

    def announce(self, line: str) -> None:
        """The supervisor tells where it listens."""


def _taken(descriptor: int) -> socket.socket:
    """A socket that was handed down to this process, and is to none of its children."""
    os.set_inheritable(descriptor, False)
    return socket.socket(fileno=descriptor)


class _Supervision:
    """The way from the supervisor and back.

    Orders are followed in a thread: the loop may be stuck, or not run yet.

    :param channel: descriptor of the socket that the supervisor has the other end of.
    """

    def __init__(self, channel: int) -> None:
        os.set_inheritable(channel, False)
        self._channel = channel
        self._lines = open(channel, "rb", closefd=False)  # noqa: SIM115 - it lasts as we do
        self.job = Job.of(self._lines.readline())
        self._service: WorkerService | None = None
        Thread(target=self._follow, daemon=True).start()

    def report(self, report: Report) -> None:
        """Tell what has become of the start."""
        try:
            os.write(self._channel, report.line())
        except OSError:
            os._exit(1)

    def obeyed_by(self, service: WorkerService) -> None:
        """From now on an order is the service's."""
        self._service = service

    def _follow(self) -> None:
        for line in _until_broken(self._lines):
            self._carry_out(line.strip())
        self._orphaned()

    def _carry_out(self, order: bytes) -> None:
        service = self._service
        if service is None:
            os._exit(0)
        if order != ACCEPT:
            stuck = Timer(service.ends_within(order), os._exit, (1,))
            stuck.daemon = True
            stuck.start()
        orders = {
            ACCEPT: service.accept,
            LEAVE: service.leave,
            HURRY: service.hurry,
            FINISH: service.finish,
        }
        service.reactor.callFromThread(orders[order])

    def _orphaned(self) -> None:
        """The supervisor is gone, and with it whoever reads our output where that is piped."""
        remove_files(self.job.files)
        if self.job.piped:
            discard_output()
        self._carry_out(LEAVE)


def _until_broken(lines: Iterable[bytes]) -> Iterable[bytes]:
    try:
        yield from lines
    except OSError:
        return


def main() -> None:
    """Serve as the supervisor tells, until it tells to leave or is gone.

    :raises SystemExit: with status 1 where something is wrong; the supervisor was told what.
    """
    supervision = _Supervision(int(sys.argv[1]))
    job = supervision.job
    del sys.argv[1:]
    if job.piped:
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    begin_logging(job.log_level, FileLogObserver(sys.stderr, partial(_line_of, job)))
    options = GatewayOptions({})
    options.update(job.options)
    try:
        install_reactor(job.reactor)
        from twisted.internet import reactor

        service = build_service(options, reactor, partial(WorkerService, job))
        supervision.obeyed_by(service)
        ready = Report(
            service.factory.path, service.ends_within(LEAVE), service.ends_within(FINISH)
        )
        reactor.callWhenRunning(supervision.report, ready)
        run(service)
    except ConfigurationError as error:
        supervision.report(Report(refused=str(error)))
        raise SystemExit(1) from None


def _line_of(job: Job, event: LogEvent) -> str | None:
    """An event as it is written; where the output is piped the supervisor adds who and when."""
    system = f"{event.get('log_namespace', '-')}#{event['log_level'].name}"
    if not job.piped:
        system = f"worker {job.number + 1}: {system}"
    text = eventAsText({**event, "log_system": system}, includeTimestamp=not job.piped)
    return text.replace("\n", "\n\t") + "\n" if text else None
