"""Watching in a process whose system has little for it; written down is what was told.

``python -m tests.livereload.watching.limited FOLDER KIND LIMIT VALUE`` in a user namespace, whose limits
are its own. It writes two files, one when the other was told of, and ends.
"""

import json
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import react
from twisted.logger import formatEvent, globalLogBeginner

from aiorest_gw.livereload.watching import watcher_of

from .contract import Heard, OnReactor


class Limited(OnReactor):
    def __init__(self, folder, kind):
        self.folder = Path(folder)
        self.heard = Heard()
        self.watcher = watcher_of(
            reactor, [self.folder], self.heard.changed, lambda path, is_folder: False, kind,
            lost=self.heard.lost)  # fmt: skip

    async def write(self, path):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("text")
        await self.until(lambda: file in self.heard.paths or self.heard.losses)

    async def run(self):
        self.watcher.start()
        await self.write("1/2/3/4/5/6/a.html")
        self.heard.losses, losses = 0, self.heard.losses
        await self.write("1/2/3/4/5/6/b.html")
        self.watcher.stop()
        return losses


def main(folder, kind, limit, value):
    Path("/proc/sys/user", limit).write_text(value)
    events = []
    globalLogBeginner.beginLoggingTo([events.append], redirectStandardIO=False)

    async def run(reactor):
        limited = Limited(folder, kind)
        losses = await limited.run()
        told = [str(path.relative_to(folder)) for path in limited.heard.paths]
        warnings = [formatEvent(event) for event in events if event["log_level"].name == "warn"]
        print(json.dumps({"told": told, "losses": losses, "warnings": warnings}))

    react(run)


if __name__ == "__main__":
    main(*sys.argv[1:])
