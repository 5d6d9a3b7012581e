"""What every target has in common: it is fed by libFuzzer, and nothing may be logged, raised or kept."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import atheris
from twisted.logger import globalLogPublisher

__all__ = ["Grown", "Logged", "fuzz", "pieces", "text_of"]

# Runs after which all that is made once has been made, and between two looks at what is kept.
_WARM, _BETWEEN = 5_000, 20_000
# Objects that may be kept: caches of a known size.
_KEPT = 5_000


class Grown(AssertionError):
    """More is kept than may be."""


class Logged(AssertionError):
    """An error of ours was logged."""


class _Failures:
    """The failures that are logged."""

    def __init__(self) -> None:
        self.found: list[Any] = []
        globalLogPublisher.addObserver(self._observe)

    def _observe(self, event: dict[str, Any]) -> None:
        if "log_failure" in event:
            self.found.append(event["log_failure"])

    def check(self) -> None:
        """:raises Logged: there was one."""
        if self.found:
            failure = self.found.pop()
            self.found.clear()
            raise Logged(failure.getTraceback()) from failure.value


def fuzz(check: Callable[[bytes], None]) -> None:
    """Feed a check for as long as the command line says; it raises where something is wrong."""
    failures = _Failures()
    runs, kept = 0, 0

    def run(data: bytes) -> None:
        nonlocal runs, kept
        check(data)
        failures.check()
        runs += 1
        if runs == _WARM or (runs > _WARM and runs % _BETWEEN == 0):
            gc.collect()
            now = len(gc.get_objects())
            if kept and now > kept + _KEPT:
                raise Grown(f"{now - kept} objects more than after {_WARM} runs")
            kept = kept or now

    atheris.Setup(sys.argv, run)
    atheris.Fuzz()


def pieces(data: bytes) -> list[bytes]:
    """The same octets in several reads.

    :param data: its first octet says how many cuts there are, the next ones where.
    """
    cuts, data = (
        data[1 : 1 + data[0] % 4] if data else b"",
        data[1 + data[0] % 4 :] if data else b"",
    )
    places = sorted({0, len(data), *(len(data) * cut // 256 for cut in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


def text_of(data: bytes, words: Sequence[bytes]) -> bytes:
    """A text: as it is, or where the first octet is even made of words, one for each octet.

    So the fuzzer gets far into grammars whose readers are not in Python, and tell it nothing.
    """
    if data and data[0] % 2 == 0:
        return b"".join(words[octet % len(words)] for octet in data[1:])
    return data[1:]
