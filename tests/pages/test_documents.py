"""Documents that are complete before anybody asks."""

import gzip

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.documents import Document

BODY = b"export const answer = 42;\n" * 40


class DocumentTests(SynchronousTestCase):
    document = Document(BODY, "text/javascript; charset=utf-8")

    def ask(self, method="GET", **asked):
        """Status, headers and body."""
        asked = {name.replace("_", "-"): value for name, value in asked.items()}
        found, body = self.document.answer(method, asked)
        return found.status, dict(found.headers), body

    def test_it_is_sent_as_it_is(self):
        status, headers, body = self.ask()
        self.assertEqual((200, BODY), (status, body))
        self.assertEqual(str(len(BODY)), headers["Content-Length"])

    def test_it_is_sent_compressed(self):
        _, headers, body = self.ask(accept_encoding="br, gzip")
        self.assertEqual(("gzip", BODY), (headers["Content-Encoding"], gzip.decompress(body)))

    def test_a_part_of_it_is_sent(self):
        status, headers, body = self.ask(range="bytes=-7")
        self.assertEqual((206, BODY[-7:]), (status, body))
        self.assertEqual("7", headers["Content-Length"])

    def test_who_has_it_gets_nothing_else(self):
        tag = self.ask()[1]["ETag"]
        status, headers, body = self.ask(if_none_match=tag)
        self.assertEqual((304, b""), (status, body))
        self.assertNotIn("Content-Length", headers)
        self.assertNotEqual(tag, self.ask(accept_encoding="gzip")[1]["ETag"])

    def test_every_process_has_the_same_tag(self):
        same = Document(BODY, self.document.content_type)
        self.assertEqual(same.answer("GET", {}), self.document.answer("GET", {}))
