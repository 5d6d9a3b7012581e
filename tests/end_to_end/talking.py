"""Two in a room of the chat, whose connections are cut at random all the while."""

from __future__ import annotations

import asyncio
import random

from .cutting import CutClient

__all__ = ["HALL", "LOOKED", "SAID", "TOLD", "Talker", "two_talk"]

HALL = "/~/topics/rooms%2Fhall"
# What each of two says in the room, and to the other, and how often each looks who is there.
SAID, TOLD, LOOKED = 100, 30, 30
# A connection lasts for as many bytes, on the average; a session begins with some 700.
_LASTS = 1500


class Talker(CutClient):
    """Somebody whose connections are cut at random: in the middle of what comes, and behind requests."""

    def __init__(self, port, name, seed=None):
        super().__init__(port, name)
        self.name = name
        self._chance = None if seed is None else random.Random(f"{seed} {name}")
        self._left = self._lasts()
        self._coming_back = None

    async def come(self):
        await self.connect()
        await self.connected.wait()
        return self

    async def request(self, method, url, **keys):
        return await self.answer(self.speak(method, url, **keys))

    def speak(self, method, url, **keys):
        id = self.ask(method, url, **keys)
        if self._chance and self._chance.random() < 0.1:
            self._cut_off()
        return id

    def data_received(self, data):
        rest, self._left = self._left, self._left - len(data)
        if self._left > 0:
            super().data_received(data)
        else:
            super().data_received(data[: int(rest)])
            self._cut_off()

    def _cut_off(self):
        self.cut()
        self._left = self._lasts()
        if self._coming_back is None or self._coming_back.done():
            self._coming_back = asyncio.ensure_future(self._come_back())

    async def _come_back(self):
        # It may be cut off again before anybody knows that it is connected.
        while self._transport is None:
            await self.connect()

    def _lasts(self):
        return self._chance.expovariate(1 / _LASTS) if self._chance else float("inf")

    def stay(self):
        """Not be cut off any more."""
        self._chance, self._left = None, float("inf")

    def said(self):
        """The messages of the room, by their numbers."""
        return [(push["offset"], push["data"]) for push in self.pushes if "topic" in push]

    def told(self, name):
        """What somebody has told another, as it came."""
        told = [push["data"] for push in self.pushes if push["event_name"] == "told"]
        return [message["text"] for message in told if message["from"] == name]


async def talk(one, other, seed):
    """All that one says; returns whom it saw in the room meanwhile, each time it looked."""
    chance = random.Random(f"{seed} talk {one.name}")
    said, asked = iter(range(SAID)), []
    everything = ["said"] * SAID + ["told"] * TOLD + ["look"] * LOOKED
    chance.shuffle(everything)
    told, seen = iter(range(TOLD)), []
    for what in everything:
        if what == "said":
            asked.append(
                one.speak("POST", "/rooms/hall", data={"text": f"{one.name} {next(said)}"})
            )
        elif what == "told":
            url = f"/users/{other.name}"
            asked.append(one.speak("POST", url, data={"text": str(next(told))}))
        else:
            present = (await one.request("GET", f"{HALL}/presence"))["data"]
            seen.append(sorted(member["user_id"] for member in present))
    for id in asked:
        assert (await one.answer(id))["status"] == 200, one.answers[id]
    return seen


async def two_talk(port, seed):
    """Both say all they have; returns what each saw, and the history."""
    ann, bob = two = [await Talker(port, name, seed).come() for name in ("ann", "bob")]
    for one in two:
        await one.request("PUT", HALL)
    seen = await asyncio.gather(talk(ann, bob, seed), talk(bob, ann, seed))
    for one in two:
        one.stay()
    # What was said before this is answered comes before the answer.
    await asyncio.gather(*(one.request("GET", "/~/ping") for one in two))
    history = (await ann.request("GET", HALL))["data"]
    return ann, bob, [names for each in seen for names in each], history
