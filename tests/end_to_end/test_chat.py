"""The chat example: with clients that are cut off again and again, and in a browser."""

import asyncio

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.testing import FlakyProxy
from tests.seeds import told_seed

from .browser import CHROMIUM, pages
from .gateways import LISTEN, PATIENCE, ROOT, running
from .talking import HALL, LOOKED, SAID, TOLD, Talker, two_talk

COMMAND = ["aiorest-gw", "serve", "--app", "examples.chat.app:make_factory", *LISTEN]


def chat_gateway():
    return running(COMMAND, ROOT, measured=False)


def page_of(gateway):
    """The page, of a gateway or of a proxy before one."""
    return gateway.url.replace("ws", "http")


class ChatTests(SynchronousTestCase):
    def run_with(self, function, *args):
        """Run what takes the gateway's port."""

        async def bounded(port):
            async with asyncio.timeout(2 * PATIENCE):
                return await function(port, *args)

        with chat_gateway() as gateway:
            return asyncio.run(bounded(gateway.port))

    def test_two_who_are_cut_off_all_the_time_hear_everything_once_and_in_order(self):
        with told_seed("SEED") as seed:
            self.check_talk(*self.run_with(two_talk, seed))

    def check_talk(self, ann, bob, seen, history):
        self.assertEqual(("", ""), (ann.failure, bob.failure))
        self.assertEqual(list(range(1, 2 * SAID + 1)), [offset for offset, _ in ann.said()])
        self.assertEqual(ann.said(), bob.said())
        for name in ("ann", "bob"):
            texts = [data["text"] for _, data in ann.said() if data["from"] == name]
            self.assertEqual([f"{name} {number}" for number in range(SAID)], texts)
            for one in (ann, bob):
                self.assertEqual([str(number) for number in range(TOLD)], one.told(name))
        self.assertEqual([["ann", "bob"]] * 2 * LOOKED, seen)
        kept = [(one["offset"], one["data"]) for one in history["publications"]]
        self.assertEqual(ann.said(), kept)
        self.assertGreater(min(ann.connections, bob.connections), 10)

    def test_what_somebody_who_is_away_is_told_waits(self):
        async def tell(port):
            ann = await Talker(port, "ann").come()
            await ann.request("POST", "/users/bob", data={"text": "0"})
            bob, again = [await Talker(port, "bob").come() for _ in range(2)]
            await ann.request("POST", "/users/bob", data={"text": "1"})
            for one in (ann, bob, again):
                await one.request("GET", "/~/ping")
            return [one.told("ann") for one in (ann, bob, again)]

        self.assertEqual([["0", "1"], ["0", "1"], ["1"]], self.run_with(tell))

    def test_nobody_speaks_in_another_name_and_mistakes_are_told(self):
        async def ask(port):
            ann = await Talker(port, "ann").come()
            said = {"text": "x"}
            return [
                (await ann.request(method, url, data=data))["status"]
                for method, url, data in (
                    ("POST", HALL, {"from": "bob", "text": "x"}),
                    ("PUT", "/~/topics/elsewhere", None),
                    ("POST", "/rooms/a%2Fb", said),
                    ("POST", "/users/a%20b", said),
                    ("POST", "/rooms/..", said),
                    ("POST", "/rooms/hall", {"text": ""}),
                    ("POST", "/rooms/hall", {"text": "x" * 2001}),
                    ("POST", "/rooms/hall", said),
                )
            ]

        self.assertEqual([403, 403, 422, 422, 422, 422, 422, 200], self.run_with(ask))

    def test_whoever_has_no_name_is_nobody_here(self):
        async def come(port):
            client = Talker(port, "a b")
            await client.connect()
            await client.answer(2)

        with self.assertRaisesRegex(AssertionError, "A name has 1 to 30"):
            self.run_with(come)

    def test_the_page_goes_on_after_its_connection_was_lost(self):
        with chat_gateway() as gateway, FlakyProxy(gateway.port) as proxy:
            with pages(page_of(proxy), page_of(gateway)) as (ann, bob):
                come_in(ann, "ann")
                come_in(bob, "bob")
                ann.until("document.querySelector('#present').textContent === 'ann, bob'")
                fill(bob, "say", "text", "<b>hello</b>")
                self.hears(ann, "<b>hello</b>")
                proxy.refuse()
                ann.until("/lost|resuming/.test(document.querySelector('#status').className)")
                fill(bob, "say", "text", "meanwhile")
                self.hears(bob, "<b>hello</b>", "meanwhile")
                fill(ann, "say", "text", "from afar")
                self.hears(ann, "<b>hello</b>", "from afar")
                proxy.heal()
                # A tab that is hidden does not come back.
                ann.command("Page.bringToFront")
                for tab in (ann, bob):
                    self.hears(tab, "<b>hello</b>", "meanwhile", "from afar")
                    tab.until("document.querySelectorAll('.waiting').length === 0")
                fill(bob, "open", "name", "@ann")
                fill(bob, "say", "text", "psst")
                ann.until("document.querySelector('#people li b') !== null")
                ann.run("document.querySelector('#people button').click()")
                self.hears(ann, "psst")
                self.hears(bob, "psst")
                # Whatever had come twice would have come before that.
                for tab in (ann, bob):
                    tab.run("document.querySelector('#rooms button').click()")
                    self.hears(tab, "<b>hello</b>", "meanwhile", "from afar")

    def test_the_page_tells_what_it_could_not_send_to_the_gateway_that_comes_next(self):
        with chat_gateway() as gateway, FlakyProxy(gateway.port) as proxy:
            with pages(page_of(proxy)) as (ann,):
                come_in(ann, "ann")
                fill(ann, "say", "text", "before")
                self.hears(ann, "before")
                # It is shown before the gateway has it; cut off then, it would be known to have failed.
                ann.until("document.querySelectorAll('.waiting').length === 0")
                proxy.refuse()
                gateway.stop()
                ann.until("/lost|resuming/.test(document.querySelector('#status').className)")
                fill(ann, "say", "text", "after")
                with chat_gateway() as another:
                    proxy.to = ("127.0.0.1", another.port)
                    proxy.heal()
                    ann.until("document.querySelector('#status').className === 'open'")
                    # What was said before was in the memory of the first.
                    self.hears(ann, "after")
                    ann.until("document.querySelectorAll('.waiting').length === 0")

    def hears(self, tab, *texts):
        """Wait until a page shows these messages, and no others."""
        shown = "[...document.querySelectorAll('#messages p')].map((one) => one.textContent)"
        tab.until(f"JSON.stringify({shown}) === JSON.stringify({list(texts)})")

    if CHROMIUM is None:
        for _test in (
            test_the_page_goes_on_after_its_connection_was_lost,
            test_the_page_tells_what_it_could_not_send_to_the_gateway_that_comes_next,
        ):
            _test.skip = "no Chromium here"  # type: ignore[attr-defined]


def come_in(tab, name):
    # Of the time within which a client comes back at random, it takes little.
    tab.run("Math.random = () => 0.05")
    fill(tab, "login", "name", name)
    tab.until("document.querySelector('#status').className === 'open'")
    tab.until("!document.querySelector('#chat').hidden")


def fill(tab, form, field, text):
    """Write into a form's field, and send it."""
    tab.run(f"document.querySelector('#{form} [name={field}]').value = {text!r}")
    tab.run(f"document.querySelector('#{form} button').click()")
