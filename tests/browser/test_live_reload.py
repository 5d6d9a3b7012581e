"""Live reload in Chromium, with the real livereload-js, through the command that people type."""

import signal
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.command.developing import Dev, save
from tests.end_to_end.browser import CHROMIUM
from tests.end_to_end.gateways import ROOT, until

from .scripts import NODE, PACKAGES
from .tabs import shared_tabs

LIVERELOAD = "dist/livereload.min.js"
PAGE = """<!doctype html><link rel="stylesheet" href="/look.css"><img src="/dot.svg"><p>{}</p>{}"""
DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{0}"></svg>'
SITE = {
    "site/index.html": PAGE.format("home", ""),
    "site/about.html": PAGE.format("about", ""),
    "site/blog/index.html": PAGE.format("blog", ""),
    "site/look.css": "p { color: rgb(1, 1, 1) }",
    "site/dot.svg": DOT.format(10),
}
# Shows a text that it finds in a source, if that is not broken.
BUILD = """
if grep -q broken text; then echo "text: it is broken </script>"; exit 3; fi
cp text site/index.html
"""


def coloured(number):
    return f"getComputedStyle(document.querySelector('p')).color === 'rgb({number}, {number}, {number})'"


def says(text):
    return f"document.querySelector('p')?.textContent === {text!r}"


