"""Which tabs reload when files have changed, and how."""

import re

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.livereload.bursts import EVERYTHING
from aiorest_gw.livereload.pages import page_of
from aiorest_gw.livereload.reloading import Reload, client_reload_wrap, decide, what_changed
from aiorest_gw.livereload.rules import RuleFailed, Rules

NO_RULES = Rules()
BLOG = "http://localhost:8080/blog/?page=2#top"


def whole(path):
    return (Reload(path, live_css=False, live_img=False),)


def told(changed, url=BLOG, rules=NO_RULES):
    return decide([changed] if isinstance(changed, str) else changed, url, rules)


def effect(reload):
    """What livereload-js 4.0.2 does with it (``reloader.js``)."""
    if reload.live_css and re.search(r"\.css(?:\.map)?$", reload.path, re.I):
        return "style sheet"
    if reload.live_img and re.search(r"\.(jpe?g|png|gif|svg)$", reload.path, re.I):
        return "image"
    return "page"


class DefaultTests(SynchronousTestCase):
    def test_style_sheets_and_images_are_swapped_in_every_tab(self):
        for path in (
            "css/site.css",
            "A.CSS",
            "a.min.css",
            "img/a.png",
            "a.jpg",
            "a.JPEG",
            "a.gif",
            "a.svg",
        ):
            for url in (BLOG, "http://localhost/other", "about:blank", None):
                (reload,) = told(path, url)
                self.assertEqual(Reload(f"/{path}"), reload)
                self.assertIn(effect(reload), ("style sheet", "image"))

    def test_a_map_of_a_style_sheet_comes_with_its_sheet(self):
        """By its own name it would make the tab load all of its sheets."""
        self.assertEqual((Reload("/a.css"),), told("a.css.map"))
        self.assertEqual(
            (Reload("/a.css"), Reload("/b.css")), told(["a.css", "b.css", "a.css.map"])
        )

    def test_a_page_reloads_when_its_own_file_changes(self):
        for path in ("blog/index.html", "blog.html", "Blog/index.HTML"):
            self.assertEqual(whole("/blog/"), told(path))
        for path in ("index.html", "blog/first.html", "a/blog/index.html", "other.html"):
            self.assertEqual((), told(path))

    def test_scripts_data_and_what_cannot_be_swapped_reload_every_page(self):
        for path in (
            "a.js",
            "a.mjs",
            "b/data.json",
            "a.wasm",
            "a.webp",
            "a.woff2",
            "a.MP4",
            "favicon.ico",
        ):
            self.assertEqual(whole("/blog/"), told(path))
            self.assertEqual(whole("/"), told(path, "about:blank"))

    def test_everything_else_is_nothing_to_anybody(self):
        for path in (
            "post.md", "templates/post.jinja", "a.js.map", "feed.xml", "robots.txt", "Makefile", "js", "css",
            "a.scss", "a.css.x", "a.b/c", "", "a.html/b.txt",
        ):  # fmt: skip
            self.assertEqual((), told(path), path)
            self.assertEqual((), told(path, None), path)

    def test_a_page_that_reloads_is_told_so_once_and_nothing_beside_it(self):
        changed = ["css/a.css", "a.js", "img/a.png", "blog/index.html", "b.js", "css/b.css"]
        self.assertEqual(whole("/blog/"), told(changed))

    def test_swaps_come_once_each_and_in_order(self):
        changed = ["b.css", "a.png", "post.md", "a.css", "b.css"]
        self.assertEqual(
            [Reload("/b.css"), Reload("/a.png"), Reload("/a.css")], list(told(changed))
        )

    def test_for_very_many_swaps_the_page_reloads(self):
        changed = [f"css/{number}.css" for number in range(200)]
        self.assertEqual(20, len(told(changed[:20])))
        self.assertEqual(whole("/blog/"), told(changed))

    def test_where_everything_may_have_changed_every_page_reloads(self):
        self.assertEqual(whole("/blog/"), decide(EVERYTHING, BLOG, NO_RULES))
        self.assertEqual(whole("/"), decide(EVERYTHING, None, NO_RULES))

    def test_a_page_whose_address_looks_like_a_style_sheet_reloads_all_the_same(self):
        for name in ("site.css", "a.css.map", "photo.png"):
            (reload,) = told("a.js", f"http://host/docs/{name}")
            self.assertEqual(f"/docs/{name}", reload.path)
            self.assertEqual("page", effect(reload))

    @given(
        st.lists(
            st.text("ab./", max_size=8) | st.sampled_from(["a.css", "a.png", "a.js", "a.html"])
        ),
        st.sampled_from(["http://host/", "http://host/a", "http://host/b/", "about:blank", None]),
    )
    def test_a_tab_is_told_of_one_reload_or_of_swaps_alone(self, changed, url):
        reloads = told(changed, url)
        effects = list(map(effect, reloads))
        self.assertTrue(effects == ["page"] or "page" not in effects, reloads)
        self.assertEqual(len(set(reloads)), len(reloads))


