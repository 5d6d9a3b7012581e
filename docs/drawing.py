"""Draws the states of sessions and of clients from the tables that the code follows."""

from math import hypot

from docutils import nodes
from docutils.parsers.rst import Directive

from aiorest_gw.client.core import states as client
from aiorest_gw.sessions.states import TRANSITIONS, State

_RADIUS, _APART, _MIDDLE = 40, 270, 150
_PICTURE = (
    '<svg viewBox="0 0 720 290" role="img" aria-label="States of a session" '
    'style="max-width: 720px; font: 14px sans-serif"><defs><marker id="end" markerWidth="9" '
    'markerHeight="9" refX="8" refY="4" orient="auto"><path d="M0,0 L9,4 L0,8 z"/></marker></defs>'
    "%s</svg>"
)
_ARROW = (
    '<path d="%s" fill="none" stroke="black" marker-end="url(#end)"/>'
    '<text x="%g" y="%g" text-anchor="middle">%s</text>'
)
_STATE = (
    f'<circle cx="%g" cy="{_MIDDLE}" r="{_RADIUS}" fill="#eef" stroke="black"/>'
    f'<text x="%g" y="{_MIDDLE + 5}" text-anchor="middle" font-weight="bold">%s</text>'
)


class SessionStates(Directive):
    """``.. session-states::``"""

    def run(self):
        return [nodes.raw("", drawn(), format="html")]


def drawn():
    """The states side by side, and for each way between two of them an arrow with its events."""
    places = {state: 90 + _APART * number for number, state in enumerate(State)}
    ways = {}
    for (before, event), later in TRANSITIONS.items():
        ways.setdefault((before, later), []).append(event.value)
    parts = [
        _ARROW % (*_bow(places[before], places[later]), ", ".join(events))
        for (before, later), events in ways.items()
    ]
    parts += [_STATE % (x, x, state.value) for state, x in places.items()]
    return _PICTURE % "".join(parts)


def _bow(start, end):
    """The way of an arrow, and the place of its words."""
    top = _MIDDLE - _RADIUS
    if start == end:
        way = f"M{start - 15},{top + 3} C{start - 60},30 {start + 60},30 {start + 15},{top + 3}"
        return way, start, 42
    if abs(end - start) > _APART:
        low = _MIDDLE + _RADIUS
        return f"M{start},{low} Q{(start + end) / 2},300 {end},{low}", (start + end) / 2, 262
    side = 1 if end > start else -1
    y = _MIDDLE - side * 15
    way = f"M{start + side * 37},{y} Q{(start + end) / 2},{y - side * 40} {end - side * 37},{y}"
    return way, (start + end) / 2, y - side * 28 + (10 if side < 0 else 0)


_CLIENT = {
    client.State.CONNECTING: (80, 60),
    client.State.OPEN: (300, 60),
    client.State.LOST: (560, 60),
    client.State.RESUMING: (430, 210),
    client.State.CLOSED: (150, 235),
}


class ClientStates(Directive):
    """``.. client-states::``"""

    def run(self):
        return [nodes.raw("", _drawn_client(), format="html")]


def _drawn_client():
    """The states of a client, and an arrow for each that may follow on another."""
    parts = []
    for before, later in ((a, b) for a, those in client.TRANSITIONS.items() for b in those):
        (x, y), (to_x, to_y) = _CLIENT[before], _CLIENT[later]
        length = hypot(to_x - x, to_y - y)
        along_x, along_y = (to_x - x) / length, (to_y - y) / length
        # Beside the way back, where there is one.
        side = 8 if before in client.TRANSITIONS[later] else 0
        x, y = x - side * along_y, y + side * along_x
        to_x, to_y = to_x - side * along_y, to_y + side * along_x
        edge = 48
        way = (
            f"M{x + edge * along_x:.0f},{y + edge * along_y:.0f} "
            f"L{to_x - edge * along_x:.0f},{to_y - edge * along_y:.0f}"
        )
        parts.append(_ARROW % (way, 0, -20, ""))
    for state, (x, y) in _CLIENT.items():
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="46" fill="#eef" stroke="black"/>'
            f'<text x="{x}" y="{y + 5}" text-anchor="middle" font-weight="bold">{state.value}</text>'
        )
    return _PICTURE.replace("States of a session", "States of a client") % "".join(parts)
