"""What is wrong, as a script that shows it: no text ends it or is taken for markup."""

import json
import re
import subprocess

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.develop.overlay import ELEMENT, PATH, overlay
from tests.browser.scripts import NODE
from tests.end_to_end.gateways import PATIENCE

TEXTS = (
    "plain", "</script><script>alert(1)</script>", "\"quotes\" and 'others' and `${these}`",
    "lines\nand\ttabs\\n", "\u00e4 \u2028 \u2029 \U0001f600", "%s %d %(name)s", "<!-- <b> & &amp;",
    "\x00\x1b[2J\ud800",
)  # fmt: skip
# As much of a page as the script asks for.
PAGE = """
const body = [];
globalThis.document = {
  createElement: () => ({ style: {}, setAttribute() {} }),
  body: { append: (shown) => body.push(shown.textContent) },
};
"""


class OverlayTests(SynchronousTestCase):
    def test_it_is_ascii_and_ends_no_element(self):
        for text in TEXTS:
            script = overlay(text)
            self.assertTrue(script.isascii(), text)
            [literal] = re.findall(r"shown\.textContent = (.*);", script.decode())
            self.assertEqual(text, json.loads(literal))

    def test_the_element_asks_for_it(self):
        self.assertIn(PATH.encode(), ELEMENT)

    def test_where_nothing_is_wrong_any_more_nothing_is_shown(self):
        self.assertEqual(b"", overlay(""))

    def test_the_script_shows_the_very_text(self):
        if NODE is None:
            self.skipTest("no node here")
        texts = [text for text in TEXTS if "\ud800" not in text]
        scripts = PAGE + b"".join(map(overlay, texts)).decode()
        done = subprocess.run(
            [NODE, "-e", scripts + "console.log(JSON.stringify(body))"],
            capture_output=True, text=True, timeout=PATIENCE, check=True,
        )  # fmt: skip
        self.assertEqual(texts, json.loads(done.stdout))
