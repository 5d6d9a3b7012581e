"""When the folder at a path is another one than before."""

import shutil
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from aiorest_gw.livereload.watching.anchors import Anchor


class AnchorTests(TestCase):
    if sys.platform != "linux":
        skip = "inotify is of Linux"
    timeout = 60

    def setUp(self):
        self.replaced = Deferred()
        self.top = Path(self.mktemp()).absolute()
        self.top.mkdir()
        self.path = self.top / "a/b/site"

    def anchor(self, path=None):
        anchor = Anchor(reactor, str(path or self.path), self.tell, self.fail)
        anchor.start()
        self.addCleanup(anchor.stop)

    def tell(self):
        told, self.replaced = self.replaced, Deferred()
        told.callback(None)

    async def test_a_folder_that_is_there_may_go_and_come_again(self):
        self.path.mkdir(parents=True)
        self.anchor()
        self.path.rmdir()
        await self.replaced
        self.path.mkdir()
        await self.replaced

    async def test_a_folder_may_come_with_those_above_it(self):
        self.anchor()
        for path in (self.top / "a", self.top / "a/b", self.path):
            replaced = self.replaced
            path.mkdir()
            await replaced

    async def test_a_folder_may_come_with_all_of_them_at_once(self):
        self.anchor()
        replaced = self.replaced
        self.path.mkdir(parents=True)
        await replaced
        replaced = self.replaced
        self.path.rmdir()
        await replaced

    async def test_a_folder_may_go_with_those_above_it(self):
        self.path.mkdir(parents=True)
        self.anchor()
        for _ in range(2):
            replaced = self.replaced
            shutil.rmtree(self.top / "a")
            await replaced
            replaced = self.replaced
            self.path.mkdir(parents=True)
            await replaced

    async def test_a_link_to_a_folder_may_lead_to_another(self):
        """As what is deployed is often changed, all at once."""
        for name in ("one", "two"):
            (self.top / name).mkdir()
        link, other = self.top / "current", self.top / "next"
        link.symlink_to("one")
        self.anchor(link)
        other.symlink_to("two")
        replaced = self.replaced
        other.rename(link)
        await replaced

    async def test_what_is_beside_the_folder_is_of_no_interest(self):
        self.path.mkdir(parents=True)
        self.anchor()
        replaced = self.replaced
        for name in ("site2", "Site", "z"):
            (self.path.parent / name).mkdir()
        (self.path / "inside").mkdir()
        shutil.rmtree(self.path)
        await replaced
        self.assertNoResult(self.replaced)

    def test_nothing_is_above_the_root_of_all(self):
        self.anchor("/")

    async def test_folders_above_that_come_and_go_all_the_time_are_kept_up_with(self):
        self.anchor()

        def come_and_go():
            for _ in range(200):
                self.path.mkdir(parents=True)
                shutil.rmtree(self.top / "a")
            self.path.mkdir(parents=True)

        await deferToThread(come_and_go)
        for _ in range(20):  # until all that has happened so far is read
            await deferToThread(list)
        for do in (self.path.rmdir, self.path.mkdir):
            replaced = self.replaced
            do()
            await replaced
