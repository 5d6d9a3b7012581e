"""The verdict on a run is no better than its worst case."""

import json

from twisted.trial.unittest import SynchronousTestCase

from .cases import CORE, SELECTIONS, Group
from .verdicts import Outcome, Verdict, conforms, read_verdicts, table

PAIR = Group("1", ("1.*",), 2)


def outcome(*words, group=PAIR, complaint=""):
    """Of cases 1.1, 1.2 …, each with what the suite says of its behaviour and of its close."""
    cases = {
        f"1.{number}": {"behavior": behavior, "behaviorClose": close}
        for number, (behavior, close) in enumerate(words, 1)
    }
    return Outcome("loop", group, read_verdicts(json.dumps({"x": cases})), 1.0, complaint)


FINE = ("OK", "OK")


class VerdictTests(SynchronousTestCase):
    def test_all_ok_conforms(self):
        self.assertTrue(conforms([outcome(FINE, FINE)]))

    def test_a_close_is_judged_as_the_behaviour_is(self):
        for close in ("WRONG CODE", "UNCLEAN", "FAILED BY CLIENT", "FAILED"):
            run = outcome(FINE, ("OK", close))
            self.assertFalse(conforms([run]), close)
            self.assertEqual(["1.2: failed"], run.bad())

    def test_non_strict_does_not_conform(self):
        run = outcome(FINE, ("NON-STRICT", "OK"))
        self.assertFalse(conforms([run]))
        self.assertEqual(["1.2: non-strict"], run.bad())

    def test_a_word_that_is_not_known_is_a_failure(self):
        self.assertEqual(["1.1: failed"], outcome(("UNIMPLEMENTED", "OK"), FINE).bad())

    def test_only_the_cases_without_a_pass_mark_may_be_informational(self):
        noted = {"behavior": "INFORMATIONAL", "behaviorClose": "INFORMATIONAL"}
        verdicts = read_verdicts(json.dumps({"x": {"7.1.6": noted, "7.1.5": noted}}))
        self.assertEqual(["7.1.5: informational"], Outcome("loop", PAIR, verdicts, 1.0).bad())

    def test_a_known_informational_case_that_changed_is_told(self):
        """So that nobody believes the table for longer than it is true."""
        verdicts = {"7.1.6": Verdict.OK}
        self.assertEqual(["7.1.6: OK"], Outcome("loop", PAIR, verdicts, 1.0).bad())

    def test_cases_that_were_not_run_have_failed(self):
        run = outcome(FINE)
        self.assertFalse(conforms([outcome(FINE, FINE), run]))
        self.assertEqual(1, run.counts()[Verdict.FAILED])

    def test_a_complaint_does_not_conform(self):
        self.assertFalse(conforms([outcome(FINE, FINE, complaint="the server complained")]))

    def test_the_table_has_the_sums_of_each_endpoint(self):
        head, row = table([outcome(FINE, FINE), outcome(("FAILED", "OK"))]).splitlines()
        self.assertEqual(
            ["cases", "OK", "informational", "non-strict", "failed", "seconds"], head.split()
        )
        self.assertEqual(["loop", "4", "2", "0", "0", "2", "2"], row.split())


class CaseTests(SynchronousTestCase):
    def test_every_case_of_the_suite_is_selected_once(self):
        groups = [group for step in SELECTIONS["all"] for group in step]
        patterns = [pattern for group in groups for pattern in group.patterns]
        self.assertEqual(517, sum(group.count for group in groups))
        self.assertEqual(247, CORE.count)
        self.assertEqual(len(patterns), len(set(patterns)))
