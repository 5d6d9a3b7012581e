"""The layers of the house: pure code decides, shells do."""

import ast
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

PACKAGE = Path(__file__).resolve().parents[1] / "aiorest_gw"
PURE = (
    "arguments.py",
    "errors.py",
    "limits.py",
    "messages.py",
    "lazily.py",
    "version.py",
    "wire",
    "routing",
    "auth",
    "sessions",
    "pages",
    "client/core",
    "client/errors.py",
    "livereload/bursts.py",
    "livereload/globs.py",
    "livereload/ignoring.py",
    "livereload/messages.py",
    "livereload/pages.py",
    "livereload/reloading.py",
    "livereload/rules.py",
)
# What a shell owns: the network, timers, threads, files, processes, brokers.
OUTSIDE = {
    "asyncio", "autobahn", "concurrent", "multiprocessing", "os", "pathlib", "select", "signal",
    "socket", "sqlite3", "subprocess", "threading", "twisted", "txaio", "uvloop",
}  # fmt: skip


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE), ast.parse(path.read_text())


def is_pure(path):
    return any(path.is_relative_to(part) for part in PURE)


def imports(path, tree):
    """What a module imports, as dotted names; our own begin with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module
        elif isinstance(node, ast.ImportFrom):
            folder = list(path.parts[:-1])
            base = folder[: len(folder) - node.level + 1]
            yield "." + ".".join([*base, *(node.module or "").split(".")]).strip(".")


class LayeringTests(SynchronousTestCase):
    def test_pure_code_owns_nothing_of_the_outside(self):
        for path, tree in modules():
            if is_pure(path):
                found = {name.split(".")[0] for name in imports(path, tree)} & OUTSIDE
                self.assertEqual(set(), found, path)

    def test_pure_code_imports_no_shell(self):
        pure = [Path(name).with_suffix("") for name in PURE]
        for path, tree in modules():
            if is_pure(path):
                ours = {name for name in imports(path, tree) if name[0] == "."}
                for name in ours:
                    module = Path(*name[1:].split("."))
                    self.assertTrue(any(map(module.is_relative_to, pure)), (path, name))

    def test_routing_does_not_know_the_wire_is_json(self):
        for path, tree in modules():
            if path.parts[0] == "routing":
                self.assertNotIn(".wire.codecs", set(imports(path, tree)), path)

    def test_no_module_imports_the_reactor(self):
        """It would be installed by the import; functions ask for it when they run."""
        for path, tree in modules():
            for node in tree.body:
                if isinstance(node, ast.ImportFrom) and node.module == "twisted.internet":
                    self.assertNotIn("reactor", [alias.name for alias in node.names], path)

    def test_files_are_of_one_thought(self):
        for path, tree in modules():
            lines = (PACKAGE / path).read_text().count("\n")
            self.assertLessEqual(lines, 400, path)
            for node in ast.walk(tree):
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    self.assertLessEqual(node.end_lineno - node.lineno, 60, (path, node.name))
