"""Whether a client has already what it asks for, or asks for what is no more (RFC 9110 section 13)."""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs

from .dates import read_date

__all__ = ["Validators", "range_holds", "unmet"]

# RFC 9110 section 8.8.3: whether it is weak, and the tag with its quotes.
_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


@attrs.frozen
class Validators:
    """What tells one state of a document from another.

    :param tag: the ``ETag``, strong, with its quotes.
    :param modified: ``Last-Modified`` in whole seconds since the epoch, or None.
    """

    tag: str
    modified: int | None


def unmet(asked: Mapping[str, str], now: Validators) -> int | None:
    """What is answered to GET or HEAD in place of the document, in the order of section 13.2.2.

    :param asked: the request's headers by lower-case name.
    :param now: of the document.
    :returns: 412, 304, or None where it is sent.
    """
    if not _still_the_same(asked, now):
        return 412
    known = asked.get("if-none-match")
    if known is None:
        since = read_date(asked.get("if-modified-since", ""))
        has_it = since is not None and now.modified is not None and now.modified <= since
    else:
        # Compared weakly (section 13.1.2): a cache may have weakened it on the way.
        has_it = known.strip() == "*" or any(tag == now.tag for _, tag in _TAG.findall(known))
    return 304 if has_it else None


def _still_the_same(asked: Mapping[str, str], now: Validators) -> bool:
    wanted = asked.get("if-match")
    if wanted is not None:
        return wanted.strip() == "*" or ("", now.tag) in _TAG.findall(wanted)
    since = read_date(asked.get("if-unmodified-since", ""))
    return since is None or now.modified is None or now.modified <= since


def range_holds(asked: Mapping[str, str], now: Validators) -> bool:
    """Whether a part fits to what the client has of the document (section 13.1.5).

    A date has to be the very ``Last-Modified``. Whether it is a strong validator only the client
    can tell, who knows the ``Date`` beside it, and must not send it otherwise.

    :param asked: the request's headers by lower-case name.
    :param now: of the document.
    """
    text = asked.get("if-range")
    if text is None or text == now.tag:
        return True
    return now.modified is not None and read_date(text) == now.modified
