"""TLS by the loop: the files of a description, and peers that come to no handshake."""

import asyncio
import ssl
from pathlib import Path

from twisted.internet.interfaces import IHandshakeListener, ISSLTransport
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from aiorest_gw import RequestHandlerFactory, SimpleRouter
from aiorest_gw.server.tls import is_understood, tls_context
from tests.end_to_end.certificates import make_certificate
from tests.test_documents import ROOT, pieces

from .transports import (
    TLS,
    OnAsyncio,
    OnUVLoop,
    Server,
    TransportCase,
    certificate_in,
    client_context,
    until,
)

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: gateway.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@implementer(IHandshakeListener)
class Listener(Server):
    def connectionMade(self):
        super().connectionMade()
        self.calls.append(ISSLTransport.providedBy(self.transport))

    def handshakeCompleted(self):
        self.calls.append(self.transport.getPeerCertificate())


class HandshakePromises(TransportCase, TLS):
    def test_a_protocol_is_told_when_it_is_secure(self):
        async def scenario(server, reader, writer):
            self.assertEqual([False, None], server.calls)
            verifyObject(ISSLTransport, server.transport)
            self.assertEqual("TLSv1.3", writer.get_extra_info("ssl_object").version())

        self.run_connected(scenario, Listener)

    def test_an_error_of_its_ends_the_connection(self):
        class Fails(Listener):
            def handshakeCompleted(self):
                raise ValueError

        async def scenario(server, reader, writer):
            await server.lost

        self.run_connected(scenario, Fails)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_what_is_written_before_waits_for_the_handshake(self):
        class Greets(Server):
            def connectionMade(self):
                super().connectionMade()
                transport = self.transport
                transport.registerProducer(self, True)
                transport.pauseProducing()
                transport.resumeProducing()
                transport.setTcpNoDelay(True)
                transport.write(b"hello, ")
                transport.write(b"you")
                self.calls += [transport.waiting, transport.getHost().port]

        async def scenario(server, reader, writer):
            self.assertEqual(b"hello, you", await reader.readexactly(10))
            number = writer.get_extra_info("peername")[1]
            self.assertEqual(["pause", 10, number, "resume"], server.calls)

        self.run_connected(scenario, Greets)

    def test_a_close_before_the_handshake_waits_for_what_was_written(self):
        class Leaves(Server):
            def connectionMade(self):
                super().connectionMade()
                self.transport.write(self.factory.farewell)
                self.transport.loseConnection()

        async def scenario(factory, number):
            factory.farewell = b"goodbye"
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", number, ssl=client_context()
            )
            self.assertEqual(b"goodbye", await reader.read())
            writer.close()
            await factory.made[0].lost
            factory.farewell = b""
            with self.assertRaises(ConnectionError):
                await asyncio.open_connection("127.0.0.1", number, ssl=client_context())
            await factory.made[1].lost

        self.run_listening(scenario, Leaves)

    def test_peers_that_come_to_no_handshake_are_told_in_few_lines(self):
        """Plain HTTP, rubbish, or half of something, and none of it is an error of ours."""
        events = self.collect_events("handshake")

        async def scenario(factory, number):
            for said in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00", b"", b"\0" * 50):
                for _ in range(15):
                    reader, writer = await asyncio.open_connection("127.0.0.1", number)
                    writer.write(said)
                    if len(said) < 10:
                        writer.close()
                    try:
                        await reader.read()
                    except ConnectionError:
                        pass
                    writer.close()
            await until(lambda: len(factory.made) == 60)
            for server in factory.made:
                await server.lost

        with self.assertNoLogs("asyncio"):
            self.run_listening(scenario)
        self.assertEqual(10, len(events))
        self.assertEqual({"127.0.0.1"}, {event["peer"] for event in events})
        self.assertIn("HTTP_REQUEST", {event["reason"] for event in events})

    def test_the_gateways_limits_hold_before_the_handshake(self):
        """One who never finishes is counted, and dropped in the time for the opening handshake."""
        clock = Clock()

        async def scenario():
            factory = RequestHandlerFactory(
                router=SimpleRouter(), reactor=clock, handshake_timeout=5
            )
            port = await self.endpoint().listen(factory)
            number = port.getHost().port
            silent = [await asyncio.open_connection("127.0.0.1", number) for _ in range(3)]
            silent[1][1].write(b"\x16\x03\x01\x00")
            await until(lambda: len(factory.connections) == 3)
            self.assertEqual(3, factory.admission.total)
            clock.advance(4.9)
            self.assertEqual(3, factory.admission.total)
            clock.advance(0.2)
            for reader, _ in silent:
                with self.assertRaises(ConnectionResetError):
                    await reader.read()
            await until(lambda: factory.admission.total == 0)
            self.assertEqual(set(), factory.connections)
            port.stopListening()

        with self.assertNoLogs("asyncio"):
            self.run_on_loop(scenario())

    def test_clients_are_asked_for_certificates_where_an_authority_is_named(self):
        folder = Path(self.mktemp())
        folder.mkdir()
        cert, key = certificate_in(folder)
        known, unknown = (make_certificate(folder, name) for name in ("known", "unknown"))
        context = tls_context(privateKey=key, certKey=cert, clientCA=known[0])
        self.context = context
        events = self.collect_events("handshake")

        async def scenario(factory, number):
            for files in (None, unknown, known):
                ours = client_context()
                if files:
                    ours.load_cert_chain(*files)
                try:
                    reader, writer = await asyncio.open_connection("127.0.0.1", number, ssl=ours)
                    writer.write(b"hello")
                    if files is not known:
                        await reader.read()
                except OSError:
                    pass
            server = factory.made[-1]
            await until(lambda: server.received == b"hello")
            shown = server.transport.getPeerCertificate()
            self.assertEqual(((("commonName", "known"),),), shown["subject"])
            server.transport.abortConnection()
            await server.lost
            self.assertEqual([b"", b"", b"hello"], [one.received for one in factory.made])

        self.run_listening(scenario)
        self.assertEqual(
            ["PEER_DID_NOT_RETURN_A_CERTIFICATE", "CERTIFICATE_VERIFY_FAILED"],
            [event["reason"] for event in events],
        )

    def test_a_view_can_know_what_the_certificate_says(self):
        """With the class that the document on running shows."""
        folder = Path(self.mktemp())
        folder.mkdir()
        cert, key = certificate_in(folder)
        known = make_certificate(folder, "known")
        self.context = tls_context(privateKey=key, certKey=cert, clientCA=known[0])
        names = {}
        for _, text in pieces((ROOT / "docs" / "howto" / "running.rst").read_text()):
            if "KnownClients" in text:
                exec(text, names)

        async def scenario():
            factory = RequestHandlerFactory(
                router=SimpleRouter(), reactor=Clock(), protocol=names["KnownClients"]
            )
            port = await self.endpoint().listen(factory)
            ours = client_context()
            ours.load_cert_chain(*known)
            number = port.getHost().port
            reader, writer = await asyncio.open_connection("127.0.0.1", number, ssl=ours)
            writer.write(HANDSHAKE)
            self.assertIn(b" 101 ", await reader.readuntil(b"\r\n\r\n"))
            (connection,) = factory.connections
            self.assertEqual({"commonName": "known"}, connection.session.data["subject"])
            writer.transport.abort()
            await until(lambda: not factory.connections)
            port.stopListening()

        self.run_on_loop(scenario())

    context = None

    def endpoint(self, interface="127.0.0.1"):
        if self.context is None:
            self.context = TLS.context.fget(self)
        return super().endpoint(interface)


