"""Pages and their channels in a browser, that a program for asyncio serves on one port."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from .browser import CHROMIUM, pages
from .gateways import running

PROGRAM = """
import asyncio
from aiorest_gw.channels import (
    FrontEndDispatcher, FrontEndWebSocketDispatcher, MessageFromFrontEndDispatcher, PageHandle,
    PageMessage,
)

async def main():
    hub, messages = FrontEndDispatcher(), MessageFromFrontEndDispatcher()
    await hub.add_dispatcher("0", FrontEndWebSocketDispatcher())
    messages.register_handler("0", lambda m: hub.submit(PageMessage("0echo", m.content)))
    async with PageHandle("page", hub, messages) as handle:
        hub.submit(PageMessage("0news", "while you were away"))
        print("listens on", handle.socket_url)
        await asyncio.Event().wait()

asyncio.run(main())
"""
PAGE = '<!doctype html><title>A page</title><ul></ul><script type="module" src="page.js"></script>'
SCRIPT = """
const socket = new WebSocket(`ws://${location.host}/`);
const say = (header, content = null, msgId = null) =>
  socket.send(JSON.stringify({header, content, peerId: null, msgId}));
globalThis.seen = [];
socket.onopen = () => { say("0hello"); say("0echo", "anybody?"); };
socket.onmessage = ({data}) => seen.push(JSON.parse(data).content);
socket.onclose = ({code, reason}) => seen.push([code, reason]);
"""


class BrowserTests(SynchronousTestCase):
    if CHROMIUM is None:
        skip = "no Chromium here"

    def test_of_two_tabs_the_second_has_the_channel_and_the_first_is_told(self):
        folder = Path(self.mktemp())
        (folder / "page").mkdir(parents=True)
        (folder / "page" / "index.html").write_text(PAGE)
        (folder / "page" / "page.js").write_text(SCRIPT)
        (folder / "program.py").write_text(PROGRAM)
        with running(["python", "program.py"], folder) as served:
            url = served.url.replace("ws://", "http://")
            with pages(url, "about:blank") as (first, second):
                first.until("seen.length === 2")
                self.assertEqual(["while you were away", "anybody?"], first.run("seen"))
                second.open(url)
                second.until("seen.length === 1")
                self.assertEqual(["anybody?"], second.run("seen"))
                first.until("seen.length === 4")
                told = [
                    {"detail": "Another page has taken the channel over.", "header": None},
                    [4503, "taken over by another page"],
                ]
                self.assertEqual(told, first.run("seen.slice(2)"))
