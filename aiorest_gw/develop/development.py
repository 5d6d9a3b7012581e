"""What follows from a change: a build, another application, or tabs that show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from ..livereload.building import Build, Builder
from ..livereload.bursts import EVERYTHING, Everything
from ..livereload.endpoint import LiveReloadProtocol
from ..livereload.live import LiveReload
from ..livereload.rules import RuleFailed
from ..pages.documents import Document
from ..pages.injection import with_script
from . import overlay
from .names import Names

__all__ = ["Application", "Console", "Development"]

Paths = tuple[str, ...] | Everything

# Builds in a row, each begun by what changed during the one before or right behind it.
_MOST_IN_A_ROW = 5
# Seconds behind a build, from when on a change is no more taken for one that it made.
_APART = 1.0
# Paths that wait for a build; of more, it counts as everything.
_MOST_WAITING = 1_000
# Files of which it is remembered what they are to builds.
_MOST_KNOWN = 10_000
_SCRIPT = "text/javascript; charset=utf-8"


class Application(Protocol):
    """The application's own code."""

    def concerns(self, paths: Paths) -> bool:
        """Whether it is made of one of these files."""

    def reload(self) -> Deferred[str | None]:
        """Load it anew.

        :returns: fires with what is wrong with it, or None.
        """


class Console(Protocol):
    """Whoever works on it is told here."""

    def shown(self, paths: Paths, tabs: Mapping[str, int]) -> None:
        """Changes were shown.

        :param tabs: in how many, by what they were told.
        """

    def reloaded(self) -> None:
        """The application is another one."""

    def building(self, command: str) -> None:
        """A build has begun."""

    def wrote(self, line: str) -> None:
        """It wrote a line."""

    def built(self) -> None:
        """It has succeeded."""

    def failed(self, text: str) -> None:
        """Something is wrong."""


class Trouble(Enum):
    """What can be wrong, each by itself."""

    APPLICATION = auto()
    BUILD = auto()
    RULES = auto()


