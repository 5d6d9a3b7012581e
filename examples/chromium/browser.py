"""A Chromium that is started, and stopped."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile

from aiorest_gw.client.aio import ConnectionHandler

from .page import Page

__all__ = ["Chrome"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-first-run", "--disable-gpu", "--disable-sync", "--disable-dev-shm-usage",
    "--disable-background-networking", "--remote-debugging-port=0",
)  # fmt: skip
# A browser that runs as root has no sandbox.
AS_ROOT = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
# Seconds for the browser to start.
PATIENCE = 30


class Chrome:
    """A browser with a profile of its own, which ends with it.

    :param flags: of its command line, besides those that it needs.
    """

    def __init__(self, *flags: str) -> None:
        self._flags = flags
        self._pages: list[Page] = []

    async def start(self) -> None:
        """
        :raises RuntimeError: there is none, or it does not start.
        """
        command = next(filter(None, map(shutil.which, NAMES)), None)
        if command is None:
            raise RuntimeError(f"there is no browser here: none of {', '.join(NAMES)}")
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._process = await asyncio.create_subprocess_exec(
            command, f"--user-data-dir={self._profile.name}", *FLAGS, *AS_ROOT, *self._flags,
            "about:blank", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE):
                self._port = await self._read_port()
        except BaseException:
            await self._end()
            raise
        # It says more while it runs, which would fill the pipe.
        self._drain = asyncio.create_task(self._process.stderr.read())
        self.connection = ConnectionHandler(self._port)

    async def _read_port(self) -> int:
        async for line in self._process.stderr:
            found = re.search(rb"DevTools listening on ws://[^/]*:(\d+)/", line)
            if found:
                return int(found[1])
        raise RuntimeError("the browser ended before it listened")

    async def get_page(self) -> Page:
        """A new page, in a tab of its own, over a connection of its own."""
        created = await self.connection.execute_command(
            {"method": "Target.createTarget", "params": {"url": "about:blank"}}
        )
        page = Page(ConnectionHandler(self._port, created["result"]["targetId"]))
        self._pages.append(page)
        return page

    async def stop(self) -> None:
        """Close its pages' connections, and end it."""
        for page in self._pages:
            await page.connection.close()
        await self.connection.close()
        await self._end()
        await self._drain

    async def _end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._profile.cleanup()
