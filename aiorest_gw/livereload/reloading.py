"""What a tab is told when files have changed.

livereload-js swaps what it can by the end of the path that it is told: style sheets, and images of four
kinds (``reloader.js``); for any other path it loads the whole page anew. So a page that has to reload is
told so once, by its own path and with both kinds of swapping off, and nothing beside it: a swap in a
page that is going away is work for nothing, and a second reload would come to the new page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

import attrs

from .bursts import Everything
from .globs import Glob
from .pages import Page, page_at, page_of
from .rules import Rules

__all__ = ["Changes", "Reload", "client_reload_wrap", "decide", "what_changed"]


class _Effect(Enum):
    """What a change is to a page."""

    #: It is shown in the page as it is.
    SWAP = "swap"
    #: The page loads anew.
    WHOLE = "whole"
    NOTHING = "nothing"


# What a kind of file is to each page, where no rule says more. Of source maps only the tools of the
# browser know; feeds and maps of a site are written with each build of it, and shown in no page.
_EFFECTS = {
    **dict.fromkeys(("css", "gif", "jpeg", "jpg", "png", "svg"), _Effect.SWAP),
    **dict.fromkeys(("cjs", "js", "mjs", "wasm"), _Effect.WHOLE),
    **dict.fromkeys(("csv", "geojson", "json", "tsv", "webmanifest"), _Effect.WHOLE),
    # Images and fonts that livereload-js does not swap, and what plays.
    **dict.fromkeys(("avif", "bmp", "ico", "webp", "otf", "ttf", "woff", "woff2"), _Effect.WHOLE),
    **dict.fromkeys(("m4a", "mp3", "mp4", "ogg", "vtt", "wav", "webm"), _Effect.WHOLE),
}

# For each style sheet that it does not find, a tab loads all it has. Of more than this, anew is quicker.
_MOST_SWAPS = 20


@attrs.frozen
class Reload:
    """What a tab is told: the parameters of :func:`~.messages.reload_message`.

    :param path: that has changed, from the root of the site.
    """

    path: str
    live_css: bool = True
    live_img: bool = True


@attrs.frozen
class _Change:
    """A file that has changed.

    :param pages: that depend on it, or None where no rule knows it.
    """

    path: str
    pages: tuple[Glob, ...] | None


@attrs.frozen(eq=False)
class Changes:
    """What has changed, to be told to any number of tabs."""

    everything: bool
    _changes: tuple[_Change, ...]
    _rules: Rules

    def reloads(self, page: Page) -> tuple[Reload, ...]:
        """What a tab with this page is told, in order.

        :raises RuleFailed: the callback of the rules did.
        """
        effects = {change.path: self._effect(change, page) for change in self._changes}
        swaps = [path for path, effect in effects.items() if effect is _Effect.SWAP]
        whole = self.everything or _Effect.WHOLE in effects.values()
        if whole or len(swaps) > _MOST_SWAPS:
            return (Reload(page.path if page.is_known else "/", live_css=False, live_img=False),)
        return tuple(Reload(f"/{path}") for path in swaps)

    def _effect(self, change: _Change, page: Page) -> _Effect:
        said = self._rules.asked(change.path, page)
        if said is not None:
            return _Effect.WHOLE if said else _Effect.NOTHING
        if page.is_made_of(change.path):
            return _Effect.WHOLE
        if change.pages is not None:
            depends = any(page.is_one_of(pages) for pages in change.pages)
            return _Effect.WHOLE if depends else _Effect.NOTHING
        return _EFFECTS.get(_suffix(change.path), _Effect.NOTHING)


def what_changed(changed: Iterable[str] | Everything, rules: Rules) -> Changes:
    """What the rules make of files that have changed; to be done once for all tabs.

    :param changed: paths relative to the site's folder, or :data:`~.bursts.EVERYTHING`.
    :raises RuleFailed: a function of the rules did.
    """
    if isinstance(changed, Everything):
        return Changes(True, (), rules)
    paths = {_shown(found): None for path in changed for found in rules.transformed(path)}
    return Changes(False, tuple(_Change(path, rules.pages_for(path)) for path in paths), rules)


def decide(
    changed: Iterable[str] | Everything, page_url: str | None, rules: Rules
) -> tuple[Reload, ...]:
    """What one tab is told when files have changed; empty: nothing.

    Style sheets and images are swapped in each tab. A page reloads as a whole when its own file has
    changed, when one has that it depends on by the rules, or a script, data, or another part of pages
    that cannot be swapped. Everything else, other pages above all, is nothing to it. A tab whose page
    is not known is told what all are told.

    :param changed: paths relative to the site's folder, or :data:`~.bursts.EVERYTHING`.
    :param page_url: that the tab said, or None.
    :raises RuleFailed: a function of the rules did.
    """
    return what_changed(changed, rules).reloads(page_of(page_url))


def client_reload_wrap(reloaded_file: str) -> Callable[[str], bool]:
    """Which pages reload for a file that has changed, as execlib asks it.

    :param reloaded_file: relative to the site's folder.
    :returns: a function that is given the name of a page, as in its address behind the host, or the
        whole address, and tells whether that page reloads.
    """
    changes = what_changed((reloaded_file,), Rules())

    def reloads(page: str) -> bool:
        if "://" in page.partition("?")[0]:
            return bool(changes.reloads(page_of(page)))
        return bool(changes.reloads(page_at(page.partition("#")[0].partition("?")[0])))

    return reloads


def _shown(path: str) -> str:
    """The file that a tab is told of: with the map of a style sheet comes the sheet."""
    return path[: -len(".map")] if path.lower().endswith(".css.map") else path


def _suffix(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""
