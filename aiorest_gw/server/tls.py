"""TLS by the loop: from the files that a description names to connections that are secure."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IHandshakeListener, ISSLTransport
from zope.interface import alsoProvides

from ..arguments import nearest
from .transport import LoopTransport

__all__ = ["TLSTransport", "is_understood", "tls_context", "what_is_wrong"]

_FILES = {"privateKey", "certKey", "extraCertChain", "clientCA"}
_WORDS = {"interface", "backlog", *_FILES}
_TWISTEDS = ("sslmethod", "dhParameters")
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"


def is_understood(arguments: str) -> bool:
    """Whether a description of Twisted's ``ssl:`` says nothing but what the loop's TLS can do.

    :param arguments: ``8443:privateKey=key.pem:certKey=cert.pem``
    """
    named = _named(arguments)
    words = {text.partition("=")[0] for text in named if "=" in text}
    return len(words) == len(named) and "privateKey" in words and words <= _WORDS


def _named(arguments: str) -> list[str]:
    return re.split(r"(?<!\\):", arguments)[1:]


def tls_context(
    privateKey: str = "",
    certKey: str = "",
    extraCertChain: str = "",
    clientCA: str = "",
    **unknown: str,
) -> ssl.SSLContext:
    """A server's context, of TLS 1.2 and newer, from files in PEM.

    :param privateKey: the key, without a passphrase.
    :param certKey: its certificate, and what leads from there to a root; in the key's file if not given.
    :param extraCertChain: what leads to a root, where it is in a file of its own.
    :param clientCA: certificates of authorities; then each client has to show a certificate of one.
    :raises ValueError: a file is not what it should be, or a word is unknown.
    """
    for name in unknown:
        raise ValueError(_unknown(name))
    if not privateKey:
        raise ValueError("TLS takes a key: privateKey=key.pem")
    certificate = certKey or privateKey
    if "PRIVATE KEY-----" not in _text(privateKey):
        raise ValueError(f"there is no key in {privateKey}")
    chain = [_certificates(name) for name in (certificate, extraCertChain) if name]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    # The certificate and its chain have to be in one file.
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as whole:
        whole.write("\n".join(chain))
        whole.flush()
        try:
            context.load_cert_chain(whole.name, privateKey, _no_passphrase)
        except _Encrypted:
            raise ValueError(
                f"the key in {privateKey} has a passphrase; it should have none"
            ) from None
        except ssl.SSLError as error:
            raise ValueError(_key_trouble(error, privateKey, certificate)) from None
    if clientCA:
        context.load_verify_locations(cadata=_certificates(clientCA))
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def what_is_wrong(arguments: str, twisteds: bool) -> str | None:
    """What is wrong with a description of Twisted's ``ssl:``, in our own words; None for nothing known.

    :param arguments: as of :func:`is_understood`.
    :param twisteds: Twisted's own is asked for, and cannot do all of ours.
    """
    words = dict(text.partition("=")[::2] for text in _named(arguments) if "=" in text)
    if "clientCA" in words and twisteds:
        return "there is no clientCA= in Twisted's own ssl:; leave --twisted-tcp out"
    for word in sorted(words.keys() - _WORDS - set(_TWISTEDS)):
        return _unknown(word)
    try:
        tls_context(**{word: words[word] for word in words.keys() & _FILES})
    except ValueError as error:
        return str(error)
    return None


def _unknown(word: str) -> str:
    if word in _TWISTEDS:
        return f"there is no {word}= to set; Twisted's own ssl: has it, with --twisted-tcp"
    meant = nearest(word, _WORDS)
    hint = f"is {meant}= meant?" if meant else "files are named by " + ", ".join(sorted(_FILES))
    return f"there is no {word}= to set; {hint}"


class _Encrypted(Exception):
    """A key cannot be read without a passphrase."""


def _no_passphrase() -> str:
    # Without this OpenSSL would ask at the terminal.
    raise _Encrypted


def _key_trouble(error: ssl.SSLError, key: str, certificate: str) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"the key in {key} is not that of the certificate in {certificate}"
    return f"{key} and {certificate} cannot be used: {error.reason or error}"


def _text(name: str) -> str:
    try:
        return Path(name).read_text("ascii", "replace")
    except OSError as error:
        raise ValueError(f"{name}: {error.strerror}") from None


def _certificates(name: str) -> str:
    text = _text(name)
    found = re.findall(rf"{_CERTIFICATE}.+?-----END CERTIFICATE-----", text, re.DOTALL)
    if not found:
        raise ValueError(f"there is no certificate in {name}")
    return "\n".join(found)


class TLSTransport(LoopTransport):
    """A connection with TLS; as Twisted's, it begins before both sides have shaken hands.

    So whoever limits the time or the number of connections limits those too that never get so far. What
    is written before waits. It provides ``ISSLTransport`` as soon as it is secure, and a protocol that
    provides ``IHandshakeListener`` is told.

    From Twisted's ``ssl:`` it differs in this: there are no halves to close, ``loseWriteConnection``
    closes both; a peer that goes without TLS's own farewell is ``ConnectionDone`` too; and why a
    handshake failed is the text of a ``ConnectionLost``.
    """

    def shake_hands(self, accepted: socket.socket, context: ssl.SSLContext) -> None:
        """Begin with a socket that was accepted."""
        protocol = self._port.build(self.getPeer())
        if protocol is None:
            accepted.close()
            return
        self._handshake = _Handshake(accepted, self._handshake_failed)
        self._carry_on(self._handshake)
        self._handshake.begin(self._port.loop, self, context)
        # What a producer writes would pile up until then.
        self._held = True
        self._begin(protocol)

    def connection_made(self, transport: Any) -> None:
        """Both sides have shaken hands."""
        handshake = self._handshake
        handshake.done = True
        del self._handshake
        if handshake.aborted:
            transport.abort()
            return
        alsoProvides(self, ISSLTransport)
        self._carry_on(transport)
        self._held = False
        handshake.hand_over(transport)
        if not self._held:
            self.resume_writing()
        if handshake.is_closing():
            self._close()
        listener = IHandshakeListener(self._protocol, None)
        if listener is not None:
            try:
                listener.handshakeCompleted()
            except Exception:
                self._port.events.failure("handshakeCompleted failed")
                self.abortConnection()

    def _handshake_failed(self, error: BaseException | None) -> None:
        if isinstance(error, ssl.SSLError):
            self._port.events.info(
                "a TLS handshake of {peer} failed: {reason}",
                peer=self.getPeer().host,
                reason=error.reason or str(error),
            )
        self.connection_lost(ConnectionResetError(str(error or "")))

    def eof_received(self) -> bool:
        return False

    def read_in_turn(self) -> None:
        """Read on at once: what is to be read may be there, and still encrypted."""

    def loseWriteConnection(self) -> None:
        """Close when everything is written."""
        self.loseConnection()

    def getPeerCertificate(self) -> dict[str, Any] | None:
        """The client's certificate, verified, as ``ssl.SSLSocket.getpeercert`` gives it.

        Twisted's own transport gives an object of pyOpenSSL's.

        :returns: None where none is asked for (``clientCA``), and before both sides have shaken hands.
        """
        return self._transport.get_extra_info("peercert") or None


class _Handshake:
    """Stands in for the loop's transport until there is one.

    :param failed: is called with the error, or None, if it ends without one.
    :ivar done: there is one.
    :ivar aborted: none is wanted any more.
    """

    def __init__(
        self, accepted: socket.socket, failed: Callable[[BaseException | None], None]
    ) -> None:
        self._socket = accepted
        self._failed = failed
        self._written = bytearray()
        self._reading = True
        self._closing = False
        self.done = False
        self.aborted = False

    def begin(
        self, loop: asyncio.AbstractEventLoop, protocol: TLSTransport, context: ssl.SSLContext
    ) -> None:
        self._task = loop.create_task(
            loop.connect_accepted_socket(lambda: protocol, self._socket, ssl=context)
        )
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        error = None if task.cancelled() else task.exception()
        failed = self._failed
        # Else they would hold each other until the collector comes.
        del self._failed, self._task
        if not self.done:
            # The loop has closed it, if it ever had it.
            self._socket.close()
            failed(error)

    def hand_over(self, transport: Any) -> None:
        """Do with the loop's transport what was asked of this one."""
        if self._written:
            transport.write(bytes(self._written))
        if not self._reading:
            transport.pause_reading()

    # -- what is asked of a loop's transport

    def write(self, data: bytes) -> None:
        self._written += data

    def close(self) -> None:
        self._closing = True
        if not self._written:
            self.abort()

    def abort(self) -> None:
        self._closing = self.aborted = True
        self._task.cancel()

    def is_closing(self) -> bool:
        return self._closing

    def is_reading(self) -> bool:
        return self._reading

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        self._reading = True

    def get_write_buffer_size(self) -> int:
        return len(self._written)

    def set_write_buffer_limits(self, high: int) -> None:
        """Producers are held back from the beginning."""

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """The loop's transport is told."""

    def get_extra_info(self, name: str) -> Any:
        if name == "socket":
            return self._socket
        return self._socket.getsockname() if name == "sockname" else None
