"""Subscribers who come, go, are cut off and recover at random, at two gateways that share an engine."""

import os
import random

import attrs
from twisted.internet.defer import Deferred

from aiorest_gw import SimpleRouter, TopicRule
from aiorest_gw.engines.memory import MemoryEngine
from aiorest_gw.errors import ServiceUnavailable
from aiorest_gw.testing import GatewayTestCase
from aiorest_gw.testing.sessions import SessionClient

from ..engines.late import LateEngine
from .test_conversation import ByName

_TOPICS = ("red", "blue", "green")


class Listener(SessionClient):
    """A client that looks at each message in the order in which it comes.

    :ivar heard: of each topic that it hears, or asks to hear, how far.
    :ivar coming: the same of those that it has asked to hear no more, and then again.
    """

    def __init__(self, connect, packed):
        super().__init__(connect, packed)
        self.begin_anew()
        self.places = {}

    def begin_anew(self):
        self.heard, self.coming, self.waiting, self.ids = {}, {}, {}, []

    def _take(self, message):
        super()._take(message)
        if "topic" in message:
            self.heard[message["topic"]].came(message["offset"])
        elif message.get("id") in self.waiting:
            self.waiting.pop(message["id"])(message)

    def subscribe(self, topic, since):
        heard = self.heard.setdefault(topic, Heard())
        if heard.leaves:
            # It begins to hear it once more when it has left.
            heard = self.coming.setdefault(topic, Heard())
        heard.asked += 1
        data = {} if since is None else {"since": since}
        if since is not None:
            heard.again.append(since["offset"])
        id = self.ask("PUT", f"/~/topics/{topic}", data=data)
        self.waiting[id] = lambda answer: self._told(topic, heard, since, answer)
        self.ids.append(id)

    def _told(self, topic, heard, since, answer):
        if heard.leaves:
            return
        if answer["status"] == 200:
            heard.told(since, answer["data"]["recovered"], answer["data"]["offset"])
            self.places[topic] = answer["data"]
        elif heard.asked == 1:
            # One that was cancelled while it waited is answered before what came before it.
            kept = self.heard if self.heard.get(topic) is heard else self.coming
            del kept[topic]

    def unsubscribe(self, topic):
        self.heard[topic].leaves = True
        id = self.ask("DELETE", f"/~/topics/{topic}")
        self.waiting[id] = lambda answer: self._left(topic)

    def _left(self, topic):
        del self.heard[topic]
        if topic in self.coming:
            self.heard[topic] = self.coming.pop(topic)

    def place(self, topic):
        """What it knows of a topic."""
        known = self.places.get(topic)
        if known is None:
            return None
        heard = self.heard.get(topic)
        last = heard.most if heard is not None and heard.most is not None else known["offset"]
        return {"epoch": known["epoch"], "offset": last}


class Heard:
    """How far a client hears a topic.

    :ivar last: the number of the last publication that it got, or was told to have; None until it was told.
    :ivar most: the highest of these.
    :ivar early: the numbers of those that came before that, in runs without gaps.
    :ivar again: behind which it has asked to hear all, perhaps once more.
    :ivar asked: how often it has asked to hear it.
    :ivar leaves: it wants to hear no more.
    """

    def __init__(self):
        self.last = self.most = None
        self.early, self.again = [], []
        self.asked = 0
        self.leaves = False

    def came(self, offset):
        if self.last is not None:
            known = offset - 1 == self.last
            if self.asked > 1:
                # What it had may be sent once more, and that may end before all of it was.
                known = offset - 1 in (self.last, self.most, *self.again)
            assert known, (self.last, self.most, self.again, offset)
            self.last = offset
            self.most = max(self.most, offset)
        elif self.early and offset == self.early[-1][-1] + 1:
            self.early[-1].append(offset)
        else:
            # Where a request of it failed the next one began anew.
            assert not self.early or self.asked > 1, (self.early, offset)
            self.early.append([offset])

    def told(self, since, recovered, offset):
        if self.last is None:
            if recovered and offset > since["offset"]:
                found = [run for run in self.early if run[0] == since["offset"] + 1]
                assert any(run[-1] >= offset for run in found), (since, offset, self.early)
            if self.asked == 1:
                assert not self.early or self.early[0][-1] == offset, (offset, self.early)
            self.most = max(offset, *(run[-1] for run in self.early), 0)
            # What the next request of it gets may have begun before the answer to this one.
            self.last = self.early[-1][-1] if self.early else offset
        if since is not None:
            self.again.remove(since["offset"])


class Trouble:
    """Mixed into an engine that cannot always be reached.

    :ivar often: how often it cannot.
    """

    often = 0.0

    async def subscribe(self, topic):
        self.maybe()
        await super().subscribe(topic)

    async def history(self, topic, since, limit):
        self.maybe()
        return await super().history(topic, since, limit)

    def maybe(self):
        if self.random.random() < self.often:
            raise ServiceUnavailable


class TroubledEngine(Trouble, MemoryEngine):
    pass


class TroubledLateEngine(Trouble, LateEngine):
    """Each call of it takes its time, and so does what is handed on; each in its order."""

    begin = handed = 0.0

    async def turn(self):
        turn = Deferred()
        self.begin = self.soon(self.begin, turn.callback, None)
        await turn

    def soon(self, last, function, *args):
        now = self._clock.seconds()
        at = max(last, now + self.random.choice([0, 0.01, 0.02]))
        self._clock.callLater(at - now, function, *args)
        return at

    def start(self, node):
        def later(*args):
            self.handed = self.soon(self.handed, node.published, *args)

        super().start(attrs.evolve(node, published=later))


