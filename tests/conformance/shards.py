"""One group of cases on one endpoint: a server, and a process of the suite that tests it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import attrs

from .cases import Group
from .verdicts import Outcome, read_verdicts

__all__ = ["ENDPOINTS", "Bench"]

ENDPOINTS = {"loop": "loop:0:interface=127.0.0.1", "tcp": "tcp:0:interface=127.0.0.1"}
# The suite gives its slowest cases eight minutes.
_LONGEST_CASE = 600
_STARTING = 60
_STOPPING = 10
_CASE = re.compile(rb"Running test case ID (\S+)")


@contextlib.asynccontextmanager
async def _running(*command: str, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that lives as long as the block; what it complains of goes to ``log``."""
    with log.open("wb") as complaints:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=complaints,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(_STOPPING):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


@attrs.frozen
class Bench:
    """Where the suite is and where its reports go.

    :param wstest: the suite's command.
    :param reports: a folder; each shard has one of its own in it.
    :param case_begins: called with the endpoint's name, for every case.
    """

    wstest: Path
    reports: Path
    case_begins: Callable[[str], None]

    async def run(self, endpoint: str, group: Group) -> Outcome:
        """Run a group of cases to its end."""
        folder = self.reports / endpoint / group.name.replace(", ", "+")
        folder.mkdir(parents=True)
        started = time.monotonic()
        index = folder / "index.json"
        complaint = ""
        try:
            await self._test(endpoint, group, folder)
        except TimeoutError:
            complaint = "nothing went on any more"
        else:
            if (folder / "server.log").stat().st_size:
                complaint = f"the server complained, see {folder / 'server.log'}"
            elif not index.exists():
                complaint = f"the suite made no report, see {folder / 'suite.log'}"
        verdicts = read_verdicts(index.read_text()) if index.exists() else {}
        return Outcome(endpoint, group, verdicts, time.monotonic() - started, complaint)

    async def _test(self, endpoint: str, group: Group, folder: Path) -> None:
        server = [sys.executable, "-m", "tests.conformance.server", ENDPOINTS[endpoint]]
        if group.compress:
            server.append("--compress")
        async with _running(*server, log=folder / "server.log") as gateway:
            assert gateway.stdout is not None
            async with asyncio.timeout(_STARTING):
                line = await gateway.stdout.readline()
            if not line:
                return  # why is in its log
            port = int(line.split()[-1])
            specification = folder / "specification.json"
            specification.write_text(json.dumps(_specification(group, port, folder)))
            command = [str(self.wstest), "-m", "fuzzingclient", "-s", str(specification)]
            async with _running(*command, log=folder / "suite.log") as suite:
                await self._follow(endpoint, suite)

    async def _follow(self, endpoint: str, suite: asyncio.subprocess.Process) -> None:
        """Until the suite ends; it writes a line where a case begins."""
        assert suite.stdout is not None
        line = b"begins"
        while line:
            # Where a line comes in the moment of a cancellation, ``wait_for`` would forget that.
            async with asyncio.timeout(_LONGEST_CASE):
                line = await suite.stdout.readline()
            if _CASE.match(line):
                self.case_begins(endpoint)
        async with asyncio.timeout(_STOPPING):
            await suite.wait()


def _specification(group: Group, port: int, folder: Path) -> dict[str, object]:
    """What the suite is told."""
    return {
        "outdir": str(folder),
        "servers": [{"agent": "aiorest_gw", "url": f"ws://127.0.0.1:{port}"}],
        "cases": group.patterns,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    }
