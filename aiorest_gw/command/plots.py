"""Pictures of what a bench has measured: as a file by matplotlib, in the terminal by plotext."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from math import log10
from pathlib import Path

from .measured import Measured
from .output import printable, wants_colours

__all__ = ["check_plot", "draw"]

TERMINAL = "-"
_KINDS = (".png", ".svg", ".pdf")
# Each is as far from the next as the share of requests beyond it is smaller.
_TICKS = (0.0, 50.0, 90.0, 99.0, 99.9, 99.99)
_POINTS = 120


def check_plot(target: str) -> None:
    """Before it is measured what cannot be drawn then.

    :param target: a file, or ``-`` for the terminal.
    :raises ValueError: it cannot be drawn there.
    """
    library = "plotext" if target == TERMINAL else "matplotlib"
    if find_spec(library) is None:
        raise ValueError(f"to plot needs {library}: pip install 'aiorest_gw[plot]'")
    if target == TERMINAL:
        return
    if Path(target).suffix.lower() not in _KINDS:
        raise ValueError(f"{target!r} is no plot; it is a file *{', *'.join(_KINDS)}, or -")
    if not Path(target).absolute().parent.is_dir():
        raise ValueError(f"there is no folder {Path(target).parent} to write the plot to")


def draw(measured: Measured, title: str, target: str) -> None:
    """
    :param title: what was measured.
    :param target: a file, or ``-`` for the terminal.
    :raises OSError: the file cannot be written.
    """
    if target == TERMINAL:
        _print_plot(measured, title)
    else:
        _write_plot(measured, title, target)


def _place(percent: float) -> float:
    """Where a percentile is on its axis."""
    return -log10(1 - percent / 100)


def _curve(measured: Measured) -> tuple[list[float], list[float], list[float]]:
    """Places and milliseconds as far as there are requests, and the ticks that are needed."""
    latencies = measured.latencies
    last = log10(max(10, latencies.count))
    places = [last * number / _POINTS for number in range(_POINTS + 1)]
    heights = [latencies.percentile(100 * (1 - 10**-one)) * 1_000 for one in places]
    return places, heights, [one for one in _TICKS if _place(one) <= last + 1e-9]


def _print_plot(measured: Measured, title: str) -> None:
    import plotext

    places, heights, ticks = _curve(measured)
    figure = plotext.figure
    figure.clear()
    figure.plot_size(min(100, shutil.get_terminal_size().columns), 16)
    figure.theme("colorless")
    line = figure.signal(places, heights, marker="braille")
    line.lines()
    figure.draw(line)
    figure.title(printable(f"{title}: latency in ms by percentile"))
    figure.ruler("x").ticks([_place(one) for one in ticks], [f"{one:g} %" for one in ticks])
    print(figure.build().string(colorless=not wants_colours(sys.stdout)))


def _write_plot(measured: Measured, title: str, target: str) -> None:
    from matplotlib.figure import Figure

    places, heights, ticks = _curve(measured)
    figure = Figure(figsize=(9, 7), layout="constrained")
    figure.suptitle(title, parse_math=False)
    by_percentile, by_time = figure.subplots(2)
    by_percentile.plot(places, heights)
    by_percentile.set_xticks([_place(one) for one in ticks], [f"{one:g} %" for one in ticks])
    by_percentile.set(xlabel="of the requests", ylabel="latency in ms, at most", ylim=(0, None))
    each = measured.bin_seconds
    times = [number * each for number in range(len(measured.full_bins))]
    by_time.step(times, [count / each for count in measured.full_bins], where="post")
    by_time.set(xlabel="seconds", ylabel="answers a second", ylim=(0, None))
    for axes in (by_percentile, by_time):
        axes.grid(alpha=0.3)
    figure.savefig(target, dpi=120)
