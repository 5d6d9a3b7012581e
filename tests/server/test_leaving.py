"""How a process is ended by signals: in order, and also where an application keeps it from hearing."""

import signal

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.server.leaving import LeavingService


class Busy(Clock):
    """A reactor that hears when it is let.

    :ivar stopped: how often.
    """

    stopped = 0

    def callFromThread(self, function, *args):
        self.callLater(0, function, *args)

    def stop(self):
        self.stopped += 1


class Service(LeavingService):
    finished = False

    def __init__(self):
        self.reactor = Busy()

    def finish(self):
        self.finished = True


class SignalTests(SynchronousTestCase):
    def setUp(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.service = Service()
        self.service.leave_on_signals()

    def test_the_first_ends_in_order_and_a_second_at_once(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.service = Service()
            self.service.leave_on_signals()
            signal.raise_signal(number)
            self.service.reactor.advance(5)
            self.assertEqual((1, False), (self.service.reactor.stopped, self.service.finished))
            signal.raise_signal(number)
            self.service.reactor.advance(0)
            self.assertEqual((1, True), (self.service.reactor.stopped, self.service.finished))

    def test_a_second_ctrl_c_interrupts_what_keeps_the_first_from_being_heard(self):
        signal.raise_signal(signal.SIGINT)
        self.service.reactor.rightNow += 1.5
        self.assertRaises(KeyboardInterrupt, signal.raise_signal, signal.SIGINT)
        self.service.reactor.advance(0)
        self.assertEqual((1, False), (self.service.reactor.stopped, self.service.finished))

    def test_two_at_once_and_those_of_service_managers_interrupt_nothing(self):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        self.service.reactor.rightNow += 1.5
        signal.raise_signal(signal.SIGTERM)
        self.service.reactor.advance(0)
        self.assertTrue(self.service.finished)