class LiveReloadTests(SynchronousTestCase):
    if CHROMIUM is None:
        skip = "no Chromium here"
    elif NODE is None or not PACKAGES.exists():
        skip = "no node with playwright-core here"

    def setUp(self):
        self.folder = Path(self.mktemp())
        save(self.folder, SITE)
        self.tabs = shared_tabs()
        self.tabs.anew()

    def dev(self, *arguments, **options):
        dev = Dev(self.folder, "site", *arguments, **options)
        self.addCleanup(dev.close)
        return dev

    def open(self, dev, *paths):
        """Tabs that would be told of changes, each marked."""
        tabs = [self.tabs.open(dev.url + path) for path in paths]
        for tab in tabs:
            tab.mark()
        return tabs

    def restyle(self, dev, number, *tabs):
        """What is told later than everything before it is shown, too."""
        dev.save({"site/look.css": f"p {{ color: rgb({number}, {number}, {number}) }}"})
        for tab in tabs:
            tab.until(coloured(number))

    def test_a_style_sheet_is_swapped_in_all_tabs_without_a_reload(self):
        dev = self.dev()
        tabs = self.open(dev, "", "about.html")
        self.restyle(dev, 2, *tabs)
        self.restyle(dev, 3, *tabs)
        self.assertEqual([True, True], [tab.marked for tab in tabs])
        dev.tells(r"site/look.css  shown in 2 tabs")

    def test_an_image_is_swapped_without_a_reload(self):
        dev = self.dev()
        [tab] = self.open(dev, "")
        dev.save({"site/dot.svg": DOT.format(30)})
        tab.until("document.images[0].naturalWidth === 30")
        self.assertTrue(tab.marked)

    def test_a_page_reloads_only_the_tabs_that_show_it_whatever_their_address(self):
        dev = self.dev()
        shows = self.open(dev, "", "", "?a=1&b=/about.html#c", "index.html#about")
        others = self.open(dev, "about.html", "blog/", "blog/?index.html")
        dev.save({"site/index.html": PAGE.format("changed", "")})
        for tab in shows:
            tab.until(says("changed"))
            tab.mark()
        self.restyle(dev, 2, *shows, *others)
        self.assertEqual([2, 2, 2, 2], [tab.loads for tab in shows])
        self.assertEqual([1, 1, 1], [tab.loads for tab in others])
        self.assertEqual("?a=1&b=/about.html#c", shows[2].run("location.search + location.hash"))

    def test_a_template_reloads_the_pages_that_depend_on_it(self):
        save(self.folder, {"templates/post.html": "1"})
        dev = self.dev("--watch", "templates", "--depends", "templates/post.html=blog/**")
        blog, home = self.open(dev, "blog/", "")
        dev.save({"templates/post.html": "2"})
        blog.until("window.marked === undefined")
        blog.mark()
        self.restyle(dev, 2, blog, home)
        self.assertEqual((2, 1), (blog.loads, home.loads))

    def test_ten_saves_in_a_burst_make_one_reload_that_shows_the_last(self):
        dev = self.dev()
        [tab] = self.open(dev, "")
        # A machine that is busy may make two bursts of it.
        for attempt in range(10):
            before, began = tab.loads, time.monotonic()
            for number in range(10):
                dev.save({"site/index.html": PAGE.format(f"{attempt}-{number}", "")})
            took = time.monotonic() - began
            tab.until(says(f"{attempt}-9"))
            tab.mark()
            self.restyle(dev, attempt + 2, tab)
            if took < 0.03:
                break
        self.assertLess(took, 0.03)
        self.assertEqual(before + 1, tab.loads, dev.output)
        self.assertTrue(tab.marked)

    def test_an_editor_that_saves_by_renaming_is_seen(self):
        dev = self.dev()
        [tab] = self.open(dev, "")
        dev.save({"site/index.html~": PAGE.format("renamed", "")})
        (self.folder / "site/index.html~").rename(self.folder / "site/index.html")
        tab.until(says("renamed"))

    def test_a_server_that_was_killed_is_found_again(self):
        dev = self.dev()
        [tab] = self.open(dev, "")
        dev.end(signal.SIGKILL)
        tab.until("LiveReload.connector.protocol === 0")
        again = self.dev(port=dev.port)
        tab.mark()
        self.restyle(again, 2, tab)
        again.save({"site/index.html": PAGE.format("again", "")})
        tab.until(says("again"))
        self.assertEqual(2, tab.loads)

    def test_a_page_may_bring_an_older_livereload_js(self):
        old = PACKAGES.parent / "livereload-js-3" / LIVERELOAD
        save(self.folder, {"site/lib/livereload.js": old.read_text()})
        dev = self.dev()
        script = f'<script src="/lib/livereload.js?port={dev.port}"></script>'
        dev.save({"site/own.html": PAGE.format("old", script)})
        [tab] = self.open(dev, "own.html")
        # None was put into the page besides.
        self.assertEqual(1, tab.run("document.scripts.length"))
        self.restyle(dev, 2, tab)
        self.assertTrue(tab.marked)
        dev.save({"site/own.html": PAGE.format("new", script)})
        tab.until(says("new"))

    def test_a_failed_build_alerts_and_shows_itself_until_it_is_mended(self):
        save(self.folder, {"text": PAGE.format("first", ""), "build.sh": BUILD})
        dev = self.dev("--watch", ".", "--on-change", "sh build.sh")
        dev.tells("index.html  no tab shows it")
        [tab] = self.open(dev, "")
        dev.save({"text": "broken"})
        dev.tells("failed with status 3")
        until(lambda: tab.alerts)
        [alert] = tab.alerts
        self.assertIn("sh build.sh failed with status 3\ntext: it is broken </script>", alert)
        self.assertTrue(tab.marked)
        [late] = self.open(dev, "about.html")
        late.until("document.querySelector('[role=alert]')")
        self.assertIn(
            "it is broken </script>", late.run("document.querySelector('[role=alert]').textContent")
        )
        dev.save({"text": PAGE.format("mended", "")})
        tab.until(says("mended"))
        self.assertFalse(tab.run("document.querySelector('[role=alert]') !== null"))
        late.until("document.querySelector('[role=alert]') === null")

    def test_the_script_is_the_one_that_its_authors_publish(self):
        published = PACKAGES.parent / "livereload-js" / LIVERELOAD
        ours = ROOT / "aiorest_gw" / "static" / "livereload.js"
        self.assertEqual(published.read_bytes(), ours.read_bytes())