class Development:
    """Decides what follows, and has it done.

    A file of the site that changes while a build runs is taken for one that it writes: it is shown when
    the build has ended, and begins no other one, unless a change of it has begun one before. A file
    beside the site has been saved by somebody: the build runs again. Where it changes in that one too,
    the build itself writes it.

    :param live: the tabs.
    :param console: for whoever works on it.
    :param application: None where there is none.
    :param command: of the shell's that makes the site, or None.
    :param folder: that it runs in.
    :param delay: seconds until all that a build has written is known.
    """

    def __init__(
        self,
        live: LiveReload,
        console: Console,
        application: Application | None = None,
        command: str | None = None,
        folder: str = ".",
        delay: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._live = live
        self._delay = delay
        self._console = console
        self._application = application
        self._command = command
        self._builder: Builder | None = None
        if command is not None:
            reactor = live.web.factory.reactor
            self._builder = Builder(reactor, command, folder, console.wrote, self._built)
        self._busy = False
        self._sources = Names(_MOST_KNOWN)
        # Files beside the site that have changed while this build runs, while the one before it did, and
        # those that builds write.
        self._saved, self._saved_before = Names(_MOST_KNOWN), Names(_MOST_KNOWN)
        self._made = Names(_MOST_KNOWN)
        # What is shown when the build has ended, and whether one of its sources is among it.
        self._waiting: dict[str, None] = {}
        self._everything = False
        self._again = False
        self._in_a_row = 0
        self._settled_at = 0.0
        self._settling: Any = None
        self._wrong: dict[Trouble, str] = {}
        # What overlays show, and the tabs that have none, as they were there before something was wrong.
        self._shown = ""
        self._without: frozenset[LiveReloadProtocol] = frozenset()

    # -- changes

    def changed(self, paths: Paths) -> None:
        """Files have changed together."""
        if self._concerns_application(paths):
            self.load()
        if self._builder is None:
            self._show(paths)
        elif self._busy:
            self._keep(paths)
            # What is many files is rather what a build has written than what somebody has saved.
            if not isinstance(paths, Everything):
                self._look_for_sources(paths)
        else:
            if self._live.web.now() - self._settled_at > _APART:
                self._in_a_row = 0
                self._saved = Names(_MOST_KNOWN)
            self._begin_again(paths)
        self._renew_overlays()

    def load(self) -> None:
        """Load the application."""
        if self._application is not None:
            self._application.reload().addCallback(self._loaded)

    def _loaded(self, wrong: str | None) -> None:
        self._note(Trouble.APPLICATION, wrong)
        if wrong is None:
            self._console.reloaded()
        self._renew_overlays()

    def _concerns_application(self, paths: Paths) -> bool:
        return self._application is not None and self._application.concerns(paths)

    def _show(self, paths: Paths) -> None:
        try:
            shown = self._live.changed(paths)
        except RuleFailed as failed:
            self._note(Trouble.RULES, str(failed))
        else:
            self._note(Trouble.RULES, None)
            # Of the application it is told that it is loaded, or why it is not.
            if shown or not self._concerns_application(paths):
                self._console.shown(paths, shown)

    # -- builds

    def build(self) -> None:
        """Run the command before anything has changed."""
        if self._builder is not None and not self._busy:
            self._begin(())

    def _begin(self, paths: Paths) -> None:
        assert self._builder is not None
        self._busy = True
        if not isinstance(paths, Everything):
            self._sources.add(paths)
        self._console.building(str(self._command))
        self._builder.start()
        self._keep(paths)
        self._saved_before, self._saved = self._saved, Names(_MOST_KNOWN)
        self._again = False

    def _look_for_sources(self, paths: tuple[str, ...]) -> None:
        """While a build runs."""
        beside = [path for path in paths if not self._live.has(path)]
        self._made.add(path for path in beside if path in self._saved_before)
        saved = [path for path in beside if path not in self._made]
        self._saved.add(saved)
        known = any(path in self._sources for path in paths)
        self._again = self._again or bool(saved) or known

    def _keep(self, paths: Paths) -> None:
        if isinstance(paths, Everything):
            self._everything = True
        else:
            self._waiting.update(dict.fromkeys(paths))
        if self._everything or len(self._waiting) > _MOST_WAITING:
            self._everything = True
            self._waiting.clear()

    def _built(self, build: Build) -> None:
        """What it wrote at last is told a moment later."""
        if build.status == 0:
            self._console.built()
            self._note(Trouble.BUILD, None)
        else:
            told = f"{self._command} failed with status {build.status}\n{build.last}"
            self._note(Trouble.BUILD, told.rstrip())
        self._settling = self._live.web.later(self._delay(), self._settled, build.status == 0)

    def _settled(self, succeeded: bool) -> None:
        """Show what has changed; where the build has failed, it waits for one that succeeds."""
        self._busy = False
        self._settling = None
        self._settled_at = self._live.web.now()
        if succeeded:
            paths = EVERYTHING if self._everything else tuple(self._waiting)
            self._waiting.clear()
            self._everything = False
            if paths:
                self._show(paths)
        self._renew_overlays()
        if self._again:
            self._begin_again(())

    def _begin_again(self, paths: Paths) -> None:
        self._in_a_row += 1
        if self._in_a_row <= _MOST_IN_A_ROW:
            self._begin(paths)
        else:
            self._console.failed(
                f"{self._command} changes files that it is run for; it waits for a change some seconds "
                "from now"
            )

    # -- what is wrong

    def _note(self, what: Trouble, wrong: str | None) -> None:
        """Something is wrong now, or is not any more; pages that are loaded meanwhile show it, too."""
        was = self._wrong.pop(what, None)
        if wrong is not None and not self._wrong and was is None:
            self._without = frozenset(self._live.live_clients)
        if wrong is not None:
            self._wrong[what] = wrong
            self._console.failed(wrong)
        if wrong == was:
            return
        # Any page could else load it as a script, and read from it paths and lines of the application.
        script = Document(overlay.overlay(self._text()), _SCRIPT, for_all=False)
        self._live.web.documents[overlay.PATH] = script
        self._live.web.forget_pages()
        if wrong is not None:
            self._live.alert(wrong)

    def _text(self) -> str:
        return "\n\n".join(self._wrong[what] for what in Trouble if what in self._wrong)

    def _renew_overlays(self) -> None:
        """Tabs that show what is wrong show what is so now."""
        text = self._text()
        if self._shown and text != self._shown:
            tabs = self._live.live_clients
            self._live.renew(tab for tab in tabs if tab not in self._without)
        self._shown = text
        if not text:
            self._without = frozenset()

    def put_in(self, html: bytes) -> bytes:
        """A page as it is sent: it reloads, and shows what is wrong."""
        return with_script(html, self._live.element + (overlay.ELEMENT if self._wrong else b""))

    def stop(self) -> None:
        """Begin nothing any more."""
        if self._builder is not None:
            self._builder.stop()
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
