"""The message of a page: its form on the wire, and what is said of what is none."""

import json

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.channels import PageMessage
from aiorest_gw.errors import BadMessage, SerializerError


class FormTests(SynchronousTestCase):
    def test_the_form_on_the_wire(self):
        message = PageMessage("1search name", {"a": 1}, "p", "m")
        self.assertEqual(
            {"header": "1search name", "content": {"a": 1}, "peerId": "p", "msgId": "m", "type": 1},
            json.loads(message.dump()),
        )
        self.assertEqual(
            ["header", "content", "peerId", "msgId", "type"], list(json.loads(str(message)))
        )
        self.assertEqual(("1", "search name"), (message.code, message.name))
        self.assertEqual({"header": "0x", "content": None, "peerId": None, "msgId": None, "type": 0},
                         json.loads(PageMessage("0x").dump()))  # fmt: skip

    def test_what_is_written_can_be_read(self):
        for message in (
            PageMessage("1han verification"),
            PageMessage(
                "0send_text", "ä\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")
            ),
            PageMessage(header="9", content=[1, None], peer_id="p", msg_id=5),
        ):
            self.assertEqual(message, PageMessage.parse(message.dump()))
            self.assertEqual(message, PageMessage.parse(message.dump().encode()))
            self.assertEqual(message, PageMessage.parse(message.as_object()))

    def test_the_type_is_ignored_and_so_is_what_is_not_known(self):
        text = '{"header":"0x","content":1,"peerId":null,"msgId":null,"type":"7","more":1}'
        self.assertEqual(PageMessage("0x", 1), PageMessage.parse(text))

    def test_each_missing_key_is_named(self):
        """G9: a message without one was dropped in silence."""
        whole = PageMessage("0x", 1, "p", "m").as_object()
        for key in ("header", "content", "peerId", "msgId"):
            part = {name: value for name, value in whole.items() if name != key}
            error = self.assertRaises(BadMessage, PageMessage.parse, json.dumps(part))
            self.assertEqual(f"The message has no `{key}`.", error.detail)
            self.assertEqual(None if key == "msgId" else "m", error.id)
        error = self.assertRaises(BadMessage, PageMessage.parse, '{"header":"0x"}')
        self.assertEqual("The message has no `content`, `peerId`, `msgId`.", error.detail)

    def test_what_is_no_message_is_refused(self):
        """G9: it closed the connection with 1011."""
        for text in (
            "", "{", "5", "[]", "null", b"\xff", '"\ud800', "[" * 100_000, '{"header":"\\ud800"}',
        ):  # fmt: skip
            self.assertRaises(BadMessage, PageMessage.parse, text)
        whole = PageMessage("0x", 1, "p", "m").as_object()
        for wrong in (
            {"header": None}, {"header": ""}, {"header": "x0"}, {"header": 5}, {"header": "\u0660x"},
            {"peerId": 5}, {"msgId": []}, {"msgId": True}, {"msgId": 1.5},
        ):  # fmt: skip
            self.assertRaises(BadMessage, PageMessage.parse, json.dumps(whole | wrong))
        self.assertRaises(ValueError, PageMessage, "text")

    def test_what_cannot_be_written_is_refused(self):
        error = self.assertRaises(SerializerError, PageMessage("0x", object()).dump)
        self.assertIn("the message '0x' to a page cannot be written: ", str(error))
        self.assertIn("of type object", str(error))

    def test_logs_show_no_content(self):
        """G11: whole messages were logged."""
        self.assertNotIn("secret", repr(PageMessage("0x", "secret")))
