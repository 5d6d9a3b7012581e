"""Pages that show what has changed."""

from typing import TYPE_CHECKING

from ..lazily import lazily

if TYPE_CHECKING:
    from .live import LiveReload
    from .reloading import Reload, client_reload_wrap, decide
    from .rules import RuleFailed, Rules
    from .watching import watcher_of

_HOMES = {
    ".live": ("LiveReload",),
    ".reloading": (
        "Reload",
        "client_reload_wrap",
        "decide",
    ),
    ".rules": (
        "RuleFailed",
        "Rules",
    ),
    ".watching": ("watcher_of",),
}
__getattr__, __dir__ = lazily(globals(), _HOMES)

__all__ = [
    "LiveReload",
    "Reload",
    "RuleFailed",
    "Rules",
    "client_reload_wrap",
    "decide",
    "watcher_of",
]
