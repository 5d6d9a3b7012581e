"""What whoever works on a site sees in the terminal."""

import io
import re
from datetime import datetime

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.command.console import Terminal
from aiorest_gw.livereload.bursts import EVERYTHING


class Screen(io.StringIO):
    def __init__(self, is_terminal):
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self):
        return self._is_terminal

    def lines(self):
        """What is on it, without colours; each line as it was written over last."""
        text = re.sub(r"\x1b\[\d*m", "", self.getvalue())
        return [line.rpartition("\r\x1b[2K")[2] for line in text.split("\n")]


class TerminalTests(SynchronousTestCase):
    def setUp(self):
        for name, value in {"NO_COLOR": "", "FORCE_COLOR": "", "TERM": "xterm"}.items():
            self.patch_variable(name, value)
        self.standing = "1 tab"

    def patch_variable(self, name, value):
        import os

        known = os.environ.get(name)
        os.environ[name] = value
        self.addCleanup(
            lambda: os.environ.pop(name) if known is None else os.environ.update({name: known})
        )

    def make(self, is_terminal=False):
        self.screen = Screen(is_terminal)
        return Terminal(lambda: self.standing, "/site", self.screen, self.screen)

    def shown(self, paths, tabs):
        terminal = self.make()
        terminal.shown(paths, tabs)
        return self.screen.getvalue()[10:].rstrip("\n")

    def test_each_line_begins_with_the_time(self):
        self.make().built()
        written = self.screen.getvalue()
        datetime.strptime(written[:8], "%H:%M:%S")
        self.assertEqual("  built\n", written[8:])

    def test_what_was_shown_is_told_with_the_number_of_tabs(self):
        self.assertEqual("a.css  shown in 2 tabs", self.shown(("/site/a.css",), {"/a.css": 2}))
        self.assertEqual("a.css  shown in 1 tab", self.shown(("/site/a.css",), {"/": 1, "/b": 1}))
        self.assertEqual("a.css  no tab shows it", self.shown(("/site/a.css",), {}))
        self.assertEqual("many files  shown in 1 tab", self.shown(EVERYTHING, {"/": 1}))

    def test_of_many_files_the_first_are_named(self):
        paths = tuple(f"/site/{name}.html" for name in "abcde")
        self.assertEqual(
            "a.html, b.html, c.html and 2 more  no tab shows it", self.shown(paths, {})
        )

    def test_a_name_that_holds_the_end_of_a_line_does_not_begin_another(self):
        self.assertEqual("a\\nb.css  no tab shows it", self.shown(("/site/a\nb.css",), {}))

    def test_names_of_files_and_lines_of_commands_do_not_command_the_terminal(self):
        terminal = self.make()
        terminal.shown(("/site/\x1b[2J.css",), {})
        terminal.wrote("\x1b]0;title\x07 plain")
        terminal.failed("wrong \x9b2J\nmore \x1b[2J")
        self.assertNotIn("\x1b", self.screen.getvalue())
        self.assertNotIn("\x9b", self.screen.getvalue())

    def test_a_failure_is_told_with_all_its_lines(self):
        self.make().failed("make failed\none\n\ntwo")
        self.assertEqual(["make failed", "    one", "    ", "    two"], self.lines())
        self.make().failed("")
        self.assertEqual([""], self.lines())

    def lines(self):
        first, *others = self.screen.getvalue().splitlines()
        return [first[10:], *others]

    def test_where_nobody_looks_there_are_no_colours_and_no_status(self):
        terminal = self.make()
        terminal.refresh()
        terminal.building("make site")
        terminal.reloaded()
        terminal.end()
        self.assertEqual(
            ["$ make site", "the application is loaded"],
            [line[10:] for line in self.screen.getvalue().splitlines()],
        )

    def test_on_a_terminal_the_last_line_tells_how_it_stands(self):
        terminal = self.make(True)
        terminal.say("hello")
        terminal.say("again")
        self.assertEqual(["hello", "again", "1 tab"], self.screen.lines())

    def test_it_is_written_again_only_where_it_has_changed(self):
        terminal = self.make(True)
        terminal.refresh()
        before = self.screen.getvalue()
        terminal.refresh()
        self.assertEqual(before, self.screen.getvalue())
        self.standing = "2 tabs"
        terminal.refresh()
        self.assertEqual(["2 tabs"], self.screen.lines())

    def test_the_log_stands_above_it(self):
        terminal = self.make(True)
        terminal.refresh()
        terminal.write("an event\n")
        terminal.flush()
        self.assertEqual(["an event", "1 tab"], self.screen.lines())

    def test_at_the_end_nothing_is_left_of_it(self):
        terminal = self.make(True)
        terminal.say("hello")
        terminal.end()
        terminal.refresh()
        self.assertEqual(["hello", ""], self.screen.lines())

    def test_a_terminal_that_knows_no_colours_has_no_status_either(self):
        self.patch_variable("TERM", "dumb")
        self.make(True).say("hello")
        self.assertEqual("hello\n", self.screen.getvalue())
