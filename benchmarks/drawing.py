"""A report as an SVG: a panel of horizontal bars for each workload, readable on light and dark pages."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from xml.sax.saxutils import escape

from .peers import REFERENCE
from .report import Report, Row, Section

__all__ = ["draw"]

WIDTH, MARGIN = 860, 24
LABELS = 176  # where bars begin
BARS = 480  # of the longest one
LINE, BAR = 22, 14

STYLE = """
  .page { fill: #ffffff }
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 15px }
  .small { font-size: 11.5px; fill: #57606a }
  .label { text-anchor: end }
  .ours { fill: #0969da } .other { fill: #8c959f } .floor { fill: #d0d7de }
  .name-ours { font-weight: 600 }
  .spread { stroke: #24292f; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 }
    text { fill: #e6edf3 }
    .small { fill: #9198a1 }
    .ours { fill: #4493f8 } .other { fill: #6e7681 } .floor { fill: #3d444d }
    .spread { stroke: #e6edf3 }
  }"""


def draw(report: Report) -> str:
    """The whole of a report."""
    parts: list[str] = []
    top = MARGIN + 8
    for section in report.sections:
        parts += _panel(section, top)
        top += _height(section)
    for text in _footer(report):
        parts.append(_text(MARGIN, top, text, "small"))
        top += 16
    height = top + MARGIN - 16
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img">',
            "<title>What requests cost the server, as ratios</title>",
            f"<style>{STYLE}\n</style>",
            f'<rect class="page" width="{WIDTH}" height="{height}"/>',
            *parts,
            "</svg>\n",
        )
    )


def _height(section: Section) -> int:
    return LINE * (len(section.rows) + len(section.missing)) + 50


def _panel(section: Section, top: int) -> Iterator[str]:
    yield _text(MARGIN, top, f"{section.name}: {section.title}", "title")
    longest = max((row.most for row in section.rows), default=1)
    place = top + 12
    for row in section.rows:
        yield from _bar(section, row, place, BARS / longest)
        place += LINE
    for server, reason in section.missing.items():
        yield _text(LABELS - 8, place + BAR - 2, server, "label small")
        yield _text(LABELS, place + BAR - 2, reason, "small")
        place += LINE


def _bar(section: Section, row: Row, top: int, scale: float) -> Iterator[str]:
    ours = row.server.startswith("aiorest_gw")
    kind = "ours" if ours else "floor" if row.server == REFERENCE else "other"
    base = top + BAR - 2
    yield _text(LABELS - 8, base, row.server, f"label name-{kind}")
    yield (
        f'<rect class="{kind}" x="{LABELS}" y="{top}" height="{BAR}" '
        f'width="{max(1, row.ratio * scale):.1f}" rx="2"/>'
    )
    left, right = (LABELS + value * scale for value in (row.least, row.most))
    yield (
        f'<line class="spread" x1="{left:.1f}" x2="{right:.1f}" '
        f'y1="{top + BAR / 2}" y2="{top + BAR / 2}"/>'
    )
    told = f"{row.ratio:.2f}×, {row.value:.1f} {section.unit}"
    if section.measure == "latency":
        told = f"{row.ratio:.2f}×, {row.value:.0f} µs, p99 {row.p99:.0f} µs"
    if row.marked:
        told += " (the load was near its limit)"
    yield _text(right + 8, base, told, "")


def _footer(report: Report) -> list[str]:
    packages = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    return [
        f"Ratios to {REFERENCE} in the same round; the median of {report.rounds} rounds of "
        f"{report.seconds:g} s, lines from the least to the greatest. Shorter is better.",
        f"{report.date}, {report.machine}.",
        *textwrap.wrap(packages, 130),
    ]


def _text(left: float, base: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{left:.0f}" y="{base}">{escape(text)}</text>'
