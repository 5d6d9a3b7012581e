"""What is told by watchfiles, in its thread."""

import sys
import threading
from importlib.util import find_spec
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase, TestCase

from aiorest_gw import ConfigurationError
from aiorest_gw.livereload.watching import watcher_of

from .contract import OnReactor, WatcherContract


class WatchfilesTests(OnReactor, WatcherContract, TestCase):
    kind = "watchfiles"
    if find_spec("watchfiles") is None:
        skip = "watchfiles is not installed"

    async def test_its_thread_has_ended_when_it_is_stopped(self):
        before = threading.active_count()
        self.watch()
        self.assertEqual(before + 1, threading.active_count())
        self.watcher.stop()
        self.assertEqual(before, threading.active_count())


class MissingTests(SynchronousTestCase):
    def test_without_the_extra_it_is_told_what_to_install(self):
        name = "watchfiles._rust_notify"
        if name in sys.modules:
            self.addCleanup(sys.modules.__setitem__, name, sys.modules[name])
        else:
            self.addCleanup(sys.modules.pop, name)
        sys.modules[name] = None  # as the import system marks what cannot be imported
        folder = Path(self.mktemp())
        folder.mkdir()
        with self.assertRaises(ConfigurationError) as caught:
            watcher_of(None, [folder], print, print, "watchfiles", lost=print)
        self.assertIn("pip install 'aiorest_gw[watch]'", str(caught.exception))
