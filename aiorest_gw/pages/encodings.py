"""Which of a document's compressed forms a client gets (RFC 9110 section 12.5.3)."""

from __future__ import annotations

from collections.abc import Sequence

from .weights import weights

__all__ = ["chosen"]


def chosen(accept_encoding: str | None, available: Sequence[str]) -> str | None:
    """What it likes best; of several the first that is available.

    A client that does not say what it takes gets the document as it is, although it may be sent
    anything: who can read compressed answers says so. And so does one that refuses even that
    (``identity;q=0``) where there is nothing else: it can still refuse it when it is there.

    :param accept_encoding: the header; None where there is none.
    :param available: content codings in lower case, the best one first.
    :returns: one of them, or None for the document as it is.
    """
    wanted = weights(accept_encoding or "")
    others = wanted.get("*", 0.0)
    best, most = None, 0.0
    for coding in available:
        weight = wanted.get(coding, others)
        if weight > most:
            best, most = coding, weight
    return None if wanted.get("identity", 0.0) > most else best
