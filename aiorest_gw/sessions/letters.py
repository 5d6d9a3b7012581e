"""What is on its way to sessions, wherever they are, and what waits for those who have none."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any

import attrs

from ..wire.dialects import PLAIN
from ..wire.prepared import Prepared
from .entries import Ending
from .receipts import Receipt
from .terms import Terms

__all__ = ["EVERYBODY", "Address", "Letter", "Mail", "Whose"]


class Whose(Enum):
    """What an address is."""

    #: That of one session.
    SESSION = "session"
    #: That of a user, with all of the sessions there are.
    USER = "user"
    #: That of all sessions.
    EVERYBODY = "everybody"


@attrs.frozen
class Address:
    """Who gets something.

    :param whose: it is.
    :param id: of the session, or of the user.
    """

    whose: Whose
    id: Any = None

    def __str__(self) -> str:
        """The name of whatever has no session that could be named."""
        return f"mailbox of {self.id}" if self.whose is Whose.USER else str(self.id)


EVERYBODY = Address(Whose.EVERYBODY)


@attrs.define(eq=False)
class Letter:
    """A push, and whose it is.

    :param to: who gets it.
    :param message: that is sent.
    :param terms: on which.
    :param expires: the time from which on it need not be sent any more; None: it is always worth it.
    :param receipt: whose endings are told.
    :param reached: the ids of the sessions that it was given to; those of a user get it no second time.
    :ivar here: whether the gateway that sends it has a session of its address.
    """

    to: Address
    message: Prepared
    terms: Terms
    expires: float | None = None
    receipt: Receipt | None = None
    reached: set[str] = attrs.field(factory=set)
    here: bool = attrs.field(default=False, init=False)

    @property
    def waits(self) -> bool:
        """Whether it waits for a user who has no session."""
        return self.to.whose is Whose.USER and not self.terms.volatile

    @property
    def size(self) -> int:
        """Bytes, as it is counted wherever it waits."""
        return len(self.message.body(PLAIN))

    def expect(self, name: str) -> Callable[[Ending], None] | None:
        """Whatever takes the ending of one more session, if somebody wants to know it.

        :param name: its id; or the address, where the letter waits for any.
        """
        return None if self.receipt is None else self.receipt.expect(name)

    def unasked(self) -> Letter:
        """The same to be sent once more, of which nobody wants to know any more."""
        return attrs.evolve(self, receipt=None)


@attrs.frozen(eq=False)
class Mail:
    """A letter that waits.

    :param name: for which its ending is expected.
    """

    letter: Letter
    name: str

    @property
    def told(self) -> Callable[[Ending], None] | None:
        """Takes its ending, if somebody wants to know it."""
        receipt = self.letter.receipt
        return None if receipt is None else partial(receipt.end, self.name)

    def end(self, ending: Ending) -> None:
        """It waits no more, and was given to nobody."""
        if self.letter.receipt is not None:
            self.letter.receipt.end(self.name, ending)
