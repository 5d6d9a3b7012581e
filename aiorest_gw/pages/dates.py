"""HTTP's dates (RFC 9110 section 5.6.7): one form is written, and three are read."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

__all__ = ["http_date", "read_date"]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_FORMS = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"{_DAY}, (?P<day>\d\d) {_MONTH} (?P<year>\d{{4}}) {_TIME} GMT",
        rf"{_LONG_DAY}, (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_TIME} GMT",
        rf"{_DAY} {_MONTH} (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)


def http_date(seconds: float) -> str:
    """``Sun, 06 Nov 1994 08:49:37 GMT``.

    :param seconds: since the epoch; what is left of a second is cut off.
    """
    return formatdate(math.floor(seconds), usegmt=True)


def read_date(text: str) -> int | None:
    """Seconds since the epoch, or None where the text is no date of HTTP.

    A year of two digits is one from 1970 on: what is compared with it are the times of files.
    """
    found = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if found is None:
        return None
    year, day, hour, minute, second = (
        int(found[name]) for name in ("year", "day", "hour", "minute", "second")
    )
    if len(found["year"]) == 2:
        year += 1900 if year >= 70 else 2000
    month = _MONTHS.index(found["month"]) + 1
    try:
        whole = datetime(year, month, day, hour, minute, tzinfo=UTC)
        # A leap second is the next minute's first.
        return int((whole + timedelta(seconds=second)).timestamp()) if second <= 60 else None
    except (ValueError, OverflowError):
        return None
