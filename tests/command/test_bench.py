"""``aiorest-gw bench``: measured against a gateway."""

import json
import signal
import subprocess
import sys
from pathlib import Path

from ..end_to_end.gateways import PATIENCE, ROOT, ask, environment, running, until
from .shells import PLAIN, SERVE, WITHOUT, ShellTestCase


class BenchTests(ShellTestCase):
    def bench(self, *arguments, status=0):
        """What is measured, for programs."""
        done = self.run_command("bench", self.url, "--json", *arguments)
        self.assertEqual(status, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def test_it_tells_how_many_and_how_fast(self):
        found = self.bench(
            "--duration", "0.5", "--connections", "3", "--in-flight", "2", "--msgpack"
        )
        self.assertEqual({"200": found["requests"]}, found["statuses"])
        self.assertEqual((0, 0, 0), (found["failures"], found["unsent"], found["disconnections"]))
        self.assertGreater(found["requests"], 20)
        self.assertTrue(0.4 < found["seconds"] < 0.7)
        latency = found["latency"]
        self.assertEqual(["mean", "p50", "p90", "p99", "p99.9", "max"], list(latency))
        ordered = [latency[name] for name in ("p50", "p90", "p99", "p99.9", "max")]
        self.assertEqual(sorted(ordered), ordered)
        self.assertGreater(latency["p50"], 0)
        self.assertGreater(found["bench_cpu"], 0)

    def test_a_rate_is_kept(self):
        found = self.bench("--duration", "1", "--rate", "100", "--connections", "2")
        asked = found["requests"] + found["unsent"]
        self.assertLessEqual(asked, 101)
        # Those that were due in its last moments, where the machine is busy, are not asked any more.
        self.assertGreater(asked, 80)

    def test_what_it_counts_is_what_the_gateway_was_asked(self):
        with running(SERVE, ROOT) as gateway, gateway.connect() as looking:
            before = 0
            for warm_up in ([], ["--warm-up", "0.3"]):
                load = ["--path", "/hiccup", "--connections", "5", "--duration", "0.7", "--json"]
                done = self.run_command("bench", gateway.url, *load, *warm_up)
                asked = ask(looking, "GET", "/asked/hiccup")["data"] - before
                before += asked
                counted = json.loads(done.stdout)["requests"]
                if warm_up:
                    self.assertTrue(0 < counted < asked)
                else:
                    self.assertEqual(asked, counted)

    def test_failures_are_counted_by_status(self):
        found = self.bench("--duration", "0.2", "--path", "/users/99", status=1)
        self.assertEqual({"404": found["failures"]}, found["statuses"])
        self.assertGreater(found["failures"], 0)
        self.assertEqual(
            ["500"], [*self.bench("--duration", "0.1", "--path", "/bug", status=3)["statuses"]]
        )

    def test_requests_have_a_body_of_a_size_or_one_that_is_given(self):
        for body in (["--payload", "100"], ["--data", '{"name": "Ann"}']):
            status = 1 if "100" in body else 0
            found = self.bench(
                "--duration", "0.2", "--method", "post", "--path", "/users", *body, status=status
            )
            # A text is no customer.
            self.assertEqual([("200", "422")[status]], [*found["statuses"]])

    def test_what_is_never_answered_is_told(self):
        found = self.bench("--duration", "0.2", "--path", "/never", "--timeout", "0.2", status=5)
        self.assertEqual({"unanswered": 1}, found["statuses"])

    def test_what_waits_behind_a_slow_answer_is_slow_too(self):
        """Of those that were due while the gateway stood still, one alone had been sent."""
        with running(SERVE, ROOT) as gateway:
            asked = [
                "--path",
                "/hiccup",
                "--duration",
                "1",
                "--json",
                "--in-flight",
                "1",
                "--rate",
                "100",
            ]
            done = self.run_command("bench", gateway.url, *asked)
        self.assertGreater(json.loads(done.stdout)["latency"]["p90"], 0.3)

    def test_a_rate_that_is_too_much_is_told(self):
        asked = ["--rate", "100000", "--duration", "0.2", "--in-flight", "1"]
        done = self.run_command("bench", self.url, *asked)
        self.assertIn("were due and not sent", done.stderr)

    def test_what_warms_up_is_not_measured(self):
        found = self.bench("--warm-up", "0.5", "--duration", "0.5", "--rate", "100")
        self.assertIn(found["requests"] + found["unsent"], (49, 50, 51))

    def test_interrupted_it_shows_what_was_measured(self):
        with running(SERVE, ROOT) as gateway, gateway.connect() as looking:
            asked = ["bench", gateway.url, "--path", "/hiccup", "--duration", "3600", "--json"]
            with self.started(*asked) as process:
                until(lambda: ask(looking, "GET", "/asked/hiccup")["data"] > 50)
                process.send_signal(signal.SIGINT)
                out, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual((130, ""), (process.returncode, errors))
        found = json.loads(out)
        self.assertGreater(found["requests"], 40)
        self.assertLess(found["seconds"], 3_000)
        self.assertGreater(found["requests_per_second"], 1)

    def test_people_see_a_table(self):
        done = self.run_command("bench", self.url, "--duration", "0.2")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("GET /~/ping on 1 connection\n", done.stdout)
        for name in ("requests", "failures", "p50", "p99.9", "max", "CPU of the bench"):
            self.assertRegex(done.stdout, rf"(?m)^{name}  +\S")

    def test_mistakes_are_told(self):
        self.assert_refused("1 or more", "bench", self.url, "--connections", "0")
        self.assert_refused("more than 0", "bench", self.url, "--rate", "-1")
        self.assert_refused("not allowed with", "bench", self.url, "--data", "1", "--payload", "1")
        self.assert_refused("is '/x' meant?", "bench", self.url, "--path", "x")
        self.assert_refused("is no plot", "bench", self.url, "--plot", "bench.doc")
        self.assert_refused("no folder", "bench", self.url, "--plot", "/no/folder/bench.png")
        done = self.run_command("bench", "ws://127.0.0.1:1/", "--connections", "3")
        self.assertEqual((4, 1), (done.returncode, len(done.stderr.splitlines())), done.stderr)


class PlotTests(ShellTestCase):
    def run_plot(self, target):
        return self.run_command("bench", self.url, "--duration", "0.2", "--plot", target)

    def test_a_plot_is_written_to_a_file(self):
        path = Path(self.mktemp() + ".png").absolute()
        done = self.run_plot(str(path))
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertTrue(path.read_bytes().startswith(b"\x89PNG\r\n"))

    def test_a_plot_is_drawn_in_the_terminal(self):
        done = self.run_plot("-")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("latency in ms by percentile", done.stdout)
        self.assertIn("99 %", done.stdout)
        self.assertNotIn("\x1b", done.stdout)

    def test_a_library_that_is_missing_is_named_before_anything_is_measured(self):
        for library, target in (("matplotlib", "bench.png"), ("plotext", "-")):
            done = subprocess.run(
                [sys.executable, "-c", WITHOUT.format(library), "bench", self.url, "--plot", target],
                capture_output=True, text=True, check=False, env=environment(**PLAIN), timeout=PATIENCE,
                cwd=ROOT,
            )  # fmt: skip
            self.assertEqual((2, ""), (done.returncode, done.stdout))
            self.assertIn("pip install 'aiorest_gw[plot]'", done.stderr)
            self.assertEqual(1, len(done.stderr.splitlines()))
