"""The site that is shown: the one that was named, or the application's own, or the working directory."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import attrs

from ..web.files import Pages
from ..web.web import Web

__all__ = ["ShownSite"]


class ShownSite:
    """Chooses the pages of a gateway that somebody works on.

    :param web: of the gateway.
    :param named: the folder that was named, or None.
    :param single_page: its first page is shown where nothing is found.
    :param transform: of each page that is sent.
    :param watch: is called with a folder that is shown now.
    """

    def __init__(
        self,
        web: Web,
        named: str | None,
        single_page: bool,
        transform: Callable[[bytes], bytes],
        watch: Callable[[Path], object],
    ) -> None:
        self._web = web
        self._named = named
        # One that is removed and made again is found by its whole path only.
        self._default = os.path.abspath(named or os.curdir)
        self._single_page = single_page
        self._transform = transform
        self._watch = watch
        self.folder = ""

    def choose(self) -> None:
        """Look again what there is to show."""
        given = None if self._named else self._web.given_pages
        pages = given or Pages(self._default)
        folder = os.fspath(pages.folder)
        if folder != self.folder:
            self.folder = folder
            self._watch(Path(folder))
        single_page = pages.single_page or self._single_page
        self._web.pages = attrs.evolve(
            pages, single_page=single_page, developing=True, transform=self._transform
        )
