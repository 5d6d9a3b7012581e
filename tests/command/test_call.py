"""``aiorest-gw call``: requests from the shell, and what the shell is told."""

import json
import signal
import socket
import subprocess
from pathlib import Path

from ..end_to_end.gateways import BIN, PATIENCE, ROOT, environment
from .shells import PLAIN, SERVE_LOCKED, ShellTestCase, lines


class CallTests(ShellTestCase):
    def assert_answered(self, expected, *arguments):
        done = self.call(*arguments)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual(expected, json.loads(done.stdout))

    def assert_failed(self, status, told, *arguments):
        done = self.call(*arguments)
        self.assertEqual((status, ""), (done.returncode, done.stdout), done.stderr)
        self.assertIn(told, done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_the_answers_data_is_printed_as_json(self):
        for method in ("GET", "get"):
            self.assert_answered({"id": 1, "name": "Ann"}, method, "/users/1")
        self.assert_answered(
            {"id": 2, "name": "Bob"}, "POST", "/users", "--data", '{"name": "Bob"}'
        )
        self.assert_answered(None, "/nothing")

    def test_without_a_verb_it_is_get(self):
        self.assert_answered({"id": 1, "name": "Ann"}, "/users/1")

    def test_options_may_stand_anywhere(self):
        asked = ["call", "--msgpack", self.url, "--arg", "q=x", "GET", "--data", "5", "/echo"]
        self.assertEqual([{"q": "x"}, 5], json.loads(self.run_command(*asked).stdout))

    def test_a_name_that_is_given_twice_has_a_list(self):
        args = ["--arg", "tag=a", "--arg", "tag=b=c", "--arg", "none="]
        self.assert_answered([{"tag": ["a", "b=c"], "none": ""}, None], "/echo", *args)

    def test_data_comes_from_the_command_line_a_file_or_the_standard_input(self):
        path = Path(self.mktemp())
        path.write_text('["from", "a file"]')
        self.assert_answered([{}, ["from", "a file"]], "/echo", "--data", f"@{path.absolute()}")
        self.assert_answered([{}, -5], "/echo", "--data", "-5")
        for piped in ("-", "@-"):
            done = subprocess.run(
                [BIN / "aiorest-gw", "call", self.url, "/echo", "--data", piped], input='"piped"',
                capture_output=True, text=True, check=False, env=environment(**PLAIN), timeout=PATIENCE,
            )  # fmt: skip
            self.assertEqual([{}, "piped"], json.loads(done.stdout), piped)

    def test_parts_are_printed_as_they_come(self):
        self.assertEqual([0, 1, 2], lines(self.call("/count/3").stdout))
        with self.started("call", self.url, "/stuck") as process:
            self.assertEqual("1\n", process.stdout.readline())

    def test_programs_get_a_line_of_json_with_the_status(self):
        created = self.call("POST", "/users", "--data", '{"name": "Bob"}', "--json")
        self.assertEqual([{"status": 201, "data": {"id": 2, "name": "Bob"}}], lines(created.stdout))
        parts = [{"data": 0, "more": True}, {"status": 200, "data": None}]
        self.assertEqual(parts, lines(self.call("/count/1", "--json").stdout))
        refused = self.call("/users/99", "--json")
        self.assertEqual([{"status": 404, "detail": "no such user"}], lines(refused.stdout))
        self.assertEqual((1, ""), (refused.returncode, refused.stderr))

    def test_the_exit_status_tells_the_outcome(self):
        self.assert_failed(1, "404: no such user", "/users/99")
        self.assert_failed(3, "500: ", "/bug")
        self.assert_failed(3, "504: ", "/never", "--deadline", "50")
        self.assert_failed(5, "nothing came in 0.3 s", "/never", "--timeout", "0.3")
        broken = self.call("/broken")
        self.assertEqual((3, "1\n"), (broken.returncode, broken.stdout))
        stuck = self.call("/stuck", "--timeout", "0.3")
        self.assertEqual((5, "1\n"), (stuck.returncode, stuck.stdout))

    def test_what_is_wrong_with_the_data_is_told_line_by_line(self):
        self.assert_failed(1, "  $.data.age: Expected `int`, got `str`", "POST", "/users",
                           "--data", '{"name": "x", "age": "y"}')  # fmt: skip

    def test_interrupted_is_130(self):
        with self.started("call", self.url, "/stuck") as process:
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            self.assertEqual("", process.communicate(timeout=PATIENCE)[1])
            self.assertEqual(130, process.returncode)

    def test_a_pipe_that_nobody_reads_any_more_ends_it_quietly(self):
        with self.started("call", self.url, "/count/100000") as process:
            process.stdout.close()
            self.assertEqual("", process.stderr.read())
            self.assertEqual(141, process.wait(PATIENCE))

    def test_mistakes_of_newcomers_are_told(self):
        http = self.url.replace("ws:", "http:")
        self.assert_refused(f"is {self.url} meant?", "call", http, "/users/1")
        self.assert_refused("write ws:// or wss://", "call", "localhost:8080", "/users/1")
        self.assert_refused("is '/users/1' meant?", "call", self.url, "users/1")
        self.assert_refused("name a path", "call", self.url)
        self.assert_refused("name a path", "call", self.url, "GET")
        self.assert_refused("no verb", "call", self.url, "G=T", "/x")
        self.assert_refused(
            """quotes: --data '"hello"'""", "call", self.url, "/x", "--data", "hello"
        )
        self.assert_refused("(byte 1)\n", "call", self.url, "/x", "--data", "{a: 1}")
        self.assert_refused("/no/file", "call", self.url, "/x", "--data", "@/no/file")
        self.assert_refused("no name=value", "call", self.url, "/x", "--arg", "name")
        self.assert_refused("a name and a value", "call", self.url, "/x", "--header", "Origin")
        self.assert_refused("more than 0", "call", self.url, "/x", "--timeout", "soon")
        self.assert_refused("more than 0", "call", self.url, "/x", "--timeout", "nan")

    def test_no_server_is_told(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            done = self.run_command("call", f"ws://127.0.0.1:{nobody.getsockname()[1]}/", "/x")
        self.assertEqual((4, ""), (done.returncode, done.stdout))
        self.assertIn("could not be connected", done.stderr)
        self.assertEqual(1, len(done.stderr.splitlines()))

    def test_headers_are_those_of_the_handshake(self):
        done = self.call("/users/1", "--header", "Origin: http://elsewhere.example")
        self.assertEqual(4, done.returncode)
        self.assertIn("403", done.stderr)


class TokenTests(ShellTestCase):
    serve = SERVE_LOCKED

    def test_a_token_is_given_by_word_file_or_variable(self):
        path = Path(self.mktemp())
        path.write_text("bob\n")
        self.assertEqual('"ann"\n', self.call("/me", "--token", "ann").stdout)
        self.assertEqual('"bob"\n', self.call("/me", "--token", f"@{path.absolute()}").stdout)
        done = subprocess.run(
            [BIN / "aiorest-gw", "call", self.url, "/me"], capture_output=True, text=True, check=False,
            env=environment(**PLAIN, AIOREST_GW_TOKEN="ann"), cwd=ROOT, timeout=PATIENCE,
        )  # fmt: skip
        self.assertEqual('"ann"\n', done.stdout)

    def test_a_gateway_that_refuses_the_token_is_told_and_the_token_is_not(self):
        for given in (["--token", "hush-hush"], []):
            done = self.call("/me", *given)
            self.assertEqual((1, ""), (done.returncode, done.stdout))
            self.assertIn("401: ", done.stderr)
            self.assertNotIn("hush-hush", done.stderr)
        self.assert_refused("cannot be read", "call", self.url, "/me", "--token", "@/no/file")
