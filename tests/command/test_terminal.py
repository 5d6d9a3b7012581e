"""What people see on a terminal, with colours and without."""

import contextlib
import io
import json
import subprocess
import sys

from aiorest_gw.command.output import Output, compact

from ..end_to_end.gateways import BIN, PATIENCE, ROOT, environment
from .shells import PLAIN, WITHOUT, ShellTestCase, on_terminal


class TerminalTests(ShellTestCase):
    def test_json_is_indented_and_coloured(self):
        written, status = on_terminal([BIN / "aiorest-gw", "call", self.url, "/users/1"])
        self.assertEqual(0, status)
        self.assertIn("\x1b[", written)
        self.assertIn("\r\n  ", written)

    def test_who_wants_no_colours_gets_none(self):
        for variables in (
            {"NO_COLOR": "1"},
            {"TERM": "dumb"},
            {"NO_COLOR": "1", "FORCE_COLOR": "1"},
        ):
            written, _ = on_terminal(
                [BIN / "aiorest-gw", "call", self.url, "/users/1"], **variables
            )
            self.assertEqual('{\r\n  "id": 1,\r\n  "name": "Ann"\r\n}\r\n', written)

    def test_who_wants_colours_in_a_file_gets_them(self):
        for variables, coloured in (({"FORCE_COLOR": "1"}, True), ({}, False)):
            done = subprocess.run(
                [BIN / "aiorest-gw", "call", self.url, "/users/1"], capture_output=True, text=True,
                env=environment(**PLAIN | variables), timeout=PATIENCE, check=False, cwd=ROOT,
            )  # fmt: skip
            self.assertEqual(coloured, "\x1b[" in done.stdout)

    def test_without_rich_all_works_plainly(self):
        command = [sys.executable, "-c", WITHOUT.format("rich")]
        written, status = on_terminal([*command, "call", self.url, "/users/1"])
        self.assertEqual((0, '{\r\n  "id": 1,\r\n  "name": "Ann"\r\n}\r\n'), (status, written))
        written, status = on_terminal([*command, "bench", self.url, "--duration", "0.3"])
        self.assertEqual(0, status)
        self.assertIn(" of 0.3 s, ", written)
        self.assertRegex(written, r"\np99 +\S+ ms\r\n")

    def test_a_gateway_cannot_write_on_the_terminal_as_it_likes(self):
        written, _ = on_terminal([BIN / "aiorest-gw", "call", self.url, "/screen"], NO_COLOR="1")
        self.assertEqual('"\\u001b[2J\\u009b2J"\r\n', written)

    def test_nor_in_what_is_meant_for_programs_which_read_the_same(self):
        written, _ = on_terminal([BIN / "aiorest-gw", "call", self.url, "/screen", "--json"])
        self.assertEqual('{"status":200,"data":"\\u001b[2J\\u009b2J"}\r\n', written)
        for text in ("\x1b\x7f\x9b\u202e\U000e0001\n", "plain \u00e4 \U0001f600"):
            written = compact({"text": text})
            self.assertTrue(written.isprintable())
            self.assertEqual({"text": text}, json.loads(written))

    def test_a_name_that_breaks_the_line_does_not_begin_another(self):
        with contextlib.redirect_stdout(io.StringIO()) as written:
            Output().styled(("news", "cyan"), ("told\n12:00:00.000  news", "bold"))
        self.assertEqual("news  told\\u000a12:00:00.000  news\n", written.getvalue())

    def test_a_bar_tells_how_far_a_bench_is(self):
        written, status = on_terminal([BIN / "aiorest-gw", "bench", self.url, "--duration", "0.5"])
        self.assertEqual(0, status)
        self.assertIn("━", written)
        self.assertIn("of 0.5 s", written)
        self.assertIn("┌", written)
