"""The tree of resources of twisted.web's: documents, an application's own, and the pages below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from twisted.web.resource import Resource
from twisted.web.server import Site

from .documents import DocumentResource
from .files import PagesResource
from .plain import NoSuchPage, Upgrade
from .request import WebRequest

if TYPE_CHECKING:
    from .web import Web

__all__ = ["site_of"]


class _Site(Site):
    """Writes no line for each request."""

    def log(self, request: Any) -> None:
        """Nothing."""


class _Root(Resource):
    """Documents come first, then what was put below it, then the pages.

    :param web: whose root it is.
    """

    def __init__(self, web: Web) -> None:
        super().__init__()
        self._web = web
        self._documents = DocumentResource(web)
        self._pages: PagesResource | None = None

    @property
    def pages(self) -> PagesResource | None:
        """What answers with the site's pages, if there is one."""
        pages = self._web.pages
        if pages is None:
            self._pages = None
        elif self._pages is None or self._pages.pages is not pages:
            self._pages = PagesResource(self._web, pages)
        return self._pages

    def has(self, path: str) -> bool:
        """Whether something was put where a path begins."""
        return unquote_to_bytes(path[1:].partition("/")[0]) in self.children

    def getChildWithDefault(self, path: bytes, request: Any) -> Any:
        if request.head.path in self._web.documents:
            return self._documents
        if path in self.children:
            return super().getChildWithDefault(path, request)
        pages = self.pages
        if pages is not None:
            return pages
        return Upgrade() if self._web.is_socket(request.head.path) else NoSuchPage()


def site_of(web: Web) -> Any:
    """The site of what a gateway answers.

    :param web: of the gateway.
    """
    return _Site(_Root(web), WebRequest, parsePOSTFormSubmission=False, reactor=web.factory.reactor)
