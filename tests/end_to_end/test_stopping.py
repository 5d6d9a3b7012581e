"""Signals: what is open is finished, and the process ends with status 0."""

import concurrent.futures
import json
import signal
import socket
import subprocess
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from websockets.exceptions import ConnectionClosed

from .gateways import APP, BIN, LISTEN, PATIENCE, ROOT, STARTERS, ask, running


def _end_of(client):
    """The code that a connection is closed with."""
    try:
        client.recv(PATIENCE)
    except ConnectionClosed as closed:
        return closed.rcvd.code


class StoppingTests(SynchronousTestCase):
    def test_open_requests_are_finished_first(self):
        for name in ("twistd", "twistd on epoll", "serve"):
            with running([*STARTERS[name], *APP, *LISTEN], ROOT) as gateway:
                client = gateway.connect()
                client.send(json.dumps({"method": "GET", "url": "/thread", "args": {"seconds": 1}}))
                self.assertIn("data", ask(client, "GET", "/hello/x", id=1))
                gateway.process.send_signal(signal.SIGTERM)
                self.assertEqual(
                    {"data": True, "event_name": None}, json.loads(client.recv(PATIENCE))
                )
                with self.assertRaises(ConnectionClosed) as closed:
                    client.recv(PATIENCE)
                self.assertEqual(4001, closed.exception.rcvd.code)
                self.assertEqual(0, gateway.wait(), name)

    def test_with_SIGTERM_connections_are_closed_one_after_the_other(self):
        """Those that are left are served meanwhile; CTRL-C closes all at once."""
        for number, options in ((signal.SIGTERM, []), (signal.SIGTERM, ["--workers", "2"]),
                                (signal.SIGINT, [])):  # fmt: skip
            command = [*STARTERS["serve"], *APP, *LISTEN, "--drain-window", "3", *options]
            with running(command, ROOT) as gateway:
                clients = [gateway.connect() for _ in range(20)]
                gateway.process.send_signal(number)
                with concurrent.futures.ThreadPoolExecutor(20) as pool:
                    ends = [pool.submit(_end_of, client) for client in clients]
                    first = next(concurrent.futures.as_completed(ends, PATIENCE))
                    self.assertEqual(4001, first.result())
                    if number == signal.SIGTERM:
                        left = [c for c, end in zip(clients, ends, strict=True) if not end.done()]
                        self.assertGreater(len(left), 5)
                    self.assertEqual({4001}, {end.result(PATIENCE) for end in ends})
                self.assertEqual(0, gateway.wait())

    def test_the_end_of_the_terminal_is_as_orderly(self):
        """It is told twice, and there is nobody to write to any more."""
        for workers in ("1", "2"):
            command = [*STARTERS["serve"], *APP, *LISTEN, "--workers", workers]
            with running(command, ROOT) as gateway:
                client = gateway.connect()
                client.send(json.dumps({"method": "GET", "url": "/thread", "args": {"seconds": 1}}))
                self.assertIn("data", ask(client, "GET", "/hello/x", id=1))
                gateway.process.stdout.close()
                for _ in range(2):
                    gateway.process.send_signal(signal.SIGHUP)
                self.assertEqual(
                    {"data": True, "event_name": None}, json.loads(client.recv(PATIENCE))
                )
                self.assertEqual(0, gateway.process.wait(PATIENCE))

    def test_as_soon_as_it_listens_it_ends_in_order(self):
        for name, options, number in (
            ("serve", [], signal.SIGTERM),
            ("twistd", [], signal.SIGHUP),
            ("serve", ["--workers", "2"], signal.SIGHUP),
        ):
            with running([*STARTERS[name], *APP, *LISTEN, *options], ROOT) as gateway:
                self.assertEqual(0, gateway.stop(number), gateway.output)

    def test_what_does_not_finish_is_answered_and_ended(self):
        """A view that is stuck in a thread does not keep the process."""
        command = [*STARTERS["serve"], *APP, *LISTEN, "--drain-timeout", "0.5"]
        with running(command, ROOT) as gateway:
            client = gateway.connect()
            client.send(
                json.dumps({"method": "GET", "url": "/thread", "args": {"seconds": 600}, "id": 1})
            )
            client.send(json.dumps({"method": "GET", "url": "/never", "id": 2}))
            self.assertIn("data", ask(client, "GET", "/hello/x", id=3))
            gateway.process.send_signal(signal.SIGTERM)
            answers = [json.loads(client.recv(PATIENCE)) for _ in range(2)]
            self.assertEqual([504, 504], [answer["status"] for answer in answers])
            self.assertEqual(0, gateway.wait())

    def test_a_second_signal_ends_at_once(self):
        command = [*STARTERS["serve"], *APP, *LISTEN, "--drain-timeout", "600"]
        with running(command, ROOT) as gateway:
            client = gateway.connect()
            client.send(json.dumps({"method": "GET", "url": "/never", "id": 2}))
            self.assertIn("data", ask(client, "GET", "/hello/x", id=3))
            gateway.process.send_signal(signal.SIGINT)
            for line in gateway.process.stdout:
                if "stopping" in line:
                    break
            self.assertEqual(0, gateway.stop(signal.SIGINT))

    def test_an_application_that_still_loads_is_given_up_without_a_word(self):
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "slow.py").write_text(
            "print('loading', flush=True)\nimport time\ntime.sleep(600)\n"
        )
        for workers in ("1", "2"):
            process = subprocess.Popen(
                [
                    BIN / "aiorest-gw",
                    "serve",
                    "--app",
                    "slow:router",
                    "--workers",
                    workers,
                    *LISTEN,
                ],
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                # What a shell runs in the background ignores it, and so do all that it starts.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
            try:
                self.assertIn("loading", process.stdout.readline())
                process.send_signal(signal.SIGINT)
                self.assertEqual(("", ""), process.communicate(timeout=PATIENCE))
                self.assertEqual(128 + signal.SIGINT, process.returncode)
            finally:
                process.kill()
                process.communicate()

    def test_nobody_is_let_in_any_more(self):
        command = [*STARTERS["serve"], *APP, *LISTEN]
        with running(command, ROOT) as gateway:
            client = gateway.connect()
            client.send(json.dumps({"method": "GET", "url": "/never"}))
            self.assertIn("data", ask(client, "GET", "/hello/x", id=3))
            gateway.process.send_signal(signal.SIGTERM)
            for line in gateway.process.stdout:
                if "stopping" in line:
                    break
            self.assertRaises(OSError, self._until_refused, gateway)
            self.assertEqual(0, gateway.stop())

    def _until_refused(self, gateway):
        """The signal is handled in the gateway's own time."""
        while True:
            socket.create_connection(("127.0.0.1", gateway.port), PATIENCE).close()
