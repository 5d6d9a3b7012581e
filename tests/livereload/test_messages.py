"""What is said to a tab, in whichever order it speaks."""

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.livereload.messages import (
    MAX_ALERT,
    MAX_FRAME,
    OFFICIAL_7,
    Close,
    Conversation,
    State,
    alert_message,
    reload_message,
)

OFFICIAL_6 = "http://livereload.com/protocols/official-6"
# As livereload-js 4.0.2 sends them.
HELLO = json.dumps({"command": "hello", "protocols": [OFFICIAL_6, OFFICIAL_7], "ver": "4.0.2"})
INFO = json.dumps(
    {
        "command": "info",
        "plugins": {"less": {"disable": False, "version": "1.0"}},
        "url": "http://localhost:8080/blog/?a=1#top",
    }
)
OLD = json.dumps({"command": "hello", "protocols": [OFFICIAL_6]})
NONSENSE = (
    "", "{", "null", "5", "[]", '"hello"', '["hello"]', "[" * 5_000, "\ud800", "!!ver:1.6",
    INFO + " " * MAX_FRAME, b"", HELLO.encode(), b"\xff",
)  # fmt: skip
UNKNOWN = (
    "{}", '{"command":null}', '{"command":["hello"]}', '{"command":"url","url":"x"}',
    '{"command":"reload","path":"/"}', '{"command":"HELLO"}', '{"command":{}}',
)  # fmt: skip


class Tab:
    """What livereload-js does with what it reads: a hello, and then nothing but reloads and alerts."""

    def __init__(self):
        self.greeted = False
        self.closed = False

    def read(self, text):
        message = json.loads(text)
        if self.greeted:
            assert message["command"] in ("reload", "alert"), text
        else:
            assert message["command"] == "hello" and OFFICIAL_7 in message["protocols"], text
        self.greeted = True


def opened():
    conversation = Conversation(0.0)
    conversation.received(HELLO, 0.0)
    return conversation


class GreetingTests(SynchronousTestCase):
    def test_a_hello_is_answered_as_the_protocol_has_it(self):
        conversation = Conversation(0.0)
        self.assertFalse(conversation.hears)
        self.assertEqual(
            '{"command":"hello","protocols":["http://livereload.com/protocols/official-7"],'
            '"serverName":"aiorest_gw"}',
            conversation.received(HELLO, 0.1),
        )
        self.assertTrue(conversation.hears)

    def test_a_second_hello_is_not_answered(self):
        """A tab would take the answer for an error and close."""
        conversation = opened()
        for frame in (HELLO, OLD, HELLO):
            self.assertIsNone(conversation.received(frame, 1.0))
        self.assertTrue(conversation.hears)

    def test_who_does_not_say_what_it_speaks_is_answered_all_the_same(self):
        for protocols in (None, [], "official-7", {}, 5, [OFFICIAL_7], ["x", None, OFFICIAL_7]):
            hello = json.dumps({"command": "hello", "protocols": protocols})
            self.assertIsInstance(Conversation(0.0).received(hello, 0.0), str, protocols)
        self.assertIsInstance(Conversation(0.0).received('{"command":"hello"}', 0.0), str)

    def test_who_speaks_an_older_protocol_alone_is_closed_with_the_reason(self):
        for protocols in ([OFFICIAL_6], ["x"], [None], [[OFFICIAL_7]]):
            conversation = Conversation(0.0)
            hello = json.dumps({"command": "hello", "protocols": protocols})
            close = conversation.received(hello, 0.0)
            self.assertEqual(1008, close.code)
            self.assertIn("official-7", close.reason)
            self.assertIsNone(conversation.received(HELLO, 0.0))

    def test_who_says_no_hello_in_time_is_closed(self):
        conversation = Conversation(10.0)
        self.assertEqual(15.0, conversation.due())
        conversation.received(INFO, 11.0)
        conversation.received(UNKNOWN[0], 12.0)
        self.assertIsNone(conversation.waited(14.9))
        self.assertEqual(1008, conversation.waited(15.0).code)
        self.assertIsNone(conversation.due())
        self.assertIsNone(conversation.waited(16.0))

    def test_a_hello_that_is_late_comes_too_late(self):
        conversation = Conversation(0.0, hello_within=2.0)
        self.assertEqual(1008, conversation.received(HELLO, 2.0).code)

    def test_who_has_said_hello_may_be_silent(self):
        conversation = opened()
        self.assertIsNone(conversation.due())
        self.assertIsNone(conversation.waited(1e9))
        self.assertTrue(conversation.hears)


