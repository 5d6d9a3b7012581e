"""``aiorest-gw listen``: pushes on their way to a shell."""

import contextlib
import json
import re
import signal

from websockets.exceptions import ConnectionClosed

from aiorest_gw.testing import FlakyProxy

from ..end_to_end.gateways import PATIENCE, ROOT, ask, running
from .shells import SERVE, ShellTestCase, lines


class ListenTests(ShellTestCase):
    def setUp(self):
        super().setUp()
        # What others publish is not heard here.
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.gateway = stack.enter_context(running(SERVE, ROOT))
        self.url = self.gateway.url

    @contextlib.contextmanager
    def listening(self, *arguments, url=None):
        """Once it hears whatever is pushed."""
        with self.started("listen", url or self.url, *arguments) as process:
            self.assertIn("listening to", process.stderr.readline())
            yield process

    def publish(self, *numbers):
        for number in numbers:
            with self.gateway.connect() as publisher:
                self.assertNotIn("detail", ask(publisher, "POST", "/news", data=number))

    def tell_all(self, method, url, **keys):
        """What reaches all sessions reaches that too which asks for it: instead of the answer, or before."""
        with self.gateway.connect() as connection:
            connection.send(json.dumps({"method": method, "url": url} | keys))
            with contextlib.suppress(ConnectionClosed):
                connection.recv(timeout=PATIENCE)

    def end(self, process, number=signal.SIGINT):
        """Interrupt it, and take what it says then."""
        process.send_signal(number)
        return process.communicate(timeout=PATIENCE)

    def place(self, told):
        return re.search(r"--since=\S+:\d+", told)[0]

    def test_publications_of_topics_are_printed_a_line_each(self):
        with self.listening("news") as process:
            self.publish({"id": 1}, "two")
            first, second = process.stdout.readline(), process.stdout.readline()
            self.end(process)
        self.assertRegex(first, r'^\d\d:\d\d:\d\d\.\d{3}  news  1  told  {"id":1}\n$')
        self.assertRegex(second, r'  news  2  told  "two"\n$')
        self.assertEqual(130, process.returncode)

    def test_programs_get_lines_of_json_and_it_ends_after_as_many_as_they_want(self):
        with self.listening("news", "--json", "--count", "2") as process:
            self.publish(1, 2, 3)
            out, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(0, process.returncode, errors)
        heard = lines(out)
        self.assertEqual([("news", 1, "told", 1), ("news", 2, "told", 2)],
                         [tuple(one[key] for key in ("topic", "offset", "event_name", "data")) for one in heard])  # fmt: skip
        self.assertRegex(heard[0]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_without_a_topic_all_that_is_pushed_is_printed(self):
        with self.listening("--json") as process:
            self.tell_all("POST", "/orders", data=5)
            self.assertEqual(("order.changed", 5, None), self.heard(process))

    def heard(self, process):
        push = json.loads(process.stdout.readline())
        return push["event_name"], push["data"], push["topic"]

    def test_events_are_chosen_by_name_besides_topics(self):
        with self.listening("news", "--event", "order.*", "--json") as process:
            self.tell_all("POST", "/orders", data=5)
            self.assertEqual(("order.changed", 5, None), self.heard(process))
            self.publish(6)
            self.assertEqual(("told", 6, "news"), self.heard(process))
        with self.listening("--event", "other", "--event", "order.changed", "--json") as process:
            self.tell_all("POST", "/orders", data=7)
            self.assertEqual(("order.changed", 7, None), self.heard(process))

    def test_it_goes_on_where_it_stopped(self):
        with self.listening("news", "--count", "1") as process:
            self.publish(1, 2)
            place = self.place(process.communicate(timeout=PATIENCE)[1])
        self.publish(3)
        with self.started("listen", self.url, "news", place, "--count", "2", "--json") as process:
            out, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual([2, 3], [one["data"] for one in lines(out)])
        self.assertTrue(self.place(errors).endswith(":3"))

    def test_what_is_not_kept_any_more_is_told(self):
        self.publish(1)
        with self.started("listen", self.url, "news", "--since", "another:1") as process:
            self.assertIn("lost of news: not all", process.stderr.readline())

    def test_a_lost_connection_is_told_and_nothing_of_the_topic_is_missing(self):
        with FlakyProxy(self.gateway.port) as proxy, self.listening(
            "news", "--json", url=f"ws://127.0.0.1:{proxy.port}/"
        ) as process:  # fmt: skip
            proxy.cut()
            self.publish(1)
            self.assertEqual(("told", 1, "news"), self.heard(process))
            self.assertIn("the connection is lost", process.stderr.readline())
            self.assertIn("resumed: nothing is missing", process.stderr.readline())

    def test_a_lost_session_is_told(self):
        with self.listening("news", "--json") as process:
            self.tell_all("DELETE", "/sessions")
            told = [process.stderr.readline() for _ in range(2)]
            self.assertIn("4003", told[0])
            self.assertIn("lost of the session", told[1])

    def test_a_topic_that_is_refused_is_told(self):
        done = self.run_command("listen", self.url, "secret")
        self.assertEqual((1, ""), (done.returncode, done.stdout))
        self.assertIn("403: ", done.stderr)

    def test_a_gateway_that_closes_for_good_is_told(self):
        with self.listening() as process:
            self.tell_all("DELETE", "/sessions", args={"code": 4501})
            _, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(4, process.returncode)
        self.assertIn("4501", errors)

    def test_a_pipe_that_nobody_reads_any_more_ends_it_quietly(self):
        with self.listening("news", "--json") as process:
            process.stdout.close()
            self.publish(1)
            errors = process.stderr.read()
            self.assertEqual(141, process.wait(PATIENCE))
        self.assertRegex(errors, r"^aiorest-gw listen: news goes on with \S+\n$")

    def test_mistakes_are_told(self):
        self.assert_refused("one topic", "listen", self.url, "--since", "a:1")
        self.assert_refused("one topic", "listen", self.url, "a", "b", "--since", "a:1")
        self.assert_refused("no place", "listen", self.url, "a", "--since", "17")
        self.assert_refused("1 or more", "listen", self.url, "--count", "0")
        self.assert_refused("no name such as", "listen", self.url, "--event", "a*b")
        self.assert_refused("has a name", "listen", self.url, "")
