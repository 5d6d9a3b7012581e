"""Names of files that are remembered, up to a number."""

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.develop.names import Names


class NamesTests(SynchronousTestCase):
    def test_what_was_told_first_is_forgotten_first(self):
        names = Names(3)
        names.add(["a", "b", "c"])
        names.add(["a", "d"])
        self.assertEqual([True, False, True, True], [name in names for name in "abcd"])

    def test_however_much_is_told_no_more_is_kept(self):
        names = Names(100)
        for number in range(1_000):
            names.add([f"{number}.html", "again.html"])
        self.assertEqual((100, True), (len(names), "again.html" in names))
