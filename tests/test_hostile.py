"""A thousand hostile messages: each gets one answer or the documented close, and nobody is harmed."""

import base64
import json
import random

from aiorest_gw import SimpleRouter
from aiorest_gw.testing import GatewayTestCase
from aiorest_gw.wire.codecs import decode_base64

WRONG = (
    None, True, False, 0, -1, 1.5, 10**30, -(10**300), "", "x", "x" * 5000, [], [1], [[]], {}, {"a": 1},
    {"": ""}, "\u0000", "\u2028", "😀", "/", "../..", "__class__", "{id}", "%", "%ff", "?a=b",
)  # fmt: skip
KEYS = ("method", "url", "args", "data", "event_name", "token", "id", "deadline", "extra", "user",
        "session", "factory", "route", "__class__", "self", "request")  # fmt: skip
GOOD = {"method": "GET", "url": "/echo/5", "args": {"q": 1}}


def messages():
    """Text, whether binary; the same thousand in each run."""
    chance = random.Random(1)
    texts = []
    for key in KEYS:
        for value in WRONG:
            texts.append(json.dumps(GOOD | {key: value}))
    for depth in (63, 64, 65, 500, 10_000, 100_000):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            inner = opening * depth + ("1" if opening != "[" else "") + closing * depth
            texts += [inner, '{"method":"GET","url":"/echo/5","data":%s}' % inner, opening * depth]
    for number in ("1e999", "-1e999", "NaN", "Infinity", "9" * 4400, "-0", "1e-999", "0x1", "01",
                   "1.", ".5", "1e400", "9" * 400, "0." + "1" * 5000):  # fmt: skip
        for key in ("id", "deadline", "data", "event_name", "args", "url"):
            texts.append('{"method":"GET","url":"/echo/5","%s":%s}' % (key, number))
    texts.append("{" + ",".join(f'"k{n}":{n}' for n in range(10_000)) + "}")
    texts.append("{" + ",".join('"a":1' for n in range(10_000)) + "}")
    texts.append(json.dumps(GOOD | {"args": {f"k{n}": n for n in range(10_000)}}))
    texts.append('{"method":"GET","method":"PUT","url":"/no","url":"/echo/5","id":1,"id":2}')
    for broken in ("", " ", "{", "}", "{}", "[]", "null", '"', '"x', "{'a':1}", '{"a":}', '{"a"', "\ufeff{}",
                   "{}{}", "/*x*/{}", "{,}", '{"a":1,}', "undefined", "\x00", '{"\\ud800":1}', '"\\ud800"',
                   '{"event_name":"\\udfff"}', "<xml/>", "GET / HTTP/1.1"):  # fmt: skip
        texts.append(broken)
    whole = json.dumps(GOOD | {"data": ["ä", {"x": [1.5, None]}], "id": "é"})
    while len(texts) < 900:
        start, end = sorted(chance.sample(range(len(whole)), 2))
        cut = (
            whole[:start]
            + chance.choice(["", '"', "[", "}", ",", "\\", "\\u", "9" * 50])
            + whole[end:]
        )
        texts.append(cut)
    found = [(text.encode("utf-8", "surrogatepass"), False) for text in texts]
    for _ in range(60):
        octets = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 60)))
        found.append((base64.b64encode(octets), True))
        found.append((octets, True))
    for inner in (b'{"a":"\xff"}', b'{"event_name":"\xed\xa0\x80"}', b"\xfe\xff", b"\xff"):
        found += [(base64.b64encode(inner), True), (base64.b64encode(inner)[:-1], True)]
    return found


class HostileMessageTests(GatewayTestCase):
    def test_each_gets_one_answer_and_the_next_good_request_is_answered(self):
        router = SimpleRouter()
        router.register(
            "/echo/{id}", lambda request, id, **args: [id, request.data], ["GET", "PUT"]
        )
        router.post("/typed/{id}")(_typed)
        factory = self.serve(router)
        client = self.connect(factory)
        sent = messages()
        self.assertGreaterEqual(len(sent), 1000)
        for text, binary in sent:
            client.send(text, binary)
            self.assertTrue(client.connected, (client.close_code, text[:80]))
            self.advance(0)
            self.assertEqual(1, len(client.messages), text[:80])
            answer = client.messages.pop()
            answer = json.loads(decode_base64(answer) if binary else answer)
            self.assertEqual(1, ("data" in answer) + ("detail" in answer), text[:80])
            self.assertIn("event_name", answer)
        self.assertEqual(["5", None], self.connect(factory).request("GET", "/echo/5").data)
        self.assertEqual([], self.flushLoggedErrors())

    def test_typed_views_are_not_harmed_either(self):
        """The same values where a class is expected: 200 or 422, and no error of ours."""
        router = SimpleRouter()
        router.post("/typed/{id}")(_typed)
        client = self.connect(self.serve(router))
        for value in WRONG:
            for keys in ({"data": value}, {"args": {"limit": value}}, {"data": {"a": value, "b": value}},
                         {"data": {"a": [value]}}, {"url": f"/typed/{value}"}):  # fmt: skip
                answer = client.request("POST", **{"url": "/typed/5"} | keys)
                self.assertIn(answer.status, (200, 404, 422), (keys, answer))
        self.assertEqual([], self.flushLoggedErrors())


def _typed(request, id: int, body: dict[str, list[float]], limit: int = 5):
    return [id, body, limit]
