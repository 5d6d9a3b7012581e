"""Which modules are an application's own, and that they are imported from their source."""

import importlib
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import aiorest_gw
from aiorest_gw.server.modules import OwnModules

from .packages import Package


class OwnFilesTests(SynchronousTestCase):
    def setUp(self):
        self.package = Package(self)
        self.folder = self.package.folder
        self.own = OwnModules([self.folder])

    def test_files_in_the_folder_are_its_own_whether_they_are_there_or_not(self):
        self.assertTrue(self.own.has(self.folder / "app.py"))
        self.assertTrue(self.own.has(self.folder / "deep" / "er" / "app.py"))
        self.assertFalse(self.own.has(self.folder.parent / "app.py"))
        self.assertFalse(self.own.has(f"{self.folder}-other/app.py"))

    def test_what_is_installed_in_the_folder_is_not(self):
        (self.folder / "venv").mkdir()
        (self.folder / "venv" / "pyvenv.cfg").touch()
        for path in ("venv/lib/a.py", "lib/site-packages/a.py", "lib/dist-packages/b/a.py"):
            self.assertFalse(self.own.has(self.folder / path), path)

    def test_python_and_the_gateway_are_nobodys_own(self):
        everything = OwnModules(["/"])
        for module in (aiorest_gw, importlib):
            self.assertFalse(everything.has(module.__file__), module)

    def test_a_folder_behind_a_link_is_the_same_folder(self):
        link = Path(self.mktemp())
        link.symlink_to(self.folder)
        self.assertTrue(OwnModules([link]).has(self.folder / "app.py"))
        self.assertTrue(self.own.has(link / "app.py"))

    def test_main_is_never_forgotten(self):
        everything = OwnModules(["/"])
        self.assertNotIn("__main__", everything.imported())


class ImportingTests(SynchronousTestCase):
    def setUp(self):
        self.package = Package(self)
        self.own = OwnModules([self.package.folder])
        sys.meta_path.insert(0, self.own)
        self.addCleanup(sys.meta_path.remove, self.own)

    def test_a_save_in_the_same_second_of_the_same_size_counts(self):
        for number in range(1, 5):
            self.package.write(quick=f"number = {number}\n")
            self.assertEqual(number, importlib.import_module("quick").number)
            self.own.forget()

    def test_nothing_is_written_beside_the_sources(self):
        self.package.write(clean="")
        importlib.import_module("clean")
        self.assertEqual(["clean.py"], [path.name for path in self.package.folder.iterdir()])

    def test_packages_and_namespaces_are_forgotten_with_all_that_is_in_them(self):
        self.package.write({"pack/__init__": "", "pack/inner": "", "space/inner": ""})
        for name in ("pack.inner", "space.inner"):
            importlib.import_module(name)
        before = self.own.forget()
        self.assertEqual({"pack", "pack.inner", "space", "space.inner"}, {*before})
        self.assertEqual({}, self.own.imported())

    def test_others_are_not(self):
        self.assertEqual({}, self.own.forget())
        self.assertIs(aiorest_gw, sys.modules["aiorest_gw"])

    def test_modules_are_put_back_and_new_ones_are_gone(self):
        self.package.write(one="", two="")
        one = importlib.import_module("one")
        before = self.own.forget()
        importlib.import_module("one")
        importlib.import_module("two")
        self.own.put_back(before)
        self.assertIs(one, sys.modules["one"])
        self.assertNotIn("two", sys.modules)

    def test_a_package_that_stays_has_its_module_back(self):
        """Of a namespace a part may lie elsewhere."""
        elsewhere = Package(self)
        elsewhere.write({"shared/other": ""})
        self.package.write({"shared/mine": ""})
        mine = importlib.import_module("shared.mine")
        before = self.own.forget()
        self.assertEqual({"shared.mine"}, {*before})
        importlib.import_module("shared.mine")
        self.own.put_back(before)
        self.assertIs(mine, sys.modules["shared"].mine)
        del sys.modules["shared"]
