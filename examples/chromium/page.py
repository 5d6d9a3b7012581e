"""A page of a browser."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from aiorest_gw.client.aio import ConnectionHandler

__all__ = ["Page"]

# Seconds for a page to load.
PATIENCE = 30


class Page:
    """
    :param connection: that leads to it.
    """

    def __init__(self, connection: ConnectionHandler) -> None:
        self.connection = connection

    async def command(self, method: str, **params: Any) -> dict[str, Any]:
        """What a command of the DevTools Protocol gives."""
        command = {"method": method, "params": params}
        return (await self.connection.execute_command(command, timeout=PATIENCE))["result"]

    async def go_to(self, url: str) -> None:
        """Go to an address, and wait until it is loaded.

        :raises RuntimeError: it cannot be.
        """
        loaded = asyncio.Event()
        await self.command("Page.enable")
        callback = await self.connection.register_callback(
            "Page.loadEventFired", lambda event: loaded.set(), temporary=True
        )
        try:
            went = await self.command("Page.navigate", url=url)
            if "errorText" in went:
                raise RuntimeError(f"{url} cannot be loaded: {went['errorText']}")
            async with asyncio.timeout(PATIENCE):
                await loaded.wait()
        finally:
            await self.connection.remove_callback(callback)

    async def execute_script(self, script: str) -> Any:
        """What a script returns that runs in the page.

        :param script: the body of an async function, such as ``"return document.title"``.
        :raises RuntimeError: it threw something.
        """
        run = await self.command(
            "Runtime.evaluate",
            expression=f"(async () => {{ {script}\n }})()",
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in run:
            thrown = run["exceptionDetails"].get("exception", {})
            raise RuntimeError(thrown.get("description") or run["exceptionDetails"]["text"])
        return run["result"].get("value")

    async def screenshot(self) -> bytes:
        """A picture of it (PNG)."""
        picture = await self.command("Page.captureScreenshot", format="png")
        return base64.b64decode(picture["data"])
