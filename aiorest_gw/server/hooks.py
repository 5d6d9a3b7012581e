"""An application's own hooks on a connection: one that fails closes it, and disturbs nothing else."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from .lean import LeanProtocol

__all__ = ["HookedProtocol"]

# Autobahn calls each through a method of the same name with an underscore.
_HOOKS = (
    "onOpen", "onMessageBegin", "onMessageFrameBegin", "onMessageFrameData", "onMessageFrameEnd",
    "onMessageFrame", "onMessageEnd", "onMessage", "onPing", "onPong", "onClose",
)  # fmt: skip


def _guarded(hook: str) -> Callable[..., None]:
    call = getattr(LeanProtocol, f"_{hook}")
    of_message = hook.startswith("onMessage")

    def guarded(self: HookedProtocol, *args: Any) -> None:
        try:
            call(self, *args)
        except BaseException:  # sys.exit() in a hook ends no gateway
            # The hooks of a message build on those before.
            if not (of_message and self.failedByMe):
                self._hook_failed(hook)

    return guarded


class HookedProtocol(LeanProtocol):
    """Autobahn leaves a connection open, or its machine between two states, when a hook raised."""

    # Autobahn looks at it, and relies on ``onMessageBegin`` for it.
    message_data_total_length = 0

    def __init_subclass__(cls) -> None:
        """
        :raises TypeError: a hook is a coroutine function; only ``onConnect`` may be one.
        """
        super().__init_subclass__()
        for hook in _HOOKS:
            if iscoroutinefunction(getattr(cls, hook)):
                raise TypeError(
                    f"{cls.__qualname__}.{hook} is called and not awaited: write it without async, "
                    "and let it begin what is to be awaited, as with Deferred.fromCoroutine"
                )

    def _hook_failed(self, hook: str) -> None:
        self.factory.events.failure("{hook} failed", hook=hook)
        if self.state == self.STATE_OPEN:
            self._fail_connection(self.CLOSE_STATUS_CODE_INTERNAL_ERROR, "internal error")


for _hook in _HOOKS:
    setattr(HookedProtocol, f"_{_hook}", _guarded(_hook))
