"""Commands as a shell runs them, beside a gateway that they ask."""

import atexit
import contextlib
import functools
import json
import os
import pty
import subprocess

from twisted.trial.unittest import SynchronousTestCase

from ..end_to_end.copying import copies
from ..end_to_end.gateways import BIN, LISTEN, PATIENCE, ROOT, environment, running

SERVE = ["aiorest-gw", "serve", "--app", "tests.command.shop:make_factory", *LISTEN]
SERVE_LOCKED = ["aiorest-gw", "serve", "--app", "tests.command.shop:make_locked_factory", *LISTEN]
# What a developer has set for himself changes nothing.
PLAIN = {"NO_COLOR": "", "FORCE_COLOR": "", "TERM": "xterm"}
# A program without a library that it might use.
WITHOUT = "import sys; sys.modules[{!r}] = None; from aiorest_gw.command.main import main; main()"


@functools.cache
def shared_copies():
    return _SHARED.enter_context(copies(ROOT, **PLAIN))


@functools.cache
def shared_gateway(*command):
    return _SHARED.enter_context(running([*command], ROOT))


# trial has no fixtures for classes, and a gateway for each test would be most of the time.
_SHARED = contextlib.ExitStack()
atexit.register(_SHARED.close)


class ShellTestCase(SynchronousTestCase):
    """With a gateway that tests share."""

    serve = SERVE

    def setUp(self):
        self.url = shared_gateway(*self.serve).url
        self.copies = shared_copies()

    def run_command(self, *arguments):
        """Run ``aiorest-gw`` to its end."""
        return self.copies.run(["aiorest-gw", *arguments])

    def call(self, *arguments):
        """``aiorest-gw call`` of this gateway."""
        return self.run_command("call", self.url, *arguments)

    def assert_refused(self, told, *arguments):
        """It is told in one line, with the status of a wrong command line."""
        done = self.run_command(*arguments)
        self.assertEqual((2, ""), (done.returncode, done.stdout), done.stderr)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        self.assertIn(told, done.stderr)

    @contextlib.contextmanager
    def started(self, *arguments, **options):
        """``aiorest-gw`` in a process that goes on; its standard error is read line by line."""
        with subprocess.Popen(
            [BIN / "aiorest-gw", *arguments],
            cwd=ROOT,
            env=environment(**PLAIN),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def lines(text):
    """What each line holds, in JSON."""
    return [json.loads(line) for line in text.splitlines()]


def on_terminal(command, **variables):
    """What a command writes on a terminal of 100 columns, and its exit status."""
    ours, theirs = pty.openpty()
    variables = PLAIN | {"COLUMNS": "100", "LINES": "40"} | variables
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(**variables), stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        written = b""
        # Linux tells the end of it as an error.
        with contextlib.suppress(OSError):
            while more := os.read(ours, 65536):
                written += more
        os.close(ours)
        process.wait(PATIENCE)
    return written.decode(), process.returncode
