"""``twistd aiorest_gw`` and ``aiorest-gw serve``: flags, reactors, mistakes."""

import itertools
import shutil
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from websockets.sync.client import unix_connect

from .certificates import make_certificate
from .copying import copies
from .gateways import APP, LISTEN, ROOT, STARTERS, TWISTD, ask, run, running, until


class ServingTests(SynchronousTestCase):
    def test_every_reactor_serves_every_kind_of_view(self):
        """And ends with status 0 on SIGTERM."""
        expected = {
            "twistd": ["UVLoopReactor", "uvloop"],
            "twistd on epoll": ["EPollReactor", "builtins"],
            "twistd on asyncio": ["AsyncioSelectorReactor", "asyncio.unix_events"],
            "twistd on Twisted's tcp": ["UVLoopReactor", "uvloop"],
            "serve": ["UVLoopReactor", "uvloop"],
            "serve on select": ["SelectReactor", "builtins"],
        }
        for name, starter in STARTERS.items():
            with running([*starter, *APP, *LISTEN], ROOT) as gateway:
                with gateway.connect() as client:
                    self.assertEqual("Hello, you!", ask(client, "GET", "/hello/you")["data"])
                    self.assertEqual(expected[name], ask(client, "GET", "/reactor")["data"])
                    self.assertEqual(True, ask(client, "GET", "/thread")["data"])
                    self.assertEqual("twisted", ask(client, "GET", "/twisted")["data"])
                    if "asyncio" in expected[name][0].lower():
                        self.assertEqual("asyncio", ask(client, "GET", "/asyncio")["data"])
                    self.assertEqual(
                        "A server error occurred.", ask(client, "GET", "/bug")["detail"]
                    )
                self.assertEqual(0, gateway.stop(), name)
                self.assertEqual(1, gateway.output.count("RuntimeError: a mistake in a view"), name)

    def test_flags_and_their_variables_mean_the_same(self):
        flags = ["--max-depth", "7", "--request-timeout", "2.5", "--path", "api"]
        variables = {"MAX_DEPTH": "7", "REQUEST_TIMEOUT": "2.5", "PATH": "api",
                     "APP": "tests.end_to_end.application:make_factory",
                     "LISTEN": "tcp:0:interface=127.0.0.1"}  # fmt: skip
        variables = {f"AIOREST_GW_{name}": value for name, value in variables.items()}
        for command, given in ((["aiorest-gw", "serve", *APP, *LISTEN, *flags], {}),
                               (["aiorest-gw", "serve"], variables),
                               ([*TWISTD, "aiorest_gw"], variables)):  # fmt: skip
            with running(command, ROOT, **given) as gateway:
                self.assertTrue(gateway.url.endswith("/api"))
                with gateway.connect() as client:
                    self.assertEqual([7, 2.5, "/api"], ask(client, "GET", "/limits")["data"])

    def test_a_flag_wins_over_its_variable_and_a_factory_keeps_what_no_flag_changes(self):
        command = ["aiorest-gw", "serve", "--app", "tests.end_to_end.application:factory", *LISTEN]
        with running(command, ROOT, AIOREST_GW_REQUEST_TIMEOUT="9") as gateway:
            with gateway.connect() as client:
                self.assertEqual([5, 9, "/"], ask(client, "GET", "/limits")["data"])
        with running([*command, "--max-depth=6"], ROOT, AIOREST_GW_MAX_DEPTH="9") as gateway:
            with gateway.connect() as client:
                self.assertEqual(6, ask(client, "GET", "/limits")["data"][0])

    def test_several_addresses(self):
        folder = tempfile.mkdtemp()  # trial's own folders are too deep for a socket's path
        self.addCleanup(shutil.rmtree, folder)
        path = f"{folder}/socket"
        command = ["aiorest-gw", "serve", *APP, "--listen", f"unix:{path}", *LISTEN]
        with running(command, ROOT) as gateway:
            with gateway.connect() as client:
                self.assertEqual("Hello, a!", ask(client, "GET", "/hello/a")["data"])
            with unix_connect(path, "ws://localhost/") as client:
                self.assertEqual("Hello, b!", ask(client, "GET", "/hello/b")["data"])
            self.assertEqual(0, gateway.stop())

    def test_what_is_wrong_is_told_in_one_line_with_status_1(self):
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        app = "tests.end_to_end.application"
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        (cert, key), (_, other) = (make_certificate(folder, name) for name in ("one", "other"))
        mistakes = (
            (["--app", "no.such.module:x"], "there is no module 'no.such.module'"),
            (["--app", "tests.nothing:x"], "there is no module 'tests.nothing'"),
            (["--app", app], "package.module:name"),
            (["--app", f"{app}:missing"], "has no 'missing'"),
            (["--app", f"{app}:not_a_router"], "is a dict"),
            (["--app", f"{app}:needs_an_argument"], "callable without arguments"),
            (["--app", f"{app}:make_factry"], "is 'make_factory' meant?"),
            (["--app", "./tests/end_to_end/application.py:x"], "tests.end_to_end.application:x"),
            (["--app", "tests.end_to_end.misrouted:x"], "line 5)"),
            (["--app", f"{app}:make_nothing"], "made an int"),
            (["--app", f"{app}:sets_a_wrong_limit"], "(tests/end_to_end/application.py, line "),
            (["--app", f"{app}:exits"], "it calls sys.exit('set DATABASE_URL')"),
            (["--app", "tests.end_to_end.broken_application:x"], "a_library_that_nobody_has"),
            ([], "name the application"),
            ([*APP, "--listen", f"tcp:{port}:interface=127.0.0.1"], "Address already in use"),
            ([*APP, "--listen", "bogus:80"], "write tcp:80:interface=bogus"),
            ([*APP, "--listen", "8090"], "write tcp:8090:interface=127.0.0.1"),
            (
                [*APP, "--twisted-tcp", "--listen", f"tcp:{port}:interface=127.0.0.1"],
                "already in use",
            ),
            ([*APP, "--listen", "tcp:eighty"], "eighty"),
            (
                [*APP, "--listen", f"ssl:0:privateKey={other}:certKey={cert}"],
                "is not that of the certificate",
            ),
            ([*APP, "--listen", f"loop:0:privateKey={key}:certKey=/no/file"], "No such file"),
            ([*APP, *LISTEN, "--max-depth", "x"], "whole number"),
            ([*APP, *LISTEN, "--max-depth", "0"], "at least 1"),
            ([*APP, *LISTEN, "--origin", "*"], "no origin"),
            ([*APP, *LISTEN, "--trust-proxy", "x"], "trusted proxy"),
        )
        starters = ["aiorest-gw", "serve"], [*TWISTD, "aiorest_gw"]
        with copies(ROOT) as commands:
            for starter, (arguments, told) in itertools.product(starters, mistakes):
                done = commands.run([*starter, *arguments])
                text = done.stdout + done.stderr
                self.assertEqual(1, done.returncode, (arguments, text))
                self.assertIn(told, text)
                self.assertNotIn("Traceback", text)
                lines = [
                    line
                    for line in text.splitlines()
                    if "aiorest" in line and "UnixApp" not in line
                ]
                self.assertEqual(1, len(lines), text)

    def test_an_application_that_fails_shows_where(self):
        """Its author wants the traceback of his own code, and then the line."""
        done = run(["aiorest-gw", "serve", "--app", "tests.end_to_end.application:fails"], ROOT)
        self.assertEqual(1, done.returncode)
        self.assertIn("cannot be made", done.stderr.splitlines()[-1])
        self.assertIn("Traceback", done.stderr)

    def test_a_daemon_that_cannot_start_says_so_and_leaves_no_pid_file(self):
        folder = Path(self.mktemp())
        folder.mkdir()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            listen = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
            done = run(["twistd", "--pidfile=pid", "--logfile=log", "aiorest_gw", *APP, "--listen", listen],
                       folder)  # fmt: skip
        self.assertEqual(1, done.returncode)
        self.assertIn("cannot listen", done.stderr)
        # The daemon removes it when it has told why it does not start.
        until(lambda: not (folder / "pid").exists())

    def test_help_explains_every_option(self):
        for command in (["aiorest-gw", "serve", "--help"], ["twistd", "aiorest_gw", "--help"]):
            done = run(command, ROOT)
            self.assertEqual(0, done.returncode)
            for flag in ("--app", "--listen", "--max-message-size", "--origin", "--compress"):
                self.assertIn(flag, done.stdout)
            self.assertIn("AIOREST_GW_", done.stdout)
        self.assertIn("aiorest_gw", run(["twistd", "--help"], ROOT).stdout)
        self.assertEqual(0, run(["aiorest-gw", "--version"], ROOT).returncode)

    def test_wrong_commands_are_told(self):
        wrong = (
            ["serve", "--no-such-flag"], ["serve", "--reactor=none"],
            ["serve", *APP, "--reactor=kqueue"], ["serve", *APP, "--reactor=win32"],
            ["serve", *APP, *LISTEN, "--log-level=loud"],
        )  # fmt: skip
        with copies(ROOT) as commands:
            for arguments in wrong:
                done = commands.run(["aiorest-gw", *arguments])
                self.assertEqual(1, done.returncode, arguments)
                self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
            done = commands.run(["aiorest-gw", "serve", "--max-conection=5"])
        self.assertIn("is --max-connections meant?", done.stderr)

    def test_a_bad_variable_is_told(self):
        with copies(ROOT, AIOREST_GW_COMPRESS="perhaps") as commands:
            for starter in (["aiorest-gw", "serve"], [*TWISTD, "aiorest_gw"]):
                done = commands.run([*starter, *APP, *LISTEN])
                self.assertEqual(1, done.returncode)
                self.assertIn("AIOREST_GW_COMPRESS", done.stdout + done.stderr)
