"""Documents of the gateway's own, from memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.web.resource import Resource

if TYPE_CHECKING:
    from .web import Web

__all__ = ["DocumentResource"]

_FOR_ALL = (
    # Modules are fetched with CORS, and pages may be isolated from other origins (COEP).
    ("Access-Control-Allow-Origin", "*"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("X-Content-Type-Options", "nosniff"),
)
_FOR_OWN = (("Cross-Origin-Resource-Policy", "same-origin"), ("X-Content-Type-Options", "nosniff"))


class DocumentResource(Resource):
    """Answers with the document of a request's path.

    :param web: whose documents.
    """

    isLeaf = True

    def __init__(self, web: Web) -> None:
        super().__init__()
        self._web = web

    def render(self, request: Any) -> Any:
        document = self._web.documents[request.head.path]
        found, body = document.answer(request.head.method, request.head.headers)
        who = _FOR_ALL if document.for_all else _FOR_OWN
        return request.reply(found.status, (*found.headers, *who), body)
