"""What the JavaScript client's package holds, its types, its size, and its page of the documentation."""

import gzip
import json
import re
import subprocess
import tempfile
import textwrap
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import VERSION
from tests.end_to_end.gateways import LISTEN, PATIENCE, ROOT, running
from tests.test_documents import pieces

from .scripts import CLIENT, NODE, NPM, TYPESCRIPT, has_websockets, run_in_node

DOCUMENT = ROOT / "docs" / "howto" / "javascript.rst"
BLOCK = re.compile(r"^\.\. code-block:: javascript\n\n((?:    .*\n|\n)+)", re.M)
SAID = re.compile(r"console\.log\(.*//\s(.*)$|^// (\S+)$", re.M)


class SizeTests(SynchronousTestCase):
    def test_it_is_small(self):
        """5 KiB as a web server compresses it."""
        self.assertLessEqual(len(gzip.compress(CLIENT.read_bytes(), 9)), 5 * 1024)


class PackageTests(SynchronousTestCase):
    if NPM is None:
        skip = "no npm here"

    def test_npm_packs_the_client_with_its_types(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [NPM, "pack", "--json", "--pack-destination", folder, str(CLIENT.parent)],
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=True,
            )
            made = json.loads(done.stdout)
            [package] = made.values() if isinstance(made, dict) else made
        files = {one["path"] for one in package["files"]}
        self.assertEqual(
            {"LICENSE", "README.md", "aiorest-gw.d.ts", "aiorest-gw.js", "package.json"}, files
        )
        self.assertEqual(VERSION, package["version"])

    def test_its_licence_is_the_gateways(self):
        ours = (ROOT / "LICENSE").read_bytes()
        self.assertEqual(ours, (CLIENT.parent / "LICENSE").read_bytes())


class TypeTests(SynchronousTestCase):
    if NODE is None or not TYPESCRIPT.exists():
        skip = "no node with TypeScript here"

    def test_its_types_take_what_is_right_and_nothing_else(self):
        done = subprocess.run(
            [NODE, str(TYPESCRIPT), "--project", "tsconfig.json"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
        self.assertEqual((0, ""), (done.returncode, done.stdout))


class DocumentTests(SynchronousTestCase):
    if not has_websockets():
        skip = "no node with WebSocket here"

    def test_its_examples_say_what_they_are_told_to_say(self):
        text = DOCUMENT.read_text()
        script = "\n".join(textwrap.dedent(found) for found in BLOCK.findall(text))
        self.assertGreater(script.count("console.log"), 10)
        [application] = [code for kind, code in pieces(text) if kind == "code"]
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "app.py").write_text(application)
            command = ["aiorest-gw", "serve", "--app", "app:make_factory", *LISTEN]
            with running(command, folder, PYTHONPATH=f"{ROOT}:{folder}") as gateway:
                script = script.replace("http://127.0.0.1:8080/aiorest-gw.js", CLIENT.as_uri())
                done = run_in_node(script.replace("ws://127.0.0.1:8080/", gateway.url))
        self.assertEqual(0, done.returncode, done.stderr)
        expected = [one or other for one, other in SAID.findall(script)]
        self.assertEqual(sorted(expected), sorted(done.stdout.splitlines()), done.stderr)
