"""What a supervisor does with its workers, here without processes."""

import signal
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import TestCase

from aiorest_gw import ConfigurationError
from aiorest_gw.server.jobs import ACCEPT, FINISH, LEAVE, Job, Report
from aiorest_gw.server.supervising import Supervisor
from aiorest_gw.server.workers import Ended, Wrote

ROOT = Path(__file__).resolve().parents[2]


class Reactor(Clock):
    """Real sockets, and the time of a test."""

    def __init__(self):
        super().__init__()
        self.from_threads = []

    def callFromThread(self, function):
        self.from_threads.append(function)

    def run(self, seconds=0):
        functions, self.from_threads = self.from_threads, []
        for function in functions:
            function()
        self.advance(seconds)

    def __getattr__(self, name):
        return getattr(reactor, name)


class Workshop:
    """Starts workers that do as a test says.

    :ivar started: all that were started, in order.
    :ivar told: what the next ones tell at once.
    """

    def __init__(self):
        self.started = []
        self.told = [Report("/")]

    def __call__(self, job, tell):
        if isinstance(self.told, OSError):
            raise self.told
        worker = Worker(100 + len(self.started), job, tell)
        self.started.append(worker)
        for event in self.told:
            tell(event)
        return worker


class Worker:
    def __init__(self, pid, job, tell):
        self.pid, self.job, self.tell = pid, job, tell
        self.orders = []

    def order(self, order):
        self.orders.append(order)

    def kill(self):
        self.tell(Ended(-signal.SIGKILL))

    def wait(self):
        assert LEAVE in self.orders, "it would wait for ever"


