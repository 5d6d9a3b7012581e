"""What is known to be in a folder, compared with what is there."""

import shutil
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.livereload.watching.comparing import Inventory
from aiorest_gw.livereload.watching.watcher import Observer, Root

from .contract import is_ignored


class InventoryTests(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp())
        self.told = []
        observer = Observer(
            lambda path: self.told.append(str(path.relative_to(self.folder))),
            lambda: None,
            is_ignored,
        )
        self.write("a.html", "old/b.html")
        self.inventory = Inventory(Root(self.folder), observer)
        self.inventory.read()

    def write(self, *paths):
        for path in paths:
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()

    def heard(self, *paths, removed=False):
        self.told.clear()
        for path in paths:
            self.inventory.heard(path, removed)
        return sorted(self.told)

    def test_something_deep_in_a_folder_that_is_unknown_tells_of_all_that_is_in_it(self):
        """What is told has no order."""
        self.write("new/1.html", "new/deep/2.html", "new/deep/node_modules/3.js")
        self.assertEqual(["new/1.html", "new/deep/2.html"], self.heard("new/deep/2.html"))
        self.assertEqual([], self.heard("new", "new/deep"))
        self.assertEqual([], self.heard("new/deep/node_modules/3.js"))

    def test_what_came_before_the_system_watched_a_new_folder_is_found_later(self):
        self.write("new/1.html")
        self.heard("new")
        self.write("new/2.html", "new/deep/3.html")
        self.told.clear()
        self.inventory.look_again()
        self.assertEqual(["new/2.html", "new/deep/3.html"], sorted(self.told))
        self.assertEqual(set(), self.inventory.fresh)

    def test_a_new_folder_that_has_gone_is_not_looked_at_again(self):
        self.write("new/deep/1.html")
        self.heard("new", "new/deep")
        shutil.rmtree(self.folder / "new")
        self.assertEqual(["new/deep/1.html"], self.heard("new"))
        self.told.clear()
        self.inventory.look_again()
        self.assertEqual([], self.told)

    def test_a_folder_that_was_removed_and_made_again_is_another(self):
        """Whatever number the system gives it."""
        shutil.rmtree(self.folder / "old")
        self.write("old/c.html")
        self.assertEqual(["old/b.html", "old/c.html"], self.heard("old", removed=True))

    def test_what_is_behind_a_link_is_not_told_of(self):
        outside = Path(self.mktemp())
        outside.mkdir()
        (outside / "a.html").touch()
        (self.folder / "out").symlink_to(outside.absolute())
        self.assertEqual(["out"], self.heard("out", "out/a.html", "out/none.html"))

    def test_what_was_never_there_is_not_told_of(self):
        self.assertEqual([], self.heard("none.html", "none/a.html"))

    def test_a_folder_that_is_another_is_told_of_with_what_was_and_what_is(self):
        (self.folder / "a.html").unlink()
        self.write("c.html")
        self.told.clear()
        self.inventory.read_again()
        self.assertEqual({"a.html", "c.html", "old/b.html"}, set(self.told))
