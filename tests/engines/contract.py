"""What every engine promises; a test case of an engine derives from this and makes one."""

from twisted.internet.defer import Deferred

from aiorest_gw import ConfigurationError, Push
from aiorest_gw.sessions.engine import Member, Node, Position, Retention
from aiorest_gw.sessions.entries import Ending, Outcome
from aiorest_gw.sessions.letters import EVERYBODY, Address, Letter, Whose
from aiorest_gw.sessions.mailboxes import MailboxBounds
from aiorest_gw.sessions.receipts import Receipt
from aiorest_gw.sessions.terms import Terms
from aiorest_gw.wire.dialects import PLAIN, V1_MSGPACK
from aiorest_gw.wire.prepared import Prepared
from aiorest_gw.wire.publications import Publication

_ALL = Retention(1_000, 1_000)


class Gateway:
    """What an engine serves: it writes down what is delivered to its sessions.

    :ivar published: publications, read again.
    :ivar places: theirs.
    :ivar got: what was delivered, as pairs of a session's id and data.
    :ivar closed: sessions, with code and reason.
    :ivar told: users for whom something waits.
    :ivar pruned: how many letters had to be pruned.
    """

    def __init__(self, engine, bounds, later, octets=1_000_000):
        self.engine = engine
        self.sessions = {}
        self.places = []
        self.published, self.got, self.closed, self.told = [], [], [], []
        self.pruned = 0
        engine.start(Node(
            self.publish, self.deliver, self.close, self.told.append, self.prune, bounds, octets, later))  # fmt: skip

    def publish(self, publication, place):
        self.published.append(publication.push)
        self.places.append(place)

    def at(self, to):
        if to.whose is Whose.EVERYBODY:
            return [*self.sessions]
        return [
            id
            for id, user_id in self.sessions.items()
            if to.id == (id if to.whose is Whose.SESSION else user_id)
        ]

    def deliver(self, letter):
        for id in self.at(letter.to):
            if id not in letter.reached:
                letter.reached.add(id)
                self.got.append((id, letter.message.push.data))
                letter.expect(id)
        return len(self.at(letter.to))

    def close(self, to, code, reason):
        self.closed += [(id, code, reason) for id in self.at(to)]
        return len(self.at(to))

    def prune(self, count):
        self.pruned += count


def to(user_id):
    return Address(Whose.USER, user_id)


def publication(data, topic="a"):
    return Publication.of(Push("n", data, topic))


def letter(to, data, expires=None, receipt=None, **terms):
    return Letter(to, Prepared(Push("n", data)), Terms(**terms), expires, receipt)


