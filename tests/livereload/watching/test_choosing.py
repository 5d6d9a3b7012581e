"""How folders are watched, and what becomes of it where the system cannot."""

import json
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import ConfigurationError
from aiorest_gw.livereload.watching import watcher_of

_NAMESPACE = ("unshare", "--user", "--map-root-user")


def namespaces():
    """Whether there are such of users."""
    try:
        return subprocess.run([*_NAMESPACE, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class ChoosingTests(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def watcher(self, kind, *folders):
        return watcher_of(reactor, folders or [self.folder], print, print, kind, lost=print)

    def refusal(self, kind, *folders):
        with self.assertRaises(ConfigurationError) as caught:
            self.watcher(kind, *folders)
        return str(caught.exception)

    def test_a_folder_that_is_none_is_refused(self):
        (self.folder / "file").touch()
        for name in ("none", "file"):
            path = self.folder / name
            self.assertEqual(
                f"there is no folder {path} to watch", self.refusal("auto", self.folder, path)
            )

    def test_a_kind_that_is_none_is_refused_with_those_that_are(self):
        self.assertEqual(
            "watching is one of auto, inotify, polling, watchfiles, not 'kqueue'",
            self.refusal("kqueue"),
        )

    def test_inotify_is_refused_where_it_is_not(self):
        self.patch(sys, "platform", "darwin")
        self.assertIn("inotify is of Linux", self.refusal("inotify"))

    def test_other_systems_are_asked_through_watchfiles_where_it_is_installed(self):
        self.patch(sys, "platform", "darwin")
        threads = self.threads_of(self.watcher("auto"))
        self.assertEqual(find_spec("watchfiles") is not None, threads)

    def threads_of(self, watcher):
        before = threading.active_count()
        watcher.start()
        started = threading.active_count() - before
        watcher.stop()
        return bool(started)


class LimitsTests(SynchronousTestCase):
    if sys.platform != "linux" or not namespaces():
        skip = "no user namespaces, to lower limits in"

    def setUp(self):
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def watch(self, kind, limit, value):
        command = [*_NAMESPACE, sys.executable, "-m", f"{__package__}.limited", self.folder, kind]
        done = subprocess.run(
            [*command, limit, value],
            cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=60)  # fmt: skip
        self.assertEqual("", done.stderr)
        return json.loads(done.stdout)

    def test_with_too_few_watches_from_the_start_files_are_looked_at(self):
        (self.folder / "1/2/3/4/5/6").mkdir(parents=True)
        for kind in ("inotify", "watchfiles") if find_spec("watchfiles") else ("inotify",):
            seen = self.watch(kind, "max_inotify_watches", "5")
            self.assertEqual(["1/2/3/4/5/6/a.html", "1/2/3/4/5/6/b.html"], seen["told"])
            self.assertEqual(0, seen["losses"])
            [warning] = seen["warnings"]
            self.assertIn("fs.inotify.max_user_watches", warning)
            self.assertIn("every second", warning)
            for name in "ab":
                (self.folder / f"1/2/3/4/5/6/{name}.html").unlink()

    def test_with_too_few_watches_for_new_folders_files_are_looked_at_and_something_is_lost(self):
        seen = self.watch("auto", "max_inotify_watches", "5")
        self.assertEqual(1, seen["losses"])
        self.assertIn("1/2/3/4/5/6/b.html", seen["told"])
        self.assertEqual(1, len(seen["warnings"]))

    def test_without_inotify_files_are_looked_at(self):
        for value in ("0", "1"):
            seen = self.watch("auto", "max_inotify_instances", value)
            self.assertEqual({"1/2/3/4/5/6/a.html", "1/2/3/4/5/6/b.html"}, set(seen["told"]))
            self.assertEqual(0, seen["losses"])
            self.assertEqual(1, len(seen["warnings"]))
            for name in "ab":
                (self.folder / f"1/2/3/4/5/6/{name}.html").unlink()