class InfoTests(SynchronousTestCase):
    def test_a_tab_tells_its_page_at_any_time_and_again(self):
        conversation = Conversation(0.0)
        conversation.received(INFO, 0.0)
        self.assertEqual("http://localhost:8080/blog/?a=1#top", conversation.url)
        conversation.received(HELLO, 0.0)
        self.assertIsNone(conversation.received('{"command":"info","url":"http://x/"}', 1.0))
        self.assertEqual("http://x/", conversation.url)
        self.assertEqual({"less": {"disable": False, "version": "1.0"}}, conversation.plugins)

    def test_what_is_missing_or_wrong_in_it_is_passed_over(self):
        conversation = opened()
        conversation.received(INFO, 0.0)
        for rest in ({}, {"url": None}, {"url": 5}, {"url": ""}, {"url": []}, {"plugins": "less"}):
            reply = conversation.received(json.dumps({"command": "info", **rest}), 1.0)
            self.assertIsNone(reply)
        self.assertEqual("http://localhost:8080/blog/?a=1#top", conversation.url)
        self.assertEqual({"less": {"disable": False, "version": "1.0"}}, conversation.plugins)


class NonsenseTests(SynchronousTestCase):
    def test_a_little_nonsense_disturbs_nothing(self):
        for frame in NONSENSE:
            conversation = Conversation(0.0)
            for _ in range(20):
                self.assertIsNone(conversation.received(frame, 0.0), repr(frame)[:50])
            self.assertIsInstance(conversation.received(HELLO, 0.0), str)

    def test_too_much_of_it_closes(self):
        for frame, make in itertools.product(NONSENSE, (lambda: Conversation(0.0), opened)):
            conversation = make()
            replies = [conversation.received(frame, 0.0) for _ in range(30)]
            closes = [reply for reply in replies if reply is not None]
            self.assertEqual([1008], [close.code for close in closes], repr(frame)[:50])
            self.assertIsNone(conversation.url)
            self.assertIs(State.CLOSED, conversation.state)

    def test_unknown_commands_are_passed_over_however_many(self):
        """Later clients may have more of them."""
        conversation = opened()
        for frame in UNKNOWN * 100:
            self.assertIsNone(conversation.received(frame, 0.0))
        self.assertTrue(conversation.hears)


class OrderTests(SynchronousTestCase):
    def check(self, frames, most_nonsense=1):
        conversation, tab = Conversation(0.0, most_nonsense=most_nonsense), Tab()
        for frame in frames:
            if isinstance(frame, float):
                reply = conversation.waited(frame)
            else:
                reply = conversation.received(frame, 0.0)
            if reply is not None:
                self.assertFalse(tab.closed, frames)
            if isinstance(reply, Close):
                tab.closed = True
            elif reply is not None:
                tab.read(reply)
            self.assertEqual(tab.greeted and not tab.closed, conversation.hears, frames)
            self.assertEqual(tab.closed, conversation.state is State.CLOSED, frames)
        return conversation, tab

    def test_in_no_order_is_a_tab_told_what_it_would_close_at(self):
        """Every order of five, of each kind of event; and it is always told one thing or the other."""
        kinds = (HELLO, OLD, INFO, UNKNOWN[3], NONSENSE[1], 4.0, 5.0)
        for frames in itertools.product(kinds, repeat=5):
            conversation, tab = self.check(frames)
            if not tab.closed:
                self.assertLess(frames.count(NONSENSE[1]), 2)
                self.assertEqual(HELLO in frames, tab.greeted)
                self.assertEqual(INFO in frames, conversation.url is not None)

    @given(
        st.lists(
            st.sampled_from((HELLO, OLD, INFO, *UNKNOWN, *NONSENSE))
            | st.floats(0, 10)
            | st.text()
            | st.binary()
        )
    )
    def test_nor_by_anything_that_is_sent(self, frames):
        self.check(frames, most_nonsense=20)


class MessageTests(SynchronousTestCase):
    def test_a_reload_names_the_file_and_what_may_be_swapped(self):
        self.assertEqual(
            '{"command":"reload","path":"/css/site.css","liveCSS":true,"liveImg":true}',
            reload_message("/css/site.css"),
        )
        self.assertEqual(
            {"command": "reload", "path": "/\u00e4", "liveCSS": False, "liveImg": False},
            json.loads(reload_message("/\u00e4", live_css=False, live_img=False)),
        )

    def test_a_name_that_is_no_utf_8_can_be_sent(self):
        text = reload_message(b'/\xff\n".css'.decode(errors="surrogateescape"))
        self.assertEqual(text, text.encode().decode())
        self.assertEqual('/\udcff\n".css', json.loads(text)["path"])

    def test_an_alert_is_no_longer_than_anybody_reads(self):
        self.assertEqual(
            {"command": "alert", "message": 'a\n"b'}, json.loads(alert_message('a\n"b'))
        )
        self.assertEqual("x" * MAX_ALERT, json.loads(alert_message("x" * MAX_ALERT))["message"])
        message = json.loads(alert_message("x" * 100_000))["message"]
        self.assertEqual((MAX_ALERT, "\u2026"), (len(message), message[-1]))
