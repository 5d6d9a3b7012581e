"""What all kinds of watching have in common."""

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.livereload.watching.watcher import Observer, Root


class RootTests(SynchronousTestCase):
    def test_what_is_told_begins_with_the_folder_as_it_was_given(self):
        root = Root(Path("site"))
        self.assertEqual(Path("site/a/b.html"), root.told("a/b.html"))
        self.assertEqual(os.path.abspath("site/a/b.html"), root.of("a/b.html"))


class ObserverTests(SynchronousTestCase):
    def test_a_callback_that_fails_is_logged(self):
        def fail(path=None):
            raise ZeroDivisionError

        observer = Observer(fail, fail, lambda path, is_folder: False)
        observer.tell(Path("a"))
        observer.tell_lost()
        self.assertEqual(2, len(self.flushLoggedErrors(ZeroDivisionError)))
