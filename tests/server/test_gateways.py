"""Several gateways that share an engine: their clients are one crowd."""

from random import Random

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent

from aiorest_gw import ConfigurationError, Push, SimpleRouter
from aiorest_gw.engines.memory import MemoryEngine
from aiorest_gw.errors import ServiceUnavailable
from aiorest_gw.sessions.outbox import Outcome
from aiorest_gw.testing import GatewayTestCase

from ..engines.late import LateEngine
from ..seeds import told_seed
from .test_conversation import ByName


class GatewaysTestCase(GatewayTestCase):
    """Two gateways, ``a`` and ``b``."""

    def make_engine(self):
        return MemoryEngine(self.clock.seconds)

    def setUp(self):
        super().setUp()
        self.gateways()

    def gateways(self, **options):
        engine = self.make_engine()
        self.factories = [
            self.serve(SimpleRouter(), authenticator=ByName(), engine=one, **options)
            for one in (engine, engine.sibling())
        ]
        self.a, self.b = [factory.manager for factory in self.factories]

    def settle(self):
        """Let the engine do what it was asked."""
        for _ in range(12):
            self.advance(0)

    def open(self, where, name=None):
        data = {} if name is None else {"token": name}
        client = self.open_session(self.factories["ab".index(where)], **data)
        self.settle()
        return client

    def names(self, *clients):
        self.settle()
        found = []
        for client in clients:
            client.receive()
            found.append([push.event_name for push in client.pushes])
            client.pushes.clear()
        return found[0] if len(found) == 1 else found

    def awaited(self, sent):
        async def wait():
            return await sent

        found = []
        Deferred.fromCoroutine(wait()).addBoth(found.append)
        self.settle()
        [result] = found
        return result


