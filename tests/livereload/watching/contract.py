"""What every kind of watching promises; a test case of a kind derives from this."""

import os
import shutil
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from aiorest_gw.livereload.watching import watcher_of


class Heard:
    """What a watcher tells.

    :ivar next: fires when something is told.
    :ivar meddle: is called with each path.
    """

    def __init__(self):
        self.paths = []
        self.losses = 0
        self.next = Deferred()
        self.meddle = lambda path: None

    def changed(self, path):
        self.paths.append(path)
        self.fire()
        self.meddle(path)

    def lost(self):
        self.losses += 1
        self.fire()

    def fire(self):
        fired, self.next = self.next, Deferred()
        fired.callback(None)


def is_ignored(path, is_folder):
    """As a site has it: a folder, and what an editor leaves."""
    name = path.rpartition("/")[2]
    return name == ("node_modules" if is_folder else "4913") or name.endswith("~")


class OnReactor:
    """Watching for real: what is told is waited for, generously."""

    timeout = 60
    reactor = reactor

    async def until(self, condition):
        """Wait for something to be told, and for what is told with it."""
        while not condition():
            await self.heard.next
            await deferLater(reactor, 0)

    async def meanwhile(self, function):
        """Do something beside the reactor."""
        await deferToThread(function)


class WatcherContract:
    kind = "auto"

    def setUp(self):
        self.heard = Heard()
        self.marks = 0
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def watch(self, *folders, ignored=is_ignored):
        self.watcher = watcher_of(
            self.reactor, folders or (self.folder,), self.heard.changed, ignored, self.kind,
            lost=self.heard.lost)  # fmt: skip
        self.watcher.start()
        self.addCleanup(self.watcher.stop)

    def write(self, path, text="text"):
        """Write a file in a way that every kind can tell from what was there before."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as opened:
            opened.write(text)

    def told(self):
        return {os.path.relpath(path, self.folder) for path in self.heard.paths}

    async def until_told(self, *paths):
        await self.until(lambda: self.told().issuperset(paths))

    async def until_quiet(self):
        """What was done before has been told; nothing tells that but what is told after it."""
        for _ in range(2):
            self.marks += 1
            self.write(f"mark{self.marks}")
            await self.until_told(f"mark{self.marks}")

    async def told_of(self, *done):
        """What is told of things that are done, and nothing else."""
        await self.until_quiet()
        self.heard.paths.clear()
        for do in done:
            do()
        await self.until_quiet()
        return {path for path in self.told() if not path.startswith("mark")}

    async def test_files_that_are_made_written_and_removed_are_told_of(self):
        self.write("old.html")
        self.write("deep/er/old.html")
        self.watch()
        for path in ("old.html", "deep/er/old.html", "new.html", "deep/er/new.html"):
            self.assertEqual({path}, await self.told_of(lambda path=path: self.write(path)))
            self.assertEqual({path}, await self.told_of((self.folder / path).unlink))

    async def test_what_was_there_before_is_not_told_of(self):
        self.write("a/old.html")
        self.watch()
        await self.until_quiet()
        self.assertEqual({"mark1", "mark2"}, self.told())

    async def test_a_file_that_is_renamed_is_told_of_under_both_names(self):
        self.write("a.html")
        self.watch()
        renamed = await self.told_of(
            lambda: (self.folder / "a.html").rename(self.folder / "b.html")
        )
        self.assertEqual({"a.html", "b.html"}, renamed)

    async def test_a_save_that_writes_another_file_and_renames_it_is_told_of(self):
        self.write("a.html", "old")
        self.watch()

        def save():
            self.write("a.html~", "new text")
            (self.folder / "a.html~").replace(self.folder / "a.html")

        self.assertEqual({"a.html"}, await self.told_of(save))

    async def test_a_save_as_vim_does_it_is_told_of(self):
        """It tries whether it may make files, moves the old one aside, and writes a new one."""
        self.write("a.html", "old")
        self.watch()

        def save():
            self.write("4913")
            (self.folder / "4913").unlink()
            (self.folder / "a.html").rename(self.folder / "a.html~")
            self.write("a.html", "new text")
            (self.folder / "a.html~").unlink()

        self.assertEqual({"a.html"}, await self.told_of(save))

    async def test_a_file_that_is_written_over_is_told_of(self):
        self.write("a.html", "old")
        self.watch()
        written = await self.told_of(lambda: (self.folder / "a.html").write_text("new text"))
        self.assertEqual({"a.html"}, written)

    async def test_a_file_that_is_touched_is_told_of(self):
        self.write("a.html")
        self.watch()
        self.assertEqual({"a.html"}, await self.told_of((self.folder / "a.html").touch))

    async def test_a_file_that_stays_open_is_told_of(self):
        self.watch()
        with (self.folder / "log").open("w", buffering=1) as opened:
            for _ in range(2):
                self.heard.paths.clear()
                print("line", file=opened)
                await self.until_told("log")

    async def test_a_file_that_is_linked_is_told_of(self):
        self.write("other")
        self.watch()
        linked = await self.told_of(lambda: os.link(self.folder / "other", self.folder / "a.html"))
        self.assertIn("a.html", linked)

    async def test_of_a_thousand_files_in_folders_that_are_new_none_is_lost(self):
        self.watch()
        paths = [
            f"{branch}/{'/'.join('abcdefghi'[:depth])}/{number}.html"
            for branch in range(5)
            for depth in range(10)
            for number in range(20)
        ]
        await self.meanwhile(lambda: [self.write(path) for path in paths])
        await self.until_told(*map(os.path.normpath, paths))
        self.assertEqual(0, self.heard.losses)

    async def test_a_folder_that_is_moved_in_is_told_of_with_all_that_is_in_it(self):
        self.watch()
        outside = Path(self.mktemp())
        (outside / "deep").mkdir(parents=True)
        (outside / "deep/a.html").write_text("text")
        (outside / "b.html").write_text("text")
        moved = await self.told_of(lambda: outside.rename(self.folder / "blog"))
        self.assertEqual({"blog/deep/a.html", "blog/b.html"}, moved)
        edited = await self.told_of(lambda: self.write("blog/deep/a.html"))
        self.assertEqual({"blog/deep/a.html"}, edited)

    async def test_files_in_a_folder_that_is_renamed_are_told_of_under_their_new_paths(self):
        self.write("old/deep/a.html")
        self.watch()
        renamed = await self.told_of(lambda: (self.folder / "old").rename(self.folder / "new"))
        self.assertEqual({"old/deep/a.html", "new/deep/a.html"}, renamed)
        edited = await self.told_of(lambda: self.write("new/deep/a.html"))
        self.assertEqual({"new/deep/a.html"}, edited)

    async def test_a_folder_that_is_moved_away_is_left_alone(self):
        self.write("blog/deep/a.html")
        self.watch()
        outside = Path(self.mktemp())
        moved = await self.told_of(lambda: (self.folder / "blog").rename(outside))
        self.assertEqual({"blog/deep/a.html"}, moved)
        edited = await self.told_of((outside / "deep/a.html").touch)
        self.assertEqual(set(), edited)

    async def test_a_folder_that_is_removed_and_made_again_is_watched_again(self):
        for _ in range(2):
            self.write("build/deep/a.html")
        self.watch()
        build = self.folder / "build"
        removed = await self.told_of(lambda: shutil.rmtree(build))
        self.assertEqual({"build/deep/a.html"}, removed)
        self.assertEqual(
            {"build/deep/b.html"}, await self.told_of(lambda: self.write("build/deep/b.html"))
        )
        both = await self.told_of(
            lambda: shutil.rmtree(build), lambda: self.write("build/deep/c.html")
        )
        self.assertEqual({"build/deep/b.html", "build/deep/c.html"}, both)
        edited = await self.told_of(lambda: self.write("build/deep/c.html"))
        self.assertEqual({"build/deep/c.html"}, edited)

    async def test_a_file_that_becomes_a_folder_is_told_of_and_so_is_the_reverse(self):
        self.write("a")
        self.watch()
        made = await self.told_of((self.folder / "a").unlink, lambda: self.write("a/b.html"))
        self.assertEqual({"a", "a/b.html"}, made)
        back = await self.told_of(lambda: shutil.rmtree(self.folder / "a"), lambda: self.write("a"))
        self.assertEqual({"a", "a/b.html"}, back)

    async def test_what_is_ignored_is_not_told_of(self):
        self.write("node_modules/old.js")
        self.watch()
        ignored = await self.told_of(
            lambda: self.write("node_modules/old.js"),
            lambda: self.write("node_modules/deep/new.js"),
            lambda: self.write("blog/node_modules/deep/new.js"),
            lambda: self.write("blog/a.html~"),
            lambda: (self.folder / "node_modules").rename(self.folder / "blog/deep~"),
        )
        self.assertEqual(set(), ignored)

    async def test_names_may_be_of_any_language(self):
        self.watch()
        names = {"página.html", "ページ/страница.html", "with space", "line\nbreak", "🐍.html"}
        await self.told_of(*(lambda name=name: self.write(name) for name in names))
        await self.until_told(*names)

    async def test_links_are_told_of_and_not_followed(self):
        outside = Path(self.mktemp()).absolute()
        outside.mkdir()
        (outside / "a.html").write_text("text")
        self.write("in/a.html")
        (self.folder / "in/circle").symlink_to(self.folder)
        self.watch()
        linked = await self.told_of(
            lambda: (self.folder / "out").symlink_to(outside),
            lambda: (self.folder / "again").symlink_to(self.folder / "in"),
            lambda: (self.folder / "file").symlink_to(outside / "a.html"),
        )
        self.assertEqual({"out", "again", "file"}, linked)
        behind = await self.told_of((outside / "a.html").touch, (outside / "b.html").touch)
        self.assertEqual(set(), behind)
        edited = await self.told_of(lambda: self.write("again/a.html"))
        self.assertEqual({"in/a.html"}, edited)
        self.assertEqual({"out"}, await self.told_of((self.folder / "out").unlink))

    async def test_the_watched_folder_may_be_removed_and_made_again(self):
        """As many programs do that make a site."""
        self.write("a.html")
        self.watch()
        await self.until_quiet()
        shutil.rmtree(self.folder)
        await self.until_told("a.html")
        self.write("b.html")
        await self.until_told("b.html")
        self.assertEqual({"c/d.html"}, await self.told_of(lambda: self.write("c/d.html")))

    async def test_the_watched_folder_may_be_replaced_in_one_step(self):
        self.write("a.html")
        self.watch()
        await self.until_quiet()
        other = Path(self.mktemp())
        other.mkdir()
        (other / "b.html").write_text("text")
        self.folder.rename(self.mktemp())
        other.rename(self.folder)
        await self.until_told("a.html", "b.html")
        self.assertEqual({"b.html"}, await self.told_of(lambda: self.write("b.html")))

    async def test_folders_may_overlap_and_what_is_told_begins_with_them_as_they_are_given(self):
        self.write("sub/a.html")
        given = Path(os.path.relpath(self.folder))
        self.watch(given, given / "sub", given)
        await self.until_quiet()
        self.heard.paths.clear()
        self.write("sub/a.html")
        await self.until_quiet()
        path = given / "sub/a.html"
        self.assertIn(path, self.heard.paths)
        self.assertTrue(all(str(told).startswith(str(given)) for told in self.heard.paths))

    async def test_each_of_several_folders_is_watched(self):
        other = Path(self.mktemp())
        other.mkdir()
        self.watch(self.folder, other)
        self.write("a.html")
        (other / "b.html").write_text("text")
        await self.until(lambda: other / "b.html" in self.heard.paths)
        await self.until_told("a.html")

    async def test_after_the_stop_nothing_is_told_and_it_may_be_started_again(self):
        self.watch()
        await self.until_quiet()
        self.watcher.stop()
        self.watcher.stop()
        self.heard.paths.clear()
        self.write("unheard.html")
        self.watcher.start()
        self.assertEqual({"a.html"}, await self.told_of(lambda: self.write("a.html")))
        self.assertNotIn("unheard.html", self.told())

    async def test_names_that_are_no_text_disturb_nothing(self):
        """Whoever cannot tell of them tells that something is lost."""
        self.watch()
        await self.until_quiet()
        for name in (b"\xff\xfe.html", b"folder\xff/a.html"):
            await self.until_told_or_lost(os.fsdecode(name))
        self.assertEqual({"a.html"}, await self.told_of(lambda: self.write("a.html")))

    async def until_told_or_lost(self, path):
        losses = self.heard.losses
        self.write(path)
        await self.until(lambda: self.heard.losses > losses or path in self.told())

    async def test_who_is_told_may_stop_it(self):
        self.watch()
        await self.until_quiet()
        self.heard.paths.clear()
        self.heard.meddle = lambda path: self.watcher.stop()
        for name in "abc":
            self.write(f"{name}.html")
        await self.until(lambda: self.heard.paths)
        self.assertEqual(1, len(self.heard.paths))

    async def test_what_fails_when_it_is_told_ends_nothing(self):
        self.watch()
        await self.until_quiet()
        self.heard.meddle = lambda path: 1 / 0
        self.write("a.html")
        await self.until_told("a.html")
        self.heard.meddle = lambda path: None
        self.assertEqual({"b.html"}, await self.told_of(lambda: self.write("b.html")))
        self.assertTrue(self.flushLoggedErrors(ZeroDivisionError))