class EngineContract:
    """Mixed into a test case that has ``make_engine()``, ``make_another(engine)``, which gives one that shares
    with it what it keeps, ``now()``, ``later(seconds)``, ``call_later(seconds, function)`` and
    ``resolve(awaitable)``.
    """

    bounds = MailboxBounds(10, 10_000, 100)

    def setUp(self):
        super().setUp()
        self.engine = self.make_engine()
        self.here = self.gateway(self.engine)
        self.delivered = self.here.published
        self.there = self.gateway(self.make_another(self.engine))

    def gateway(self, engine, **options):
        return Gateway(engine, self.bounds, self.call_later, **options)

    def do(self, running):
        return self.resolve(Deferred.fromCoroutine(running))

    def open(self, gateway, id, user_id=None):
        gateway.sessions[id] = user_id
        gateway.engine.register(Member(id, user_id))
        self.settle(gateway)

    def gone(self, gateway, id):
        del gateway.sessions[id]
        gateway.engine.unregister(id)
        self.settle(gateway)

    def settle(self, gateway):
        """What is called later takes effect later."""
        self.do(gateway.engine.members("a"))

    def forward(self, *letters, **options):
        """As a gateway does: at its own sessions first."""
        for one in letters:
            one.here = self.here.deliver(one) > 0
        forwarded = self.engine.forward(letters, **options)
        return forwarded if isinstance(forwarded, int) else self.do(forwarded)

    def take(self, gateway, user_id, most=100):
        mails = self.do(gateway.engine.take(user_id, most))
        return mails and [mail.letter.message.push.data for mail in mails]

    def publish(self, topic, *numbers, retention=_ALL):
        return [
            self.do(self.engine.publish(publication(number, topic), retention))
            for number in numbers
        ]

    def history(self, topic, since=None, limit=1_000):
        return self.do(self.engine.history(topic, since, limit))

    def test_publications_are_numbered_from_1_without_gaps(self):
        places = self.publish("a", 1, 2, 3)
        self.assertEqual([1, 2, 3], [place.offset for place in places])
        self.assertEqual(1, len({place.epoch for place in places}))
        self.assertEqual([1], [place.offset for place in self.publish("b", 1)])

    def test_subscribed_topics_are_delivered_in_order_and_others_are_not(self):
        self.publish("a", 0)
        self.do(self.engine.subscribe("a"))
        self.publish("a", 1, 2)
        self.publish("b", 3)
        self.do(self.engine.unsubscribe("a"))
        self.publish("a", 4)
        self.assertEqual([Push("n", 1, "a", 2), Push("n", 2, "a", 3)], self.delivered)

    def test_history_is_what_was_published_with_its_place(self):
        *_, last = self.publish("a", 1, 2, 3)
        found = self.history("a")
        self.assertEqual([Push("n", n, "a", n) for n in (1, 2, 3)], list(found.pushes))
        self.assertEqual(last, found.position)

    def test_history_behind_a_place_is_complete_or_says_that_it_is_not(self):
        *_, last = self.publish("a", 1, 2, 3, 4, 5, retention=Retention(3, 1_000))
        for offset, complete, data in (
            (5, True, []), (4, True, [5]), (2, True, [3, 4, 5]), (1, False, [3, 4, 5]), (6, False, []),
        ):  # fmt: skip
            found = self.history("a", Position(last.epoch, offset))
            self.assertEqual(
                (complete, data), (found.complete, [p.data for p in found.pushes]), offset
            )
        self.assertFalse(self.history("a", Position("another", 4)).complete)
        self.assertFalse(self.history("a", Position(last.epoch, 3), limit=1).complete)
        self.assertEqual([4, 5], [p.data for p in self.history("a", None, 2).pushes])
        self.assertEqual([], list(self.history("a", None, 0).pushes))

    def test_history_has_an_age(self):
        self.publish("a", 1, retention=Retention(10, 5))
        self.later(3)
        self.publish("a", 2, retention=Retention(10, 5))
        self.later(3)
        found = self.history("a")
        self.assertEqual(([2], 2), ([push.data for push in found.pushes], found.position.offset))

    def test_history_has_a_size(self):
        self.do(self.engine.publish(publication("x" * 600), Retention(10, 100, 1_000)))
        self.do(self.engine.publish(publication("y" * 300), Retention(10, 100, 1_000)))
        self.do(self.engine.publish(publication("z" * 300), Retention(10, 100, 1_000)))
        self.assertEqual(["y", "z"], [push.data[0] for push in self.history("a").pushes])
        self.do(self.engine.publish(publication("x" * 2_000), Retention(10, 100, 1_000)))
        found = self.history("a")
        self.assertEqual(([], 4), (list(found.pushes), found.position.offset))

    def test_nothing_is_kept_where_nothing_is_to_be(self):
        self.do(self.engine.subscribe("a"))
        self.publish("a", 1, retention=Retention(0, 100))
        self.assertEqual(([], 1), (list(self.history("a").pushes), len(self.delivered)))

    def test_what_is_kept_is_what_was_written(self):
        written = Publication.of(Push("n", {"a": [1.5, None, "é\u2028"]}, "a", 2))
        self.publish("a", 1, {"a": [1.5, None, "é\u2028"]})
        [found] = self.history("a", limit=1).publications
        self.assertEqual(
            (written.json, written.packed, 2), (found.json, found.packed, found.offset)
        )
        self.assertEqual(
            (written.json, written.packed),
            (PLAIN.push(written.push), V1_MSGPACK.push(written.push)),
        )

    def test_what_is_handed_on_names_its_place(self):
        for gateway in (self.here, self.there):
            self.do(gateway.engine.subscribe("a"))
        places = self.publish("a", 1, 2, 3)
        self.assertEqual((places, places), (self.here.places, self.there.places))

    def test_to_subscribe_twice_is_to_subscribe_once(self):
        for _ in range(2):
            self.do(self.engine.subscribe("a"))
        self.publish("a", 1)
        self.do(self.engine.unsubscribe("a"))
        self.publish("a", 2)
        self.assertEqual([Push("n", 1, "a", 1)], self.delivered)

    def test_where_all_was_too_old_the_topic_goes_on_or_begins_anew(self):
        """It may be forgotten by then; that is never hidden, and no epoch comes twice."""
        *_, last = self.publish("a", 1, 2, retention=Retention(10, 5))
        self.later(100)
        for number in (3, 4):
            found = self.history("a", last)
            known = found.position.epoch == last.epoch
            self.assertEqual((known, []), (found.complete, list(found.publications)))
            self.assertEqual(last.offset if known else 0, found.position.offset)
            [place] = self.publish("a", number, retention=Retention(10, 5))
            self.assertEqual(last.offset + 1 if known else 1, place.offset)
            self.assertEqual(known, place.epoch == last.epoch)
            self.later(100)
            last = place

    def test_a_topic_that_nobody_has_published_in_has_a_place(self):
        before = self.history("a", None, 0).position
        self.assertEqual(0, before.offset)
        self.publish("a", 1)
        self.assertEqual(([1], True), (
            [p.data for p in self.history("a", before).pushes], self.history("a", before).complete))  # fmt: skip

    def test_members_enter_and_leave(self):
        ann, bob = Member("1", "ann", "Ann"), Member("2")
        for member in (ann, bob):
            self.do(self.engine.enter("a", member))
        self.assertEqual([ann, bob], list(self.do(self.engine.members("a"))))
        self.assertEqual([], list(self.do(self.engine.members("b"))))
        self.do(self.engine.leave("a", "1"))
        self.do(self.engine.leave("a", "1"))
        self.assertEqual([bob], list(self.do(self.engine.members("a"))))

    def test_one_who_enters_again_is_somebody_else_and_leaves_once(self):
        self.do(self.engine.enter("a", Member("1")))
        self.do(self.engine.enter("a", Member("1", "ann", "Ann")))
        self.assertEqual([Member("1", "ann", "Ann")], list(self.do(self.engine.members("a"))))
        self.do(self.engine.leave("a", "1"))
        self.assertEqual([], list(self.do(self.engine.members("a"))))

    # -- several gateways

    def test_an_engine_serves_one_gateway_until_it_is_stopped(self):
        self.assertRaises(ConfigurationError, self.gateway, self.engine)
        self.engine.stop()
        self.open(self.gateway(self.engine), "1", "ann")

    def test_what_is_published_at_one_gateway_is_handed_on_at_all(self):
        for gateway in (self.here, self.there):
            self.do(gateway.engine.subscribe("a"))
        self.publish("a", 1)
        self.do(self.there.engine.publish(publication(2), _ALL))
        self.do(self.there.engine.unsubscribe("a"))
        self.publish("a", 3)
        pushes = [Push("n", n, "a", n) for n in (1, 2, 3)]
        self.assertEqual((pushes, pushes[:2]), (self.here.published, self.there.published))
        self.assertEqual(3, self.do(self.there.engine.history("a", None, 0)).position.offset)

    def test_members_are_those_of_all_gateways(self):
        ann, bob = Member("1", "ann"), Member("2", "bob")
        self.do(self.engine.enter("a", ann))
        self.do(self.there.engine.enter("a", bob))
        self.assertEqual([ann, bob], list(self.do(self.engine.members("a"))))

    def test_a_letter_reaches_the_sessions_of_other_gateways_once(self):
        self.open(self.here, "1", "ann")
        self.open(self.there, "2", "ann")
        self.open(self.there, "3", "bob")
        for address, count in (
            (to("ann"), 1), (Address(Whose.SESSION, "3"), 1), (Address(Whose.SESSION, "4"), 0),
            (Address(Whose.SESSION, None), 0), (EVERYBODY, 2),
        ):  # fmt: skip
            self.assertEqual(count, self.forward(letter(address, str(address))))
        everybody = str(EVERYBODY)
        self.assertEqual([("1", str(to("ann"))), ("1", everybody)], self.here.got)
        self.assertEqual(
            [("2", str(to("ann"))), ("3", "3"), ("2", everybody), ("3", everybody)], self.there.got
        )

    def test_several_letters_arrive_in_order(self):
        self.open(self.there, "1", "ann")
        self.assertEqual(9, self.forward(*(letter(to("ann"), n) for n in range(9))))
        self.assertEqual([("1", n) for n in range(9)], self.there.got)

    def test_sessions_are_closed_elsewhere(self):
        self.open(self.there, "1", "ann")
        self.open(self.there, "2", "bob")
        count = self.do(self.engine.close([to("ann"), to("carl")], 4501, "out"))
        self.assertEqual((1, [("1", 4501, "out")]), (count, self.there.closed))
        self.assertEqual(2, self.do(self.engine.close([EVERYBODY], 1000, "")))
        self.assertEqual([], self.here.closed)

    def test_one_who_logs_in_or_leaves_is_known(self):
        self.open(self.there, "1")
        self.assertEqual(0, self.forward(letter(to("ann"), 1, volatile=True)))
        self.open(self.there, "1", "ann")
        self.assertEqual(1, self.forward(letter(to("ann"), 2)))
        self.open(self.there, "1", "bob")
        self.assertEqual(0, self.forward(letter(to("ann"), 3)))
        self.gone(self.there, "1")
        self.assertEqual(0, self.forward(letter(to("bob"), 4)))
        self.assertEqual(([("1", 2)], [3], [4]), (
            self.there.got, self.take(self.here, "ann"), self.take(self.here, "bob")))  # fmt: skip
        self.engine.unregister("nobody")

    def test_a_gateway_that_stops_has_nobody_any_more(self):
        self.open(self.there, "1", "ann")
        self.do(self.there.engine.subscribe("a"))
        self.do(self.there.engine.enter("a", Member("1", "ann")))
        self.there.engine.stop()
        self.publish("a", 1)
        self.assertEqual([], self.there.published)
        self.assertEqual([], list(self.do(self.engine.members("a"))))
        self.assertEqual(0, self.forward(letter(to("ann"), 1)))
        self.assertEqual([1], self.take(self.here, "ann"))

    # -- mailboxes

    def test_what_nobody_has_waits_in_order_and_is_taken_once(self):
        self.open(self.here, "2", "bob")
        self.forward(*(letter(to("ann"), n) for n in range(3)), letter(to("bob"), "here"))
        self.forward(letter(to("ann"), "never", volatile=True), letter(EVERYBODY, "all"))
        self.forward(letter(to("ann"), 3))
        self.assertEqual([0, 1], self.take(self.there, "ann", 2))
        self.assertEqual([2, 3], self.take(self.there, "ann", 10))
        self.assertEqual([], self.take(self.there, "ann"))
        self.assertEqual([], self.take(self.here, "bob"))

    def test_one_gateway_at_a_time_empties_a_mailbox(self):
        self.forward(*(letter(to("ann"), n) for n in range(4)))
        self.assertEqual([0], self.take(self.here, "ann", 1))
        self.assertIsNone(self.take(self.there, "ann", 1))
        self.assertEqual([1], self.take(self.here, "ann", 1))
        self.do(self.there.engine.release("ann"))
        self.assertIsNone(self.take(self.there, "ann", 1))
        self.do(self.engine.release("ann"))
        self.assertEqual([2, 3], self.take(self.there, "ann"))
        self.assertIsNone(self.take(self.here, "ann"))
        self.assertEqual([], self.take(self.there, "ann"))
        self.assertEqual([], self.take(self.here, "ann"))

    def test_whoever_has_the_user_is_told_of_a_mailbox_that_was_let_go(self):
        self.forward(letter(to("ann"), 1), letter(to("ann"), 2))
        self.take(self.here, "ann", 1)
        self.open(self.there, "1", "ann")
        self.assertEqual([], self.there.told)
        self.do(self.engine.release("ann"))
        self.assertEqual((["ann"], []), (self.there.told, self.here.told))

    def test_a_mailbox_is_let_go_by_a_gateway_that_stops(self):
        self.forward(letter(to("ann"), 1), letter(to("ann"), 2))
        self.assertEqual([1], self.take(self.there, "ann", 1))
        self.open(self.here, "1", "ann")
        self.there.engine.stop()
        self.assertEqual(["ann"], self.here.told)
        self.assertEqual([2], self.take(self.here, "ann"))

    def test_what_comes_back_waits_before_the_rest(self):
        self.forward(letter(to("ann"), 3))
        self.forward(letter(to("ann"), 1), letter(to("ann"), 2), first=True)
        self.assertEqual([1, 2, 3], self.take(self.here, "ann"))

    def test_letters_have_a_time(self):
        receipt = Receipt(None, single=False)
        expires = self.now() + 5
        self.forward(letter(to("ann"), 1, expires, receipt), letter(to("ann"), 2))
        self.later(6)
        self.assertEqual([2], self.take(self.here, "ann"))
        self.assertIs(Outcome.EXPIRED, receipt.endings["mailbox of ann"].outcome)

    def test_a_full_mailbox_loses_what_is_late_and_then_the_oldest(self):
        receipt = Receipt(None, single=False)
        self.forward(letter(to("ann"), "oldest", None, receipt))
        self.forward(letter(to("ann"), "late", self.now() + 5))
        self.forward(*(letter(to("ann"), n) for n in range(8)))
        self.later(6)
        self.forward(letter(to("ann"), 8))
        self.assertEqual((0, {}), (self.here.pruned, receipt.endings))
        self.forward(letter(to("ann"), 9))
        ending = Ending(Outcome.DROPPED, "its mailbox was full")
        self.assertEqual((1, {"mailbox of ann": ending}), (self.here.pruned, receipt.endings))
        self.assertEqual([*range(10)], self.take(self.here, "ann"))

    def test_mailboxes_have_a_size(self):
        self.forward(letter(to("ann"), "x" * 6_000), letter(to("ann"), "y" * 6_000))
        self.forward(letter(to("bob"), "x" * 60_000))
        self.assertEqual(1, self.here.pruned)
        self.assertEqual(["y" * 6_000], self.take(self.here, "ann"))
        self.assertEqual(["x" * 60_000], self.take(self.here, "bob"))

    def test_there_are_so_many_mailboxes(self):
        for number in range(102):
            self.forward(letter(to(number), number))
        self.assertEqual(2, self.here.pruned)
        self.assertEqual(([], [2]), (self.take(self.here, 1), self.take(self.here, 2)))

    def test_each_ending_is_expected_when_a_letter_was_forwarded(self):
        receipt = Receipt(None, single=False)
        self.open(self.there, "1", "ann")
        self.forward(letter(to("ann"), 1, None, receipt), letter(to("bob"), 1, None, receipt))
        self.assertEqual(2, receipt.count)
        for name in ("1", "mailbox of bob"):
            receipt.end(name, Ending(Outcome.DELIVERED))
        self.assertEqual({"1", "mailbox of bob"}, receipt.endings.keys())
