"""Which files of folders change: told by the system where it can, else looked for."""

from .choosing import Kind, watcher_of
from .watcher import Watcher

__all__ = ["Kind", "Watcher", "watcher_of"]
