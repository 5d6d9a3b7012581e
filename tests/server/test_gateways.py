"""Several gateways that share an engine: their clients are one crowd."""

from random import Random

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent

from aiorest_gw import ConfigurationError, Push, SimpleRouter
from aiorest_gw.engines.memory import MemoryEngine
from aiorest_gw.errors import ServiceUnavailable
from aiorest_gw.sessions.entries import Outcome
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
        user = ByName().authenticate("ann").user
        for wrong in (None, 5, self.b.get_handler(client.session_id)):
            self.assertRaises(TypeError, self.a.send_message, wrong, Push("x"))
            self.assertRaises(TypeError, self.a.close, wrong)
        for wrong in (user, [user]):
            self.assertRaises(TypeError, self.a.send_message_to_user_ids, wrong, Push("x"))
        for wrong in (None, [None]):
            self.assertRaises(ValueError, self.a.send_message_to_user_ids, wrong, Push("x"))
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

    def test_what_is_no_engine_is_told(self):
        for wrong in (MemoryEngine, "redis://x"):
            error = self.assertRaises(ConfigurationError, self.serve, SimpleRouter(), engine=wrong)
            self.assertIn("engine should be an Engine", error.args[0])

    def test_a_message_in_place_of_its_name_is_told(self):
        session = self.a.get_handler(self.open("a").session_id)
        for message in (Push("said", 1), {"event_name": "said", "data": 1}):
            self.assertRaises(TypeError, session.push, message)
            self.assertRaises(TypeError, self.a.publish, "rooms/a", message)

    def test_a_test_is_told_what_it_asks_too_late(self):
        error = self.assertRaises(TypeError, self.serve, self.factories[0], max_open_requests=2)
        self.assertIn("max_open_requests", error.args[0])
        client = self.open("a", "nobody")
        for call in (lambda: client.request("GET", "/x"), client.push):
            self.assertIn("4501", self.assertRaises(LookupError, call).args[0])

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


class StoppingTests(GatewaysTestCase):
    def drained(self, factory, clients=()):
        done = []
        factory.drain().addCallback(done.append)
        for _ in range(20):
            for client in clients:
                client.connection.move()
            self.settle()
        self.advance(20)
        self.settle()
        self.assertEqual([None], done)

    def test_a_gateway_that_stops_hands_on_what_nobody_had_got(self):
        self.gateways(max_outbox_messages=10)
        for number in range(40):
            self.b.send_message_to_user_ids(["bob"], Push(number))
        self.settle()
        ann, bob = self.open("a", "ann"), self.open("a", "bob")
        away = self.open("a", "carl")
        away.cut()
        for user in ("ann", "carl"):
            for number in range(3):
                self.a.send_message_to_user_ids([user], Push(number))
        self.settle()
        self.drained(self.factories[0], [ann, bob])
        for user, count in (("ann", 3), ("carl", 3), ("bob", 40)):
            client, got = self.open("b", user), []
            for _ in range(20):
                got += self.names(client)
                client.acknowledge()
            self.assertEqual([*range(count)], got, user)


class LateStoppingTests(StoppingTests):
    def make_engine(self):
        return LateEngine(self.clock)


class TroubledEngine(MemoryEngine):
    """One that notes what it forwards, and of which some calls fail.

    :param forwarded: takes the letters.
    :param failing: names of calls; each fails once.
    """

    def __init__(self, now, forwarded, failing):
        super().__init__(now)
        self._forwarded, self._failing = forwarded, failing

    def forward(self, letters, first=False):
        self._forwarded += letters
        return super().forward(letters, first)

    async def take(self, user_id, most):
        self._may_fail("take")
        return await super().take(user_id, most)

    async def release(self, user_id, before=(), behind=()):
        self._may_fail("release")
        await super().release(user_id, before, behind)

    def _may_fail(self, name):
        if name in self._failing:
            self._failing.remove(name)
            raise ServiceUnavailable


class TroubledTestCase(GatewaysTestCase):
    def make_engine(self):
        self.forwarded, self.failing = [], []
        return TroubledEngine(self.clock.seconds, self.forwarded, self.failing)


