"""Commands that end by themselves, each in a copy of one process that has imported what they need.

To import it costs half a second, and there are many mistakes that a command line can hold. What runs is the
installed script itself, with streams, arguments and an end of its own.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NoReturn

from .gateways import BIN, PATIENCE, environment

__all__ = ["Copies", "copies"]


class Copies:
    """Runs commands, one after the other.

    :param process: of this module.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        status, out, errors = json.loads(self._process.stdout.readline())
        return subprocess.CompletedProcess(command, status, out, errors)


@contextlib.contextmanager
def copies(folder: Path | str, **variables: str) -> Iterator[Copies]:
    """Run commands in a folder, with these variables, until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        cwd=folder,
        env=environment(**variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Copies(process)


def main() -> None:
    """Run each command that a line of the standard input holds, and tell how it ended."""
    import_all()
    # A copy that ends would look at all of it, and so copy it in earnest.
    gc.freeze()
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            copy = os.fork()
            if not copy:
                become(json.loads(line), out, errors)
            _, status = os.waitpid(copy, 0)
            texts = [_text_of(out), _text_of(errors)]
        print(json.dumps([os.waitstatus_to_exitcode(status), *texts]), flush=True)


def import_all() -> None:
    """Import what the commands need, but no reactor: each installs its own."""
    from twisted.application.service import IServiceMaker
    from twisted.plugin import getPlugins
    from twisted.scripts import twistd  # noqa: F401

    import aiorest_gw.command.bench
    import aiorest_gw.command.call
    import aiorest_gw.command.dev
    import aiorest_gw.command.listen
    import aiorest_gw.command.serve
    import aiorest_gw.server.twistd  # noqa: F401

    list(getPlugins(IServiceMaker))
    assert "twisted.internet.reactor" not in sys.modules


def become(command: list[str], out: IO[bytes], errors: IO[bytes]) -> NoReturn:
    """Be a command from now on, as if it had been started; it is ended if it does not end itself."""
    signal.alarm(PATIENCE)
    with open(os.devnull, "rb") as nothing:
        for number, stream in enumerate((nothing, out, errors)):
            os.dup2(stream.fileno(), number)
    sys.argv = command if command[0] != "python" else command[1:]
    script = BIN / sys.argv[0]
    sys.argv[0], sys.path[0] = str(script), str(script.parent)
    runpy.run_path(str(script), run_name="__main__")
    raise SystemExit


def _text_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


if __name__ == "__main__":
    main()
