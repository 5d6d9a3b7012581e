"""What a client would like, and how much: the ``q`` of ``Accept`` and its like (RFC 9110 12.4.2)."""

from __future__ import annotations

import re

__all__ = ["weights"]

_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def weights(text: str) -> dict[str, float]:
    """What a header lists, each with its weight; 0 is refused.

    Of what is listed twice the first counts. A weight that is none is 0: who writes it gets what
    everybody understands.

    :param text: the header.
    :returns: by lower-case name, without its other parameters.
    """
    found: dict[str, float] = {}
    for item in text.lower().split(","):
        name, *parameters = (part.strip(" \t") for part in item.split(";"))
        if name:
            found.setdefault(name, _weight(parameters))
    return found


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            value = value.strip()
            return float(value) if _WEIGHT.fullmatch(value) else 0.0
    return 1.0
