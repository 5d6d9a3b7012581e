"""What a client for asyncio needs of the server, and of Twisted: nothing."""

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from tests.end_to_end.gateways import ROOT

LOADED = """
import sys
import {module}
print(sorted({{name.partition(".")[0] for name in sys.modules}} & {{"twisted", "autobahn", "zope", "txaio"}}))
"""


class ImportTests(SynchronousTestCase):
    def loaded_by(self, module):
        program = LOADED.format(module=module)
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
        )
        return done.stdout.strip()

    def test_clients_for_asyncio_and_for_scripts_load_nothing_of_twisted(self):
        for module in ("aiorest_gw.client.aio", "aiorest_gw.client.blocking", "aiorest_gw"):
            self.assertEqual("[]", self.loaded_by(module), module)

    def test_that_would_be_seen(self):
        self.assertIn("twisted", self.loaded_by("aiorest_gw.client.on_twisted.world"))

    def test_each_name_of_the_packages_is_there(self):
        import aiorest_gw
        import aiorest_gw.client
        import aiorest_gw.client.aio

        for package in (aiorest_gw, aiorest_gw.client, aiorest_gw.client.aio):
            for name in package.__all__:
                self.assertTrue(hasattr(package, name), (package, name))
                self.assertIn(name, dir(package))
            self.assertRaises(AttributeError, getattr, package, "nothing_of_that_name")
