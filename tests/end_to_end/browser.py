"""A headless Chromium, over its DevTools Protocol."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from websockets.sync.client import ClientConnection, connect

from .gateways import PATIENCE

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--remote-debugging-port=0",
    # Or of two tabs the one behind looks at its clock once in a second.
    "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows", "about:blank",
)  # fmt: skip


class Page:
    """A tab.

    :param session: its session of the DevTools Protocol; None for the browser itself.
    """

    def __init__(self, connection: ClientConnection, session: str | None) -> None:
        self._connection = connection
        self._session = {} if session is None else {"sessionId": session}
        self._ids = itertools.count(1 if session is None else 1000)

    def command(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer; events are passed over."""
        id = next(self._ids)
        message = {"id": id, "method": method, "params": params} | self._session
        self._connection.send(json.dumps(message))
        answer = self._receive(lambda message: message.get("id") == id)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, address: str) -> None:
        """Go to a page and wait until it is loaded."""
        self.command("Page.enable")
        self._connection.send(
            json.dumps(
                {"id": 0, "method": "Page.navigate", "params": {"url": address}} | self._session
            )
        )
        self._receive(lambda message: message.get("method") == "Page.loadEventFired")

    def _receive(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(self._connection.recv(timeout=PATIENCE))
            if wanted(message):
                return message

    def run(self, script: str) -> Any:
        """The value of an expression in the page, awaited where it is a promise."""
        found = self.command(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"])
        return found["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until an expression in the page is true, looking again whenever it was drawn."""
        self.run(
            "new Promise((resolve, reject) => {"
            f"  setTimeout(() => reject(new Error('never: ' + {condition!r})), {PATIENCE * 1000});"
            f"  (function look() {{ ({condition}) ? resolve() : setTimeout(look, 20); }})();"
            "})"
        )


@contextlib.contextmanager
def page(address: str) -> Iterator[Page]:
    """Open a page in a browser of its own."""
    with pages(address) as (tab,):
        yield tab


@contextlib.contextmanager
def pages(*addresses: str) -> Iterator[list[Page]]:
    """Open pages in one browser, each in a tab."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [CHROMIUM, f"--user-data-dir={profile}", *FLAGS],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if "DevTools listening on " in line:
                    break
            else:
                raise AssertionError("the browser ended")
            url = line.split("DevTools listening on ")[1].strip()
            with connect(url, max_size=None, compression=None) as connection:
                browser = Page(connection, None)
                yield [_tab(browser, connection, address) for address in addresses]
        finally:
            process.kill()
            process.communicate()


def _tab(browser: Page, connection: ClientConnection, address: str) -> Page:
    target = browser.command("Target.createTarget", url="about:blank")["targetId"]
    attached = browser.command("Target.attachToTarget", targetId=target, flatten=True)
    tab = Page(connection, attached["sessionId"])
    tab.open(address)
    return tab
