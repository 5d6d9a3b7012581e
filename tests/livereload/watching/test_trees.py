"""A folder and all that is below it, by inotify."""

import os
import shutil
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from .contract import OnReactor, WatcherContract


def watches():
    """How many watches this process has, as the system counts them."""
    count = 0
    for descriptor in os.listdir("/proc/self/fdinfo"):
        try:
            count += Path("/proc/self/fdinfo", descriptor).read_text().count("inotify wd:")
        except FileNotFoundError:  # the one that has listed them
            continue
    return count


class StillReactor(Clock):
    """It reads, but its time stands still."""

    addReader = staticmethod(reactor.addReader)
    removeReader = staticmethod(reactor.removeReader)


class InotifyTests(OnReactor, WatcherContract, TestCase):
    kind = "inotify"
    if sys.platform != "linux":
        skip = "inotify is of Linux"

    def setUp(self):
        super().setUp()
        self.before = watches()

    def own_watches(self):
        """But for the one on the folder above."""
        return watches() - self.before - 1

    async def test_folders_that_go_leave_no_watch(self):
        self.write("a/b/c.html")
        self.write("d/e/f.html")
        self.watch()
        self.assertEqual(5, self.own_watches())
        shutil.rmtree(self.folder / "a")
        (self.folder / "d").rename(self.mktemp())
        await self.until_quiet()
        self.assertEqual(1, self.own_watches())
        self.watcher.stop()
        self.assertEqual(self.before, watches())

    async def test_ignored_folders_are_not_watched(self):
        self.write("node_modules/a/b.js")
        self.watch()
        self.write("blog/node_modules/a/b.js")
        await self.until_quiet()
        self.assertEqual(2, self.own_watches())

    async def test_what_overflowed_the_queue_is_told_as_lost_and_nothing_is_missed_thereafter(self):
        most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
        self.write("a.html")
        self.write("b.html")
        self.write("moved/c.html")
        self.watch()
        for _ in range(most // 2 + 1):
            # Equal events, one behind the other, are one.
            os.utime(self.folder / "a.html")
            os.utime(self.folder / "b.html")
        (self.folder / "moved").rename(self.folder / "there")
        self.write("new/d.html")
        await self.until(lambda: self.heard.losses)
        for path in ("there/c.html", "new/d.html"):
            self.assertEqual({path}, await self.told_of(lambda path=path: self.write(path)))
        self.assertEqual(1, self.heard.losses)
        self.assertEqual(3, self.own_watches())

    async def test_a_folder_that_moves_into_one_that_is_new_is_watched(self):
        """It has a watch under its old path, of which the system has yet to tell that it is no more."""
        self.write("old/deep/a.html")
        self.watch()
        await self.until_quiet()
        (self.folder / "new").mkdir()
        (self.folder / "old").rename(self.folder / "new/old")
        await self.until_told("old/deep/a.html", "new/old/deep/a.html")
        edited = await self.told_of(lambda: self.write("new/old/deep/a.html"))
        self.assertEqual({"new/old/deep/a.html"}, edited)
        self.assertEqual(4, self.own_watches())


class StillTests(OnReactor, WatcherContract, TestCase):
    """The same while time stands still: but for files that stay open, nothing waits for a timer."""

    kind = "inotify"
    if sys.platform != "linux":
        skip = "inotify is of Linux"

    def setUp(self):
        super().setUp()
        self.reactor = StillReactor()

    async def test_a_file_that_stays_open_is_told_of(self):
        self.watch()
        with (self.folder / "a.html").open("w", buffering=1) as opened:
            print("line", file=opened)
            os.fchmod(opened.fileno(), 0o600)
            self.assertEqual(set(), await self.told_of(lambda: print("line", file=opened)))
            self.reactor.advance(1)
            self.assertEqual({"a.html"}, self.told() - {"mark3", "mark4"})
            self.assertEqual(set(), await self.told_of(lambda: print("line", file=opened)))
        await self.until_told("a.html")
        self.assertEqual([], self.reactor.getDelayedCalls())

    async def test_two_thousand_files_that_rest_set_no_timers(self):
        for number in range(2_000):
            self.write(f"{number % 20}/{number % 200}/{number}.html")
        self.watch()
        self.assertEqual([], self.reactor.getDelayedCalls())
        self.assertEqual({"3/3/3.html"}, await self.told_of(lambda: self.write("3/3/3.html")))
        self.assertEqual([], self.reactor.getDelayedCalls())

    async def test_a_file_that_appears_without_being_closed_is_told_of(self):
        self.watch()
        descriptor = os.open(self.folder, os.O_TMPFILE | os.O_WRONLY)
        # Python follows the link only where it is given a folder, which an absolute path does not need.
        os.link(f"/proc/self/fd/{descriptor}", self.folder / "a.html", src_dir_fd=descriptor)
        os.close(descriptor)
        await self.until_quiet()
        self.reactor.advance(1)
        self.assertIn("a.html", self.told())

    async def test_what_is_no_file_is_not_told_of(self):
        self.watch()
        os.mkfifo(self.folder / "pipe")
        made = await self.told_of(
            lambda: (self.folder / "pipe").rename(self.folder / "other"),
            (self.folder / "other").touch,
            (self.folder / "other").unlink,
        )
        self.assertEqual(set(), made)
        self.assertNotIn("pipe", self.told())
