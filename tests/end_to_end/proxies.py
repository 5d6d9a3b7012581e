"""HAProxy and nginx, with the configurations that ``docs/howto/proxies.rst`` shows.

They inherit a socket that listens already: no port is guessed, and nobody waits for a start.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

from .gateways import PATIENCE, ROOT

# Debian keeps them where only root's PATH leads.
_PATH = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin"
HAPROXY, NGINX = (shutil.which(program, path=_PATH) for program in ("haproxy", "nginx"))
MISSING = "" if HAPROXY and NGINX else "no HAProxy or no nginx here"

_PAGE = (ROOT / "docs" / "howto" / "proxies.rst").read_text()
_EXAMPLE = re.compile(
    r"^\.\. code-block:: \w+\n(?:    :caption: .*\n)?    :name: (.*)\n\n((?:    .*\n|\n)+)", re.M
)
EXAMPLES = {name: textwrap.dedent(text).strip() + "\n" for name, text in _EXAMPLE.findall(_PAGE)}

# What Debian's own nginx.conf has around the file in conf.d, with all that is written in one folder.
_NGINX = """
daemon off;
worker_processes 1;
user root;
pid nginx.pid;
error_log stderr;
events { worker_connections 1024; }
http {
    log_format read escape=json '["$arg_line", "$http_x_other"]';
    access_log access.log read;
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp;
    uwsgi_temp_path temp; scgi_temp_path temp;
    include site.conf;
}
"""


class Site:
    """A proxy that runs.

    :ivar port: that it listens on, on 127.0.0.1.
    :ivar log: of nginx once it has ended: lines of JSON, in Latin-1.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.log = ""


def replace(text: str, replaced: dict[str, str]) -> str:
    """An example with other addresses and files, each of which has to be there."""
    for old, new in replaced.items():
        if text.count(old) != 1:
            raise AssertionError(f"{old!r} is not there once:\n{text}")
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def haproxy(text: str, listen: str = "bind :80", family: int = socket.AF_INET) -> Iterator[Site]:
    """Run HAProxy until the block ends.

    :param text: its configuration.
    :param listen: what stands there for its address.
    :param family: of the socket that is listened on; ``AF_INET6`` is for both families.
    """
    assert HAPROXY is not None
    with _listening(family) as listening, _folder() as folder:
        site = Site(listening.getsockname()[1])
        file = folder / "haproxy.cfg"
        file.write_text(replace(text, {listen: f"bind fd@{listening.fileno()}"}))
        with _running([HAPROXY, "-db", "-f", str(file)], listening, folder, signal.SIGUSR1):
            yield site


@contextlib.contextmanager
def nginx(text: str, listen: str = "listen 80") -> Iterator[Site]:
    """Run nginx until the block ends; its log is whole then.

    :param text: its configuration, as it is put into ``conf.d``.
    :param listen: what stands there for its address.
    """
    assert NGINX is not None
    with _listening(socket.AF_INET) as listening, _folder() as folder:
        site = Site(listening.getsockname()[1])
        (folder / "nginx.conf").write_text(_NGINX)
        (folder / "site.conf").write_text(replace(text, {listen: f"listen 127.0.0.1:{site.port}"}))
        command = [NGINX, "-e", "stderr", "-p", str(folder), "-c", "nginx.conf"]
        inherited = f"{listening.fileno()};"
        with _running(command, listening, folder, signal.SIGQUIT, NGINX=inherited):
            yield site
        site.log = (folder / "access.log").read_text("latin-1")


@contextlib.contextmanager
def _listening(family: int) -> Iterator[socket.socket]:
    with socket.socket(family) as listening:
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.bind(("::" if family == socket.AF_INET6 else "127.0.0.1", 0))
        listening.listen(socket.SOMAXCONN)
        yield listening


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@contextlib.contextmanager
def _running(
    command: list[str], listening: socket.socket, folder: Path, stop: int, **variables: str
) -> Iterator[None]:
    """Run a proxy until the block and its connections have ended.

    :param listening: is the proxy's alone from then on: where it has ended, nobody waits for it.
    :param stop: the signal at which it takes no more connections.
    """
    with (folder / "output").open("w+") as output:
        process = subprocess.Popen(
            command,
            env=os.environ | variables,
            pass_fds=[listening.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        listening.close()
        try:
            yield
            process.send_signal(stop)
            process.wait(PATIENCE)
        except BaseException as error:
            process.terminate()
            process.wait()
            error.add_note((folder / "output").read_text())
            raise
