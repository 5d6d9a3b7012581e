"""Answers that aiorest-ws 1.1.1 gave, byte for byte, and where this gateway answers otherwise.

``data/aiorest_ws_answers.json`` was recorded from the original code with the views of
``data/aiorest_ws_views.py``.
"""

import json
import types
from pathlib import Path

import aiorest_gw
from aiorest_gw import errors
from aiorest_gw.testing import GatewayTestCase

from .data.aiorest_ws_views import make_router

RECORDED = json.loads((Path(__file__).parent / "data" / "aiorest_ws_answers.json").read_text())

# Where the answer of aiorest-ws is not repeated, and why.
OTHERWISE = {
    "xml-controls": "XML cannot hold control characters: no reader took that answer",
    "xml-first-controls": "the same",
    "xml-bytes": "base64, as in JSON, in place of Python's repr",
    "xml-set": "list items, as in JSON, in place of Python's repr",
    "url-3": "percent-escapes in a path are decoded, so that every value can be part of one",
    "method-6": "HEAD has a default",
    "method-only-get-6": "HEAD has a default",
    "method-7": "OPTIONS has a default",
    "method-only-get-7": "OPTIONS has a default",
    "extra-_method": "a client's key replaced the method (A1)",
}


class RecordedAnswersTests(GatewayTestCase):
    def setUp(self):
        super().setUp()
        library = types.SimpleNamespace(**{name: getattr(errors, name) for name in errors.__all__})
        for name in ("SimpleRouter", "MethodBasedView", "endpoint", "JSONRenderer", "XMLRenderer"):
            setattr(library, name, getattr(aiorest_gw, name))
        self.client = self.connect(self.serve(make_router(library)))

    def answer(self, case):
        self.client.send(case["request"].encode(), case["binary"])
        self.assertEqual(1, len(self.client.messages), case)
        return self.client.messages.pop().decode()

    def test_answers_are_those_of_aiorest_ws(self):
        """Each recorded answer is given again, but for those that are listed with a reason."""
        different = {
            case["name"]
            for case in RECORDED
            if case["answer"] is not None and self.answer(case) != case["answer"]
        }
        self.flushLoggedErrors()
        self.assertEqual(set(OTHERWISE), different)

    def test_where_aiorest_ws_was_silent_there_is_one_answer(self):
        """Every one of its missing answers (A1, A2, A7) is given, and the gateway goes on."""
        silent = [case for case in RECORDED if case["answer"] is None]
        self.assertGreater(len(silent), 40)
        for case in silent:
            text = self.answer(case)
            if case["binary"]:
                text = aiorest_gw.wire.codecs.decode_base64(text.encode()).decode()
            if text.startswith("<?xml"):
                self.assertIn("<event_name>", text)
            else:
                self.assertIn("event_name", json.loads(text), case)
        self.assertEqual(200, self.client.request("GET", "/echo").status)
        self.flushLoggedErrors()
