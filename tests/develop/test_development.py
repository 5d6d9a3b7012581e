"""What follows from a change: with a terminal in memory, tabs in memory, and builds that really run."""

import io
import queue
import re
from pathlib import Path

from twisted.internet.defer import succeed
from twisted.internet.testing import MemoryReactorClock

from aiorest_gw.command.console import Terminal
from aiorest_gw.develop import overlay
from aiorest_gw.develop.development import Development
from aiorest_gw.livereload.bursts import EVERYTHING
from aiorest_gw.livereload.live import LiveReload
from aiorest_gw.livereload.rules import Rules
from aiorest_gw.testing import GatewayTestCase
from tests.command.developing import save
from tests.end_to_end.gateways import PATIENCE
from tests.livereload.tabs import Tab

ROOT = "http://127.0.0.1:8080/"


class ThreadedClock(MemoryReactorClock):
    """What other threads want done is done when the test waits for it."""

    def __init__(self):
        super().__init__()
        self.from_threads = queue.Queue()

    def callFromThread(self, function, *args):
        self.from_threads.put((function, args))

    def wait(self):
        function, args = self.from_threads.get(timeout=PATIENCE)
        function(*args)


class Application:
    """Made of ``app.py``.

    :ivar wrong: with it, from now on.
    """

    wrong = None
    loads = 0

    def concerns(self, paths):
        return paths is EVERYTHING or "app.py" in paths

    def reload(self):
        self.loads += 1
        return succeed(self.wrong)


class DevelopmentTestCase(GatewayTestCase):
    rules = Rules()

    def setUp(self):
        super().setUp()
        self.clock = ThreadedClock()
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.factory = self.serve(site=self.folder)
        self.live = LiveReload(self.factory, self.rules)
        self.written = io.StringIO()
        self.terminal = Terminal(lambda: "", ".", self.written)

    def develop(self, command=None, application=None):
        self.development = Development(
            self.live, self.terminal, application, command, str(self.folder), lambda: 0.15
        )
        self.addCleanup(self.development.stop)
        return self.development

    def open(self, *paths):
        return [Tab(self.factory).show(ROOT + path) for path in paths]

    def heard(self, tab):
        """Paths and messages that it was told, since it was asked last."""
        tab.move()
        found = [one.get("path") or one["message"] for one in tab.heard]
        tab.heard.clear()
        return found

    def told(self):
        """What the terminal shows, without the time, since it was asked last."""
        lines = [
            line[10:] if line[2:3] == ":" else line for line in self.written.getvalue().splitlines()
        ]
        self.written.seek(0)
        self.written.truncate()
        return lines

    def end_build(self):
        """Wait until it has ended, and all that it wrote is known."""
        self.wait_for_build()
        self.clock.advance(0.2)

    def wait_for_build(self):
        before = self.ended_builds()
        while self.ended_builds() == before:
            self.clock.wait()

    def ended_builds(self):
        return len(re.findall("  built\n|failed with status", self.written.getvalue()))


