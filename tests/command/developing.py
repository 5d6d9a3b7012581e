"""``aiorest-gw dev`` in a process, on a folder in which a test saves files."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.end_to_end.gateways import BIN, PATIENCE, environment, until

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/ shows")


class Dev:
    """Somebody works on a site.

    :param folder: that the command runs in.
    :param arguments: of the command.
    :param measured: as of :func:`~tests.end_to_end.gateways.environment`.
    :ivar url: of the site, with a slash at its end.
    """

    def __init__(
        self, folder: Path, *arguments: str, port: int = 0, measured: bool = False
    ) -> None:
        self.folder = folder
        with tempfile.NamedTemporaryFile(delete=False) as output:
            self._output = Path(output.name)
            self.process = subprocess.Popen(
                [str(BIN / "aiorest-gw"), "dev", *arguments, "--port", str(port)],
                cwd=folder,
                env=environment(
                    measured, TERM="dumb", NO_COLOR="1", PATH=f"{BIN}:{os.environ['PATH']}"
                ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        until(lambda: bool(ADDRESS.search(self.output)) or self.process.poll() is not None)
        found = ADDRESS.search(self.output)
        assert found is not None, self.output
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}/"

    @property
    def output(self) -> str:
        """What it has written until now."""
        return self._output.read_text()

    def tells(self, pattern: str) -> None:
        """Wait until it has written that."""
        try:
            until(lambda: re.search(pattern, self.output) is not None)
        except AssertionError:
            raise AssertionError(f"{pattern!r} is not in:\n{self.output}") from None

    def save(self, files: Mapping[str, str]) -> None:
        """Write files as an editor does that writes them where they are."""
        save(self.folder, files)

    def end(self, number: int = signal.SIGKILL) -> int:
        """
        :returns: the status that it ended with.
        """
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """End it, and leave nothing."""
        self.end(signal.SIGTERM)
        self._output.unlink()


def save(folder: Path, files: Mapping[str, str]) -> None:
    """Write files in a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
