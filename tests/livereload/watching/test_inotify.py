"""What Linux tells of folders."""

import errno
import os
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from aiorest_gw.livereload.watching import inotify
from aiorest_gw.livereload.watching.inotify import Notifier, is_exhausted, limits


class NotifierTests(TestCase):
    if sys.platform != "linux":
        skip = "inotify is of Linux"
    timeout = 60

    def setUp(self):
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.events = []
        self.done = Deferred()
        self.notifier = self.make(self.events.append)

    def make(self, heard):
        notifier = Notifier(reactor, heard, self.done.callback)
        self.addCleanup(notifier.close)
        return notifier

    def hear(self, event):
        self.events.append(event)
        if event.name == "end":
            self.done.callback(None)

    async def test_events_come_in_order_with_their_folders_and_names(self):
        other = self.folder / "other"
        other.mkdir()
        notifier = self.make(self.hear)
        mask = inotify.CREATE | inotify.DELETE
        first, second = notifier.watch(str(self.folder), mask), notifier.watch(str(other), mask)
        (self.folder / "é").touch()
        (other / os.fsdecode(b"\xff")).touch()
        (self.folder / "é").unlink()
        (other / "end").mkdir()
        await self.done
        self.assertEqual(
            [
                (first, inotify.CREATE, "é"),
                (second, inotify.CREATE, os.fsdecode(b"\xff")),
                (first, inotify.DELETE, "é"),
                (second, inotify.CREATE | inotify.ISDIR, "end"),
            ],
            [(event.watch, event.mask, event.name) for event in self.events],
        )

    async def test_a_removed_folder_ends_its_own_watch_only(self):
        other = self.folder / "other"
        other.mkdir()
        notifier = self.make(self.hear)
        gone = notifier.watch(str(other), inotify.CREATE)
        notifier.watch(str(self.folder), inotify.CREATE)
        other.rmdir()
        (self.folder / "end").touch()
        await self.done
        self.assertEqual((gone, inotify.IGNORED), (self.events[0].watch, self.events[0].mask))
        notifier.unwatch(gone)

    async def test_what_fails_is_told_and_others_of_the_same_reading_are_not_heard(self):
        def fail(event):
            notifier.close()
            raise OSError(errno.ENOSPC, "full")

        notifier = self.make(fail)
        notifier.watch(str(self.folder), inotify.CREATE)
        for name in "abc":
            (self.folder / name).touch()
        error = await self.done
        self.assertTrue(is_exhausted(error))

    def test_a_refused_watch_says_why(self):
        (self.folder / "file").touch()
        (self.folder / "link").symlink_to(".")
        for name, mask, number in (
            ("none", 0, errno.ENOENT),
            ("file", inotify.ONLYDIR, errno.ENOTDIR),
            ("link", inotify.ONLYDIR | inotify.DONT_FOLLOW, errno.ENOTDIR),
        ):
            with self.assertRaises(OSError) as caught:
                self.notifier.watch(str(self.folder / name), inotify.CREATE | mask)
            self.assertEqual(number, caught.exception.errno)
            self.assertFalse(is_exhausted(caught.exception))

    def test_what_was_closed_may_be_closed_again(self):
        for _ in range(2):
            self.notifier.close()

    def test_the_limits_are_told_with_their_values(self):
        value = Path("/proc/sys/fs/inotify/max_user_watches").read_text().strip()
        self.assertIn(f"fs.inotify.max_user_watches ({value})", limits())