class TopicCrowdTests(GatewayTestCase):
    """Between being told that it is subscribed and asking not to be, each client gets all publications
    once and in order; and nothing is left of those that have gone.
    """

    often = 0.0
    make_engine = staticmethod(lambda clock: TroubledEngine(clock.seconds))

    def test_subscribers_miss_nothing(self):
        seed = int(os.environ.get("TOPICS_SEED", random.randrange(10**9)))
        print(f"TOPICS_SEED={seed}")
        for round in range(int(os.environ.get("TOPICS_ROUNDS", 12))):
            self.seed = seed + round
            try:
                self.crowd(random.Random(self.seed))
            except BaseException:
                print(f"failed with TOPICS_SEED={self.seed}")
                raise
        self.flushLoggedErrors(ServiceUnavailable)

    def crowd(self, random):
        engine = self.engine = self.make_engine(self.clock)
        engine.random, engine.often = random, self.often
        rules = [TopicRule("**", read=True, write=True, history=random.choice([5, 60]))]
        self.factories = [
            self.serve(SimpleRouter(), authenticator=ByName(), engine=one, topics=rules,
                       max_outbox_messages=random.choice([8, 40]), presence_grace=5)
            for one in (engine, engine.sibling())]  # fmt: skip
        self.published = dict.fromkeys(_TOPICS, 0)
        # Whether clients ask for what they hear, or have asked for.
        self.again = random.choice([False, False, True])
        self.listeners = [self.come(random, None, n) for n in range(4)]
        doings = [self.publish, self.publish, self.subscribe, self.subscribe, self.unsubscribe,
                  self.cancel, self.cut, self.back, self.expire, self.read, self.read, self.turn,
                  self.turn]  # fmt: skip
        for _ in range(150):
            n = random.randrange(len(self.listeners))
            random.choice(doings)(random, self.listeners[n])
            self.listeners[n] = self.look_after(random, self.listeners[n], n)
        self.come_to_rest(random)
        self.all_leave(random)

    def come(self, random, before, n):
        """A client; or one that comes back with a new session, and what it knew."""
        factory = random.choice(self.factories)
        client = Listener(lambda **options: self.connect(factory, **options), n % 2 == 1)
        client.open(**random.choice([{}, {"token": "ann"}]))
        if before is not None:
            client.places = {
                topic: place
                for topic in before.places
                if (place := before.place(topic)) is not None
            }
        return client

    def look_after(self, random, client, n):
        """One for whom too much waited has to begin anew."""
        client.receive()
        if client.connection.close_code in (None, 1006):
            return client
        return self.come(random, client, n)

    def publish(self, random, client):
        for _ in range(random.choice([1, 1, 2, 12])):
            self.publish_in(random, random.choice(_TOPICS))

    def publish_in(self, random, topic):
        self.published[topic] += 1
        random.choice(self.factories).manager.publish(topic, "n", self.published[topic])

    def subscribe(self, random, client):
        topic = random.choice(_TOPICS)
        if self.again or topic not in client.heard:
            client.subscribe(topic, random.choice([None, client.place(topic)]))

    def unsubscribe(self, random, client):
        known = [topic for topic, heard in client.heard.items() if not heard.leaves]
        if known:
            client.unsubscribe(random.choice(known))

    def cancel(self, random, client):
        if client.ids and client.connection.connected:
            client.cancel(random.choice(client.ids[-2:]))

    def cut(self, random, client):
        client.cut()

    def back(self, random, client):
        if not client.connection.connected:
            client.resume()
            if not client.opened["resumed"]:
                client.places = {topic: client.place(topic) for topic in client.places}
                client.begin_anew()

    def expire(self, random, client):
        if random.random() < 0.3:
            client.cut()
            self.advance(random.choice([3, 20, 61]))

    def read(self, random, client):
        client.receive()
        if client.connection.connected:
            client.acknowledge()

    def turn(self, random, client):
        self.advance(0.01)

    def settle(self):
        for _ in range(12):
            self.advance(0.1)
            for client in self.listeners:
                self.read(None, client)

    def come_to_rest(self, random):
        """Whoever is subscribed in the end has all that was published."""
        self.engine.often = 0.0
        for n, client in enumerate(self.listeners):
            self.back(random, client)
            self.listeners[n] = self.look_after(random, client, n)
        for _ in range(8):
            self.settle()
        self.listeners = [self.look_after(random, one, n) for n, one in enumerate(self.listeners)]
        for topic in _TOPICS:
            self.publish_in(random, topic)
            self.settle()
        for client in self.listeners:
            self.assertEqual({}, client.waiting, f"seed {self.seed}")
            for topic, heard in client.heard.items():
                if heard.last is not None:
                    self.assertEqual(
                        self.published[topic], heard.last, f"seed {self.seed}, {topic}"
                    )

    def all_leave(self, random):
        for client in self.listeners:
            random.choice(
                [client.cut, lambda client=client: client.request("DELETE", "/~/session")]
            )()
        self.advance(0)
        self.advance(61)
        self.advance(6)
        self.settle()
        for factory in self.factories:
            topics = factory.manager.topics
            self.assertEqual(
                (0, {}), (len(topics._subscriptions), topics._subscriptions._of_session)
            )
            self.assertEqual({}, topics._presence._leaving)
        memory = self.engine._memory
        self.assertEqual(({}, {}), (memory.subscribers, memory.members), f"seed {self.seed}")


class LateTopicCrowdTests(TopicCrowdTests):
    make_engine = staticmethod(lambda clock: TroubledLateEngine(clock))


class TroubledTopicCrowdTests(TopicCrowdTests):
    """The engine cannot always be reached."""

    often = 0.2


class TroubledLateTopicCrowdTests(LateTopicCrowdTests):
    often = 0.2