class RuleTests(SynchronousTestCase):
    def test_pages_reload_for_what_they_depend_on(self):
        rules = Rules.parse(["templates/*.html=blog/*", "src/**=**"])
        self.assertEqual(whole("/blog/"), told("templates/post.html", BLOG, rules))
        self.assertEqual((), told("templates/post.html", "http://host/about", rules))
        self.assertEqual((), told("templates/post.html", None, rules))
        for url in ("http://host/about", None):
            self.assertEqual(1, len(told("src/a/b.py", url, rules)))
        self.assertEqual((), told("other/post.html", BLOG, rules))

    def test_rules_say_which_pages_depend_on_a_script_or_a_style_sheet(self):
        rules = Rules({"js/chart.js": "charts/*", "css/print.css": "charts/*", "vendor/**": ()})
        for path in ("js/chart.js", "css/print.css"):
            self.assertEqual(whole("/charts/a"), told(path, "http://host/charts/a", rules))
            self.assertEqual((), told(path, BLOG, rules))
        self.assertEqual((), told("vendor/a.js", BLOG, rules))
        self.assertEqual(whole("/blog/"), told("js/other.js", BLOG, rules))
        self.assertEqual((Reload("/css/site.css"),), told("css/site.css", BLOG, rules))

    def test_its_own_file_reloads_a_page_whatever_the_rules_say(self):
        rules = Rules({"blog/*": "other.html"})
        self.assertEqual(whole("/blog/"), told("blog/index.html", BLOG, rules))
        self.assertEqual(whole("/other"), told("blog/index.html", "http://host/other", rules))

    def test_a_path_is_transformed_before_it_is_decided_on(self):
        def transform(path):
            if path.endswith(".md"):
                return [path[:-3] + ".html", "feed.xml"]
            return None if path.startswith("drafts/") else path.replace("scss", "css")

        rules = Rules(transform=transform)
        self.assertEqual((Reload("/css/a.css"),), told("scss/a.scss", BLOG, rules))
        self.assertEqual(whole("/blog/"), told("blog/index.md", BLOG, rules))
        self.assertEqual((), told("drafts/a.js", BLOG, rules))
        self.assertEqual((Reload("/css/a.css"),), told(["scss/a.scss", "css/a.css"], BLOG, rules))

    def test_the_callback_has_the_last_word_for_each_path_and_page(self):
        def callback(path, page):
            return {"a.md": True, "a.js": False}.get(path) if page.path == "/blog/" else None

        rules = Rules(callback=callback)
        self.assertEqual(whole("/blog/"), told("a.md", BLOG, rules))
        self.assertEqual((), told("a.js", BLOG, rules))
        self.assertEqual((Reload("/a.css"),), told(["a.js", "a.css"], BLOG, rules))
        self.assertEqual(whole("/other"), told("a.js", "http://host/other", rules))

    def test_a_function_that_fails_is_one_error(self):
        for name in ("transform", "callback"):
            rules = Rules(**{name: lambda *arguments: 1 / 0})
            error = self.assertRaises(RuleFailed, decide, ["a.js"], BLOG, rules)
            self.assertEqual(name, error.rule)

    def test_for_many_tabs_functions_of_paths_are_called_once(self):
        called = []
        rules = Rules({"*": lambda path: called.append(path) or "blog/*"}, transform=lambda path: called.append(path) or path)  # fmt: skip
        changes = what_changed(["a.md"], rules)
        for number in range(5):
            page = page_of(f"http://host/blog/{number}")
            self.assertEqual(whole(page.path), changes.reloads(page))
        self.assertEqual(["a.md", "a.md"], called)


class ClientReloadWrapTests(SynchronousTestCase):
    PAGES = ("", "/", "index.html", "blog/post", "blog/", "v1.2", "/a?b#c", "<unidentified>.null")

    def test_scripts_and_style_sheets_reload_every_page(self):
        for file in ("js/app.js", "css/site.css"):
            self.assertTrue(all(map(client_reload_wrap(file), self.PAGES)))

    def test_a_page_reloads_for_its_own_file(self):
        """E4: however it is named, as in its address."""
        for file, *names in (
            ("index.html", "", "/", "index.html", "index", "?a", "#a", "/?a=b#c", "http://host/?a"),
            ("blog/post.html", "blog/post", "blog/post.html", "/blog/post?a=b#c", "blog/post/"),
            ("blog/index.html", "blog/", "blog", "https://host:8443/blog/?next=http://x/#y"),
            ("v1.2.html", "v1.2", "v1.2?x", "v1.2.html"),
            ("v1.2/index.html", "v1.2/", "v1.2"),
        ):
            reloads = client_reload_wrap(file)
            for name in names:
                self.assertTrue(reloads(name), (file, name))

    def test_and_for_no_other(self):
        reloads = client_reload_wrap("blog/post.html")
        for name in (*self.PAGES, "post", "blog/post2", "x?/blog/post.html", "x#blog/post"):
            self.assertEqual(name == "blog/post", reloads(name), name)
