"""The page on the shell shows what really happens."""

import re
import subprocess
import tempfile
import textwrap
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ..end_to_end.gateways import BIN, LISTEN, PATIENCE, ROOT, ask, environment, running
from .shells import PLAIN

PAGE = (ROOT / "docs" / "howto" / "shell.rst").read_text()
README = (ROOT / "README.rst").read_text()
SESSIONS = re.compile(r"^\.\. code-block:: console\n\n((?:    .*\n|\n)+)", re.M)
ADDRESS = "ws://127.0.0.1:8080/"


def steps():
    """Each command, and what it prints."""
    for found in SESSIONS.finditer(PAGE):
        for step in textwrap.dedent(found[1]).strip().split("\n$ "):
            command, _, printed = step.removeprefix("$ ").partition("\n")
            yield command, printed


def pattern(printed):
    return re.escape(printed).replace("…", ".+") + r"\n?"


class DocumentedTests(SynchronousTestCase):
    def test_commands_print_what_the_page_shows(self):
        self.assertGreater(len([*steps()]), 9)
        with tempfile.TemporaryDirectory() as folder:
            shop = re.search(r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", PAGE, re.M)[1]
            (Path(folder) / "shop.py").write_text(textwrap.dedent(shop))
            serve = ["aiorest-gw", "serve", "--app", "shop:factory", *LISTEN]
            with running(serve, folder) as gateway, gateway.connect() as publisher:
                for command, printed in steps():
                    found = self.run_step(command.replace(ADDRESS, gateway.url), folder, publisher)
                    self.assertRegex(found, rf"\A{pattern(printed)}\Z", command)
            self.assertTrue((Path(folder) / "bench.png").exists())

    def run_step(self, command, folder, publisher):
        """What a shell shows of a command; while it runs there is news."""
        variables = environment(**PLAIN, PATH=f"{BIN}:/usr/bin:/bin")
        with subprocess.Popen(
            command, shell=True, cwd=folder, env=variables, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            while "listen" in command and process.poll() is None:
                ask(publisher, "POST", "/news", data={"id": 5})
            shown = process.communicate(timeout=PATIENCE)[0]
        # A machine that is busy while it measures is told so; the page is about one that is not.
        return re.sub(r"(?m)^aiorest-gw bench: .*\n", "", shown)

    def test_all_that_the_readme_names_is_explained(self):
        for command in re.findall(r"aiorest-gw (call|listen|bench) ", README):
            self.assertIn(f"aiorest-gw {command} {ADDRESS}", PAGE)
        self.assertIn("howto/shell", README)
