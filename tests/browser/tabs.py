"""Tabs of a Chromium, driven by ``tabs.mjs``: each believes that it is in front, and is drawn."""

from __future__ import annotations

import atexit
import functools
import json
import subprocess
from pathlib import Path
from typing import Any

from tests.end_to_end.browser import CHROMIUM
from tests.end_to_end.gateways import PATIENCE

from .scripts import NODE

# What livereload-js has made of its connection; both 3.x and 4.x do.
CONNECTED = "window.LiveReload?.connector?.protocol === 7"


class Tabs:
    """A browser of its own."""

    def __init__(self) -> None:
        assert NODE is not None
        given = {"executablePath": CHROMIUM, "patience": PATIENCE * 1000}
        self._process = subprocess.Popen(
            [NODE, "tabs.mjs", json.dumps(given)],
            cwd=Path(__file__).parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, what: str, **rest: Any) -> Any:
        """Have a command done, and wait for its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, **rest}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "failure" in answer:
            raise AssertionError(f"{what} {rest}: {answer['failure']}")
        return answer["value"]

    def anew(self) -> None:
        """Close all tabs, and forget what they left."""
        self.ask("anew")

    def open(self, url: str) -> Tab:
        """A tab that has loaded a page."""
        name = f"{url} {id(object())}"
        self.ask("open", tab=name, url=url)
        return Tab(self, name)

    def close(self) -> None:
        """End the browser."""
        self._process.communicate(timeout=PATIENCE)


@functools.cache
def shared_tabs() -> Tabs:
    """One browser for all tests, as its start takes a second."""
    tabs = Tabs()
    atexit.register(tabs.close)
    return tabs


class Tab:
    """One of them."""

    def __init__(self, tabs: Tabs, name: str) -> None:
        self._tabs = tabs
        self._name = name

    def press(self, selector: str) -> None:
        """Press what is there."""
        self._tabs.ask("press", tab=self._name, selector=selector)

    def run(self, script: str) -> Any:
        """The value of an expression in its page."""
        return self._tabs.ask("run", tab=self._name, script=script)

    def until(self, condition: str) -> None:
        """Wait until an expression is true, in this page or one that follows it."""
        self._tabs.ask("until", tab=self._name, script=condition)

    def mark(self) -> None:
        """Wait until it would be told of changes; then remember in the page that it is this one."""
        self.until(CONNECTED)
        self.run("window.marked = true")

    @property
    def marked(self) -> bool:
        """Whether it has not loaded anew since."""
        return bool(self.run("window.marked === true"))

    @property
    def loads(self) -> int:
        """How many pages it has loaded."""
        return int(self._told("loads"))

    @property
    def alerts(self) -> list[str]:
        """What it was alerted to."""
        found: list[str] = self._told("alerts")
        return found

    def _told(self, what: str) -> Any:
        return self._tabs.ask("told", tab=self._name)[what]

    def picture(self, path: str) -> None:
        """What is seen of it, as PNG."""
        self._tabs.ask("picture", tab=self._name, path=path)
