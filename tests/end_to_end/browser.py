"""A headless Chromium, over its DevTools Protocol."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

from aiorest_gw.client.aio import ConnectionHandler

from .gateways import PATIENCE

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
    # Or of two tabs the one behind looks at its clock once in a second.
    "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows", "about:blank",
)  # fmt: skip


class Chromium:
    """The process of a browser, with a profile of its own.

    :param port: of its DevTools Protocol; 0: a free one.
    """

    def __init__(self, port: int = 0) -> None:
        assert CHROMIUM is not None
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [
                CHROMIUM, f"--user-data-dir={self._profile.name}",
                f"--remote-debugging-port={port}", *FLAGS,
            ],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip
        self.port = self._read_port()

    def _read_port(self) -> int:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            found = re.search(r"DevTools listening on ws://[^/]*:(\d+)/", line)
            if found:
                return int(found[1])
        raise AssertionError("the browser ended")

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._profile.cleanup()


class Page:
    """A tab.

    :param runner: of the loop that its browser's connection belongs to.
    :param session: its session of the DevTools Protocol.
    """

    def __init__(self, runner: asyncio.Runner, browser: ConnectionHandler, session: str) -> None:
        self._runner = runner
        self._browser = browser
        self._session = session

    def command(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        result: dict[str, Any] = self._runner.run(self._command(method, **params))["result"]
        return result

    def _command(self, method: str, **params: Any) -> Any:
        command = {"method": method, "params": params, "sessionId": self._session}
        return self._browser.execute_command(command, timeout=PATIENCE)

    def open(self, address: str) -> None:
        """Go to a page and wait until it is loaded."""
        self._runner.run(self._open(address))

    async def _open(self, address: str) -> None:
        loaded = asyncio.Event()
        await self._browser.register_callback(
            "Page.loadEventFired", lambda _: loaded.set(), True, session_id=self._session
        )
        await self._command("Page.enable")
        await self._command("Page.navigate", url=address)
        await asyncio.wait_for(loaded.wait(), PATIENCE)

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
    chromium = Chromium()
    try:
        with asyncio.Runner() as runner:
            browser = ConnectionHandler(chromium.port)
            yield [_tab(runner, browser, address) for address in addresses]
            runner.run(browser.close())
    finally:
        chromium.kill()


def _tab(runner: asyncio.Runner, browser: ConnectionHandler, address: str) -> Page:
    session = runner.run(_attach(browser))
    tab = Page(runner, browser, session)
    tab.open(address)
    return tab


async def _attach(browser: ConnectionHandler) -> str:
    """A tab of its own, and the session that leads to it."""
    created = await browser.execute_command(
        {"method": "Target.createTarget", "params": {"url": "about:blank"}}
    )
    params = {"targetId": created["result"]["targetId"], "flatten": True}
    attached = await browser.execute_command({"method": "Target.attachToTarget", "params": params})
    session: str = attached["result"]["sessionId"]
    return session
