"""Every example of the documents runs, and says what really happens."""

import doctest
import re
import sys
import textwrap
import types
import unittest
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.rst", *sorted((ROOT / "docs").rglob("*.rst"))]
# Their programs, and the README's with a client, need a gateway: tests.end_to_end.test_client_documents
# runs them.
WITH_GATEWAY = {"clients.rst", "from-python-socketio.rst"}
CODE = re.compile(
    r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)|((?:^(?:>>>|\.\.\.) .*\n(?:(?!>>>).+\n)*)+)",
    re.M,
)


def pieces(text):
    """Blocks of code and of interaction, in their order."""
    for found in CODE.finditer(text):
        if found[1] is not None:
            yield "code", textwrap.dedent(found[1])
        else:
            yield "interaction", found[2]


class DocumentTests(SynchronousTestCase):
    def test_examples_run(self):
        self.addCleanup(sys.modules.pop, "app", None)
        ran = 0
        for path in DOCUMENTS:
            if path.name in WITH_GATEWAY:
                continue
            names: dict = {"__name__": "document"}
            for kind, text in pieces(path.read_text()):
                ran += 1
                if text.startswith("from aiorest_gw.client "):
                    continue
                if kind == "code":
                    exec(compile(text, str(path), "exec"), names)
                    # The README's first block is the ``app.py`` that its second one imports.
                    sys.modules.setdefault("app", types.SimpleNamespace(**names))
                else:
                    self.interact(text, names, path)
            self.run_test_cases(names, path)
        self.assertGreater(ran, 50)

    def interact(self, text, names, path):
        test = doctest.DocTestParser().get_doctest(text, names, str(path), str(path), 0)
        said = []
        flags = doctest.IGNORE_EXCEPTION_DETAIL | doctest.NORMALIZE_WHITESPACE
        doctest.DocTestRunner(optionflags=flags).run(test, out=said.append, clear_globs=False)
        self.assertEqual([], said, "".join(said))
        names.update(test.globs)

    def run_test_cases(self, names, path):
        """The test cases that a document shows."""
        for value in names.values():
            if isinstance(value, type) and issubclass(value, unittest.TestCase):
                if value.__module__ == "document":
                    result = unittest.TestResult()
                    unittest.defaultTestLoader.loadTestsFromTestCase(value).run(result)
                    self.assertEqual([], result.errors + result.failures, path)
                    self.assertGreater(result.testsRun, 0)

    def test_the_readmes_session_is_what_the_gateway_answers(self):
        """Each ``>`` line of the README is answered by the ``<`` line below it."""
        from aiorest_gw.testing import GatewayTestCase

        readme = (ROOT / "README.rst").read_text()
        names: dict = {}
        exec(next(text for kind, text in pieces(readme) if kind == "code"), names)
        talk = re.findall(r"^    > (.*)\n    < (.*)\n", readme, re.M)
        self.assertEqual(3, len(talk))

        class Talk(GatewayTestCase):
            def runTest(case):  # noqa: N805 (two selves in one place)
                client = case.connect(case.serve(names["router"]))
                for asked, answered in talk:
                    client.send(asked.encode())
                    case.assertEqual(answered, client.messages.pop().decode())

        result = unittest.TestResult()
        Talk().run(result)
        self.assertEqual([], result.errors + result.failures)

    def test_what_shows_a_promise_of_security_is_there(self):
        from benchmarks.floods.kinds import FLOODS

        text = (ROOT / "docs" / "security.rst").read_text()
        for name in re.findall(r"``(tests/[\w/]+\.py)``", text):
            self.assertTrue((ROOT / name).exists(), name)
        floods = re.findall(r"``(\w+-\w+)``|^``(\w+)`` +\d", text, re.M)
        self.assertGreater(len(floods), 20)
        for name in map("".join, floods):
            self.assertIn(name, set(FLOODS))

    def test_links_between_documents_and_files_lead_somewhere(self):
        for path in DOCUMENTS:
            for target in re.findall(r":doc:`(?:[^<`]*<)?([\w/.\-]+)>?`", path.read_text()):
                self.assertTrue((path.parent / f"{target}.rst").exists(), (path, target))
