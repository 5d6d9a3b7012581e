"""What is told of a description that is none: what to write in its place."""

from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import ConfigurationError
from aiorest_gw.server.endpoints import endpoint_of

from .transports import certificate_in


class DescriptionTests(SynchronousTestCase):
    def told(self, text, twisted_tcp=False):
        error = self.assertRaises(ConfigurationError, endpoint_of, reactor, text, twisted_tcp)
        quoted, _, told = str(error).partition(" is no endpoint to listen on: ")
        self.assertEqual(repr(text), quoted)
        return told

    def test_what_is_meant_is_told(self):
        for text, meant in (
            ("8080", "write tcp:8080:interface=127.0.0.1"),
            ("localhost:8080", "write tcp:8080:interface=localhost"),
            ("http:8080", "write tcp:8080"),
            ("ws://localhost:8080/", "write tcp:8080:interface=localhost"),
            ("http://example.com", "write tcp:8080:interface=example.com"),
            ("wss://localhost:443",
             "write ssl:443:interface=localhost:privateKey=key.pem:certKey=cert.pem"),
            ("tpc:8080", "is tcp:8080 meant?"),
            ("uinx:/run/socket", "is unix:/run/socket meant?"),
            ("", "what is listened on begins with tcp:, loop:, unix:, ssl:"),
            ("bogus", "what is listened on begins with tcp:, loop:, unix:, ssl:"),
            ("http://[::1]:80/", r"write tcp:80:interface=\:\:1"),
            ("tcp:80:nonsense=1", "there is no nonsense= to set"),
            ("tcp:80:privateKey=key.pem", "there is no privateKey= to set; is ssl: meant?"),
            ("tcp", "the port is missing"),
            ("unix", "the address is missing"),
            ("tcp:80:interface=::1", r"interface= is there twice; a colon in it is written \:"),
            ("tcp:80:interface=\\", "behind a backslash stands a colon or another one"),
            ("systemd:domain=INET:index=0", "no such socket was handed down"),
        ):  # fmt: skip
            self.assertEqual(meant, self.told(text), text)
        self.assertIn("x", self.told("tcp:x"))

    def test_what_is_wrong_with_tls_is_told_alike_of_ours_and_of_twisteds(self):
        folder = Path(self.mktemp())
        folder.mkdir()
        certificate, key = certificate_in(folder)
        files = f"privateKey={key}:certKey={certificate}"
        for text, wrong in (
            ("ssl:0", "TLS takes a key: privateKey=key.pem"),
            (f"ssl:0:privatekey={key}", "there is no privatekey= to set; is privateKey= meant?"),
            (f"ssl:0:{files}:cert=x",
             "there is no cert= to set; files are named by certKey, clientCA, extraCertChain, privateKey"),
            ("ssl:0:privateKey=none.pem", "none.pem: No such file or directory"),
            (f"ssl:0:privateKey={certificate}", f"there is no key in {certificate}"),
        ):  # fmt: skip
            for twisted_tcp in (False, True):
                self.assertEqual(wrong, self.told(text, twisted_tcp), text)
        self.assertEqual(
            "there is no clientCA= in Twisted's own ssl:; leave --twisted-tcp out",
            self.told(f"ssl:0:{files}:clientCA={certificate}", twisted_tcp=True),
        )
