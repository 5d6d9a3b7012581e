"""Bytes to requests, and what is no request."""

import base64
import json

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.errors import BadMessage
from aiorest_gw.wire.codecs import decode_base64, decode_request, encode_base64
from aiorest_gw.wire.shapes import Shape, TooMuch, check_exactly

SHAPE = Shape(depth=64, containers=100, values=100_000)


def nested(depth: int) -> bytes:
    """An object whose ``data`` lies so deep that the whole is ``depth`` levels."""
    return b'{"id":7,"data":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


class DecodeRequestTests(SynchronousTestCase):
    def refused(self, payload: bytes, shape: Shape = SHAPE) -> BadMessage:
        return self.assertRaises(BadMessage, decode_request, payload, shape)

    def test_every_key_of_the_protocol_is_an_attribute(self):
        """What the protocol names is read, and nothing of it is left among the extras."""
        request = decode_request(
            b'{"method":"GET","url":"/a","args":{"q":1},"data":[2],"event_name":"e","token":"t",'
            b'"id":"i","deadline":5}',
            SHAPE,
        )
        self.assertEqual(
            ("GET", "/a", {"q": 1}, [2], "e", "t", "i", 5, {}),
            (
                request.method, request.url, request.args, request.data, request.event_name,
                request.token, request.id, request.deadline, request.extra,
            ),
        )  # fmt: skip

    def test_other_keys_are_read_as_attributes_of_this_request_alone(self):
        """A client's own keys are at hand on its request, and on no other."""
        request = decode_request(b'{"colour":"red"}', SHAPE)
        self.assertEqual("red", request.colour)
        self.assertRaises(AttributeError, lambda: decode_request(b"{}", SHAPE).colour)

    def test_other_keys_shadow_nothing(self):
        """No key of a client replaces what a request has, nor a private name."""
        request = decode_request(
            b'{"get_argument":1,"user":{"is_active":true},"session":5,"_x":1,"args":{"a":2}}',
            SHAPE,
        )
        self.assertEqual(2, request.get_argument("a"))
        self.assertFalse(request.user.is_authenticated())
        self.assertIsNone(request.session)
        self.assertRaises(AttributeError, lambda: request._x)

    def test_of_duplicate_keys_the_last_counts(self):
        """As aiorest-ws took them."""
        self.assertEqual("/b", decode_request(b'{"url":"/a","url":"/b"}', SHAPE).url)

    def test_what_is_not_json_is_refused_with_its_place(self):
        """The text tells where, and quotes nothing."""
        self.assertEqual(
            "The message is not valid JSON: trailing characters (byte 4).",
            self.refused(b"{} secret").detail,
        )

    def test_constants_that_are_not_json_are_refused(self):
        """NaN and infinities are no JSON (RFC 8259 section 6), nor are numbers beyond a float."""
        for text in (b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b'{"a":1e999}'):
            self.refused(text)

    def test_huge_integers_are_refused(self):
        """An integer of thousands of digits would cost more than it can mean."""
        self.refused(b'{"a":' + b"9" * 5000 + b"}")

    def test_many_floats_are_read_as_one_is(self):
        """However many there are, each is the number that it would be alone."""
        for text in (
            "1e300", "-1.5E+308", "2e-0310", "1e23", "1e25", "1e-400", "1.7976931348623157e308",
            "999999999999999999.999", "0." + "0" * 310 + "1", "0.30000000000000004",
        ):  # fmt: skip
            for count in (1, 600):
                for key in ("data", "other"):
                    message = f'{{"id":3,"{key}":[{",".join([text] * count)}]}}'
                    request = decode_request(message.encode(), SHAPE)
                    self.assertEqual([float(text)] * count, getattr(request, key))

    def test_floats_beyond_what_there_is_are_refused(self):
        for count in (1, 2_000):
            for key in ("data", "other"):
                message = f'{{"id":3,"{key}":[{"1e300," * count}1e309]}}'
                self.assertIn("out of range", self.refused(message.encode()).detail)

    def test_a_number_that_lies_across_two_pieces_is_counted_once(self):
        """Large texts are looked at in pieces of 64 KiB."""
        shape = Shape(depth=64, containers=100, values=10_000)
        piece = 65_536

        def text(numbers, before):
            """Numbers that lie one by one across the ends of pieces, so many octets before each."""
            octets = b'{"data":['
            for number in numbers:
                octets += b" " * ((-len(octets) - before) % piece) + number + b","
            return octets

        cheap, dear = [b"1e5"] * 10, b"1e5," * (shape.exponents - 10)
        for before in (1, 2, 3):
            octets = text(cheap, before) + dear
            self.assertEqual(
                shape.exponents - 10, decode_request(octets + b"0]}", shape).data.count(1e5) - 10
            )
            self.assertIn("numbers with exponents", self.refused(octets + b"1e5]}", shape).detail)
        long = b"1" * 300 + b"." + b"1" * 999
        counted = len(long) // 21 * 21
        for before in (0, 200, 301, 700, 1_100, 1_290):
            rest = (shape.digits - 10 * counted) // 21
            octets = text([long] * 10, before) + (b"7" * 21 + b",") * rest
            self.assertEqual(11 + rest, len(decode_request(octets + b"0]}", shape).data))
            error = self.refused(octets + b"7" * 21 + b"]}", shape)
            self.assertIn("digits in numbers", error.detail)

    def test_numbers_of_small_messages_are_limited_by_their_size_alone(self):
        """Whatever else there is in them."""
        shape = Shape(depth=64, containers=100, values=16_384)
        numbers = b",".join([b"1e5"] * 3_900)
        for start in (b'{"data":[', b'{"s":"\\\\' + b"[" * 65 + b'","data":['):
            octets = start + numbers + b"]}"
            self.assertLess(len(octets), 16_384)
            self.assertEqual(3_900, len(decode_request(octets, shape).data))

    def test_a_large_message_is_decoded_once_whatever_its_keys(self):
        """Its own keys are kept."""
        octets = b'{"id":1,"data":["%s"],"colour":"red"}' % (b"x" * 20_000)
        request = decode_request(octets, SHAPE)
        self.assertEqual((1, "red", 20_000), (request.id, request.colour, len(request.data[0])))
        self.assertIn("not a JSON object", self.refused(b"[%s]" % (b" " * 20_000)).detail)

    def test_numbers_with_exponents_are_not_too_many(self):
        """Python reads them slowly enough; in strings they count for nothing."""
        for exponent in ("1e23", "1.5E+308", "2e-0310"):
            most, more = (
                f'{{"id":3,"data":[{",".join([exponent] * n)}]}}' for n in (10_000, 10_001)
            )
            self.assertEqual(10_000, len(decode_request(most.encode(), SHAPE).data))
            error = self.refused(more.encode())
            self.assertIn("more than 10000 numbers with exponents", error.detail)
            self.assertEqual(3, error.id)
        for other in ('"1e300"', "1.5", '"\\"e12"', "-123"):
            text = f'{{"data":[{",".join([other] * 30_000)}]}}'
            self.assertEqual(30_000, len(decode_request(text.encode(), SHAPE).data))

    def test_invalid_utf8_and_lone_surrogates_are_refused(self):
        for text in (b'{"a":"\xff"}', b'{"a":"\\ud800"}', b'{"a":"\xed\xa0\x80"}', b"\xff\xfe"):
            self.refused(text)

    def test_what_is_no_object_is_refused(self):
        for text in (b"[]", b"1", b'"x"', b"null", b"true"):
            self.assertEqual("The message is not a JSON object.", self.refused(text).detail)

    def test_as_deep_as_allowed_is_taken(self):
        self.assertEqual(7, decode_request(nested(64), SHAPE).id)
        self.assertEqual(7, decode_request(nested(500), Shape(500, 1_000, 1_000)).id)

    def test_containers_are_bounded_in_small_messages_too(self):
        payload = b'{"method":"GET","url":"/x","args":{"q":[[],[],[]]}}'
        self.assertEqual("/x", decode_request(payload, Shape(32, 6, 100)).url)
        for most in (1, 2, 5):
            self.refused(payload, Shape(32, most, 100))

    def test_one_deeper_is_refused_with_its_id(self):
        error = self.refused(nested(65))
        self.assertEqual(7, error.id)
        self.assertIn("64", error.detail)

    def test_depth_beyond_the_parser_is_refused(self):
        """Where the parser itself gives up, the answer is the same."""
        self.assertIn("100 arrays", self.refused(b"[" * 200_000).detail)
        self.assertIn("64 deep", self.refused(b"[" * 150).detail)

    def test_brackets_in_strings_are_no_depth(self):
        text = json.dumps({"data": "[" * 500 + '\\"{' * 100}).encode()
        self.assertEqual("[" * 500, decode_request(text, SHAPE).data[:500])

    def test_too_many_arrays_and_objects_are_refused_with_their_id(self):
        """Before they are made: they are what makes a message dear."""
        many = b'{"event_name":"e","id":"i","data":[%s[]]}' % (b"[]," * 99)
        self.assertEqual("i", decode_request(many, Shape(64, 102, 1_000)).id)
        error = self.refused(many)
        self.assertEqual(("e", "i"), (error.event_name, error.id))
        self.assertIn("more than 100 arrays and objects", error.detail)
        error = self.refused(b'{"event_name":[],"id":{},"data":[%s[]]}' % (b"[]," * 99))
        self.assertEqual((None, None), (error.event_name, error.id))

    def test_too_many_values_and_names_are_refused_with_their_id(self):
        """In messages of every size; what strings hold counts for nothing."""
        few, many = Shape(64, 100, 30), Shape(64, 100, 20_000)
        for shape in (few, many):
            # The message itself has three colons and two commas, and there is none before the first.
            room = shape.values - 4
            for item in (b"1", b'"a"', b'"\\",:"', b'",:[{"', b"null", b"-1.5"):
                text = b'{"event_name":"e","id":"i","data":[%s]}'
                self.assertEqual("i", decode_request(text % b",".join([item] * room), shape).id)
                error = self.refused(text % b",".join([item] * (room + 1)), shape)
                self.assertEqual(("e", "i"), (error.event_name, error.id))
                self.assertIn(f"more than {shape.values} values and names", error.detail)
            names = b",".join(b'"%d":1' % number for number in range(room // 2))
            self.assertEqual("i", decode_request(text[:-5] + b"{%s}}" % names, shape).id)
            self.refused(text[:-5] + b'{%s,"":1}}' % names, shape)
            commas = b",:" * 50_000
            self.assertEqual(7, decode_request(b'{"id":7,"data":"%s"}' % commas, shape).id)

    def test_brackets_in_strings_hide_no_depth(self):
        """However they are paired with those that are none."""
        for closing, opening in (
            ('"]",', ',"["'), ('"]\\"",', ',"[\\""'), ('"\\\\]",', ',"\\\\["'), ('"","]",', ',"","["'),
        ):  # fmt: skip
            for depth, length in ((64, 0), (65, 0), (64, 70_000), (65, 70_000)):
                inner = "[" + f"[{closing}" * (depth - 2) + "0" + f"{opening}]" * (depth - 2) + "]"
                text = f'{{"id":7,"data":{inner},"a":"{"x" * length}","b":"{"y" * length}"}}'
                if depth == 64:
                    self.assertEqual(7, decode_request(text.encode(), SHAPE).id)
                else:
                    error = self.refused(text.encode())
                    self.assertEqual((7, True), (error.id, "64 deep" in error.detail))

    def test_a_head_that_cannot_be_read_is_none(self):
        """The refusal is told all the same."""
        text = b'{"event_name":"e","id":%s,"data":[%s]}'
        error = self.refused(text % (b"9" * 5_000, b"1"))
        self.assertIn("more than 1000 digits", error.detail)
        self.assertEqual(("e", None), (error.event_name, error.id))

    def test_strings_count_for_nothing_wherever_they_lie(self):
        """Large messages are looked at in pieces, whose ends may lie in a string or an escape."""
        item = rb'{"\\":["\"[,{\\\\","",1,[],"\\"]}'
        containers, values = 3, 5
        text = b"[%s" + item + b"]"
        for before in range(65_536 - len(item) - 2, 65_536):
            for padding in (b" " * before, b'"%s",' % (b"x" * (before - 3))):
                message = text % padding
                more = padding[:1] == b'"'
                size = Shape(4, containers + 1, values + more)
                check_exactly(message, size)
                for less in ("depth", "containers", "values"):
                    smaller = attrs.evolve(size, **{less: getattr(size, less) - 1})
                    self.assertRaises(TooMuch, check_exactly, message, smaller)

    def test_digits_of_long_numbers_are_not_too_many(self):
        """Each costs far more than its length; in strings they cost nothing."""
        for number in (b"9" * 1_000, b"999999999999999999.999", b"-0." + b"1" * 400):
            most = 500_000 // (21 * (len(number.lstrip(b"-0.").replace(b".", b"")) // 21))
            text = b'{"id":7,"data":[%s]}'
            self.assertEqual(7, decode_request(text % b",".join([number] * most), SHAPE).id)
            error = self.refused(text % b",".join([number] * (most + 1)))
            self.assertEqual(7, error.id)
            self.assertIn("more than 500000 digits in numbers of more than 20", error.detail)
            quoted = b",".join([b'"%s"' % number] * (most + 1))
            self.assertEqual(7, decode_request(text % quoted, SHAPE).id)

    def test_integers_are_of_a_thousand_digits_at_most(self):
        """Reading one costs the square of its digits."""
        for before in (0, 1, 499, 500, 998, 999, 1000, 1501, *range(64_000, 66_000, 97)):
            text = b'{"id":7,"a":"%s","data":[%s]}'
            self.assertEqual(7, decode_request(text % (b"x" * before, b"9" * 1000), SHAPE).id)
            error = self.refused(text % (b"x" * before, b"9" * 1001))
            self.assertEqual((7, True), (error.id, "1000 digits" in error.detail), before)
            quoted = b'{"id":7,"a":"%s\\"%s","data":[1]}' % (b"x" * before, b"9" * 5000)
            self.assertEqual(7, decode_request(quoted, SHAPE).id)

    def test_texts_that_are_not_closed_cost_their_length(self):
        """And not its square: what is no JSON is refused before brackets are counted."""
        self.refused(b"[" * 70 + b'""' * 300_000)

    def test_an_id_of_a_wrong_type_is_refused_but_the_event_name_is_kept(self):
        for wrong in ("true", "[1]", "{}"):
            error = self.refused(b'{"event_name":"e","id":%s}' % wrong.encode())
            self.assertEqual(("e", None), (error.event_name, error.id))

    def test_a_deadline_is_a_number_above_zero(self):
        for wrong in ("0", "-1", '"5"', "true", "[]"):
            error = self.refused(b'{"event_name":"e","id":3,"deadline":%s}' % wrong.encode())
            self.assertEqual(("e", 3), (error.event_name, error.id))

    @settings(max_examples=300, deadline=None)
    @given(st.binary(max_size=200))
    def test_any_bytes_are_a_request_or_refused(self, payload):
        """Nothing else than BadMessage ever comes out."""
        try:
            decode_request(payload, Shape(8, 100, 100))
        except BadMessage:
            pass

    @settings(max_examples=300, deadline=None)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.text('[]{}"\\a', max_size=6),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text('[]{}"\\a', max_size=4), inner)
            ),
            max_leaves=20,
        )
    )
    def test_nesting_is_counted_as_a_parser_would(self, value):
        """The count over brackets equals the depth of the value."""

        def depth(value):
            if isinstance(value, dict):
                return 1 + max(map(depth, value.values()), default=0)
            if isinstance(value, list):
                return 1 + max(map(depth, value), default=0)
            return 0

        text, deep = json.dumps(value).encode(), depth(value)
        check_exactly(text, Shape(deep, 100, 100))
        if deep:
            error = self.assertRaises(TooMuch, check_exactly, text, Shape(deep - 1, 100, 100))
            self.assertIn("deep", str(error))


class Base64Tests(SynchronousTestCase):
    def test_what_was_encoded_is_decoded(self):
        self.assertEqual(b'{"a":1}', decode_base64(encode_base64(b'{"a":1}')))

    def test_line_ends_are_passed_over(self):
        """As MIME encoders write them."""
        text = b"x" * 200
        self.assertEqual(text, decode_base64(base64.encodebytes(text)))

    def test_what_is_not_base64_is_refused(self):
        for wrong in (b"{}", b"a", b"abc", b"ab==cd==", b"\xff\xff\xff\xff", b"YQ==YQ=="):
            self.assertRaises(BadMessage, decode_base64, wrong)
