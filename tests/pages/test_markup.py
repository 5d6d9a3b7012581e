"""Tags, and what only looks like one."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.pages.markup import Unfinished, tags

PIECES = st.sampled_from(
    [b"<head>", b"</head>", b"<title>", b"</title>", b"<script>", b"</script>", b"<!--", b"-->", b"<!", b"<a b='",
     b"'", b'"', b"=", b">", b"/>", b"<svg>", b"</svg>", b"<template>", b"</template>", b"<", b"</", b"x", b"\xe9"]
)  # fmt: skip


class TagTests(SynchronousTestCase):
    def names(self, html):
        """Of all tags that are part of the page itself, before it is unfinished."""
        found = []
        try:
            for tag in tags(html):
                if not tag.apart:
                    found.append(tag.name.decode())
        except Unfinished:
            found.append("...")
        return found

    def test_each_tag_is_one(self):
        self.assertEqual(
            ["html", "head", "meta", "/head", "body", "p", "/p", "/body", "/html"],
            self.names(
                b"<!DOCTYPE html><HTML lang=en><head\n><meta charset='utf-8'/></HEAD ><body><p>1 < 2 <3</p >"
                b"</body></html>"
            ),
        )

    def test_a_tag_tells_its_place(self):
        (tag, end) = tags(b"ab<p class=x>cd</p>")
        self.assertEqual((2, 13, 15, 19), (tag.start, tag.end, end.start, end.end))
        (script, _) = tags(b"<script>if (a < b) c</script>")
        self.assertEqual((0, 20), (script.start, script.end))

    def test_attributes_may_hold_what_looks_like_a_tag(self):
        for attributes in (
            b'a="</head>"', b"a='</head>'", b"a = \n'</head>'", b"a='\">' b=\"'>\"", b"a=\"\"b='>'", b"=a='>'",
            b"/ a='>' /",
        ):  # fmt: skip
            self.assertEqual(["p", "b"], self.names(b"<p " + attributes + b"><b>"), attributes)

    def test_a_quote_delimits_only_a_value(self):
        for attributes in (b"it's", b"a=it's", b'a"b', b"a=b'c", b"'", b'a=x="y', b"a= "):
            self.assertEqual(["p", "b"], self.names(b"<p " + attributes + b"><b>"), attributes)

    def test_comments_hold_no_tags(self):
        for comment in (
            b"<!-- <p> -->", b"<!-- <p> --!>", b"<!-->", b"<!--->", b"<!---->", b"<!-- -- > <p> -->", b"<!--!> <p> -->",
            b"<!doctype '>", b"<?php echo 1 ?>", b"</ p>", b"</>", b"<![CDATA[ x ]]>", b"<!>",
        ):  # fmt: skip
            self.assertEqual(["b"], self.names(comment + b"<b>"), comment)

    def test_elements_of_text_hold_no_tags(self):
        for name in (b"title", b"textarea", b"style", b"script", b"noscript", b"iframe", b"XMP"):
            html = b"<%b a='>'><b></head></%bx></ %b></%b ><i>" % (name, name, name, name)
            self.assertEqual(
                [name.decode().lower(), "/" + name.decode().lower(), "i"], self.names(html)
            )

    def test_a_script_may_hold_its_own_end(self):
        """As one that was commented out for old browsers may."""
        for text in (
            b"<!-- <script> </script> -->", b"<!-- <script> </script> </script >x<script>", b"<!-->", b"<!-- -->",
            b"<!-- <script> -->", b"<!-- <scripts> ", b"if (a <!--b)",
        ):  # fmt: skip
            names = self.names(b"<script>" + text + b"</script><i>")
            self.assertEqual("i", names[-1], text)
        self.assertEqual(["script", "/script", "i"], self.names(b"<script><!--</script><i>"))
        self.assertEqual(["..."], self.names(b"<script><!--<script></script><i>"))

    def test_templates_drawings_and_formulas_stand_apart(self):
        for html in (
            b"<template><b><template></template><b></template>", b"<svg><style>a<b></svg>", b"<svg/>",
            b"<svg viewBox='0 0 1 1'><title>a</title><script/><style/><path d=''/></svg>",
            b"<math><svg></svg><b></math>", b"<template><script>'</template>'</script><b></template>",
        ):  # fmt: skip
            names = self.names(html + b"<i>")
            self.assertNotIn("b", names, html)
            self.assertEqual("i", names[-1], html)
        self.assertEqual(["/svg", "i"], self.names(b"</svg><i>"))

    def test_what_is_not_closed_is_told_with_its_place(self):
        for html in (
            b"<!-- a", b"<!--", b"<p", b"<p a='>", b'<p a=">', b"<p a=", b"<script>", b"<title></titl", b"</", b"<!",
            b"<?", b"</p", b"<!-", b"<textarea></textarea", b"<svg>", b"<svg><p", b"<template><svg></svg>",
        ):  # fmt: skip
            unfinished = self.assertRaises(Unfinished, list, tags(b"ab<i>" + html))
            self.assertEqual(5, unfinished.start, html)

    @settings(max_examples=200, deadline=None)
    @given(st.lists(PIECES, max_size=20).map(b"".join))
    def test_whatever_a_page_holds_its_tags_are_in_order(self, html):
        last = 0
        try:
            for tag in tags(html):
                self.assertGreaterEqual(tag.start, last)
                self.assertGreater(tag.end, tag.start)
                self.assertEqual(b"<", html[tag.start : tag.start + 1])
                last = tag.end
            self.assertLessEqual(last, len(html))
        except Unfinished as unfinished:
            self.assertLess(unfinished.start, len(html))
