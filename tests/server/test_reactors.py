"""The limit of open files."""

import resource
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.server.reactors import raise_open_files


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