class ChangeTests(DevelopmentTestCase):
    def test_without_a_command_changes_are_shown_at_once(self):
        self.develop()
        home, about = self.open("", "about.html")
        self.development.changed(("index.html", "look.css"))
        self.development.changed(("about.html",))
        self.assertEqual(["/"], self.heard(home))
        self.assertEqual(["/look.css", "/about.html"], self.heard(about))
        self.assertEqual("index.html, look.css  shown in 1 tab", self.told()[0])

    def test_each_page_asks_for_the_script_that_reloads_it(self):
        self.assertEqual(self.live.element, self.develop().put_in(b""))
        self.assertIn(b'<script src="/livereload.js?port=&amp;snipver=', self.live.element)

    def test_rules_that_fail_are_told_until_they_work(self):
        self.live.rules = Rules(callback=lambda path, page: 1 // 0 if path == "b.css" else None)
        self.develop()
        [tab] = self.open("")
        self.development.changed(("b.css",))
        [alert] = self.heard(tab)
        self.assertIn("callback failed for 'b.css': ZeroDivisionError", alert)
        self.assertIn(overlay.ELEMENT, self.development.put_in(b""))
        # It holds lines of the application, which other origins could load as a script.
        self.assertFalse(self.factory.web.documents[overlay.PATH].for_all)
        self.development.changed(("a.css",))
        self.assertEqual(["/a.css"], self.heard(tab))
        self.assertNotIn(overlay.ELEMENT, self.development.put_in(b""))


class ApplicationTests(DevelopmentTestCase):
    def setUp(self):
        super().setUp()
        self.application = Application()
        self.develop(application=self.application)

    def test_it_is_loaded_anew_when_its_own_files_change(self):
        self.development.changed(("index.html",))
        self.assertEqual(0, self.application.loads)
        self.development.changed(("index.html", "app.py"))
        self.development.changed(EVERYTHING)
        self.assertEqual(2, self.application.loads)
        self.assertEqual(2, self.told().count("the application is loaded"))

    def test_that_it_is_loaded_is_all_that_is_told_of_it_where_a_build_runs_too(self):
        self.develop("true", Application()).changed(("app.py",))
        self.end_build()
        self.assertEqual(["the application is loaded", "$ true", "built"], self.told())

    def test_what_is_wrong_with_it_is_told_and_shown(self):
        [tab] = self.open("")
        self.application.wrong = "app.py:3: </script>"
        self.development.changed(("app.py",))
        self.assertEqual(["app.py:3: </script>"], self.heard(tab))
        self.assertIn("app.py:3: </script>", self.told())
        self.assertIn(overlay.ELEMENT, self.development.put_in(b""))

    def test_tabs_that_show_it_load_anew_when_something_else_or_nothing_is_wrong(self):
        [before] = self.open("")
        self.application.wrong = "one"
        self.development.changed(("app.py",))
        [late] = self.open("about.html")
        self.application.wrong = "two"
        self.development.changed(("app.py",))
        self.assertEqual(["two", "/about.html"], self.heard(late))
        self.application.wrong = None
        self.development.changed(("app.py",))
        self.assertEqual(["/about.html"], self.heard(late))
        self.assertEqual(["one", "two"], self.heard(before))
        self.assertEqual(b"", self.factory.web.documents[overlay.PATH].body)


class BuildTests(DevelopmentTestCase):
    def test_a_change_is_shown_when_the_build_has_ended_with_all_that_it_wrote(self):
        self.develop("echo making")
        [home] = self.open("")
        self.development.changed(("text.md",))
        self.development.changed(("index.html",))
        self.assertEqual([], self.heard(home))
        self.end_build()
        self.assertEqual(["/"], self.heard(home))
        told = ["$ echo making", "    making", "built", "text.md, index.html  shown in 1 tab"]
        self.assertEqual(told, self.told())

    def test_what_a_build_writes_begins_no_other_one(self):
        self.develop("true")
        self.development.changed(("text.md",))
        self.development.changed(("index.html",))
        self.development.changed(EVERYTHING)
        self.end_build()
        self.assertEqual(1, self.told().count("$ true"))

    def test_a_source_that_is_saved_during_its_build_is_built_again(self):
        self.develop("true")
        self.development.changed(("text.md",))
        self.development.changed(("text.md",))
        self.end_build()
        self.assertEqual(2, self.told().count("$ true"))
        self.end_build()
        self.assertEqual(0, self.told().count("$ true"))

    def test_a_file_beside_the_site_that_is_saved_during_a_build_is_built_too(self):
        self.develop("true")
        for number in range(2):
            self.development.changed(("/project/templates/a.html",))
            self.development.changed((f"/project/templates/b{number}.html",))
            self.end_build()
            self.end_build()
            self.assertEqual(2, self.told().count("$ true"))
            self.clock.advance(2)

    def test_a_file_beside_the_site_that_a_build_writes_each_time_is_learned(self):
        self.develop("true")
        builds = []
        for _ in range(3):
            self.development.changed(("/project/templates/a.html",))
            while self.written.getvalue().count("$ true") > self.ended_builds():
                self.development.changed(("/project/cache.json",))
                self.end_build()
            builds.append(self.told().count("$ true"))
            self.clock.advance(2)
        self.assertEqual([2, 1, 1], builds)

    def test_a_build_that_changes_its_own_source_does_not_go_on_for_ever(self):
        self.develop("true")
        self.development.changed(("text.md",))
        for _ in range(5):
            self.development.changed(("text.md",))
            self.end_build()
        told = self.told()
        self.assertEqual(5, told.count("$ true"))
        self.assertIn("true changes files that it is run for; it waits for a change", told[-1])
        self.clock.advance(2)
        self.development.changed(("text.md",))
        self.assertEqual(["$ true"], self.told())

    def test_nor_does_one_whose_files_are_told_late(self):
        self.develop("true")
        for _ in range(7):
            self.development.changed(("index.html",))
            if self.written.getvalue().count("$ true") > self.ended_builds():
                self.end_build()
        self.assertEqual(5, self.told().count("$ true"))

    def test_a_failed_build_is_told_in_tabs_and_shows_nothing(self):
        self.develop("echo wrong; exit 3")
        [home] = self.open("")
        self.development.changed(("look.css",))
        self.end_build()
        self.assertEqual(["echo wrong; exit 3 failed with status 3\nwrong"], self.heard(home))
        self.assertIn(overlay.ELEMENT, self.development.put_in(b""))
        self.assertIn(
            b"failed with status 3\\nwrong", self.factory.web.documents[overlay.PATH].body
        )

    def test_the_same_failure_alerts_once(self):
        self.develop("exit 3")
        [home] = self.open("")
        for _ in range(2):
            self.development.changed(("look.css",))
            self.end_build()
        self.assertEqual(1, len(self.heard(home)))
        self.assertEqual(2, self.told().count("exit 3 failed with status 3"))

    def test_what_changed_while_it_failed_is_shown_when_it_is_mended(self):
        self.develop("test -e fine")
        [before] = self.open("")
        self.development.changed(("look.css",))
        self.end_build()
        [late] = self.open("about.html")
        self.heard(before)
        save(self.folder, {"fine": ""})
        self.clock.advance(2)
        self.development.changed(("text.md",))
        self.end_build()
        self.assertEqual(["/look.css"], self.heard(before))
        self.assertEqual("/about.html", self.heard(late)[-1])
        self.assertNotIn(overlay.ELEMENT, self.development.put_in(b""))

    def test_very_many_files_that_wait_count_as_everything(self):
        self.develop("true")
        [home] = self.open("")
        self.development.changed(("text.md",))
        self.development.changed(tuple(f"{number}.txt" for number in range(1_001)))
        self.end_build()
        self.assertEqual(["/"], self.heard(home))
        self.assertIn("many files  shown in 1 tab", self.told())

    def test_it_is_made_once_before_anything_has_changed(self):
        self.develop("true")
        [home] = self.open("")
        self.development.build()
        self.development.build()
        self.end_build()
        self.assertEqual(["$ true", "built"], self.told())
        self.assertEqual([], self.heard(home))

    def test_nothing_follows_after_the_end(self):
        self.develop("true")
        self.development.changed(("text.md",))
        self.development.changed(("text.md",))
        self.wait_for_build()
        self.told()
        self.development.stop()
        self.clock.advance(1)
        self.assertEqual([], self.told())