class ClosingTests(TroubledTestCase):
    def test_what_sessions_had_not_got_that_are_closed_together_waits_once_and_in_order(self):
        sessions = [self.open("a", "ann") for _ in range(5)]
        for session in sessions:
            session.cut()
        for number in range(300):
            self.a.send_message_to_user_ids(["ann"], Push(number))
        before = len(self.forwarded)
        self.assertEqual(5, self.a.close_user_ids(["ann"]))
        self.assertEqual(300, len(self.forwarded) - before)
        self.assertEqual([*range(300)], self.names(self.open("b", "ann")))

    def test_a_handler_that_cannot_be_closed_harms_no_other(self):
        class Stubborn:
            session_id, user_id, username = "1", "ann", "Ann"
            straight = None
            closed = 0

            def deliver_numbered(self, message):
                return False

            def deliver(self, *args):
                raise ValueError("wrong")

            def close(self, code, reason):
                raise ValueError("wrong")

        self.a.register(Stubborn())
        ann = self.open("a", "ann")
        receipt = self.a.send_message_to_user_ids(["ann"], Push("x"), receipt=True)
        self.assertEqual("it could not be sent", receipt.endings["1"].reason)
        self.assertEqual(2, self.a.close_user_ids(["ann"]))
        ann.connection.move()
        self.assertEqual(4501, ann.connection.close_code)
        self.assertEqual(2, len(self.flushLoggedErrors(ValueError)))

    def test_one_that_was_there_before_under_an_id_removes_no_other(self):
        class Handler:
            session_id, user_id, username = "1", None, ""

        first, second = Handler(), Handler()
        self.a.register(first)
        self.a.register(second)
        self.a.unregister(first)
        self.assertIs(second, self.a.get_handler("1"))

    def test_a_reason_that_cannot_be_sent_closes_nobody(self):
        client = self.open("a")
        for reason in (5, "x" * 124):
            self.assertRaises(ValueError, self.a.close_all, 1000, reason)
        for code in ("4000", None, True, 4000.5, 1001):
            self.assertRaises(ValueError, self.a.close_all, code)
        self.assertTrue(client.connection.connected)


class FeedTests(TroubledTestCase):
    def setUp(self):
        super().setUp()
        self.gateways(max_outbox_messages=10)

    def fill(self, count=40):
        for number in range(count):
            self.a.send_message_to_user_ids(["ann"], Push(number))
        self.settle()

    def read(self, client):
        got = []
        for _ in range(20):
            got += self.names(client)
            client.acknowledge()
        return got

    def test_a_receipt_tells_of_the_session_that_got_a_push(self):
        self.fill()
        one = self.open("a", "ann")
        receipt = self.a.send_message_to_user_ids(["ann"], Push("new"), receipt=True)
        self.a.close(one.session_id)
        two = self.open("a", "ann")
        self.assertEqual("new", self.read(two)[-1])
        self.assertIs(Outcome.EXPIRED, receipt.endings[one.session_id].outcome)

    def test_a_push_that_was_sent_in_time_is_delivered_however_late_that_is_acknowledged(self):
        receipt = self.a.send_message_to_user_ids(["ann"], Push("x"), receipt=True, ttl=5)
        ann = self.open("b", "ann")
        self.advance(6)
        self.assertEqual(["x"], self.names(ann))
        ann.acknowledge()
        self.assertIs(Outcome.DELIVERED, receipt.endings["mailbox of ann"].outcome)

    def test_a_mailbox_that_could_not_be_read_is_read_again(self):
        self.fill(3)
        self.failing.append("take")
        ann = self.open("a", "ann")
        self.assertEqual([], self.names(ann))
        self.advance(1.1)
        self.assertEqual([0, 1, 2], self.names(ann))
        self.flushLoggedErrors(ServiceUnavailable)

    def test_receipts_of_what_is_lost_with_the_engine_end(self):
        receipts = [
            self.a.send_message_to_user_ids(["ann"], Push(number), receipt=True)
            for number in range(20)
        ]
        self.settle()
        ann = self.open("a", "ann")
        self.failing.append("release")
        ann.cut()
        self.advance(61)
        self.settle()
        self.assertTrue(all(receipt.done for receipt in receipts))
        self.flushLoggedErrors(ServiceUnavailable)

    def test_a_session_that_is_another_users_now_holds_up_no_mail(self):
        self.fill()
        session = self.a.get_handler(self.open("a", "ann").session_id)
        session.user = ByName().authenticate("bob").user
        self.a.register(session)
        self.settle()
        got = self.read(self.open("b", "ann"))
        self.assertEqual([*range(5, 40)], got[-35:])
