"""``--workers 2``: two processes serve, and another looks after them."""

import contextlib
import json
import os
import shutil
import signal
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import unix_connect

from .certificates import make_certificate
from .copying import copies
from .gateways import APP, LISTEN, PATIENCE, ROOT, STARTERS, ask, run, running, until

WORKERS = ["--workers", "2"]
SERVE = [*STARTERS["serve"], *APP, *LISTEN, *WORKERS]


def process_of(client):
    """The process that a connection is served by."""
    return ask(client, "GET", "/process")["data"]


def one_of_each(stack, connect):
    """A connection to each of two workers, by process."""
    found = {}

    def both():
        client = stack.enter_context(connect())
        found[process_of(client)] = client
        return len(found) == 2

    until(both)
    return found


def is_there(process):
    """Whether a process runs; one that waits for its parent to look at it does not."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


class WorkersTests(SynchronousTestCase):
    def folder(self):
        folder = tempfile.mkdtemp()  # trial's own folders are too deep for a socket's path
        self.addCleanup(shutil.rmtree, folder)
        return Path(folder)

    def test_both_answer_on_every_reactor_and_every_kind_of_socket(self):
        folder = self.folder()
        certificate, key = make_certificate(folder)
        path = f"{folder}/socket"
        secure = f"ssl:0:interface=127.0.0.1:certKey={certificate}:privateKey={key}"
        listen = [*LISTEN, "--listen", f"unix:{path}:mode=600", "--listen", secure]
        for name in ("serve", "twistd on epoll", "twistd on asyncio", "twistd on Twisted's tcp"):
            with (
                running([*STARTERS[name], *APP, *listen, *WORKERS], ROOT) as gateway,
                contextlib.ExitStack() as stack,
            ):
                tcp = one_of_each(stack, gateway.connect)
                unix = one_of_each(stack, lambda: unix_connect(path, "ws://localhost/"))
                self.assertEqual(set(tcp), set(unix), name)
                self.assertNotIn(gateway.process.pid, tcp)
                self.assertEqual(0o600, os.stat(path).st_mode & 0o777)
                self.assertIn("2 workers serve", gateway.output)
                for client in (*tcp.values(), *unix.values()):
                    self.assertEqual("Hello, you!", ask(client, "GET", "/hello/you")["data"])
                self.assertEqual(0, gateway.stop(), gateway.output)
            self.assertEqual([], [p for p in os.listdir(folder) if p.startswith("socket")], name)

    def test_a_burst_is_split_between_them(self):
        """A worker that is awake does not take all. How even it is depends on what else runs: one that does
        not get a core within the time that it has leaves its part to the other."""
        for name in ("serve", "twistd on epoll"):
            command = [*STARTERS[name], *APP, *LISTEN, *WORKERS, "--handshake-timeout", "60"]
            with running(command, ROOT) as gateway, contextlib.ExitStack() as stack:
                # One that does not accept yet is left nothing.
                one_of_each(stack, gateway.connect)
                burst = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(100)]
                clients = [stack.enter_context(gateway.connect(sock=taken)) for taken in burst]
                served = [process_of(client) for client in clients]
                shares = sorted(map(served.count, set(served)))
                self.assertEqual(2, len(shares), (name, shares))
                self.assertGreaterEqual(shares[0], 20, (name, shares))

    def test_one_that_is_killed_is_replaced_and_the_other_not_disturbed(self):
        for name in ("serve", "twistd"):
            with (
                running([*STARTERS[name], *APP, *LISTEN, *WORKERS], ROOT) as gateway,
                contextlib.ExitStack() as stack,
            ):
                clients = one_of_each(stack, gateway.connect)
                killed, other = clients
                os.kill(killed, signal.SIGKILL)
                self.assertRaises(ConnectionClosed, clients[killed].recv, PATIENCE)
                self.assertEqual(other, process_of(clients[other]))
                found = one_of_each(stack, gateway.connect)
                self.assertNotIn(killed, found)
                self.assertIn(other, found)
                self.assertEqual(other, process_of(clients[other]))
                self.assertEqual(0, gateway.stop())
            (line,) = (line for line in gateway.output.splitlines() if "SIGKILL" in line)
            self.assertIn(f"(process {killed})", line)
            self.assertIn("it is started again now", line)

    def test_one_that_is_told_to_leave_drains_and_is_replaced(self):
        with running(SERVE, ROOT) as gateway, contextlib.ExitStack() as stack:
            clients = one_of_each(stack, gateway.connect)
            leaving, other = clients
            work(clients[leaving])
            os.kill(leaving, signal.SIGTERM)
            self.assertEqual(4001, self.close_code_behind_the_answer(clients[leaving]))
            self.assertNotIn(leaving, one_of_each(stack, gateway.connect))
            self.assertEqual(other, process_of(clients[other]))
            self.assertEqual(0, gateway.stop())

    def test_a_signal_lets_all_of_them_finish_what_is_open(self):
        for name in ("serve", "twistd on epoll"):
            command = [*STARTERS[name], *APP, *LISTEN, *WORKERS]
            with running(command, ROOT) as gateway, contextlib.ExitStack() as stack:
                clients = one_of_each(stack, gateway.connect)
                for client in clients.values():
                    work(client)
                gateway.process.send_signal(signal.SIGTERM)
                for client in clients.values():
                    self.assertEqual(4001, self.close_code_behind_the_answer(client))
                self.assertEqual(0, gateway.wait(), name)
            self.assertEqual([], list(filter(is_there, clients)))

    def test_a_signal_to_every_process_is_one_stop(self):
        """A terminal's CTRL-C reaches the whole group, and a service manager's SIGTERM all it finds."""
        for number in (signal.SIGINT, signal.SIGTERM):
            with running(SERVE, ROOT, own_group=True) as gateway, contextlib.ExitStack() as stack:
                clients = one_of_each(stack, gateway.connect)
                for client in clients.values():
                    work(client)
                os.killpg(gateway.process.pid, number)
                if number == signal.SIGTERM:
                    for process in clients:
                        os.kill(process, number)
                for client in clients.values():
                    self.assertEqual(4001, self.close_code_behind_the_answer(client))
                self.assertEqual(0, gateway.wait(), gateway.output)
            self.assertEqual(1, gateway.output.count("stopping"))
            self.assertNotIn("Traceback", gateway.output)

    def test_a_second_signal_ends_all_of_them_at_once(self):
        command = [*SERVE, "--drain-timeout", "600"]
        with running(command, ROOT, own_group=True) as gateway, contextlib.ExitStack() as stack:
            clients = one_of_each(stack, gateway.connect)
            for client in clients.values():
                client.send(json.dumps({"method": "GET", "url": "/never", "id": 1}))
                self.assertIn("data", ask(client, "GET", "/hello/x", id=2))
            os.killpg(gateway.process.pid, signal.SIGINT)
            for line in gateway.process.stdout:
                if "stopping" in line:
                    break
            os.killpg(gateway.process.pid, signal.SIGINT)
            for client in clients.values():
                self.assertEqual(504, json.loads(client.recv(PATIENCE))["status"])
            self.assertEqual(0, gateway.wait())

    def test_without_their_supervisor_they_finish_what_is_open_and_leave_nothing(self):
        folder = self.folder()
        for name in ("serve", "twistd"):
            listen = [*LISTEN, "--listen", f"unix:{folder}/socket"]
            command = [*STARTERS[name], *APP, *listen, *WORKERS]
            with running(command, ROOT) as gateway, contextlib.ExitStack() as stack:
                clients = one_of_each(stack, gateway.connect)
                for client in clients.values():
                    work(client)
                gateway.process.kill()
                for client in clients.values():
                    self.assertEqual(4001, self.close_code_behind_the_answer(client))
                self.assertEqual(-signal.SIGKILL, gateway.wait())
            until(lambda left=clients: not any(map(is_there, left)))
            self.assertEqual([], os.listdir(folder), name)

    def test_what_is_wrong_is_told_once_and_nothing_is_left(self):
        folder = self.folder()
        app = "tests.end_to_end.application"
        unix = ["--listen", f"unix:{folder}/socket"]
        mistakes = (
            ("serve", ["--app", "tests.nothing:x", *unix], "there is no module 'tests.nothing'"),
            ("twistd", ["--app", "tests.end_to_end.broken_application:x"], "a_library_that_nobody"),
            ("serve", ["--app", f"{app}:leaves", *unix], "worker 1 (process"),
            ("serve", ["--app", f"{app}:only_once", *unix], "worker 2 (process"),
            ("twistd", ["--app", f"{app}:only_once", *unix], "somebody else has it"),
            ("serve", [*APP, *unix, "--max-depth", "0"], "at least 1"),
            ("serve", [*APP, *unix, "--listen", f"unix:{folder}/no/socket"], "No such file"),
            ("twistd", [*APP, *unix, "--listen", "haproxy:tcp:0"], "cannot be shared"),
            ("twistd", [*APP, *unix, "--workers", "0"], "--workers should be"),
        )  # fmt: skip
        with copies(ROOT, GATEWAY_TEST=str(folder / "once")) as commands:
            for starter, arguments, told in mistakes:
                done = commands.run([*STARTERS[starter], *WORKERS, *arguments])
                text = done.stdout + done.stderr
                self.assertEqual(1, done.returncode, (arguments, text))
                self.assertEqual(1, text.count(told), text)
                self.assertIn(told, text.splitlines()[-1])
                self.assertNotIn("Traceback", text)
                (folder / "once").unlink(missing_ok=True)
                self.assertEqual([], os.listdir(folder), arguments)

    def test_a_daemon_has_one_log_and_leaves_no_pid_file(self):
        folder = self.folder()
        twistd = ["twistd", "--pidfile=pid", "--logfile=log", "aiorest_gw", *WORKERS]
        listen = ["--listen", "unix:socket"]
        done = run([*twistd, "--app", "tests.nothing:x", *listen], folder)
        self.assertEqual(1, done.returncode)
        self.assertIn("there is no module", done.stderr)
        # The daemon removes it when it has told why it does not start.
        until(lambda: os.listdir(folder) == ["log"])
        done = run([*twistd, *APP, *listen], folder)
        self.assertEqual(0, done.returncode, done.stderr)
        supervisor = int((folder / "pid").read_text())
        with contextlib.ExitStack() as stack:
            stack.callback(kill, supervisor)
            clients = one_of_each(
                stack, lambda: unix_connect(f"{folder}/socket", "ws://localhost/")
            )
            for client in clients.values():
                self.assertEqual(500, ask(client, "GET", "/bug", id=1)["status"])
            os.kill(supervisor, signal.SIGTERM)
            until(lambda: not any(map(is_there, (supervisor, *clients))))
        self.assertEqual(["log"], os.listdir(folder))
        log = (folder / "log").read_text()
        for worker in (1, 2):
            self.assertRegex(log, rf"\[worker {worker} .*RuntimeError: a mistake in a view")

    def close_code_behind_the_answer(self, client):
        """The work that was open is answered before the connection is closed."""
        self.assertEqual({"data": True, "event_name": None}, json.loads(client.recv(PATIENCE)))
        with self.assertRaises(ConnectionClosed) as closed:
            client.recv(PATIENCE)
        return closed.exception.rcvd.code


def work(client):
    """Begin a request that takes a second; it is open when this returns."""
    client.send(json.dumps({"method": "GET", "url": "/thread", "args": {"seconds": 1}}))
    ask(client, "GET", "/hello/x", id=1)


def kill(process):
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
