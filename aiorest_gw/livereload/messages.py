"""What is said to a browser's tab and heard from it: the LiveReload protocol official-7
(http://livereload.com/api/protocol/), as the clients livereload-js 3.x and 4.x speak it.

Their reader is strict (``protocol.js``). The first frame has to be a hello, every other one a reload or
an alert; at anything else, a second hello too, they close and connect anew. Of a hello they read only
whether it lists a protocol that they know. They offer official-6 and official-7, as all their releases
from 2.2.2 on do that were read. The messages of the older one are arrays, and it tells no address of a
page; who offers it alone is closed, as the protocol says of parties without one in common.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

import attrs
import msgspec

__all__ = [
    "MAX_ALERT",
    "MAX_FRAME",
    "OFFICIAL_7",
    "TRANSITIONS",
    "Close",
    "Conversation",
    "Event",
    "State",
    "alert_message",
    "reload_message",
]

OFFICIAL_7 = "http://livereload.com/protocols/official-7"

# Characters of a frame that is read. What is long in it is a page's address, which may hold a whole
# document behind its #.
MAX_FRAME = 65_536
# Of an alert, which holds up the page until somebody has read it.
MAX_ALERT = 1_000


def _text(command: str, **rest: Any) -> str:
    # In ASCII, as names of files may hold what is no UTF-8.
    return json.dumps({"command": command, **rest}, separators=(",", ":"))


def reload_message(path: str, live_css: bool = True, live_img: bool = True) -> str:
    """Show what has changed.

    :param path: of the file, as the page's links name it, but not percent-escaped. The tab swaps the
        style sheets or images whose last parts of the path are those of this one; for any other kind of
        file it loads its page anew.
    :param live_css: False: load the page anew for a style sheet as well.
    :param live_img: the same for an image.
    """
    return _text("reload", path=path, liveCSS=live_css, liveImg=live_img)


def alert_message(text: str) -> str:
    """Show a text in a window that holds up the page until it is closed.

    :param text: of which the first :data:`MAX_ALERT` characters are shown.
    """
    return _text(
        "alert", message=text if len(text) <= MAX_ALERT else text[: MAX_ALERT - 1] + "\u2026"
    )


@attrs.frozen
class Close:
    """The connection is closed.

    :param code: of RFC 6455 section 7.4.1.
    :param reason: for whoever looks into the browser's console.
    """

    code: int
    reason: str


class State(Enum):
    """What becomes of a tab's connection."""

    #: The tab has not said hello yet.
    GREETING = "greeting"
    #: It may be told to reload.
    OPEN = "open"
    #: Nothing is read nor written any more.
    CLOSED = "closed"


class Event(Enum):
    """What can happen to it."""

    #: The tab offered official-7, or did not say what it speaks.
    HELLO = "hello"
    #: It offered others alone.
    FOREIGN = "foreign"
    #: It said what is no message of the protocol, too often.
    NONSENSE = "nonsense"
    #: The time for its hello is over.
    LATE = "late"
    #: Whatever changes nothing here: its address, commands that are not known, a little nonsense.
    OTHER = "other"


_HELLO = _text("hello", protocols=[OFFICIAL_7], serverName="aiorest_gw")
_NONSENSE = Close(1008, "too many messages that are none of LiveReload")

# The state that an event leads to, and what the tab is answered. In all other cases neither changes
# anything: a second hello has no answer.
TRANSITIONS: Mapping[tuple[State, Event], tuple[State, str | Close]] = {
    (State.GREETING, Event.HELLO): (State.OPEN, _HELLO),
    (State.GREETING, Event.FOREIGN): (State.CLOSED, Close(1008, f"{OFFICIAL_7} is spoken here")),
    (State.GREETING, Event.LATE): (State.CLOSED, Close(1008, "no hello came in time")),
    (State.GREETING, Event.NONSENSE): (State.CLOSED, _NONSENSE),
    (State.OPEN, Event.NONSENSE): (State.CLOSED, _NONSENSE),
}


class Conversation:
    """With one tab, from its connection on.

    :param now: seconds, of a clock that never goes back.
    :param hello_within: seconds that the tab has for its hello; as long as it waits for ours.
    :param most_nonsense: frames that are no messages, and are passed over; one more closes.
    :ivar url: of the tab's page, as it last said it, or None.
    :ivar snippet: what the element in its page says of itself (``snipver``), or None.
    :ivar plugins: of the tab, as it last said them: each name with what the plugin tells.
    """

    def __init__(self, now: float, hello_within: float = 5.0, most_nonsense: int = 20) -> None:
        self.state = State.GREETING
        self.url: str | None = None
        self.snippet: str | None = None
        self.plugins: Mapping[str, Any] = {}
        self._until = now + hello_within
        self._nonsense = most_nonsense

    @property
    def hears(self) -> bool:
        """Whether it may be sent reloads and alerts now."""
        return self.state is State.OPEN

    def due(self) -> float | None:
        """When :meth:`waited` has something to say, or None."""
        return self._until if self.state is State.GREETING else None

    def waited(self, now: float) -> Close | None:
        """Time has passed.

        :returns: the end, where the tab has not said hello in time.
        """
        due = self.due()
        reply = self._after(Event.LATE) if due is not None and now >= due else None
        assert not isinstance(reply, str)
        return reply

    def received(self, frame: str | bytes, now: float) -> str | Close | None:
        """A frame has come.

        :param frame: its text; bytes where it is a binary one, of which the protocol has none.
        :returns: the text to send, or the end, or None where there is nothing to do.
        """
        return self.waited(now) or self._after(self._read(frame))

    def _after(self, event: Event) -> str | Close | None:
        self.state, reply = TRANSITIONS.get((self.state, event), (self.state, None))
        return reply

    def _read(self, frame: str | bytes) -> Event:
        message = _decoded(frame)
        if message is None:
            self._nonsense -= 1
            return Event.NONSENSE if self._nonsense < 0 else Event.OTHER
        command = message.get("command")
        if command == "hello":
            snippet = message.get("snipver")
            self.snippet = snippet if isinstance(snippet, str) else None
            return _greeting(message.get("protocols"))
        if command == "info":
            self._learn(message)
        return Event.OTHER

    def _learn(self, info: Mapping[str, Any]) -> None:
        """What it does not say stays as it was."""
        url, plugins = info.get("url"), info.get("plugins")
        if isinstance(url, str) and url:
            self.url = url
        if isinstance(plugins, dict):
            self.plugins = plugins


def _decoded(frame: str | bytes) -> dict[str, Any] | None:
    """The object that a frame holds, or None."""
    if not isinstance(frame, str) or len(frame) > MAX_FRAME:
        return None
    try:
        message = msgspec.json.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _greeting(protocols: Any) -> Event:
    says_something = isinstance(protocols, list) and protocols
    return Event.FOREIGN if says_something and OFFICIAL_7 not in protocols else Event.HELLO
