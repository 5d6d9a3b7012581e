"""What is kept of files: what was asked for last, up to a size."""

import os
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.kinds import kind_of
from aiorest_gw.pages.paths import locate
from aiorest_gw.web.folder import Folder
from aiorest_gw.web.kept import Kept, KeptFiles


class KeptTests(SynchronousTestCase):
    def setUp(self):
        self.site = Path(self.mktemp())
        self.site.mkdir()

    def kept(self, name, size):
        path = self.site / name
        path.write_bytes(b"x" * size)
        then = time.time() - 10
        os.utime(path, (then, then))
        found = Folder(self.site).find(locate(f"/{name}"))
        return Kept(found, kind_of(name), name, {None: b"x" * size})

    def test_of_more_than_there_is_room_for_the_longest_unused_goes(self):
        files = KeptFiles(30_000)
        for name in "abc":
            files.put(name, self.kept(name, 6_000))
        self.assertIsNotNone(files.get("a"))
        files.put("d", self.kept("d", 6_000))
        self.assertEqual(
            [True, False, True, True], [files.get(name) is not None for name in "abcd"]
        )

    def test_what_grows_takes_its_room(self):
        files = KeptFiles(30_000)
        one, other = self.kept("a", 10_000), self.kept("b", 10_000)
        files.put("a", one)
        files.put("b", other)
        other.forms["gzip"] = b"x" * 10_000
        files.grew("b", other)
        self.assertEqual([None, other], [files.get("a"), files.get("b")])
        # What is not kept any more is not kept again by it.
        one.forms["gzip"] = b"x"
        files.grew("a", one)
        self.assertIsNone(files.get("a"))

    def test_one_that_is_too_large_is_not_kept(self):
        files = KeptFiles(5_000)
        files.put("a", self.kept("a", 6_000))
        self.assertIsNone(files.get("a"))

    def test_many_empty_files_are_not_endless(self):
        files = KeptFiles(100_000)
        for number in range(200):
            files.put(number, self.kept("a", 0))
        self.assertLess(sum(files.get(number) is not None for number in range(200)), 60)

    def test_what_has_changed_is_forgotten(self):
        files = KeptFiles(100_000)
        files.put("a", self.kept("a", 5))
        (self.site / "a").write_text("other")
        self.assertIsNone(files.get("a"))
        files.put("b", self.kept("b", 5))
        files.clear()
        self.assertIsNone(files.get("b"))
