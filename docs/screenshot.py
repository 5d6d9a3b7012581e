"""The picture of ``aiorest-gw dev`` in these documents: ``python -m docs.screenshot``.

It works on a copy of ``examples/site`` as somebody would, looks at the page in a Chromium, and sets what
the terminal shows beside it.
"""

from __future__ import annotations

import asyncio
import base64
import html
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from examples.chromium import Chrome, Page

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "examples" / "site"
PICTURE = ROOT / "docs" / "_static" / "dev.png"
COMMAND = re.compile(r"^    (aiorest-gw dev .*)$", re.M)
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/ shows")
# Files, what is replaced in them and by what, and what the terminal tells then.
EDITS = (
    ("public/site.css", "--sand: #f6f1e7", "--sand: #eaf3f5", r"site.css  shown"),
    ("templates/post.html", "All notes", "More notes", r"spring-tide.html  no tab"),
    ("app.py", '"cheered"', '"cheer"', r"app.py  no tab shows it"),
    ("pages/index.html", "A quiet place", "A windy place", r"index.html  shown"),
)
COLOURS = {"31": "#ff8f8f", "32": "#8fe28f", "33": "#f0d27a", "36": "#7fd3e6", "2": "#8d9aa8"}
SHOWN = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 24px; background: #cfd8df;
  display: flex; flex-direction: column; gap: 20px; }}
img, pre {{ width: 100%; box-sizing: border-box;
  border-radius: 10px; box-shadow: 0 6px 24px #17324d55; }}
pre {{ margin: 0; padding: 18px 22px; background: #16202b; color: #e8edf2; white-space: pre-wrap;
  font: 15px/1.55 "DejaVu Sans Mono", monospace; }}
</style><img src="data:image/png;base64,{picture}"><pre>{terminal}</pre>"""
# Seconds for what takes less on any machine.
PATIENCE = 30


class Work:
    """``aiorest-gw dev`` in a folder.

    :param command: as the example's README has it.
    """

    def __init__(self, folder: Path, command: str) -> None:
        self._folder = folder
        self._command = command
        self._output = folder.parent / "output"
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [*shlex.split(command), "--port", "0"],
                cwd=folder,
                env=os.environ | {"FORCE_COLOR": "1", "PATH": path, "PYTHONPATH": str(ROOT)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    async def told(self, pattern: str | re.Pattern[str]) -> re.Match[str]:
        """Wait until the terminal shows that."""
        async with asyncio.timeout(PATIENCE):
            while not (found := re.search(pattern, _plain(self._output.read_text()))):
                await asyncio.sleep(0.05)
        return found

    async def edit(self, name: str, old: str, new: str, told: str) -> None:
        """Save a file, and wait until that is shown."""
        path = self._folder / name
        path.write_text(path.read_text().replace(old, new))
        await self.told(told)

    def terminal(self, port: str) -> str:
        """What is seen of it, as HTML."""
        text = f"$ {self._command}\n{self._output.read_text().rstrip()}"
        escaped = html.escape(text.replace(f":{port}/", ":8080/"))
        return re.sub(
            r"\x1b\[(\d+)m(.*?)\x1b\[0m",
            lambda found: f'<span style="color:{COLOURS[found[1]]}">{found[2]}</span>',
            escaped,
        )


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[\d*m", "", text)


async def cheer(page: Page) -> None:
    """Press the page's button some times, when it is ready."""
    async with asyncio.timeout(PATIENCE):
        while await page.execute_script("return document.getElementById('cheer').disabled"):
            await asyncio.sleep(0.05)
    await page.execute_script(
        "for (let i = 0; i < 12; i += 1) document.getElementById('cheer').click()"
    )


async def take(folder: Path) -> None:
    """Work on the site, and write the picture."""
    [command] = COMMAND.findall((SITE / "README.rst").read_text())
    work = Work(folder, command)
    chrome = Chrome("--window-size=900,760", "--hide-scrollbars")
    try:
        port = (await work.told(ADDRESS))[1]
        await work.told("built")
        await chrome.start()
        page = await chrome.get_page()
        await page.go_to(f"http://127.0.0.1:{port}/")
        await cheer(page)
        for edit in EDITS:
            await work.edit(*edit)
        async with asyncio.timeout(PATIENCE):
            while (
                await page.execute_script("return document.getElementById('cheers')?.value") != "12"
            ):
                await asyncio.sleep(0.05)
        picture = base64.b64encode(await page.screenshot()).decode()
        shown = folder.parent / "shown.html"
        shown.write_text(SHOWN.format(picture=picture, terminal=work.terminal(port)))
        await page.go_to(shown.as_uri())
        height = await page.execute_script("return document.documentElement.scrollHeight")
        await page.command(
            "Emulation.setDeviceMetricsOverride",
            width=900, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        PICTURE.write_bytes(await page.screenshot())
    finally:
        work.process.terminate()
        work.process.wait(PATIENCE)
        await chrome.stop()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(SITE, Path(folder, "site"))
        asyncio.run(take(Path(folder, "site")))
    print(PICTURE.relative_to(ROOT))


if __name__ == "__main__":
    main()