class OnUVLoopTests(HandshakePromises, OnUVLoop, SynchronousTestCase):
    pass


class OnAsyncioTests(HandshakePromises, OnAsyncio, SynchronousTestCase):
    pass


class ContextTests(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.cert, self.key = certificate_in(self.folder)

    def refused(self, **files):
        error = self.assertRaises(ValueError, tls_context, **files)
        self.assertNotIn("\n", str(error))
        return str(error)

    def test_old_versions_are_not_spoken(self):
        context = tls_context(privateKey=self.key, certKey=self.cert)
        self.assertEqual(ssl.TLSVersion.TLSv1_2, context.minimum_version)
        self.assertEqual(ssl.CERT_NONE, context.verify_mode)

    def test_a_key_and_its_certificate_may_be_in_one_file(self):
        both = self.folder / "both.pem"
        both.write_text(Path(self.key).read_text() + Path(self.cert).read_text())
        tls_context(privateKey=str(both))

    def test_a_chain_is_sent(self):
        """From a file of its own, or behind the certificate."""
        other = Path(make_certificate(self.folder, "authority")[0])
        behind = self.folder / "behind.pem"
        behind.write_text(Path(self.cert).read_text() + other.read_text())
        for files in (
            {"certKey": self.cert, "extraCertChain": str(other)},
            {"certKey": str(behind)},
        ):
            context = tls_context(privateKey=self.key, **files)
            self.assertEqual(2, self.certificates_of(context))
        self.assertEqual(1, self.certificates_of(tls_context(self.key, self.cert)))

    def certificates_of(self, context):
        """How many a server shows in its handshake, without a socket; TLS 1.2 shows them openly."""
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(to_server, to_client, server_side=True)
        client = client_context().wrap_bio(ssl.MemoryBIO(), to_server)
        for side in (client, server):
            self.assertRaises(ssl.SSLWantReadError, side.do_handshake)
        return to_client.read().count(b"\x55\x04\x03") // 2

    def test_what_is_wrong_with_the_files_is_told(self):
        other = make_certificate(self.folder, "other")[1]
        secret = make_certificate(self.folder, "secret", b"passphrase")
        empty = self.folder / "empty.pem"
        empty.write_bytes(b"")
        broken = self.folder / "broken.pem"
        broken.write_text(Path(self.key).read_text().replace("M", "?"))
        missing = str(self.folder / "missing.pem")
        no_file = f"{missing}: No such file or directory"
        self.assertEqual(no_file, self.refused(privateKey=missing, certKey=self.cert))
        self.assertEqual(no_file, self.refused(privateKey=self.key, certKey=missing))
        for name in ("extraCertChain", "clientCA"):
            self.assertEqual(
                no_file, self.refused(privateKey=self.key, certKey=self.cert, **{name: missing})
            )
            self.assertIn(
                "there is no certificate in",
                self.refused(privateKey=self.key, certKey=self.cert, **{name: self.key}),
            )
        self.assertIn("Is a directory", self.refused(privateKey=str(self.folder)))
        self.assertIn("is not that of", self.refused(privateKey=other, certKey=self.cert))
        self.assertIn("passphrase", self.refused(privateKey=secret[1], certKey=secret[0]))
        self.assertIn("no key in", self.refused(privateKey=str(empty), certKey=self.cert))
        self.assertIn("no certificate in", self.refused(privateKey=self.key))
        self.assertIn("cannot be used", self.refused(privateKey=str(broken), certKey=self.cert))
        self.assertIn("privateKey=key.pem", self.refused(certKey=self.cert))
        for name in ("sslmethod", "dhParameters"):
            told = self.refused(privateKey=self.key, **{name: "anything"})
            self.assertIn(f"there is no {name}= to set; Twisted's own ssl: has it", told)
        self.assertIn("there is no nonsense= to set; files are", self.refused(nonsense="1"))

    def test_what_is_understood_of_twisteds_descriptions(self):
        for arguments in (
            "8443:privateKey=key.pem",
            "8443:privateKey=key.pem:certKey=cert.pem:interface=\\:\\:1:backlog=5",
            "8443:extraCertChain=chain.pem:clientCA=ca.pem:privateKey=C\\:/key.pem",
        ):
            self.assertTrue(is_understood(arguments), arguments)
        for arguments in (
            "8443", "8443:key.pem:cert.pem", "8443:key.pem:privateKey=key.pem", "8443:certKey=both.pem",
            "8443:privateKey=key.pem:sslmethod=TLSv1_2_METHOD", "8443:privateKey=key.pem:dhParameters=dh.pem",
        ):  # fmt: skip
            self.assertFalse(is_understood(arguments), arguments)
