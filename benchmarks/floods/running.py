"""One flood after the other, each against a gateway of its own, with bystanders beside it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import attrs

from ..processes import ServerProcess
from ..wire import Dialect, NotUsable, ask
from .bystanders import Seen
from .kinds import FLOODS, Flood
from .verdicts import Outcome

__all__ = ["Cores", "run", "scale_of"]

_GATEWAY = (
    str(Path(sys.executable).parent / "aiorest-gw"),
    *("serve", "--app", "benchmarks.floods.application:router"),
    *("--listen", "tcp:PORT:interface=127.0.0.1"),
)
_SILENT = "it says nothing"
# Seconds: of the time that is compared with, between two looks at the memory, until all is ready.
_CALM = 1.0
_LOOK = 0.02
_READY = 60
# Files that each process has open beside the connections.
_SPARE = 200
# Every way is gone once before, with a message as large as may be read in one go: the code that it loads
# and the buffer that it fills are there once for all, and no work of the flood.
_WARM_UP = (
    *(
        b'{"method":"GET","url":"%s","id":1}' % url
        for url in (b"/hello", b"/large/1024", b"/nowhere")
    ),
    b'{"method":"GET","url":"/later/1024","id":1}',
    b'{"method":"POST","url":"/echo","id":1,"data":"%s"}' % (b"x" * 250_000),
)


@attrs.frozen
class Cores:
    """Of the gateway, of the flood, and of the bystanders."""

    server: int
    flood: int
    bystanders: int

    @classmethod
    def of_this_machine(cls) -> Cores:
        cores = sorted(os.sched_getaffinity(0))
        return cls(cores[0], cores[min(1, len(cores) - 1)], cores[min(2, len(cores) - 1)])


class _Companion:
    """A process of ours beside the gateway: it says when it is ready, and answers lines with lines."""

    def __init__(self, module: str, core: int, *arguments: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.floods.{module}", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )

    def __enter__(self) -> _Companion:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def ready(self) -> None:
        self.answer()

    def say(self, line: str) -> None:
        """:raises NotUsable: it has ended."""
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise NotUsable(self._reason()) from None

    def has_answered(self, seconds: float) -> bool:
        return bool(select.select([self._process.stdout], [], [], seconds)[0])

    def answer(self) -> str:
        """The next line that it says.

        :raises NotUsable: it has ended, or takes too long.
        """
        line = self._process.stdout.readline() if self.has_answered(_READY) else ""
        if not line:
            raise NotUsable(self._reason())
        return line

    def _reason(self) -> str:
        self._process.kill()
        lines = self._process.communicate()[1].strip().splitlines()
        return lines[-1] if lines else "one of the processes is stuck"


def scale_of(flood: Flood, files: int) -> float:
    """The part of a flood's connections that there can be.

    :param files: that a process may open.
    """
    return min(1.0, (files - _SPARE) / (flood.connections + flood.idle))


def run(name: str, cores: Cores, files: int, flags: Sequence[str]) -> Outcome:
    """Flood a gateway.

    :param files: that a process may open.
    :param flags: of the gateway.
    :raises NotUsable: it does not bear it.
    """
    flood = FLOODS[name]
    scale = scale_of(flood, files)
    with (
        ServerProcess((*_GATEWAY, *flood.flags, *flags), {cores.server}) as server,
        _Companion("pouring", cores.flood, name, server.port, scale) as pouring,
    ):
        for request in _WARM_UP:
            ask(server.port, Dialect(), request, bool(flood.flags) and flood.deflate, _READY)
        idle = max(1, int(flood.idle * scale))
        with _Companion(
            "bystanders", cores.bystanders, server.port, server.pid, idle
        ) as bystanders:
            bystanders.ready()
            pouring.ready()
            calm = _watched(bystanders, lambda: time.sleep(_CALM))
            before = server.private()
            peak, told = before, ""

            def flooding() -> None:
                nonlocal peak, told
                pouring.say("go")
                while not pouring.has_answered(_LOOK):
                    peak = max(peak, server.private())
                told = pouring.answer()

            flooded = _watched(bystanders, flooding)
            words = server.last_words()
    return Outcome(
        name=name,
        flood=flood,
        grown=peak - before,
        calm=calm,
        flooded=flooded,
        words="" if words == _SILENT else words,
        **json.loads(told),
    )


def _watched(bystanders: _Companion, work: Any) -> Seen:
    """What bystanders see while some work is done."""
    bystanders.say("begin")
    work()
    bystanders.say("end")
    return Seen(**json.loads(bystanders.answer()))
