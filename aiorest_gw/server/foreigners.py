"""Pages of other origins: which of them may connect, and what the operator is told of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.handshake import Handshake, HandshakeRefused
from ..wire.origins import origin_is_allowed

if TYPE_CHECKING:
    from .factory import RequestHandlerFactory

__all__ = ["refuse_foreign_pages"]


def refuse_foreign_pages(
    factory: RequestHandlerFactory, handshake: Handshake, secure: bool
) -> None:
    """Look where an opening handshake comes from.

    :param secure: whether it came over TLS.
    :raises HandshakeRefused: from a page that may not connect.
    """
    if not origin_is_allowed(handshake.origin, handshake.host, secure, factory.origins):
        factory.events.info(
            "the page's origin {origin} is none of those that may connect (--origin, origins=)",
            origin=(handshake.origin or "")[:200],
        )
        raise HandshakeRefused(403, "This origin may not connect")
