"""The message of a page, and its form on the wire.

Source: PeerConnect's ``DataWeaver``, JSON text:
``{"header": "1search name", "content": …, "peerId": null, "msgId": null, "type": 1}``.
"""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from ..errors import BadMessage
from ..messages import Push
from ..wire.dialects import PLAIN, Dialect
from ..wire.prepared import Prepared

__all__ = ["PageMessage", "PreparedPage", "checked_code"]

_REQUIRED = ("header", "content", "peerId", "msgId")
_CODES = frozenset("0123456789")


def checked_code(code: str | int) -> str:
    """The code of a channel, in the form in which a header begins with it.

    :raises ValueError: it is no digit.
    """
    text = str(code)
    if text not in _CODES:
        raise ValueError(f"a code is one digit, not {code!r}")
    return text


def _check_header(message: PageMessage, attribute: Any, header: Any) -> None:
    if type(header) is not str or header[:1] not in _CODES:
        raise ValueError("The `header` should be a string that begins with a digit, its code.")


def _check_peer_id(message: PageMessage, attribute: Any, peer_id: Any) -> None:
    if peer_id is not None and type(peer_id) is not str:
        raise ValueError("The `peerId` should be a string or null.")


def _check_msg_id(message: PageMessage, attribute: Any, msg_id: Any) -> None:
    if msg_id is not None and type(msg_id) not in (str, int):
        raise ValueError("The `msgId` should be a string, a whole number or null.")


@attrs.frozen(hash=False)
class PageMessage:
    """A message from a page, or to one. Its ``repr`` shows nothing that may be secret.

    :param header: the code, a digit, and a name: ``"1search name"``.
    :param content: any JSON.
    :param peer_id: whom it is about, or None.
    :param msg_id: by which a reply is told, or None.
    :raises ValueError: they are not of these kinds.
    """

    header: str = attrs.field(validator=_check_header)
    content: Any = attrs.field(default=None, repr=False)
    peer_id: str | None = attrs.field(default=None, validator=_check_peer_id)
    msg_id: str | int | None = attrs.field(default=None, validator=_check_msg_id)

    @property
    def code(self) -> str:
        """The channel that it belongs to, a digit."""
        return self.header[0]

    @property
    def name(self) -> str:
        """The header behind its code."""
        return self.header[1:]

    def as_object(self) -> dict[str, Any]:
        """It as it is written."""
        return {
            "header": self.header,
            "content": self.content,
            "peerId": self.peer_id,
            "msgId": self.msg_id,
            "type": int(self.code),
        }

    def dump(self) -> str:
        """Its JSON.

        :raises UnwritableMessage: the content holds what cannot be written.
        """
        return PreparedPage(self).text

    __str__ = dump

    @classmethod
    def parse(cls, message: str | bytes | dict[str, Any]) -> PageMessage:
        """The message that a text is; ``type`` and keys that are not known are ignored.

        :param message: JSON, or the object that it held.
        :raises BadMessage: it is none; the error's ``detail`` says why, its ``id`` is the ``msgId`` as
            far as that could be read.
        """
        if isinstance(message, (str, bytes)):
            message = _decoded(message)
        if not isinstance(message, dict):
            raise BadMessage("The message is not a JSON object.")
        msg_id = message.get("msgId")
        known = msg_id if type(msg_id) in (str, int) else None
        missing = [key for key in _REQUIRED if key not in message]
        if missing:
            keys = ", ".join(f"`{key}`" for key in missing)
            raise BadMessage(f"The message has no {keys}.", id=known)
        try:
            return cls(*(message[key] for key in _REQUIRED))
        except ValueError as error:
            raise BadMessage(str(error), id=known) from None


def _decoded(text: str | bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        raise BadMessage("The message is not valid JSON.") from None
    except RecursionError:
        raise BadMessage("The message is nested too deep.") from None


class PreparedPage(Prepared):
    """A message of a page that is written once, in the place of a push.

    In the plain dialect it is sent as it is; in v1, whose clients know what a message is made of, as
    the ``data`` of a push with its header for a name.

    :raises UnwritableMessage: it cannot be written.
    """

    __slots__ = ()

    def __init__(self, message: PageMessage) -> None:
        super().__init__(Push(message.header, message.as_object()))

    @property
    def text(self) -> str:
        """Its JSON."""
        return self.body(PLAIN).decode()

    @property
    def size(self) -> int:
        """Of that, in bytes."""
        return len(self.body(PLAIN))

    def _write(self, dialect: Dialect) -> bytes:
        if dialect is PLAIN:
            return dialect.encode(self.push.data)
        return super()._write(dialect)

    @property
    def _name(self) -> str:
        return f"the message {self.push.event_name!r} to a page"
