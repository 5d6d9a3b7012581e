"""Scripts in node that use the client of ``aiorest_gw/static``, and what they need."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.end_to_end.gateways import PATIENCE, ROOT

CLIENT = ROOT / "aiorest_gw" / "static" / "aiorest-gw.js"
NODE = shutil.which("node")
# The folder may be there without them, where there is no npm.
PACKAGES = Path(__file__).parent / "node_modules" / "playwright-core"
TYPESCRIPT = PACKAGES.parent / "typescript" / "bin" / "tsc"
NPM = shutil.which("npm")
# From node 22 on it is there without being asked for.
FLAGS = ("--experimental-websocket", "--unhandled-rejections=strict", "--input-type=module")


def has_websockets() -> bool:
    """Whether there is a node with WebSocket, 20.10 or newer."""
    if NODE is None:
        return False
    asked = [NODE, "--experimental-websocket", "-p", "typeof WebSocket"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.stdout.strip() == "function"


def run_in_node(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module to its end.

    :param arguments: ``process.argv`` from its third on.
    """
    assert NODE is not None
    return subprocess.run(
        [NODE, *FLAGS, "-", *arguments],
        input=script,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        cwd=Path(__file__).parent,
        check=False,
    )


def importing(*names: str) -> str:
    """The line with which a script imports names of the client."""
    return f"import {{ {', '.join(names)} }} from {json.dumps(CLIENT.as_uri())};\n"


def found(done: subprocess.CompletedProcess[str]) -> Any:
    """What a script wrote, in JSON."""
    if done.returncode or not done.stdout:
        raise AssertionError(f"{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return json.loads(done.stdout)
