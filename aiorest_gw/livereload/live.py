"""The tabs that are open, and what they are told."""

from __future__ import annotations

import os
import re
import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from twisted.python import threadable

from ..pages.documents import Document
from ..pages.injection import LIVERELOAD_ELEMENT
from ..web.web import Web
from ..wire.handshake import RequestHead
from .bursts import EVERYTHING, Everything
from .endpoint import LiveReloadProtocol
from .messages import alert_message
from .pages import page_of
from .reloading import Changes, what_changed
from .rules import RuleFailed, Rules

if TYPE_CHECKING:
    from ..server.factory import RequestHandlerFactory

__all__ = ["PATH", "SCRIPT", "LiveReload"]

PATH = "/livereload"
SCRIPT = "/livereload.js"
# Changes that a tab may have missed while it loaded its page; of more, it loads it anew.
_REMEMBERED = 100
# The name of who sent a page, and how many changes there had been.
_SNIPPET = re.compile(r"(g[0-9a-f]{8})-([0-9]{1,15})")
_UPWARD = re.compile(r"\A(?:\.\./)+")


@cache
def _script() -> Document:
    """The client, livereload-js, as its authors publish it."""
    body = (files("aiorest_gw") / "static" / "livereload.js").read_bytes()
    return Document(body, "text/javascript; charset=utf-8")


class LiveReload:
    """Live reload on the port of a gateway: pages come anew when what they show has changed.

    Source: the LiveReload protocol, official-7.

    :param factory: the gateway's; tabs connect at ``/livereload``, and get their script at
        ``/livereload.js``.
    :param rules: which pages depend on what.
    :param came_or_went: is called when there are other tabs than before.
    """

    def __init__(
        self,
        factory: RequestHandlerFactory,
        rules: Rules | None = None,
        came_or_went: Callable[[], object] = lambda: None,
    ) -> None:
        self.web: Web = factory.web
        self.rules = Rules() if rules is None else rules
        self._tabs: dict[LiveReloadProtocol, None] = {}
        self._came_or_went = came_or_went
        self._directory = os.getcwd()
        # No number, or tabs would write it in another way.
        self._name = f"g{secrets.token_hex(4)}"
        self._count = 0
        self._recent: deque[tuple[int, Changes]] = deque(maxlen=_REMEMBERED)
        self.web.sockets[PATH] = self._connect
        self.web.documents[SCRIPT] = _script()

    def _connect(self, request: RequestHead) -> LiveReloadProtocol:
        return LiveReloadProtocol(self)

    def enter(self, tab: LiveReloadProtocol) -> None:
        """A tab is there."""
        self._tabs[tab] = None
        self._came_or_went()

    def leave(self, tab: LiveReloadProtocol) -> None:
        """It has gone."""
        self._tabs.pop(tab, None)
        self._came_or_went()

    @property
    def live_clients(self) -> tuple[LiveReloadProtocol, ...]:
        """The tabs that are open, each with the ``url`` of its page; several may show the same."""
        return tuple(self._tabs)

    def reload_clients(self, event: Any) -> None:
        """Show what has changed; may be called from any thread.

        :param event: the path of a file, relative to the site's folder or within it; several of them;
            or an object with a ``path`` or ``name``, as the events of watchers.
        :raises TypeError: it is nothing of that.
        :raises RuleFailed: a function of the rules did; from another thread it is logged.
        """
        changed = _paths(event)
        if threadable.ioThread is None or threadable.isInIOThread():
            self.changed(changed)
        else:
            self.web.factory.reactor.callFromThread(self.changed, changed)

    def changed(self, paths: Iterable[str] | Everything) -> Mapping[str, int]:
        """Files have changed together.

        :param paths: relative to the site's folder, or absolute; or that nobody knows which.
        :returns: what was shown, by path: in how many tabs.
        :raises RuleFailed: a function of the rules did.
        """
        if not isinstance(paths, Everything):
            paths = [self._relative(path) for path in paths]
        changes = what_changed(paths, self.rules)
        self._count += 1
        self._recent.append((self._count, changes))
        # Those that are sent from now on say that they have it.
        self.web.forget_pages()
        told = [(tab, reload) for tab in self._tabs for reload in changes.reloads(page_of(tab.url))]
        for tab, reload in told:
            tab.reload(reload)
        return Counter(reload.path for _, reload in told)

    @property
    def element(self) -> bytes:
        """What is put into a page that is sent now; by it, the tab tells of when its page is."""
        state = f"?port=&amp;snipver={self._name}-{self._count}".encode()
        return LIVERELOAD_ELEMENT.replace(b"?port=", state)

    def catch_up(self, tab: LiveReloadProtocol, snippet: str | None) -> None:
        """Show a tab what changed between its page and its hello.

        :param snippet: of its :attr:`element`, or another, which tells nothing.
        """
        found = _SNIPPET.fullmatch(snippet or "")
        if found is None or found[1] != self._name:
            return
        number, page = int(found[2]), page_of(tab.url)
        missed = [changes for count, changes in self._recent if count > number]
        if self._count - number > len(missed):
            self.renew([tab])
            return
        try:
            reloads = {one.path: one for changes in missed for one in changes.reloads(page)}
        except RuleFailed:
            self.web.factory.events.failure("a page that has come cannot be told what changed")
            return
        whole = [reload for reload in reloads.values() if not reload.live_css]
        for reload in whole[:1] or reloads.values():
            tab.reload(reload)

    def renew(self, tabs: Iterable[LiveReloadProtocol]) -> None:
        """Load the pages of some tabs anew."""
        changes = what_changed(EVERYTHING, self.rules)
        for tab in tabs:
            for reload in changes.reloads(page_of(tab.url)):
                tab.reload(reload)

    def alert(self, text: str) -> None:
        """Show a text in each tab."""
        message = alert_message(text)
        for tab in self.live_clients:
            tab.say(message)

    @property
    def _folder(self) -> str | None:
        pages = self.web.pages
        return None if pages is None else os.path.abspath(pages.folder)

    def has(self, path: str) -> bool:
        """Whether a file is in the site's folder; paths that are relative are so to that."""
        folder = self._folder
        inside = folder is not None and path.startswith(os.path.join(folder, ""))
        return inside or not os.path.isabs(path)

    def _relative(self, path: str) -> str:
        """From the site's folder; what is outside of it from the working directory, as whoever writes
        rules in the shell sees it."""
        folder = self._folder
        if folder is not None and os.path.isabs(path):
            path = os.path.relpath(path, folder if self.has(path) else self._directory)
        path = path.replace(os.sep, "/")
        # No rule can have these parts.
        return _UPWARD.sub("", path)


def _paths(event: Any) -> tuple[str, ...] | Everything:
    if isinstance(event, (str, os.PathLike)):
        return (os.fspath(event),)
    if isinstance(event, Everything):
        return event
    for name in ("path", "src_path", "name"):
        path = getattr(event, name, None)
        if isinstance(path, (str, os.PathLike)):
            return (os.fspath(path),)
    if isinstance(event, Iterable) and not isinstance(event, (bytes, Mapping)):
        found = [_paths(one) for one in event]
        whole = (one for one in found if isinstance(one, Everything))
        parts = (path for one in found if not isinstance(one, Everything) for path in one)
        return next(whole, tuple(parts))
    raise TypeError(f"give the path of a file, or several, and not {event!r:.100}")
