"""Which paths a pattern fits."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.livereload.globs import Glob


class GlobTests(SynchronousTestCase):
    def test_patterns_fit_what_they_say(self):
        for pattern, fitting, others in (
            ("a.html", ["a.html"], ["b/a.html", "aXhtml", "a.html/b", "A.html", ""]),
            ("*.html", ["a.html", ".html"], ["b/a.html", "a.htm", "a.html.x"]),
            ("*", ["a", ".a", "a.b"], ["a/b"]),
            ("b/*", ["b/a", "b/.a"], ["b", "b/a/c", "c/b/a"]),
            ("**", ["a", "a/b", "a/b/c.x"], []),
            ("b/**", ["b/a", "b/a/c"], ["b", "a/b/c", "bb/a"]),
            ("**/a", ["a", "b/a", "b/c/a"], ["a/b", "ba"]),
            ("b/**/a", ["b/a", "b/c/a", "b/c/d/a"], ["a", "b/ca", "b/a/c"]),
            ("**/b/**/a", ["b/a", "x/b/a/a", "b/b/c/a"], ["a/b", "b", "a"]),
            ("**/**", ["a", "a/b"], []),
            ("**/*.x/a*", ["b.x/a", "c/b.x/ab", "b.x/c.x/a"], ["a", "b.x/b"]),
            ("a**b", ["ab", "axb"], ["a/b"]),
            ("a?c", ["abc", "a.c"], ["ac", "a/c", "abbc"]),
            ("[a-c]x[!0-9]", ["axz", "cx."], ["dxz", "ax0", "ax"]),
            ("[^a]", ["b", "^"], ["a", ""]),
            ("[]a]", ["]", "a"], ["b"]),
            ("[a\\]]x", ["]x", "ax"], ["\\x"]),
            ("[-a]", ["-", "a"], ["b"]),
            ("\\*\\[\\\\", ["*[\\"], ["a[\\"]),
            ("*a*b*c", ["abc", "xaxbxc", "aabbcc", "abcabc"], ["acb", "abcx"]),
            ("\u00e4+(.html", ["\u00e4+(.html"], ["\u00e4\u00e4(.html"]),
            ("a\n*", ["a\nb\n"], ["a"]),
        ):  # fmt: skip
            glob = Glob(pattern)
            for path in fitting:
                self.assertTrue(glob.fits(path), (pattern, path))
            for path in others:
                self.assertFalse(glob.fits(path), (pattern, path))

    def test_what_is_no_pattern_is_refused_with_the_reason(self):
        for pattern, told in (
            ("", "not empty"),
            ("/a", "relative"),
            ("a/", "folder/**"),
            ("a//b", "empty"),
            ("../a", ".."),
            ("./a", "relative"),
            ("a\\", "at its end"),
            ("[a", "without its ]"),
            ("a[]", "without its ]"),
            ("[[:alpha:]]", "[a-zA-Z]"),
        ):
            error = self.assertRaises(ValueError, Glob, pattern)
            self.assertIn(told, str(error))

    def test_many_stars_take_no_time(self):
        """One after the other, in a name or as folders, which simpler matchers never finish."""
        self.assertFalse(Glob("*a" * 60 + "*b").fits("a" * 20_000))
        self.assertFalse(Glob("**/a/" * 60 + "b").fits("a/" * 5_000 + "a"))

    @given(st.text(min_size=1).filter(lambda text: "/" not in text and text not in (".", "..")))
    def test_a_name_whose_characters_are_escaped_fits_itself(self, name):
        self.assertTrue(Glob("".join(f"\\{character}" for character in name)).fits(name))

    @given(st.lists(st.sampled_from(["a", "b", "*", "**"]), min_size=1, max_size=6), st.data())
    def test_stars_are_as_one_would_write_them_out(self, parts, data):
        """A path that is made from the pattern fits it, and fits the pattern of its own names."""
        names = []
        for part in parts:
            if part == "**":
                names += data.draw(st.lists(st.sampled_from("abc"), max_size=3))
            else:
                names += data.draw(st.sampled_from("abc")) if part == "*" else part
        if parts[-1] == "**":
            names += ["c"]
        self.assertTrue(Glob("/".join(parts)).fits("/".join(names)))
        self.assertTrue(Glob("/".join(names)).fits("/".join(names)))
