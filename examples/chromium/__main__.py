"""A picture of a page: ``python -m examples.chromium URL out.png``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiorest_gw.client import CommandError

from . import Chrome

USAGE = "python -m examples.chromium URL out.png"


async def picture(url: str, path: str) -> None:
    chrome = Chrome()
    await chrome.start()
    try:
        page = await chrome.get_page()
        await page.go_to(url)
        title = await page.execute_script("return document.title")
        Path(path).write_bytes(await page.screenshot())
        print(f"{path}: {title}")
    finally:
        await chrome.stop()


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(USAGE)
    try:
        asyncio.run(picture(*sys.argv[1:]))
    except (RuntimeError, CommandError, OSError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
