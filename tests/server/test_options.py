"""Flags and the variables that mirror them; what looks like a mistake is told."""

from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.errors import ConfigurationError
from aiorest_gw.server.options import DEFAULT_LISTEN, GatewayOptions


def parsed(*flags, **variables):
    options = GatewayOptions({f"AIOREST_GW_{name}": text for name, text in variables.items()})
    options.parseOptions(flags)
    return options


class OptionsTests(SynchronousTestCase):
    def test_every_flag_has_a_variable(self):
        switches = ("compress", "twisted-tcp", "single-page")
        flags = [name for name in parsed() if name not in switches]
        variables = {name.replace("-", "_").upper(): "5" for name in flags}
        by_variable = parsed(COMPRESS="yes", TWISTED_TCP="1", SINGLE_PAGE="on", **variables)
        by_flag = parsed(*(f"--{name}" for name in switches), *(f"--{name}=5" for name in flags))
        self.assertEqual(dict(by_flag), dict(by_variable))

    def test_nothing_given_is_the_default(self):
        options = parsed()
        self.assertEqual([DEFAULT_LISTEN], options["listen"])
        self.assertEqual({}, options.limits())
        self.assertIs(False, options["compress"])

    def test_a_misspelt_variable_is_told(self):
        for wrong, meant in (
            ("MAX_DEPHT", "MAX_DEPTH"),
            ("ORIGINS", "ORIGIN"),
            ("LISTENS", "LISTEN"),
        ):
            error = self.assertRaises(ConfigurationError, parsed, **{wrong: "1"})
            self.assertIn(f"is AIOREST_GW_{meant} meant?", error.args[0])

    def test_variables_of_others_are_theirs(self):
        """Kubernetes sets such for a service of the name ``aiorest-gw``."""
        others = {"PORT": "tcp://10.0.0.7:80", "SERVICE_HOST": "10.0.0.7", "JWT_KEY": "k" * 32}
        options = parsed(**others)
        self.assertEqual(dict(parsed()), dict(options))
        self.assertEqual(["AIOREST_GW_PORT", "AIOREST_GW_SERVICE_HOST"], options.unknown)

    def test_a_wrong_number_is_told_where_it_was_written(self):
        error = self.assertRaises(ConfigurationError, parsed(MAX_DEPTH="x").limits)
        self.assertIn("AIOREST_GW_MAX_DEPTH", error.args[0])
        error = self.assertRaises(ConfigurationError, parsed("--max-depth=x").limits)
        self.assertIn("--max-depth", error.args[0])
        self.assertEqual({}, parsed(MAX_DEPTH="").limits())

    def test_an_application_without_its_flag_is_told(self):
        error = self.assertRaises(UsageError, parsed, "package.module:name")
        self.assertIn("--app", str(error))

    def test_workers_are_counted(self):
        self.assertEqual(1, parsed().workers())
        self.assertEqual(2, parsed("--workers=2").workers())
        self.assertEqual(12, parsed(WORKERS="12").workers())
        for wrong in ("two", "0", "-1", "1.5", "²", "+2"):
            error = self.assertRaises(ConfigurationError, parsed(f"--workers={wrong}").workers)
            self.assertEqual(
                f"--workers should be a whole number of at least 1, not {wrong!r}", str(error)
            )
            error = self.assertRaises(ConfigurationError, parsed(WORKERS=wrong).workers)
            self.assertIn("AIOREST_GW_WORKERS", str(error))
