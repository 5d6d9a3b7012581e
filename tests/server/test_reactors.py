"""Which reactor runs, and the limit of open files."""

import asyncio
import resource
import subprocess
import sys

from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase

from aiorest_gw.server.loops import loop_of
from aiorest_gw.server.reactors import raise_open_files, reactor_here

ASYNCIO_PROGRAM = """
import asyncio, sys
from aiorest_gw.server.loops import loop_of
from aiorest_gw.server.reactors import reactor_here

async def main():
    assert loop_of(reactor_here()) is asyncio.get_running_loop()

asyncio.run(main())
asyncio.run(main())
assert "twisted.internet.reactor" not in sys.modules
"""
ASYNCIO_REACTOR = """
from twisted.internet import asyncioreactor
asyncioreactor.install()
from twisted.internet import reactor
from twisted.internet.task import react
from aiorest_gw.server.reactors import reactor_here

async def main(reactor):
    assert reactor_here() is reactor

react(main)
"""


class ReactorHereTests(SynchronousTestCase):
    def test_it_is_the_one_that_is_installed(self):
        from twisted.internet import reactor

        self.assertIs(reactor, reactor_here())

    def test_a_loop_of_its_own_stands_for_one(self):
        async def main():
            return loop_of(reactor_here()) is asyncio.get_running_loop()

        self.assertTrue(asyncio.run(main()))

    def test_a_program_for_asyncio_gets_none_installed(self):
        subprocess.run([sys.executable, "-c", ASYNCIO_PROGRAM], check=True)

    def test_on_asyncios_reactor_that_is_it(self):
        subprocess.run([sys.executable, "-c", ASYNCIO_REACTOR], check=True)


class ThreadTests(TestCase):
    timeout = 20

    async def test_another_thread_than_the_reactors_is_refused(self):
        with self.assertRaises(RuntimeError) as caught:
            await deferToThread(reactor_here)
        self.assertIn("another thread", str(caught.exception))


class OpenFilesTests(SynchronousTestCase):
    def setUp(self):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        self.hard = limits[1]

    def test_the_limit_is_raised_to_what_the_connections_need(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, self.hard))
        self.assertEqual(500, raise_open_files(500))
        self.assertGreaterEqual(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 600)

    def test_a_limit_that_is_high_enough_stays(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, self.hard))
        self.assertEqual(100, raise_open_files(100))
        self.assertEqual(512, resource.getrlimit(resource.RLIMIT_NOFILE)[0])

    def test_what_the_system_forbids_is_told(self):
        if self.hard == resource.RLIM_INFINITY:
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, self.hard))
            self.assertEqual(5000, raise_open_files(5000))
        else:
            self.assertEqual(self.hard - 100, raise_open_files(self.hard + 1))

    def test_where_there_are_few_those_that_are_left_count(self):
        code = "from aiorest_gw.server.reactors import raise_open_files; print(raise_open_files(9))"
        limited = ["sh", "-c", 'ulimit -n 64; exec "$0" -c "$1"', sys.executable, code]
        self.assertEqual("9", subprocess.check_output(limited, text=True).strip())
        limited[-1] = code.replace("9", "1000")
        self.assertIn(int(subprocess.check_output(limited, text=True)), range(30, 60))
