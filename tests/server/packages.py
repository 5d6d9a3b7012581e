"""Applications as files that are written, changed and removed while a test runs."""

import sys
from pathlib import Path
from textwrap import dedent


class Package:
    """A folder of modules, which is on the path for as long as a test runs.

    :param case: the test.
    """

    def __init__(self, case):
        self.folder = Path(case.mktemp()).resolve()
        self.folder.mkdir(parents=True)
        sys.path.insert(0, str(self.folder))
        case.addCleanup(sys.path.remove, str(self.folder))
        case.addCleanup(self._forget)

    def _forget(self):
        for name, module in tuple(sys.modules.items()):
            if str(getattr(module, "__file__", None)).startswith(str(self.folder)):
                del sys.modules[name]

    def write(self, modules=(), **more):
        """Write modules, by their paths without ``.py``."""
        for name, text in (dict(modules) | more).items():
            path = self.path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))

    def remove(self, name):
        self.path(name).unlink()

    def path(self, name):
        return self.folder / (f"{name}.py")
