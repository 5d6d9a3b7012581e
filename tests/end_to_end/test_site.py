"""The example of a site, worked on as its README says."""

import re
import shlex
import shutil
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.browser.scripts import NODE, PACKAGES
from tests.browser.tabs import shared_tabs
from tests.command.developing import Dev

from .browser import CHROMIUM
from .gateways import ROOT, run

EXAMPLE = ROOT / "examples" / "site"
README = (EXAMPLE / "README.rst").read_text()
COUNT = "document.getElementById('cheers')?.value"


class SiteTestCase(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp())
        shutil.copytree(EXAMPLE, self.folder, ignore=shutil.ignore_patterns("__pycache__"))

    def edit(self, name, old, new):
        path = self.folder / name
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new))


class BuildTests(SiteTestCase):
    def build(self):
        done = run(["python", "build.py"], self.folder)
        return done.returncode, done.stdout.splitlines(), done.stderr

    def test_its_pages_are_those_that_its_builder_makes(self):
        self.assertEqual((0, [], ""), self.build())

    def test_only_what_has_changed_is_written(self):
        self.edit("templates/post.html", "All notes", "More notes")
        written = ["wrote public/blog/first-light.html", "wrote public/blog/spring-tide.html"]
        self.assertEqual((0, written, ""), self.build())
        self.edit("pages/about.html", "About", "About us")
        self.assertEqual((0, ["wrote public/about.html"], ""), self.build())

    def test_a_mistake_is_told_in_a_line(self):
        self.edit("templates/page.html", "$body", "$nothing")
        self.assertEqual((1, [], "page.html: 'nothing'\n"), self.build())


class WorkTests(SiteTestCase):
    if CHROMIUM is None:
        skip = "no Chromium here"
    elif NODE is None or not PACKAGES.exists():
        skip = "no node with playwright-core here"

    def setUp(self):
        super().setUp()
        [command] = re.findall(r"^    aiorest-gw dev (.*)$", README, re.M)
        self.dev = Dev(self.folder, *shlex.split(command))
        self.addCleanup(self.dev.close)
        self.dev.tells("built")
        self.tabs = shared_tabs()
        self.tabs.anew()

    def open(self, path):
        tab = self.tabs.open(self.dev.url + path)
        tab.mark()
        return tab

    def test_what_its_readme_promises(self):
        first, second, post = (self.open(path) for path in ("", "", "blog/first-light.html"))
        self.edit("public/site.css", "#17324d", "#010203")
        for tab in (first, second, post):
            tab.until("getComputedStyle(document.body).color === 'rgb(1, 2, 3)'")
        self.edit("templates/post.html", "All notes", "More notes")
        post.until("document.body.textContent.includes('More notes')")
        post.mark()
        self.assertTrue(first.marked)
        self.edit("public/live.js", '"Live"', '"On air"')
        first.until("document.getElementById('state').textContent === 'On air'")
        second.until("document.getElementById('state').textContent === 'On air'")
        self.assertTrue(post.marked)

    def test_everybody_sees_the_cheers_also_behind_another_application(self):
        first, second = self.open(""), self.open("")
        for tab in (first, second):
            tab.until(f"{COUNT} === '0'")
        first.press("#cheer:not([disabled])")
        for tab in (first, second):
            tab.until(f"{COUNT} === '1'")
        before = self.dev.output.count("the application is loaded")
        self.edit("app.py", '{"where": request.data}', '{"from": request.data}')
        self.dev.tells(rf"(?s)(the application is loaded.*){{{before + 1}}}")
        second.press("#cheer:not([disabled])")
        for tab in (first, second):
            tab.until(f"{COUNT} === '2'")
            self.assertTrue(tab.marked)
