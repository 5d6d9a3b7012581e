"""What changes in folders, told when a burst of it is over: real files, and the test's own clock."""

from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from aiorest_gw.develop.changes import Changes
from aiorest_gw.errors import ConfigurationError
from aiorest_gw.livereload.bursts import EVERYTHING
from tests.command.developing import save


class ChangesTests(TestCase):
    """As the system tells them."""

    timeout = 30

    def setUp(self):
        self.folder = Path(self.mktemp()).absolute()
        save(
            self.folder,
            {"site/index.html": "1", ".gitignore": "built/\n*.log\n", "built/a.html": ""},
        )
        self.told = Deferred()

    def watch(self, *folders):
        changes = Changes(reactor, [self.folder / name for name in folders], self.tell)
        changes.start()
        self.addCleanup(changes.stop)
        return changes

    def tell(self, paths):
        told, self.told = self.told, Deferred()
        told.callback([str(Path(path).relative_to(self.folder)) for path in paths])

    async def test_files_that_change_together_are_told_together(self):
        self.watch("site")
        save(self.folder, {"site/b.css": "", "site/index.html": "2", "site/new/c.html": ""})
        self.assertEqual(
            {"site/b.css", "site/index.html", "site/new/c.html"}, {*await self.told} - {"site/new"}
        )

    async def test_what_gitignore_names_is_not_told(self):
        self.watch("")
        save(
            self.folder,
            {"built/a.html": "2", "site/x.log": "", ".hidden": "", "site/index.html": "2"},
        )
        self.assertEqual(["site/index.html"], await self.told)

    async def test_a_gitignore_within_is_heeded(self):
        save(self.folder, {"site/.gitignore": "drafts\n", "site/drafts/a.html": ""})
        self.watch("")
        save(self.folder, {"site/drafts/a.html": "2", "site/index.html": "2"})
        self.assertEqual(["site/index.html"], await self.told)

    async def test_one_folder_inside_another_is_told_once(self):
        self.watch("", "site", "site")
        save(self.folder, {"site/index.html": "2"})
        self.assertEqual(["site/index.html"], await self.told)


class TimeTests(SynchronousTestCase):
    """When they are told."""

    def setUp(self):
        self.folder = Path(self.mktemp()).absolute()
        save(self.folder, {"index.html": "1"})
        self.clock = Clock()
        self.told = []
        self.changes = Changes(self.clock, [self.folder], self.told.append, "polling")
        self.changes.start()

    def tearDown(self):
        self.changes.stop()
        self.assertEqual([], self.clock.getDelayedCalls())

    def advance(self, seconds):
        self.clock.pump([0.01] * round(seconds * 100))

    def test_a_folder_that_is_not_there_is_refused(self):
        error = self.assertRaises(
            ConfigurationError, Changes, self.clock, [self.folder / "nowhere"], self.told.append
        )
        self.assertIn("nowhere", str(error))

    def test_a_burst_is_told_when_it_is_over_and_once(self):
        self.advance(2)
        save(self.folder, {"index.html": "changed", "a.css": "new"})
        self.advance(3)
        [paths] = self.told
        self.assertEqual({"a.css", "index.html"}, {Path(path).name for path in paths})

    def test_nothing_is_told_after_the_end(self):
        self.advance(2)
        save(self.folder, {"index.html": "changed"})
        self.changes.stop()
        self.advance(3)
        self.assertEqual([], self.told)
        self.changes.start()

    def test_of_very_many_files_only_that_they_changed_is_told(self):
        self.advance(2)
        save(self.folder, {f"{number}.html": "" for number in range(1_001)})
        self.advance(3)
        self.assertEqual([EVERYTHING], self.told)

    def test_what_is_found_by_looking_comes_late(self):
        self.assertGreater(self.changes.delay, 1)
        self.assertLess(Changes(reactor, [self.folder], self.told.append).delay, 0.5)
