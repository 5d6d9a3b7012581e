"""What a page may do in a browser, told by headers beside it.

``Content-Security-Policy`` keeps foreign code out of a page. ``'self'`` is the page's own host for its
WebSocket too in today's browsers; those before Safari 15.4 have to be told the socket's address, so it
is there besides (CSP level 3, section 6.7.2.8). A policy has no way to write an IPv6 address: Chromium
ignores one with an error in the console, so there ``'self'`` stands alone. To a page of plain HTTP a
source ``ws://`` allows ``wss://`` too, so a proxy that takes TLS off without saying so breaks nothing.

While a site is developed the same policy only reports (it does so in the console, without a place to
report to): its author sees what production would block, and nothing is blocked that his tools put in.

``nosniff``: what is served as a picture is never run as a script. ``Referrer-Policy``: today's browsers
do the same unasked, older ones tell other sites whole addresses.

``Cross-Origin-Opener-Policy`` is not sent: it cuts the tie between a page and the window that opened it,
which sign-in and payment in a second window live on, and whether a site has those only its owner
knows; browsers heed it over TLS alone and complain about it elsewhere. Nor is
``Strict-Transport-Security``, which binds a whole host for months.
"""

from __future__ import annotations

import re

from ..errors import ConfigurationError

__all__ = ["STANDARD_POLICY", "security_headers"]

# ``{socket}`` stands for the address of the page's own WebSocket.
STANDARD_POLICY = (
    "default-src 'self'; connect-src 'self' {socket}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'self'"
)
_WHILE_DEVELOPING = "frame-ancestors 'self'"
# RFC 3986 section 3.2.2, as far as a policy's host-source has it, which leaves out IPv6.
_HOST = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z._-]*[0-9A-Za-z])?(?::(\d{1,5}))?", re.ASCII)
# What may stand in a header's value (RFC 9110 section 5.5), without bytes that are no ASCII.
_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")


def security_headers(
    host: str | None, secure: bool, policy: str | None = STANDARD_POLICY, developing: bool = False
) -> list[tuple[str, str]]:
    """
    :param host: the request's ``Host``, as it was sent; what is no name or address with or without a
        port gets into no header.
    :param secure: the page came over TLS.
    :param policy: a ``Content-Security-Policy`` of one's own, in which ``{socket}`` stands for the
        address of the page's own WebSocket; None sends none.
    :param developing: the policy only reports.
    :raises ConfigurationError: the policy is no value of a header.
    """
    headers = [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ]
    if policy is None:
        return headers
    if not _VALUE.fullmatch(policy):
        raise ConfigurationError(
            "The Content-Security-Policy should be one line of printable ASCII, such as "
            "default-src 'self'"
        )
    text = _with_socket(policy, host, secure)
    if not developing:
        return [*headers, ("Content-Security-Policy", text)]
    return [
        *headers,
        ("Content-Security-Policy", _WHILE_DEVELOPING),
        ("Content-Security-Policy-Report-Only", text),
    ]


def _with_socket(policy: str, host: str | None, secure: bool) -> str:
    found = _HOST.fullmatch(host or "")
    if found is None or int(found[1] or 0) > 65_535:
        # Not merely taken out: a directive that allows nothing would be left of one that is alone.
        return policy.replace("'self' {socket}", "'self'").replace("{socket}", "'self'")
    return policy.replace("{socket}", f"{'wss' if secure else 'ws'}://{host}")
