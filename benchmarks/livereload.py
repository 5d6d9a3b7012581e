"""From the save of a style sheet to its paint, with live reload: ``python -m benchmarks.livereload``.

A real Chromium shows a page of ``aiorest-gw dev``. The save's time is this process's, that of the paint
the page's: the frame in which it sees the new colour. Both are of the one clock of the machine.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from tests.browser.tabs import Tab, Tabs
from tests.command.developing import Dev, save

PAGE = '<!doctype html><link rel="stylesheet" href="/look.css"><p>text'
# Tells of each colour when it was painted first.
WATCH = """
globalThis.painted = {};
(function look() {
  const { color } = getComputedStyle(document.querySelector("p"));
  painted[color] ??= performance.timeOrigin + performance.now();
  requestAnimationFrame(look);
})();
"""
# Seconds between saves: whoever saves faster sees only the last.
_APART = 0.3


def measure(saves: int) -> list[float]:
    """
    :returns: milliseconds from each save to its paint.
    """
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder), {"site/index.html": PAGE, "site/look.css": ""})
        dev, tabs = Dev(Path(folder), "site"), Tabs()
        try:
            tabs.anew()
            tab = tabs.open(dev.url)
            tab.mark()
            tab.run(WATCH)
            return [_measured(dev, tab, number) for number in range(1, saves + 1)]
        finally:
            tabs.close()
            dev.close()


def _measured(dev: Dev, tab: Tab, number: int) -> float:
    time.sleep(_APART)
    colour = f"rgb(0, 0, {number})"
    saved = time.time() * 1000
    dev.save({"site/look.css": f"p {{ color: {colour} }}"})
    tab.until(f"'{colour}' in painted")
    return float(tab.run(f"painted['{colour}']")) - saved


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--saves", type=int, default=30)
    took = sorted(measure(parser.parse_args().saves))
    slow = took[max(0, round(len(took) * 0.95) - 1)]
    print(
        f"{len(took)} saves, from save to paint: median {statistics.median(took):.0f} ms, "
        f"95 % within {slow:.0f} ms, all within {took[-1]:.0f} ms"
    )


if __name__ == "__main__":
    main()