class GatewaysTests(GatewaysTestCase):
    def test_sessions_of_other_gateways_are_reached(self):
        here, there, bob = self.open("a", "ann"), self.open("b", "ann"), self.open("b", "bob")
        for sent, here_count, count in (
            (self.a.send_message_to_user_ids(["ann", "bob"], Push("to users")), 1, 3),
            (self.a.send_message(there.session_id, Push("to one")), 0, 1),
            (self.a.send_message_to_all(Push("to all")), 1, 3),
            (self.a.send_message("nobody", Push("to nobody")), 0, 0),
        ):
            self.assertEqual((here_count, count), (int(sent), self.awaited(sent)))
        self.assertEqual(
            [["to users", "to all"], ["to users", "to one", "to all"], ["to users", "to all"]],
            self.names(here, there, bob),
        )

    def test_receipts_know_the_sessions_of_others(self):
        here, there = self.open("a", "ann"), self.open("b", "ann")
        receipt = self.a.send_message_to_user_ids(["ann", "bob"], Push("x"), receipt=True, ttl=30)
        single = self.a.send_message(there.session_id, Push("y"), receipt=True)
        nobody = self.a.send_message("nobody", Push("z"), receipt=True)
        self.names(here, there)
        self.assertIs(Outcome.DROPPED, nobody.result.outcome)
        self.assertFalse(single.done)
        here.acknowledge()
        there.acknowledge()
        self.assertIs(Outcome.DELIVERED, single.result.outcome)
        self.assertFalse(receipt.done)
        self.advance(31)
        self.assertEqual(
            {here.session_id: Outcome.DELIVERED, there.session_id: Outcome.DELIVERED,
             "mailbox of bob": Outcome.EXPIRED},
            {name: ending.outcome for name, ending in receipt.result.items()})  # fmt: skip

    def test_sessions_of_other_gateways_are_closed(self):
        ann, bob, carl = self.open("b", "ann"), self.open("a", "bob"), self.open("b", "carl")
        closed = self.a.close(ann.session_id, 4000, "enough")
        self.assertEqual((0, 1), (closed, self.awaited(closed)))
        self.assertEqual(0, self.awaited(self.a.close(ann.session_id)))
        users = self.a.close_user_ids(["ann", "bob"])
        self.assertEqual((1, 1), (users, self.awaited(users)))
        self.assertEqual(1, self.awaited(self.a.close_all()))
        for client, code in ((ann, 4000), (bob, 4501), (carl, 1000)):
            client.connection.move()
            self.assertEqual(code, client.connection.close_code)
        self.assertRaises(ValueError, self.a.close, "nobody", 1006)

    def test_nobody_in_particular_is_not_everybody(self):
        client = self.open("b")
        self.assertEqual(0, self.awaited(self.a.send_message(None, Push("x"))))
        self.assertEqual(0, self.awaited(self.a.close(None)))
        self.assertRaises(ValueError, self.a.send_message_to_user_ids, [None], Push("x"))
        self.assertRaises(ValueError, self.a.close_user_ids, ["ann", None])
        self.assertEqual([], self.names(client))

    def test_topics_are_shared(self):
        here, there = self.open("a", "ann"), self.open("b", "bob")
        for manager, client in ((self.a, here), (self.b, there)):
            manager.get_handler(client.session_id).join("news")
        self.settle()
        self.a.publish("news", "x")
        self.assertEqual([["x"], ["x"]], self.names(here, there))
        members = self.awaited(Deferred.fromCoroutine(self.b.topics.members("news")))
        self.assertEqual(["ann", "bob"], [member["user_id"] for member in members])

    def test_what_waits_goes_out_first_wherever_its_user_comes(self):
        for number in range(3):
            self.a.send_message_to_user_ids(["ann"], Push(str(number)))
        self.settle()
        ann = self.open("b", "ann")
        self.a.send_message_to_user_ids(["ann"], Push("new"))
        self.assertEqual([*"012", "new"], self.names(ann))
        self.assertEqual([], self.names(self.open("a", "ann")))

    def test_a_mailbox_is_emptied_into_one_session(self):
        self.gateways(max_outbox_messages=10)
        for number in range(100):
            self.a.send_message_to_user_ids(["ann"], Push(number))
        self.settle()
        ann, phone = self.open("a", "ann"), self.open("b", "ann")
        self.b.send_message_to_user_ids(["ann"], Push("new"))
        self.assertEqual(["new"], self.names(phone))
        got = self.names(ann)
        while len(got) < 101:
            ann.acknowledge()
            more = self.names(ann)
            self.assertTrue(more)
            got += more
        self.assertEqual([*range(100), "new"], got)

    def test_a_mailbox_that_was_half_emptied_goes_to_whoever_is_there(self):
        self.gateways(max_outbox_messages=10)
        for number in range(40):
            self.a.send_message_to_user_ids(["ann"], Push(number))
        self.settle()
        ann, phone = self.open("a", "ann"), self.open("b", "ann")
        got = self.names(ann)
        ann.acknowledge()
        self.settle()
        self.a.close(ann.session_id)
        while len(got) < 40:
            more = self.names(phone)
            phone.acknowledge()
            self.assertTrue(more)
            got += more
        self.assertEqual([*range(40)], got)

    def test_what_a_session_had_not_got_goes_to_those_that_are_elsewhere_and_did_not_get_it(self):
        before = self.open("a", "ann")
        had_it = self.open("b", "ann")
        before.cut()
        self.a.send_message_to_user_ids(["ann"], Push("x"))
        self.assertEqual(["x"], self.names(had_it))
        since = self.open("b", "ann")
        self.advance(61)
        self.assertEqual([[], ["x"]], self.names(had_it, since))

    def test_a_gateway_that_stops_leaves_nobody_behind(self):
        self.open("a", "ann")
        for factory in self.factories[:1]:
            factory.drain()
        self.advance(60)
        self.settle()
        self.b.send_message_to_user_ids(["ann"], Push("x"))
        self.settle()
        self.assertEqual(["x"], self.names(self.open("b", "ann")))

    def test_an_engine_serves_one_gateway(self):
        engine = self.make_engine()
        factory = self.serve(SimpleRouter(), engine=engine)
        factory.configure(max_outbox_messages=5)
        error = self.assertRaises(ConfigurationError, self.serve, SimpleRouter(), engine=engine)
        self.assertIn("engine.sibling()", error.args[0])


