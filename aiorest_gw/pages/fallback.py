"""Whether a request that found no file is answered with the site's first page.

Applications that run in one page make up addresses as they go, ``/users/7``, and a browser that loads
one of them anew has to get the application. A script or picture that is missing must stay missing,
though: a page in its place is run, fails at its first ``<``, and hides the mistake.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .kinds import is_known
from .paths import Location
from .weights import weights

__all__ = ["falls_back", "is_navigation"]

_EXTENSION = re.compile(r".+\.[0-9A-Za-z]{1,11}")


def is_navigation(asked: Mapping[str, str]) -> bool:
    """Whether a browser is on its way to a page, and does not fetch something for one.

    Browsers say so (Fetch Metadata Request Headers, section 2.2), but over TLS and to the own
    machine only. Where they do not, who names ``text/html`` among what it takes wants a page:
    ``*/*``, of scripts and programs, is not enough.

    :param asked: the request's headers by lower-case name.
    """
    mode = asked.get("sec-fetch-mode")
    if mode is not None:
        return mode == "navigate"
    return weights(asked.get("accept", "")).get("text/html", 0.0) > 0


def falls_back(location: Location, asked: Mapping[str, str]) -> bool:
    """Whether the site's first page is sent in place of a page that is not there.

    Never for a name that ends as a file of the web does: who navigates to ``/old.html`` or
    ``/plan.pdf`` is told that it is gone. A dot in another name, ``/jane.doe`` or ``/v1.2``, may be part
    of an address that the application made up; that is believed of a browser that says it navigates,
    and not of who only names ``text/html``.

    :param location: that has no file.
    :param asked: the request's headers by lower-case name.
    """
    last = location.segments[-1] if location.segments else ""
    if is_known(last):
        return False
    says_so = "sec-fetch-mode" in asked
    return is_navigation(asked) and (says_so or not _EXTENSION.fullmatch(last))
