"""Answers to bytes."""

import dataclasses
import datetime
import decimal
import enum
import uuid
from xml.etree import ElementTree

import attrs
import msgspec
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw import APIError, BaseRenderer, JSONRenderer, Response, XMLRenderer
from aiorest_gw.errors import SerializerError
from aiorest_gw.wire.answers import render_error, render_response


class Colour(enum.Enum):
    RED = "red"


@attrs.define
class Point:
    x: int
    y: int


@dataclasses.dataclass
class Size:
    width: int


def endless():
    value: list = []
    value.append(value)
    return value


class JSONRendererTests(SynchronousTestCase):
    def render(self, value):
        return JSONRenderer().render(value)

    def test_values_of_python_are_written(self):
        """Whatever a view is likely to answer has a form in JSON."""
        for value, expected in (
            (Point(1, 2), {"x": 1, "y": 2}),
            (Size(3), {"width": 3}),
            (datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=datetime.UTC), "2020-01-02T03:04:05Z"),
            (datetime.date(2020, 1, 2), "2020-01-02"),
            (decimal.Decimal("1.50"), "1.50"),
            (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
            (Colour.RED, "red"),
            (b"ab", "YWI="),
            ({1}, [1]),
            ({None: 1, True: 2, False: 3, 4: 5}, {"null": 1, "true": 2, "false": 3, "4": 5}),
            ([{None: (1,)}], [{"null": [1]}]),
        ):
            self.assertEqual(expected, msgspec.json.decode(self.render(value)))

    def test_line_separators_are_escaped(self):
        """So that the text is JavaScript too."""
        self.assertEqual(b'"a\\u2028\\u2029"', self.render("a\u2028\u2029"))

    def test_what_cannot_be_written_is_an_error(self):
        for value in (object(), endless(), "\ud800", {(1, 2): 3}, {"a": {None: object()}}):
            self.assertRaises(SerializerError, self.render, value)


class XMLRendererTests(SynchronousTestCase):
    def render(self, value):
        return XMLRenderer().render(value)

    def test_markup_in_texts_is_escaped(self):
        text = self.render({"a": "<b>&"})
        self.assertEqual("<b>&", ElementTree.fromstring(text).findtext("a"))

    def test_what_no_document_can_hold_is_replaced(self):
        """A control character would make the whole answer unreadable."""
        text = self.render({"a": "\x00x\x1f"})
        self.assertEqual("\ufffdx\ufffd", ElementTree.fromstring(text).findtext("a"))

    def test_a_key_that_is_no_name_is_escaped(self):
        """It could otherwise open elements of its own; and what a client sends is echoed."""
        for key, name in (
            ("a b", "a_x0020_b"), ("a><b", "a_x003E__x003C_b"), ("", "_x_"), ("1a", "_x0031_a"),
            ("ä", "_x00E4_"), ("😀", "_x1F600_"), ("a.b-c_1", "a.b-c_1"), ("-", "_x002D_"),
        ):  # fmt: skip
            [element] = ElementTree.fromstring(self.render({key: 1}))
            self.assertEqual(name, element.tag)

    def test_what_cannot_be_written_is_an_error(self):
        for value in (object(), endless(), {"a": object()}, {"a": {(1, 2): 3}}):
            self.assertRaises(SerializerError, self.render, value)

    def test_a_subclass_names_its_elements(self):
        class Feed(XMLRenderer):
            root_name = "feed"
            item_tag_name = "entry"

        self.assertEqual(
            '<?xml version="1.0" encoding="utf-8"?>\n<feed><entry>1</entry></feed>',
            Feed().render([1]).decode(),
        )


class AnswersTests(SynchronousTestCase):
    def test_without_an_id_there_is_no_status(self):
        """The plain dialect's answers are those of aiorest-ws."""
        self.assertEqual(
            b'{"data":1,"event_name":null}', render_response(Response(1, 201), None, None)
        )

    def test_with_an_id_the_answer_has_it_and_a_status(self):
        self.assertEqual(
            b'{"data":1,"event_name":"e","id":"x","status":201}',
            render_response(Response(1, 201), "e", "x"),
        )

    def test_an_error_tells_its_errors(self):
        error = APIError("no", status=422, errors=[{"path": "$", "message": "m"}])
        self.assertEqual(
            b'{"detail":"no","event_name":null,"errors":[{"path":"$","message":"m"}],'
            b'"id":0,"status":422}',
            render_error(error, None, 0),
        )

    def test_the_responses_renderer_writes_it(self):
        class Upper(BaseRenderer):
            def render(self, data):
                return str(data["data"]).upper().encode()

        self.assertEqual(b"A", render_response(Response("a", renderer=Upper()), None, None))
