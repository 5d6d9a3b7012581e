"""What went wrong in an application, as its author reads it: the line, the reason, its own frames.

The text is for a terminal and for a page; what of it is not the author's is left out.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable

from .loading import NotLoadable

__all__ = ["told"]

# Frames and characters.
_FRAMES = 10
_LONGEST = 4_000


def told(error: BaseException, is_own: Callable[[str], bool]) -> str:
    """A short text about why an application cannot be loaded.

    :param is_own: whether a file is the application's.
    :returns: ``file:line: reason``, and the application's frames in the lines below.
    """
    cause = error.__cause__ if isinstance(error, NotLoadable) and error.__cause__ else error
    frames = [
        frame
        for frame in traceback.extract_tb(cause.__traceback__)
        # Those of importing are of no file.
        if not frame.filename.startswith("<") and is_own(os.path.abspath(frame.filename))
    ]
    place = ""
    if isinstance(cause, SyntaxError) and cause.filename is not None:
        place = f"{_short(cause.filename)}:{cause.lineno}: "
    elif frames:
        place = f"{_short(frames[-1].filename)}:{frames[-1].lineno}: "
    lines = [place + _reason(error)]
    for frame in frames[-_FRAMES:]:
        lines.append(f"  {_short(frame.filename)}:{frame.lineno}, in {frame.name}")
        lines += [f"    {frame.line}"] if frame.line else []
    if isinstance(cause, SyntaxError):
        # The line with its mark; the file was said, and so was the reason.
        lines += "".join(traceback.format_exception_only(cause)).splitlines()[1:-1]
    return "\n".join(lines)[:_LONGEST]


def _reason(error: BaseException) -> str:
    if isinstance(error, NotLoadable):
        return error.what
    return traceback.format_exception_only(error)[-1].strip()


def _short(path: str) -> str:
    """A path as seen from the working directory, where it is in there."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative
