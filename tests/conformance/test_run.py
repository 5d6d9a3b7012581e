"""Finding the suite and running it, with stand-ins for what need not be on every machine."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parents[2]
FINDER = ROOT / ".ci" / "autobahn-testsuite"
# Stands for the suite: connects, tells, reports.
SUITE = f"""#!{sys.executable}
import json, os, socket, sys, time
told = json.load(open(sys.argv[-1]))
host, port = told["servers"][0]["url"].removeprefix("ws://").split(":")
socket.create_connection((host, int(port))).close()
print("Running test case ID 1.1.1 for agent x from peer y")
if "SUITE_DIES" in os.environ:
    sys.exit(1)
if "SUITE_LASTS" in os.environ:
    open("server-" + port, "w").close()
    time.sleep(600)
noted = {{"7.1.6", "7.13.1", "7.13.2"}}
words = dict.fromkeys([f"1.{{n}}" for n in range(244)], "OK") | dict.fromkeys(noted, "INFORMATIONAL")
words["1.5"] = os.environ.get("SUITE_SAYS", "OK")
cases = {{case: {{"behavior": word, "behaviorClose": word}} for case, word in words.items()}}
json.dump({{"x": cases}}, open(os.path.join(told["outdir"], "index.json"), "w"))
"""


def write_script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


class FindingTests(SynchronousTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.bin = self.folder / "bin"

    def find(self, **variables):
        """Status, output and errors where nothing is installed but what the test wrote."""
        done = subprocess.run(
            ["/bin/sh", str(FINDER), "find"],
            env={"PATH": str(self.bin), "PYENV_ROOT": str(self.folder / "pyenv")} | variables,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def test_one_line_says_how_to_get_one(self):
        status, _, said = self.find()
        self.assertEqual(1, status)
        self.assertEqual(1, said.count("\n"))
        self.assertIn("pyenv install 2.7.18", said)
        self.assertIn("crossbario/autobahn-testsuite:25.10.1", said)

    def test_a_command_without_a_python_behind_it_is_passed_over(self):
        python = self.folder / "pyenv" / "versions" / "2.7.18" / "bin" / "python2.7"
        write_script(self.bin / "python2.7", "#!/bin/sh\nexit 127\n")
        write_script(python, f"#!/bin/sh\necho {python}\n")
        self.assertEqual((0, f"{python}\n", ""), self.find())

    def test_the_named_python_is_the_only_one_that_is_taken(self):
        write_script(self.bin / "python2.7", "#!/bin/sh\necho /usr/bin/python2.7\n")
        status, _, said = self.find(PYTHON27=sys.executable)
        self.assertEqual((1, f"PYTHON27={sys.executable} is no Python 2.7\n"), (status, said))

    def test_without_a_python_a_container_is_taken_if_it_runs(self):
        write_script(self.bin / "docker", "#!/bin/sh\nexit 0\n")
        self.assertEqual((0, "container\n", ""), self.find())
        write_script(self.bin / "docker", "#!/bin/sh\nexit 1\n")
        self.assertEqual(1, self.find()[0])


class RunningTests(SynchronousTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        write_script(self.folder / "wstest", SUITE)

    def start(self, **variables):
        return subprocess.Popen(
            [sys.executable, "-m", "tests.conformance", "wstest", "core"],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run_suite(self, **variables):
        """Status and output of a run of the core cases by the stand-in."""
        process = self.start(**variables)
        said, _ = process.communicate(timeout=60)
        return process.returncode, said

    def test_both_endpoints_are_tested(self):
        status, said = self.run_suite()
        self.assertEqual(0, status, said)
        for endpoint in ("loop", "tcp"):
            self.assertRegex(said, rf"\n{endpoint} +247 +244 +3 +0 +0 ")

    def test_a_case_that_is_not_ok_is_named_and_fails_the_run(self):
        status, said = self.run_suite(SUITE_SAYS="NON-STRICT")
        self.assertEqual(1, status)
        self.assertIn("tcp: 1.5: non-strict", said)
        self.assertIn("does not conform", said)

    def test_a_suite_that_dies_fails_the_run(self):
        status, said = self.run_suite(SUITE_DIES="yes")
        self.assertEqual(1, status)
        self.assertIn("247 failed", said)
        self.assertRegex(said, r"tcp: .* the suite made no report, see \S+suite.log\n")

    def test_a_run_that_is_ended_leaves_no_server(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start(SUITE_LASTS="yes")
            deadline = time.monotonic() + 60
            while len(servers := list(self.folder.glob("server-*"))) < 2:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
            process.send_signal(number)
            process.communicate(timeout=60)
            for server in servers:
                server.unlink()
                with self.assertRaises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", int(server.name.split("-")[1]))).close()
