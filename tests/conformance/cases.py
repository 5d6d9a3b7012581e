"""Which cases of the Autobahn Testsuite there are, and how they are parted among processes."""

from __future__ import annotations

import attrs

__all__ = ["CORE", "DEFLATE", "INFORMATIONAL", "SELECTIONS", "Group"]


@attrs.frozen
class Group:
    """Cases that one process of the suite runs, against one server.

    :param patterns: as the suite's own specification takes them.
    :param count: how many cases they stand for.
    :param compress: whether the server takes permessage-deflate.
    """

    name: str
    patterns: tuple[str, ...]
    count: int
    compress: bool = False


# Frames, pings, UTF-8, fragments, closing, and automatic fragments.
CORE = Group("1-7, 10", tuple(f"{chapter}.*" for chapter in (1, 2, 3, 4, 5, 6, 7, 10)), 247)
# Messages of up to 16 MiB, and many small ones.
LARGE = Group("9", ("9.*",), 54)
DEFLATE = tuple(
    Group(f"{chapter}.{part}", (f"{chapter}.{part}.*",), 18, compress=True)
    for chapter, parts in ((12, 5), (13, 7))
    for part in range(1, parts + 1)
)

# These have no pass mark: the suite only notes what the server does.
INFORMATIONAL = frozenset({"7.1.6", "7.13.1", "7.13.2"})

# What runs one after the other; the groups of one step run at the same time. The core's cases wait
# for each other's closes by the second, so nothing that fills a core runs beside them.
SELECTIONS = {"core": ((CORE,),), "all": ((CORE,), (*DEFLATE, LARGE))}