class LateGatewaysTests(GatewaysTests):
    """The same, where the engine needs its time."""

    def make_engine(self):
        return LateEngine(self.clock)


class CrowdTests(GatewaysTestCase):
    """Users come, go and are sent to at random, at one gateway or the other: nothing is lost, nothing comes
    twice to a session, and each session gets all in order.
    """

    def make_engine(self):
        return self.engine_of(self)

    engine_of = staticmethod(lambda case: MemoryEngine(case.clock.seconds))

    def test_nothing_is_lost(self):
        with told_seed("GATEWAYS_SEED") as seed:
            for round in range(20):
                self.gateways(max_outbox_messages=8)
                self.crowd(Random(seed + round))

    def crowd(self, random):
        self.sender = self.a
        self.users = {name: Watched() for name in ("ann", "bob")}
        for _ in range(60):
            name = random.choice([*self.users])
            user = self.users[name]
            do = random.choice([self.send, self.send, self.come, self.read, self.read, self.go,
                                self.expire, lambda *_: self.settle()])  # fmt: skip
            do(random, name, user)
            self.look_after(random, name, user)
        for name, user in self.users.items():
            for _ in range(60):
                self.settle()
                self.look_after(random, name, user)
                self.come(random, name, user)
                self.read(random, name, user)
                user.client.acknowledge()
            self.assertEqual([*range(user.sent)], sorted(set(user.got)), name)

    def look_after(self, random, name, user):
        """One that was sent too much is closed."""
        if user.client is not None and user.client.connection.close_code is not None:
            self.read(random, name, user)
            user.client = None

    def send(self, random, name, user):
        if random.random() < 0.2:
            # What two gateways send in the same moment has no order.
            self.settle()
            self.sender = random.choice([self.a, self.b])
        for _ in range(random.randrange(1, 4)):
            self.sender.send_message_to_user_ids([name], Push(user.sent))
            user.sent += 1

    def come(self, random, name, user):
        if user.client is None:
            user.client = self.open_session(random.choice(self.factories), token=name)
            user.last = None

    def read(self, random, name, user):
        if user.client is None:
            return
        user.client.receive()
        for push in user.client.pushes:
            if user.last is not None:
                self.assertEqual(user.last + 1, push.event_name, name)
            user.last = push.event_name
            user.got.append(push.event_name)
        user.client.pushes.clear()

    def go(self, random, name, user):
        if user.client is not None:
            random.choice([self.a, self.b]).close(user.client.session_id)
            self.settle()
            self.read(random, name, user)
            user.client = None

    def expire(self, random, name, user):
        if user.client is not None:
            user.client.cut()
            self.advance(61)
            self.settle()
            user.client = None


class Watched:
    """A user, and what arrived."""

    def __init__(self):
        self.client = self.last = None
        self.got = []
        self.sent = 0


class LateCrowdTests(CrowdTests):
    engine_of = staticmethod(lambda case: LateEngine(case.clock))


class BrokenEngineTests(GatewayTestCase):
    """An engine that cannot reach what it stands on."""

    class Broken(MemoryEngine):
        broken = True

        async def forward(self, letters, first=False):
            if self.broken:
                raise ServiceUnavailable
            return super().forward(letters, first)

        async def take(self, user_id, most):
            raise ServiceUnavailable

    def test_sessions_of_the_gateway_itself_are_reached(self):
        with capturedLogs() as events:
            factory = self.serve(
                SimpleRouter(), authenticator=ByName(), engine=self.Broken(self.clock.seconds)
            )
            ann = self.open_session(factory, token="ann")
            manager = factory.manager
            self.assertRaises(
                ServiceUnavailable, manager.send_message_to_user_ids, ["ann"], Push("x")
            )
            self.assertEqual(1, manager.send_message(ann.session_id, Push("y")))
            ann.receive()
            self.advance(1.1)
        self.assertEqual(["x", "y"], [push.event_name for push in ann.pushes])
        texts = [formatEvent(event) for event in events]
        self.assertTrue([text for text in texts if "a mailbox could not be read" in text], texts)
        self.flushLoggedErrors(ServiceUnavailable)
