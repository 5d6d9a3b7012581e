"""What is in a folder, and what was in it."""

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.livereload.watching.folders import Folder, is_file, listed, look_at
from aiorest_gw.livereload.watching.watcher import Root


class FolderTests(SynchronousTestCase):
    def test_a_folder_knows_all_files_below(self):
        top = Folder("")
        deep = top.folders["a"] = Folder(top.child("a"), top)
        deeper = deep.folders["b"] = Folder(deep.child("b"), deep)
        for folder, name in ((top, "1"), (deep, "2"), (deeper, "3")):
            folder.files.add(name)
        self.assertEqual({"1", "a/2", "a/b/3"}, set(top.all_files()))
        self.assertEqual("b", deeper.name)
        deep.leave()
        top.leave()
        self.assertEqual(["1"], top.all_files())
        self.assertEqual({"a/2", "a/b/3"}, set(deep.all_files()))

    def test_folders_may_be_as_deep_as_paths_can_be(self):
        top = folder = Folder("")
        for _ in range(2_000):
            folder.folders["a"] = folder = Folder(folder.child("a"), folder)
        self.assertEqual(2_001, len(list(top.all())))


class ListingTests(SynchronousTestCase):
    def setUp(self):
        folder = Path(self.mktemp())
        (folder / "sub").mkdir(parents=True)
        (folder / "sub/a.html").touch()
        (folder / "sub/dead").symlink_to("nowhere")
        (folder / "sub/above").symlink_to("..")
        (folder / "sub/deeper").mkdir()
        os.mkfifo(folder / "sub/pipe")
        self.root = Root(folder)

    def paths(self, path, ignored=lambda path, is_folder: False):
        return {(path, is_folder) for path, is_folder, _ in listed(self.root, path, ignored)}

    def test_links_are_files_and_other_things_are_not_there(self):
        self.assertEqual(
            {
                ("sub/a.html", False),
                ("sub/dead", False),
                ("sub/above", False),
                ("sub/deeper", True),
            },
            self.paths("sub"),
        )
        self.assertEqual({("sub", True)}, self.paths(""))

    def test_what_is_ignored_is_left_out(self):
        asked = set()

        def is_ignored(path, is_folder):
            asked.add((path, is_folder))
            return is_folder

        found = self.paths("sub", is_ignored)
        self.assertEqual(3, len(found))
        self.assertEqual({("sub/deeper", True)}, asked - found)

    def test_a_folder_that_is_none_is_empty(self):
        self.assertEqual(set(), self.paths("none"))
        self.assertEqual(set(), self.paths("sub/a.html"))

    def test_it_is_told_what_counts_as_a_file(self):
        at = {name: look_at(self.root.of(f"sub/{name}")) for name in ("a.html", "dead", "pipe")}
        self.assertEqual([True, True, False], [is_file(found) for found in at.values()])
        self.assertIsNone(look_at(self.root.of("none")))
