"""An application is loaded again as its files are now, or everything stays as it was."""

import gc
import os
import sys
import weakref

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.errors import ConfigurationError
from aiorest_gw.server.reimporting import LoadingFailed, ReloadableApplication

from .packages import Package

APP = """
    from aiorest_gw import SimpleRouter
    from parts.names import NAME

    router = SimpleRouter()

    @router.get("/name")
    def name(request):
        return NAME
"""


class ReimportingTestCase(SynchronousTestCase):
    def setUp(self):
        self.package = Package(self)
        self.package.write({"app": APP, "parts/__init__": "", "parts/names": "NAME = 'one'\n"})
        self.application = self.load("app:router")

    def load(self, target, **settings):
        made = ReloadableApplication(target, [self.package.folder], settings)
        self.addCleanup(made.close)
        return made

    def names(self):
        return sys.modules["app"].NAME


class LoadingTests(ReimportingTestCase):
    def test_each_load_is_of_the_files_as_they_are(self):
        self.application.load()
        for name in ("two", "six", "ten"):
            self.package.write({"parts/names": f"NAME = '{name}'\n"})
            self.application.load()
            self.assertEqual(name, self.names())
        self.assertEqual(4, self.application.generation)

    def test_it_tells_the_files_that_it_consists_of(self):
        self.application.load()
        files = {"app.py", "parts/__init__.py", "parts/names.py"}
        self.assertEqual(
            {str(self.package.folder / file) for file in files}, self.application.paths
        )

    def test_modules_that_import_each_other_are_loaded_again(self):
        self.package.write(
            {
                "parts/names": "import parts.other\nNAME = 'one'\ndef get(): return parts.other.NAME",
                "parts/other": "import parts.names\nNAME = 'two'\ndef get(): return parts.names.NAME",
            }
        )
        self.application.load()
        self.package.write({"parts/other": "import parts.names\nNAME = 'six'\n"})
        self.application.load()
        self.assertEqual("six", sys.modules["parts.names"].get())

    def test_a_module_that_is_imported_late_is_loaded_again_too(self):
        self.package.write(
            app=APP + "    def late():\n        from parts.late import X\n        return X"
        )
        self.package.write({"parts/late": "X = 1\n"})
        self.application.load()
        self.assertEqual(1, sys.modules["app"].late())
        self.package.write({"parts/late": "X = 2\n"})
        self.application.load()
        self.assertEqual(2, sys.modules["app"].late())

    def test_new_modules_come_and_unused_ones_are_forgotten(self):
        self.application.load()
        self.package.write(
            {"app": APP.replace("parts.names", "parts.new"), "parts/new": "NAME = 'new'"}
        )
        self.application.load()
        self.assertEqual("new", self.names())
        self.assertNotIn("parts.names", sys.modules)

    def test_the_settings_hold_for_each_factory(self):
        application = self.load("app:router", max_open_requests=7, path="/api")
        for _ in range(2):
            factory = application.load()
            self.assertEqual((7, "/api"), (factory.limits.max_open_requests, factory.path))

    def test_modules_of_before_can_be_collected(self):
        self.application.load()
        module = weakref.ref(sys.modules["app"])
        self.application.load()
        gc.collect()
        self.assertIsNone(module())

    def test_without_folders_the_package_of_the_target_is_one(self):
        elsewhere = self.mktemp()
        os.mkdir(elsewhere)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(elsewhere)
        application = ReloadableApplication("parts.names:NAME")
        self.assertTrue(application.has(self.package.path("parts/names")))
        self.assertFalse(application.has(self.package.path("app")))
        self.assertTrue(application.has("app.py"))

    def test_files_that_are_no_python_are_none_of_its(self):
        self.assertTrue(self.application.has(self.package.path("new")))
        self.assertFalse(self.application.has(self.package.folder / "page.html"))
        self.assertFalse(self.application.has("/elsewhere/new.py"))