class SupervisorTests(TestCase):
    def setUp(self):
        self.reactor = Reactor()
        self.workshop = Workshop()

    def supervisor(self, *listen, workers=2, start=None):
        options = {"listen": listen or ["tcp:0:interface=127.0.0.1"], "twisted-tcp": False}
        job = Job(options=options, reactor=None, log_level="info", piped=False, workers=workers)
        return Supervisor(self.reactor, job, start or self.workshop)

    def serving(self, **options):
        supervisor = self.supervisor(**options)
        supervisor.privilegedStartService()
        supervisor.startService()
        self.reactor.run()
        self.addCleanup(self.stop, supervisor)
        return supervisor

    def stop(self, supervisor):
        stopped = supervisor.stopService()
        self.leave()
        return stopped

    def leave(self):
        """Each worker does as it was told."""
        for worker in self.workshop.started:
            if LEAVE in worker.orders:
                worker.tell(Ended(0))
        self.reactor.run()

    def lines(self, *events, worker, seconds=0):
        """What is logged when a worker tells something."""
        with capturedLogs() as logged:
            for event in events:
                worker.tell(event)
            self.reactor.run(seconds)
        return [formatEvent(event) for event in logged]

    async def test_each_worker_has_its_number_and_all_the_sockets(self):
        self.serving(workers=3)
        jobs = [worker.job for worker in self.workshop.started]
        self.assertEqual([0, 1, 2], [job.number for job in jobs])
        self.assertEqual(1, len({(job.sockets, job.counts) for job in jobs}))
        self.assertEqual(jobs, [Job.of(job.line()) for job in jobs])

    async def test_none_accepts_before_all_can(self):
        """Else the first one would have all the clients that come back after a new start."""
        before = []

        def start(job, tell):
            before.extend(tuple(worker.orders) for worker in self.workshop.started)
            return self.workshop(job, tell)

        self.serving(start=start)
        self.assertEqual([()], before)
        self.assertEqual([[ACCEPT], [ACCEPT]], [worker.orders for worker in self.workshop.started])
        self.lines(Ended(1), worker=self.workshop.started[0])
        self.reactor.run()
        self.assertEqual([ACCEPT], self.workshop.started[2].orders)

    async def test_one_that_lasted_is_started_again_at_once(self):
        self.serving()
        first = self.workshop.started[0]
        self.reactor.advance(5)
        (line, *_) = self.lines(Ended(-signal.SIGKILL), worker=first)
        documented = (ROOT / "docs" / "howto" / "running.rst").read_text()
        self.assertIn(line.replace("process 100", "process 4711"), documented)
        self.assertEqual(3, len(self.workshop.started))
        self.assertEqual(0, self.workshop.started[2].job.number)

    async def test_one_that_does_not_serve_any_more_is_started_after_growing_pauses(self):
        self.serving()
        self.reactor.advance(5)
        self.workshop.told = [Report(refused="the disk is full"), Ended(1)]
        lines = self.lines(Ended(1), worker=self.workshop.started[1])
        for pause in (0, 1, 2, 4, 8, 16, 30, 30):
            with capturedLogs() as logged:
                self.reactor.run(pause)
                self.reactor.run()
            lines += map(formatEvent, logged)
        whens = [line.rpartition("it is started again ")[2] for line in lines]
        self.assertEqual(
            ["now", "in 1 s", "in 2 s", "in 4 s", "in 8 s", "in 16 s", "in 30 s", "in 30 s"],
            whens[:8],
        )
        self.assertIn("the disk is full", lines[1])

    async def test_one_that_cannot_be_started_is_tried_again(self):
        self.serving()
        self.workshop.told = OSError(12, "Cannot allocate memory")
        lines = self.lines(Ended(1), worker=self.workshop.started[0])
        self.assertIn("worker 1 cannot be started: Cannot allocate memory", lines[1])
        self.workshop.told = [Report("/")]
        self.reactor.run(1)
        self.reactor.run()
        self.assertEqual(3, len(self.workshop.started))

    async def test_the_first_is_started_alone_and_what_is_wrong_ends_the_start(self):
        for told, line in (
            ([Report(refused="there is no module"), Ended(1)], "there is no module"),
            ([Ended(3)], "worker 1 (process 100) ended with status 3"),
            (OSError(2, "No such file"), "worker 1 cannot be started: No such file"),
        ):
            self.workshop = Workshop()
            self.workshop.told = told
            supervisor = self.supervisor("tcp:0", workers=4)
            supervisor.privilegedStartService()
            error = self.assertRaises(ConfigurationError, supervisor.startService)
            self.assertEqual(line, str(error))
            self.assertLessEqual(len(self.workshop.started), 1)

    async def test_one_that_ends_while_others_start_is_started_again(self):
        self.workshop.told = [Report("/"), Ended(1)]
        supervisor = self.supervisor()
        supervisor.privilegedStartService()
        supervisor.startService()
        self.addCleanup(self.stop, supervisor)
        self.workshop.told = [Report("/")]
        self.reactor.run()
        self.reactor.run()
        self.assertEqual(4, len(self.workshop.started))

    async def test_it_stops_when_the_last_has_left(self):
        supervisor = self.serving()
        stopped = supervisor.stopService()
        for worker in self.workshop.started:
            self.assertNoResult(stopped)
            self.assertEqual(LEAVE, worker.orders[-1])
            worker.tell(Ended(0))
            self.reactor.run()
        await stopped
        self.assertEqual(2, len(self.workshop.started))

    async def test_one_that_cannot_leave_is_killed(self):
        """Later than it would end itself, and sooner after a second signal."""
        for finish, seconds in ((False, 40), (True, 10)):
            self.workshop = Workshop()
            self.workshop.told = [Report("/", leaves_within=37, finishes_within=7)]
            supervisor = self.serving()
            stopped = supervisor.stopService()
            if finish:
                supervisor.signalled(signal.SIGTERM)
            stopping, leaving = self.workshop.started
            leaving.tell(Ended(0))
            self.reactor.run(seconds - 0.1)
            self.assertNoResult(stopped)
            with capturedLogs() as logged:
                self.reactor.run(0.1)
                self.reactor.run()
            self.assertEqual(
                ["worker 1 (process 100) does not leave, and is killed",
                 "worker 1 (process 100) was ended by SIGKILL"],
                [formatEvent(event) for event in logged],
            )  # fmt: skip
            await stopped

    async def test_it_stops_while_one_waits_to_be_started_again(self):
        supervisor = self.serving()
        self.workshop.told = [Ended(1)]
        self.workshop.started[0].tell(Ended(1))
        self.reactor.run()
        self.reactor.run()
        stopped = supervisor.stopService()
        self.workshop.started[1].tell(Ended(0))
        self.reactor.run(60)
        await stopped
        self.assertEqual(3, len(self.workshop.started))

    async def test_a_second_signal_reaches_those_that_are_left(self):
        supervisor = self.serving()
        stopped = supervisor.stopService()
        left, other = self.workshop.started
        left.tell(Ended(0))
        self.reactor.run()
        supervisor.signalled(signal.SIGTERM)
        self.assertEqual([LEAVE, FINISH], [left.orders[-1], other.orders[-1]])
        other.tell(Ended(0))
        self.reactor.run()
        await stopped

    async def test_what_a_worker_writes_is_logged_by_its_name(self):
        self.serving()
        with capturedLogs() as logged:
            self.workshop.started[1].tell(Wrote("text {with} braces"))
            self.reactor.run()
        self.assertEqual("text {with} braces", formatEvent(logged[0]))
        self.assertEqual("worker 2 (process 101)", logged[0]["log_system"])

    async def test_what_cannot_be_shared_is_told(self):
        error = self.assertRaises(ConfigurationError, self.supervisor, "haproxy:tcp:0")
        self.assertEqual(
            "'haproxy:tcp:0' cannot be shared by 2 workers; what can is tcp:, loop:, unix:, ssl:",
            str(error),
        )
        error = self.assertRaises(ConfigurationError, self.supervisor, "bogus:80")
        self.assertIn("write tcp:80:interface=bogus", str(error))
