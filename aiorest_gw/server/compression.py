"""Which permessage-deflate is agreed on with a client (RFC 7692 section 7.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autobahn.websocket.compress import (
    PERMESSAGE_COMPRESSION_EXTENSION,
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
)

__all__ = ["accept_deflate", "accept_none", "understood"]

# An extension of a handshake: its name, and of each parameter the values.
Extension = tuple[str, dict[str, Any]]


class _WithoutContexts(PerMessageDeflateOfferAccept):  # type: ignore[misc]
    """Neither side keeps a context, which a server may ask for unoffered (section 7.1.1.2)."""

    def __init__(self, offer: PerMessageDeflateOffer) -> None:
        # Of zlib's memory as much as can be had anew for each message at little cost.
        super().__init__(offer, no_context_takeover=True, mem_level=5)
        self.request_no_context_takeover = True

    def get_extension_string(self) -> str:
        answer = f"{self.EXTENSION_NAME}; server_no_context_takeover; client_no_context_takeover"
        bits = self.offer.request_max_window_bits
        return f"{answer}; server_max_window_bits={bits}" if bits else answer


def accept_deflate(offers: Sequence[Any]) -> PerMessageDeflateOfferAccept | None:
    """The first offer of permessage-deflate."""
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            return _WithoutContexts(offer)
    return None


def accept_none(offers: Sequence[Any]) -> None:
    """No compression, whatever is offered."""


def understood(extensions: Sequence[Extension]) -> list[Extension]:
    """Those of a handshake's extensions that can be talked about; the others are declined (RFC 7692
    section 7.1), where Autobahn would refuse the handshake."""
    return [
        (name, parameters) for name, parameters in extensions if _is_understood(name, parameters)
    ]


def _is_understood(name: str, parameters: dict[str, Any]) -> bool:
    known = PERMESSAGE_COMPRESSION_EXTENSION.get(name)
    if known is None:
        return False
    try:
        known["Offer"].parse(parameters)
    except Exception:
        return False
    return True