class FailingTests(ReimportingTestCase):
    def setUp(self):
        super().setUp()
        self.application.load()
        self.before = {name: sys.modules[name] for name in ("app", "parts", "parts.names")}

    def fails(self, **modules):
        return self.fails_with(self.application, modules)

    def fails_with(self, application, modules):
        """The text, where everything is as before."""
        self.package.write(modules)
        error = self.assertRaises(LoadingFailed, application.load)
        for name, module in self.before.items():
            self.assertIs(module, sys.modules[name])
        self.assertIs(self.before["parts.names"], sys.modules["parts"].names)
        self.assertEqual(1, self.application.generation)
        self.assertIsInstance(error, ConfigurationError)
        return str(error).replace(str(self.package.folder), "").replace(self.here, "")

    @property
    def here(self):
        """How the folder is written where the working directory is around it."""
        return os.path.relpath(self.package.folder)

    def test_a_mistake_of_syntax_is_told_with_its_line(self):
        text = self.fails_with(self.application, {"parts/names": "NAME = 1\ndef broken(:\n"})
        first, *rest = text.splitlines()
        self.assertTrue(
            first.startswith("/parts/names.py:2: module 'app' cannot be imported: "), first
        )
        self.assertIn("/app.py:3, in <module>", text)
        self.assertEqual("    def broken(:", rest[-2])
        self.assertEqual("^", rest[-1].strip())

    def test_an_exception_is_told_with_the_applications_own_lines(self):
        broken = "import json\nNAME = json.loads('no')\n"
        text = self.fails_with(self.application, {"parts/names": broken})
        self.assertTrue(text.startswith("/parts/names.py:2: module 'app' cannot"), text)
        self.assertIn("JSONDecodeError: Expecting value", text)
        self.assertIn("  /app.py:3, in <module>\n    from parts.names import NAME\n", text)
        self.assertNotIn("json/", text)
        self.assertNotIn("importlib", text)

    def test_an_import_of_what_is_gone_is_told(self):
        self.package.remove("parts/names")
        text = self.fails()
        self.assertIn("/app.py:3: module 'app' needs 'parts.names', which is not installed", text)

    def test_a_name_that_is_gone_is_told(self):
        self.assertIn(
            "cannot import name 'NAME'", self.fails_with(self.application, {"parts/names": ""})
        )
        self.assertEqual("module 'app' has no 'router' (of --app app:router)", self.fails(app=""))

    def test_an_exit_ends_nothing(self):
        text = self.fails(app="import sys\nsys.exit(3)\n")
        self.assertTrue(
            text.startswith("/app.py:2: module 'app' cannot be imported: it calls sys.exit")
        )

    def test_what_is_no_application_is_told(self):
        self.assertIn("app:router is an int; it should be", self.fails(app="router = 3"))

    def test_a_function_that_fails_to_make_it_is_told_with_its_line(self):
        text = self.fails(app="def router():\n    return 1 / 0\n")
        self.assertIn("/app.py:2: app:router cannot be called: ZeroDivisionError", text)

    def test_a_setting_that_it_cannot_have_is_told(self):
        application = self.load("app:router", path=3)
        self.assertIn("path should be a path", self.fails_with(application, {}))

    def test_new_modules_of_one_that_fails_are_forgotten(self):
        text = self.fails(app="import fresh\n1 / 0\n", fresh="")
        self.assertIn("ZeroDivisionError", text)
        self.assertNotIn("fresh", sys.modules)

    def test_an_endless_recursion_is_told_in_few_lines(self):
        text = self.fails(app="def router():\n    return router()\n")
        self.assertIn("RecursionError", text)
        self.assertLess(len(text.splitlines()), 25)

    def test_it_loads_again_when_it_is_mended(self):
        self.fails(app="1 / 0\n")
        self.package.write({"app": APP, "parts/names": "NAME = 'two'\n"})
        self.application.load()
        self.assertEqual("two", self.names())

    def test_what_is_raised_past_usual_handlers_is_told_too(self):
        for raised in (
            "KeyboardInterrupt",
            "GeneratorExit",
            "__import__('asyncio').CancelledError",
        ):
            self.assertIn(raised.rpartition(".")[2], self.fails(app=f"raise {raised}\n"))
        self.assertIs(self.before["app"], sys.modules["app"])
