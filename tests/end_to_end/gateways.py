"""Gateways in processes of their own, on free ports, and clients that nobody here wrote."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
APP = ["--app", "tests.end_to_end.application:router"]
LISTEN = ["--listen", "tcp:0:interface=127.0.0.1"]
TWISTD = ["twistd", "--nodaemon", "--pidfile="]
STARTERS = {
    "twistd": [*TWISTD, "aiorest_gw"],
    "twistd on epoll": [*TWISTD, "--reactor=epoll", "aiorest_gw"],
    "twistd on asyncio": [*TWISTD, "--reactor=asyncio", "aiorest_gw"],
    "twistd on Twisted's tcp": [*TWISTD, "aiorest_gw", "--twisted-tcp"],
    "serve": ["aiorest-gw", "serve"],
    "serve on select": ["aiorest-gw", "serve", "--reactor=select"],
}
# Long enough for the slowest machine; only a failure waits for it.
PATIENCE = 30
ADDRESS = re.compile(r"(wss?)://([^\s/]+):(\d+)(/\S*)?")


class Gateway:
    """A process that serves.

    :ivar url: where it listens.
    :ivar output: what it wrote until it listened.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.output = ""
        self.url = ""
        assert process.stdout is not None
        for line in process.stdout:
            self.output += line
            found = ADDRESS.search(line)
            if found and "listens on" in line:
                self.url = found.group()
                return
        raise AssertionError(f"it ended before it listened:\n{self.output}")

    @property
    def port(self) -> int:
        found = ADDRESS.search(self.url)
        assert found is not None
        return int(found[3])

    def connect(self, **options: Any) -> ClientConnection:
        return connect(self.url, open_timeout=PATIENCE, **options)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end.

        :returns: the exit status.
        """
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end that was asked for already.

        :returns: the exit status.
        """
        output, _ = self.process.communicate(timeout=PATIENCE)
        self.output += output
        return self.process.returncode


def environment(measured: bool = True, **variables: str) -> dict[str, str]:
    """This process's environment without what would change a gateway's settings.

    :param measured: whether the process's coverage is, which doubles its time.
    """
    ignored = ("AIOREST_GW_",) if measured else ("AIOREST_GW_", "COVERAGE_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ignored)}
    ours = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT), "AIOREST_GW_DRAIN_WINDOW": "0"}
    return kept | ours | variables


@contextlib.contextmanager
def running(
    command: list[str],
    folder: Path | str,
    own_group: bool = False,
    measured: bool = True,
    **variables: str,
) -> Iterator[Gateway]:
    """Run a command that serves, until the block ends.

    :param own_group: its process leads a group, as one that a terminal has in the foreground.
    :param measured: as of :func:`environment`.
    """
    process = subprocess.Popen(
        [str(BIN / command[0]), *command[1:]],
        cwd=folder,
        env=environment(measured, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=own_group,
    )
    try:
        gateway = Gateway(process)
        yield gateway
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def run(
    command: list[str], folder: Path | str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def ask(connection: ClientConnection, method: str, url: str, **keys: Any) -> dict[str, Any]:
    """Send a request and wait for its answer."""
    connection.send(json.dumps({"method": method, "url": url} | keys))
    answer: dict[str, Any] = json.loads(connection.recv(timeout=PATIENCE))
    return answer


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so that another process brings about."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it does not come about")
        time.sleep(0.01)
