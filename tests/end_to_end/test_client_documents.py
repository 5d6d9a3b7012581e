"""The pages about clients: each program of theirs runs as it stands, and prints what it says."""

import re
import textwrap
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from .gateways import LISTEN, ROOT, run, running

CODE = re.compile(r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", re.M)
ADDRESS = "ws://127.0.0.1:8080/"
# What a line prints is behind it.
PRINTED = re.compile(r"^ *(?:.*\()?print\(.*\).*  # (.+)$", re.M)


class PageTests(SynchronousTestCase):
    def check_page(self, name):
        text = (ROOT / "docs" / "howto" / f"{name}.rst").read_text()
        application, *programs = [textwrap.dedent(found) for found in CODE.findall(text)]
        self.check("app:make_factory", application, programs)

    def check(self, served, application, programs):
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "app.py").write_text(application)
        command = ["aiorest-gw", "serve", "--app", served, *LISTEN]
        with running(command, folder) as gateway:
            for number, program in enumerate(programs):
                path = folder / f"program_{number}.py"
                path.write_text(program.replace(ADDRESS, gateway.url))
                done = run(["python", path.name], folder)
                self.assertEqual((0, ""), (done.returncode, done.stderr), program)
                said = done.stdout.splitlines()
                for expected in PRINTED.findall(program):
                    self.assertIn(expected, said, program)
        self.assertGreater(len(programs), 0)

    def test_the_readme(self):
        text = (ROOT / "README.rst").read_text()
        application, *others = [textwrap.dedent(found) for found in CODE.findall(text)]
        programs = [code for code in others if code.startswith("from aiorest_gw.client ")]
        self.check("app:router", application, programs)

    def test_clients(self):
        self.check_page("clients")

    def test_moving_from_python_socketio(self):
        self.check_page("from-python-socketio")
