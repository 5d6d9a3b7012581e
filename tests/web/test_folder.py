"""Files of a folder by the names that are asked for, and none outside of it."""

import os
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.paths import locate
from aiorest_gw.web.folder import Folder, IsFolder


class FolderTests(SynchronousTestCase):
    def setUp(self):
        self.site = Path(self.mktemp()).absolute()
        (self.site / "in").mkdir(parents=True)
        (self.site / "in" / "a.txt").write_text("inside")
        self.folder = Folder(self.site)

    def find(self, target):
        return self.folder.find(locate(target))

    def content(self, target):
        with self.find(target).open() as file:
            return file.read()

    def test_a_file_is_found_and_opened(self):
        self.assertEqual(b"inside", self.content("/in/a.txt"))
        self.assertIsNone(self.find("/in/a.txt/"))
        self.assertIsNone(self.find("/in/b.txt"))

    def test_a_folder_has_an_index_or_nothing(self):
        self.assertIsNone(self.find("/in"))
        (self.site / "in" / "index.html").write_text("index")
        self.assertEqual(b"index", self.content("/in/"))
        self.assertRaises(IsFolder, self.find, "/in")

    def test_while_there_is_no_folder_nothing_is_found(self):
        later = self.site / "later"
        folder = Folder(later)
        self.assertIsNone(folder.find(locate("/a.txt")))
        later.mkdir()
        (later / "a.txt").write_text("there")
        self.assertIsNotNone(folder.find(locate("/a.txt")))

    def test_a_file_is_another_when_it_is_written_or_replaced(self):
        found = self.find("/in/a.txt")
        self.assertTrue(found.current)
        os.utime(self.site / "in" / "a.txt", (5, 5))
        self.assertFalse(found.current)
        self.assertIsNone(found.open())

    def test_the_file_that_a_link_leads_to_is_the_one(self):
        link = self.site / "link.txt"
        link.symlink_to("in/a.txt")
        found = self.find("/link.txt")
        self.assertEqual(b"inside", self.content("/link.txt"))
        (self.site / "other.txt").write_text("other")
        link.unlink()
        link.symlink_to("other.txt")
        self.assertFalse(found.current)

    def test_the_root_of_the_system_may_be_a_site(self):
        found = Folder("/").find(locate(str(self.site / "in" / "a.txt")))
        if found is None:
            self.skipTest("a folder above this one is hidden")
        with found.open() as file:
            self.assertEqual(b"inside", file.read())

    def test_what_was_written_just_now_is_not_settled(self):
        path = self.site / "in" / "a.txt"
        for seconds, settled in ((0, False), (-10, True), (10, True)):
            then = time.time() + seconds
            os.utime(path, (then, then))
            self.assertEqual(settled, self.find("/in/a.txt").settled)

    def test_nothing_stays_open(self):
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            self.content("/in/a.txt")
            found = self.find("/in/a.txt")
            (self.site / "in" / "a.txt").rename(self.site / "in" / "b.txt")
            self.assertIsNone(found.open())
            (self.site / "in" / "b.txt").rename(self.site / "in" / "a.txt")
        self.assertEqual(before, len(os.listdir("/proc/self/fd")))
