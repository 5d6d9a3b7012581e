"""What whoever runs the site says about reloading, and how mistakes in it are told."""

from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.errors import ConfigurationError
from aiorest_gw.livereload.pages import page_of
from aiorest_gw.livereload.rules import RuleFailed, Rules

PAGE = page_of("http://host/")


def raising(*arguments):
    raise ZeroDivisionError("oh")


def pages(rules, path):
    found = rules.pages_for(path)
    return None if found is None else [glob.text for glob in found]


class ParseTests(SynchronousTestCase):
    def test_rules_are_written_as_files_and_pages(self):
        rules = Rules.parse(["templates/*.html=blog/*", "src/** = **", "/src/**=./a.html", "a=b=c"])
        self.assertEqual(["blog/*"], pages(rules, "templates/post.html"))
        self.assertEqual(["**", "a.html"], pages(rules, "src/a/b.py"))
        self.assertEqual(["b=c"], pages(rules, "a"))
        self.assertIsNone(pages(rules, "templates/a/post.html"))
        self.assertIsNone(pages(Rules.parse([]), "src/a.py"))

    def test_several_for_the_same_files_add_up(self):
        rules = Rules.parse(["a.html=b.html", "a.html=c.html"])
        self.assertEqual(["b.html", "c.html"], pages(rules, "a.html"))

    def test_what_is_no_rule_is_told_clearly(self):
        for text, told in (
            ("", "write files=pages"),
            ("src", "write files=pages"),
            ("src/**=", "write files=pages"),
            ("=**", "write files=pages"),
            ("src/=**", "folder/**"),
            ("src/**=blog/", "folder/**"),
            ("[a=**", "without its ]"),
            ("../a=**", "relative"),
            ("a=b\\", "at its end"),
        ):
            error = self.assertRaises(ConfigurationError, Rules.parse, [text])
            self.assertIn(told, str(error))
        error = self.assertRaises(ConfigurationError, Rules.parse, "src/**=**")
        self.assertIn("should be a list", str(error))


class ConstructionTests(SynchronousTestCase):
    def test_pages_are_one_pattern_or_several_or_what_a_function_returns(self):
        for value in ("blog/*", ["blog/*"], ("blog/*",), {"blog/*"}, lambda path: "blog/*", lambda path: ["blog/*"]):  # fmt: skip
            self.assertEqual(["blog/*"], pages(Rules({"a": value}), "a"))
        self.assertEqual([], pages(Rules({"a": ()}), "a"))
        self.assertEqual(["x/b.html"], pages(Rules({"x/*": lambda path: path + ".html"}), "x/b"))

    def test_what_makes_no_sense_is_refused_at_once(self):
        async def later(path):
            return "**"

        async def page_later(path, page):
            return True

        for given, told in (
            ({"depends": [("a", "b")]}, "a mapping"),
            ({"depends": "a=b"}, "a mapping"),
            ({"depends": {5: "b"}}, "5"),
            ({"depends": {"a": 5}}, "depends['a']"),
            ({"depends": {"a": [5]}}, "depends['a']"),
            ({"depends": {"a": "b/"}}, "depends['a']"),
            ({"depends": {"a": later}}, "async def"),
            ({"depends": {"a": lambda: "b"}}, "depends['a']"),
            ({"transform": "css"}, "transform"),
            ({"transform": lambda: None}, "transform"),
            ({"transform": later}, "async def"),
            ({"callback": lambda path: True}, "callback"),
            ({"callback": page_later}, "async def"),
        ):
            error = self.assertRaises(ConfigurationError, Rules, **given)
            self.assertIn(told, str(error))

    def test_what_is_changed_in_the_mapping_afterwards_changes_no_rule(self):
        depends = {"a": "b"}
        rules = Rules(depends)
        depends["c"] = "d"
        self.assertIsNone(pages(rules, "c"))
        self.assertEqual({"a": "b"}, rules.depends)


class FunctionTests(SynchronousTestCase):
    def test_paths_are_transformed_to_one_or_several_or_none(self):
        for returned, paths in (
            ("css/a.css", ("css/a.css",)),
            ("/css/a.css", ("css/a.css",)),
            (["a", "b"], ("a", "b")),
            ((path for path in "ab"), ("a", "b")),
            ([], ()),
            (None, ()),
        ):
            rules = Rules(transform=lambda path, returned=returned: returned)
            self.assertEqual(paths, rules.transformed("scss/a.scss"))
        self.assertEqual(("a/b",), Rules().transformed("./a/b"))

    def test_a_function_that_raises_is_told_with_the_name_of_its_rule(self):
        for rules, name, call in (
            (Rules(transform=raising), "transform", lambda rules: rules.transformed("a")),
            (Rules(callback=raising), "callback", lambda rules: rules.asked("a", PAGE)),
            (Rules({"*": raising}), "depends['*']", lambda rules: rules.pages_for("a")),
        ):
            error = self.assertRaises(RuleFailed, call, rules)
            self.assertEqual((name, "a"), (error.rule, error.path))
            self.assertEqual(f"{name} failed for 'a': ZeroDivisionError: oh", str(error))
            self.assertIsInstance(error.__cause__, ZeroDivisionError)

    def test_and_so_is_one_that_returns_what_makes_no_sense(self):
        for returned in (5, True, [None], b"a", [b"a"], object()):
            rules = Rules({"*": lambda path, r=returned: r}, lambda path, r=returned: r)
            self.assertRaises(RuleFailed, rules.transformed, "a")
            self.assertRaises(RuleFailed, rules.pages_for, "a")
        self.assertRaises(RuleFailed, Rules({"*": lambda path: None}).pages_for, "a")
        self.assertRaises(RuleFailed, Rules({"*": lambda path: "blog/"}).pages_for, "a")
        for returned in (1, "yes", [], object()):
            rules = Rules(callback=lambda path, page, r=returned: r)
            self.assertRaises(RuleFailed, rules.asked, "a", PAGE)

    def test_the_callback_is_asked_with_path_and_page(self):
        asked = []
        rules = Rules(callback=lambda path, page: asked.append((path, page)))
        self.assertIsNone(rules.asked("a", PAGE))
        self.assertEqual([("a", PAGE)], asked)
        for said in (True, False, None):
            self.assertIs(said, Rules(callback=lambda path, page, s=said: s).asked("a", PAGE))
