"""The tabs that are open, and what they are told."""

from pathlib import Path
from threading import Thread
from types import SimpleNamespace

from aiorest_gw.livereload.bursts import EVERYTHING
from aiorest_gw.livereload.live import LiveReload
from aiorest_gw.livereload.rules import RuleFailed, Rules
from aiorest_gw.testing import GatewayTestCase

from .tabs import HELLO, Tab

ROOT = "http://127.0.0.1:8080/"


class LiveReloadTests(GatewayTestCase):
    def setUp(self):
        super().setUp()
        self.site = Path(self.mktemp()).absolute() / "site"
        self.site.mkdir(parents=True)
        self.factory = self.serve(site=self.site)
        self.came_or_went = 0
        self.live = self.make(Rules())

    def make(self, rules):
        def count():
            self.came_or_went += 1

        return LiveReload(self.factory, rules, count)

    def open(self, *paths):
        return [Tab(self.factory).show(ROOT + path) for path in paths]

    def heard(self, tab):
        tab.move()
        found = [one["path"] for one in tab.heard]
        tab.heard.clear()
        return found

    def test_several_tabs_may_show_the_same_page(self):
        tabs = self.open("about.html", "about.html", "about.html?a#b", "")
        urls = [tab.url for tab in self.live.live_clients]
        self.assertEqual([f"{ROOT}about.html"] * 2, urls[:2])
        self.assertEqual({"/about.html": 3}, self.live.changed(["about.html"]))
        self.assertEqual([1, 1, 1, 0], [len(self.heard(tab)) for tab in tabs])

    def test_who_comes_and_goes_is_told(self):
        [tab] = self.open("")
        tab.lose()
        self.assertEqual((2, ()), (self.came_or_went, self.live.live_clients))

    def arrive(self, element, path):
        """A tab whose page was sent with an element; what it hears when it has said which one it is."""
        snippet = element.partition(b"snipver=")[2].partition(b'"')[0].decode()
        tab = Tab(self.factory)
        info = {"command": "info", "url": ROOT + path}
        tab.say(HELLO | {"snipver": snippet}, info, info)
        return [one["path"] for one in tab.heard if one["command"] == "reload"]

    def test_what_changed_while_a_page_was_loaded_is_shown_when_it_is_there(self):
        before = self.live.element
        for paths in (["look.css"], ["blog/index.html"], ["look.css", "about.html"]):
            self.live.changed(paths)
        self.assertEqual(["/about.html"], self.arrive(before, "about.html"))
        self.assertEqual(["/look.css"], self.arrive(before, "other.html"))
        self.assertEqual([], self.arrive(self.live.element, "about.html"))

    def test_of_more_than_is_remembered_the_page_is_loaded_anew(self):
        before = self.live.element
        for _ in range(200):
            self.live.changed(["look.css"])
        self.assertEqual(["/other.html"], self.arrive(before, "other.html"))

    def test_a_page_of_another_server_or_of_no_element_is_taken_as_it_is(self):
        self.live.changed(["look.css"])
        number = self.live.element.partition(b"snipver=")[2].partition(b"-")[0]
        for snippet in (
            b"g0-0",
            b"x",
            b"-",
            number + b"-",
            number + b"-\xc2\xb2",
            number + b"-" + b"9" * 5_000,
        ):
            self.assertEqual([], self.arrive(b"snipver=" + snippet, ""), snippet[:20])

    def test_a_rule_that_fails_for_a_page_that_arrives_is_logged_and_harms_nobody(self):
        self.live = self.make(
            Rules(callback=lambda path, page: 1 // 0 if page.path == "/late.html" else None)
        )
        before = self.live.element
        self.live.changed(["look.css"])
        self.assertEqual([], self.arrive(before, "late.html"))
        self.assertEqual(1, len(self.flushLoggedErrors(RuleFailed)))
        self.assertEqual(["/look.css"], self.arrive(before, "other.html"))

    def test_files_may_be_named_absolutely(self):
        [tab] = self.open("blog/")
        self.live.changed([str(self.site / "blog" / "index.html")])
        self.assertEqual(["/blog/"], self.heard(tab))

    def test_files_outside_of_the_site_are_named_from_the_working_directory(self):
        self.live = self.make(Rules({"templates/*.html": "blog/*"}))
        blog, home = self.open("blog/", "")
        self.live.changed([str(Path("templates/post.html").absolute())])
        self.assertEqual([["/blog/"], []], [self.heard(tab) for tab in (blog, home)])
        self.live.changed([str(Path("../templates/post.html").absolute())])
        self.assertEqual(["/blog/"], self.heard(blog))

    def test_a_folder_whose_name_begins_as_the_sites_is_outside(self):
        [tab] = self.open("index.html")
        self.live.changed([f"{self.site}2/index.html"])
        self.assertEqual([], self.heard(tab))

    def test_a_tab_that_goes_while_others_are_told_disturbs_nobody(self):
        first, second = self.open("", "")
        first.transport.producer.pauseProducing()
        self.live.changed(["look.css"])
        self.assertTrue(first.transport.aborted)
        self.assertEqual(["/look.css"], self.heard(second))

    def test_everything_reloads_all(self):
        tabs = self.open("", "about.html")
        self.live.changed(EVERYTHING)
        self.assertEqual([["/"], ["/about.html"]], [self.heard(tab) for tab in tabs])

    def test_some_tabs_may_be_loaded_anew(self):
        first, second = self.open("", "about.html")
        self.live.renew(self.live.live_clients[1:])
        self.assertEqual(([], ["/about.html"]), (self.heard(first), self.heard(second)))

    def test_alerts_reach_all(self):
        tabs = self.open("", "about.html")
        self.live.alert("it </script> is \u2013 wrong")
        for tab in tabs:
            tab.move()
            self.assertEqual("it </script> is \u2013 wrong", tab.heard[0]["message"])

    def test_a_rule_that_fails_tells_nobody_anything(self):
        self.live = self.make(Rules(callback=lambda path, page: 1 // 0))
        tabs = self.open("", "")
        self.assertRaises(RuleFailed, self.live.changed, ["look.css"])
        self.assertEqual([[], []], [self.heard(tab) for tab in tabs])

    def test_events_of_watchers_are_understood(self):
        [tab] = self.open("")
        for event in (
            "index.html",
            Path("index.html"),
            self.site / "index.html",
            ["index.html", Path("other.txt")],
            SimpleNamespace(path="index.html"),
            SimpleNamespace(name=str(self.site / "index.html")),
            SimpleNamespace(src_path=str(self.site / "index.html"), is_directory=False),
            EVERYTHING,
            ["other.txt", EVERYTHING],
        ):
            self.live.reload_clients(event)
            self.assertEqual(["/"], self.heard(tab), event)

    def test_what_is_no_event_is_refused_in_words(self):
        for event in (None, 5, b"index.html", {"path": "index.html"}, [None], object()):
            error = self.assertRaises(TypeError, self.live.reload_clients, event)
            self.assertIn("give the path of a file", str(error))

    def test_reload_clients_may_be_called_from_another_thread(self):
        [tab] = self.open("")
        calls = []
        self.clock.callFromThread = lambda function, *args: calls.append((function, args))
        self.patch_threads()
        thread = Thread(target=self.live.reload_clients, args=("index.html",))
        thread.start()
        thread.join()
        self.assertEqual([], self.heard(tab))
        [(function, args)] = calls
        function(*args)
        self.assertEqual(["/"], self.heard(tab))

    def patch_threads(self):
        """This thread is the reactor's, as it is where one runs."""
        from twisted.python import threadable

        self.patch(threadable, "ioThread", threadable.getThreadID())
