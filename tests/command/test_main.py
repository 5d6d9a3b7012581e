"""The command ``aiorest-gw``: which commands there are."""

import subprocess
import sys

from ..end_to_end.gateways import PATIENCE, ROOT, environment
from .shells import ShellTestCase


class MainTests(ShellTestCase):
    def test_help_lists_all_commands_with_a_line_each(self):
        done = self.run_command("--help")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        for name in ("serve", "dev", "call", "listen", "bench"):
            self.assertRegex(done.stdout, rf"(?m)^  {name} +\w.*$")
        self.assertEqual(0, self.run_command("--version").returncode)

    def test_each_command_explains_its_options_and_how_it_ends(self):
        for name in ("call", "listen", "bench"):
            done = self.run_command(name, "--help")
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            for said in ("--token", "--json", "--msgpack", "exit status", "130", "examples"):
                self.assertIn(said, done.stdout)

    def test_unknown_words_are_told_with_what_was_probably_meant(self):
        self.assert_refused("is call meant?", "cal", self.url)
        self.assert_refused("is listen meant?", "lisen")
        self.assert_refused("known are serve, dev, call, listen, bench", "xyz")
        self.assert_refused("name a command first")
        self.assert_refused("aiorest-gw serve --app", "--app", "app:router")
        self.assert_refused("is --connections meant?", "bench", self.url, "--conections=5")
        self.assert_refused("is --deadline meant?", "call", self.url, "/x", "--dedline", "5")

    def test_serve_tells_how_it_writes_what_others_call_port_and_folder(self):
        for told, *arguments in (
            ("write --listen tcp:8080:interface=127.0.0.1", "--port", "8080"),
            ("a site by --site", "public"),
        ):
            done = self.run_command("serve", *arguments)
            self.assertEqual((1, True), (done.returncode, told in done.stderr), done.stderr)

    def test_who_asks_a_gateway_does_not_wait_for_twisted(self):
        """It takes half a second to be imported."""
        script = (
            "import sys, aiorest_gw.command.main, aiorest_gw.command.call, "
            "aiorest_gw.command.listen, aiorest_gw.command.bench\n"
            "print([name for name in sys.modules if name.partition('.')[0] in "
            "('twisted', 'autobahn', 'rich', 'matplotlib', 'plotext')])"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=False,
            env=environment(), cwd=ROOT, timeout=PATIENCE,
        )  # fmt: skip
        self.assertEqual(("[]\n", ""), (done.stdout, done.stderr))
