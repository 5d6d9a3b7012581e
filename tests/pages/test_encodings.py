"""Which compressed form a client gets."""

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.encodings import chosen

BOTH = ("br", "gzip")


class ChosenTests(SynchronousTestCase):
    def test_the_best_that_the_client_takes(self):
        for accepted, coding in (
            ("gzip, deflate, br, zstd", "br"),
            ("gzip, deflate", "gzip"),
            ("gzip;q=1.0, br;q=0.9", "gzip"),
            ("br;q=0.8, gzip;q=0.8", "br"),
            ("GZIP", "gzip"),
            ("*", "br"),
            ("br;q=0, *", "gzip"),
            ("*;q=0.5, gzip", "gzip"),
            ("gzip;q=0.001", "gzip"),
        ):
            self.assertEqual(coding, chosen(accepted, BOTH), accepted)

    def test_who_does_not_say_gets_it_as_it_is(self):
        for accepted in (
            None,
            "",
            "identity",
            "deflate",
            "x-gzip",
            "br;q=0, gzip;q=0.000",
            "*;q=0",
        ):
            self.assertIsNone(chosen(accepted, BOTH), accepted)

    def test_who_likes_it_better_as_it_is_gets_that(self):
        self.assertIsNone(chosen("identity, gzip;q=0.5", BOTH))
        self.assertEqual("gzip", chosen("identity;q=0.5, gzip;q=0.5", BOTH))

    def test_who_refuses_it_as_it_is_gets_what_there_is(self):
        self.assertEqual("gzip", chosen("identity;q=0, gzip;q=0.1", BOTH))
        self.assertIsNone(chosen("identity;q=0", BOTH))

    def test_what_is_not_available_is_not_chosen(self):
        self.assertEqual("gzip", chosen("br, gzip;q=0.1", ("gzip",)))
        self.assertIsNone(chosen("br, gzip", ()))
