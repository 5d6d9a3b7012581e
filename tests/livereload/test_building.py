"""Commands that make a site: real ones, told in the reactor's thread."""

import os
import resource
import signal
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from aiorest_gw.livereload.building import Build, Builder
from tests.end_to_end.gateways import until


def alive(process):
    """Whether it runs; whoever has ended is a zombie until its parent has looked."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class BuilderTests(TestCase):
    timeout = 30

    def make(self, command):
        self.lines = []
        self.ended = Deferred()
        self.builder = Builder(reactor, command, self.mktemp_folder(), self.lines.append, self.end)
        self.addCleanup(self.builder.stop)
        self.builder.start()
        return self.builder

    def mktemp_folder(self):
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        return str(self.folder)

    def end(self, build):
        self.ended.callback(build)

    async def build(self, command):
        self.make(command)
        return await self.ended

    async def test_its_lines_are_told_as_they_come_and_then_its_end(self):
        build = await self.build("echo one; echo two >&2; pwd")
        self.assertEqual(["one", "two", str(self.folder.absolute())], self.lines)
        self.assertEqual(Build(0, "\n".join(self.lines)), build)
        self.assertFalse(self.builder.runs)

    async def test_a_failure_is_told_with_the_end_of_what_it_wrote(self):
        build = await self.build("seq 1 100; exit 3")
        self.assertEqual((3, "89", "100"), (build.status, *build.last.split("\n")[::11]))
        self.assertEqual(100, len(self.lines))

    async def test_a_command_that_there_is_not_fails_as_in_a_shell(self):
        build = await self.build("no-such-command-is-there")
        self.assertEqual(127, build.status)
        self.assertIn("no-such-command-is-there", build.last)

    async def test_a_signal_is_told(self):
        self.assertEqual(-signal.SIGKILL, (await self.build("kill -KILL $$")).status)

    async def test_bytes_that_are_no_text_and_long_lines_do_no_harm(self):
        await self.build(r"printf '\377\376\n'; head -c 100000 /dev/zero | tr '\0' x")
        self.assertEqual(["\ufffd\ufffd", "x" * 500], self.lines)

    async def test_a_line_without_end_fills_no_memory(self):
        """Of two hundred megabytes, nobody keeps more than a line's beginning."""
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await self.build(r"head -c 200000000 /dev/zero | tr '\0' x")
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.assertEqual(["x" * 500], self.lines)
        self.assertLess(grown, 100_000)

    async def test_a_command_that_writes_without_end_holds_up_nobody(self):
        self.make("yes")
        while len(self.lines) < 5_000:
            before = len(self.lines)
            await deferLater(reactor, 0)
            self.assertLess(len(self.lines) - before, 1_000)

    async def test_what_it_leaves_running_does_not_keep_it_from_ending(self):
        build = await self.build("sleep 1000 & echo $!")
        self.addCleanup(os.kill, int(build.last), signal.SIGKILL)
        self.assertEqual(0, build.status)

    async def test_one_that_cannot_be_begun_has_ended(self):
        self.ended = Deferred()
        folder = self.mktemp()
        builder = Builder(reactor, "true", folder, self.fail, self.end)
        builder.start()
        build = await self.ended
        self.assertEqual((127, False), (build.status, builder.runs))
        self.assertIn(folder, build.last)

    async def test_it_reads_nothing_from_the_terminal(self):
        self.assertEqual(0, (await self.build("cat")).status)

    async def test_it_may_run_again_but_not_twice_at_once(self):
        await self.build("true")
        self.ended = Deferred()
        self.builder.start()
        self.assertRaises(RuntimeError, self.builder.start)
        self.assertEqual(0, (await self.ended).status)

    async def test_what_is_stopped_ends_with_all_that_it_started_and_is_told_no_more(self):
        heard = Deferred()
        builder = Builder(
            reactor, "sleep 1000 & echo $!; wait", self.mktemp_folder(), heard.callback, self.fail
        )
        builder.start()
        started = int(await heard)
        self.assertTrue(alive(started))
        builder.stop()
        builder.stop()
        self.assertFalse(builder.runs)
        until(lambda: not alive(started))
        self.assertNotEqual(os.getpid(), started)
