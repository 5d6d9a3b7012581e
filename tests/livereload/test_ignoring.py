"""What is not watched: as git reads ``.gitignore``, of which it is asked itself where it is there."""

import os
import random
import shutil
import subprocess
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from aiorest_gw.livereload import ignoring
from aiorest_gw.livereload.ignoring import Ignored

# Lines, and what they ignore and do not; with a slash at its end it is a folder.
CASES = (
    (["*.log"], ["a.log", "b/a.log", "b.log/", "b.log/a"], ["a.logs", "log"]),
    (["/a"], ["a", "a/b", "a/"], ["b/a"]),
    (["b/a"], ["b/a", "b/a/c"], ["c/b/a", "a"]),
    (["out/"], ["out/", "out/a", "b/out/"], ["out", "b/out"]),
    (["out/**", "!out/kept.html"], ["out/a.html", "out/b/"], ["out/", "out/kept.html"]),
    (["out/", "!out/kept.html"], ["out/", "out/kept.html"], []),
    (["out/*", "!out/b/"], ["out/a"], ["out/", "out/b/", "out/b/a"]),
    (["/*", "!/src/"], ["a", "b/", "b/src/", "src"], ["src/", "src/a", "src/b/c"]),
    (["*", "!*/", "!*.html"], ["a.txt", "b/a.css"], ["a.html", "b/", "b/c/a.html"]),
    (["*.html", "!a.html"], ["b.html"], ["a.html", "b/a.html"]),
    (["!a.html", "*.html"], ["a.html"], []),
    (["a/**/b"], ["a/b", "a/c/b", "a/c/d/b"], ["b", "c/a/b"]),
    (["# a", "", "   ", "\\#a", "\\!b", "c\\ ", "d  "], ["#a", "!b", "c ", "d"], ["a", "b", "c"]),
    (["a\r\n", "b\n"], ["a", "b"], ["c"]),
    (["[", "!", "/", "a\\", "//", "//c", "[z"], [], ["[", "!", "a", "b/", "c"]),
    (["a[0-9].tm?"], ["a1.tmx"], ["ab.tmx", "a1.tm"]),
)


class LineTests(SynchronousTestCase):
    def test_lines_are_read_as_git_reads_them(self):
        for lines, found, others in CASES:
            ignored = Ignored({"": lines})
            for path in found:
                self.assertTrue(ignored.matches(path.strip("/"), path[-1] == "/"), (lines, path))
            for path in others:
                self.assertFalse(ignored.matches(path.strip("/"), path[-1] == "/"), (lines, path))

    def test_a_file_that_is_found_on_the_way_down_counts_for_what_is_below(self):
        ignored = Ignored({"": ["*.log"]})
        self.assertFalse(ignored.matches("a", True))
        ignored.learn("a", ["drafts/", "!b.log"])
        found = [("a/drafts", True), ("drafts", True), ("a/b.log", False), ("b.log", False)]
        self.assertEqual([True, False, False, True], [ignored.matches(*one) for one in found])

    def test_the_nearest_file_decides_for_its_folder(self):
        ignored = Ignored(
            {"": ["*.html", "b/"], "a": ["!*.html", "/c"], "a/d": ["x.html"], "b": ["!*"]}
        )
        for path in ("x.html", "b/x", "a/c", "a/c/x.html", "a/d/x.html", "c/x.html"):
            self.assertTrue(ignored.matches(path, False), path)
        for path in ("a/x.html", "a/d/y.html", "a/d/c", "c"):
            self.assertFalse(ignored.matches(path, False), path)


class DefaultTests(SynchronousTestCase):
    def test_what_editors_and_tools_leave_is_ignored(self):
        ignored = Ignored()
        for path in (
            "4913", "css/4913", "a.html~", "b/a~", "#a#", "a.tmp", "a.swp", ".a.html.swp", ".a.swx", ".#a",
            ".DS_Store", "b/.goutputstream-X", "x.pyc", "a.html___jb_tmp___", ".env", ".git/HEAD",
            "b/.git/HEAD", "node_modules/a/b.js", "b/node_modules/a.js", "__pycache__/a", ".venv/a",
            ".hg/a", "b/.mypy_cache/a/b", "b/.well-known/a", ".well-known/.a",
        ):  # fmt: skip
            self.assertTrue(ignored.matches(path, False), path)
        for path in (".git", "b/node_modules", "__pycache__", ".venv", "b/.well-known"):
            self.assertTrue(ignored.matches(path, True), path)

    def test_what_belongs_to_a_site_is_watched(self):
        ignored = Ignored()
        for path in (
            "index.html", "css/site.css", ".well-known/security.txt", "a.b/c.d", "node_modules",
            "tmp", "a#b#", "14913", "~a", "a..b",
        ):  # fmt: skip
            self.assertFalse(ignored.matches(path, False), path)
        for path in ("", "css", ".well-known", ".well-known/acme", "4913", "a.pyx"):
            self.assertFalse(ignored.matches(path, True), path)

    def test_lines_of_the_site_win_over_defaults_and_not_over_what_is_hidden(self):
        ignored = Ignored({"": ["!node_modules/", "!*.tmp", "!.git/", "!.env", "!4913"]})
        for path in ("node_modules/a.js", "a.tmp", "4913"):
            self.assertFalse(ignored.matches(path, False), path)
        for path in (".git/HEAD", ".env", "node_modules/.git/HEAD"):
            self.assertTrue(ignored.matches(path, False), path)

    def test_what_is_remembered_of_folders_is_bounded(self):
        ignored = Ignored({"": ["a5*/"]})
        for number in range(ignoring._REMEMBERED + 100):
            self.assertEqual(f"{number}"[0] == "5", ignored.matches(f"a{number}/b", False))
        self.assertLessEqual(len(ignored._folders), ignoring._REMEMBERED)


def git_says(folder, lines_by_folder, folders, files):
    """Which of them git ignores."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*arguments, text=""):
        command = ["git", "-C", str(folder), "-c", "core.ignorecase=false", *arguments]
        return subprocess.run(command, input=text, capture_output=True, text=True, env=environment)

    folder.mkdir()
    git("init", "--quiet")
    for name in folders:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in files:
        (folder / name).touch()
    for name, lines in lines_by_folder.items():
        (folder / name / ".gitignore").write_text("\n".join(lines) + "\n")
    asked = "\0".join([*folders, *files])
    return set(git("check-ignore", "--no-index", "-z", "--stdin", text=asked).stdout.split("\0"))


class GitTests(SynchronousTestCase):
    PARTS = (
        "a", "b", "*", "?", "a*", "*.x", "b.x", "**", "[ab]", "[!a]", "[^b]", "\\a", "\\*", "[]a]",
        "[b-a]", "*.*",
    )  # fmt: skip
    NAMES = ("a", "b", "c", "a.x", "b.x")

    def setUp(self):
        if shutil.which("git") is None:
            raise SkipTest("git is not there")

    def line(self, chance):
        path = "/".join(chance.choices(self.PARTS, k=chance.choice((1, 1, 2, 3))))
        before, after = chance.choice(("", "", "/", "!", "!/")), chance.choice(("", "", "/"))
        return before + path + after

    def test_git_says_the_same(self):
        """Of files and folders at random, under lines at random."""
        chance = random.Random(7)
        top = Path(self.mktemp())
        top.mkdir()
        for number in range(30):
            paths = {
                "/".join(chance.choices(self.NAMES, k=chance.choice((1, 2, 3)))) for _ in range(30)
            }
            folders = sorted({str(up) for path in paths for up in Path(path).parents} - {"."})
            files = sorted(paths - set(folders))
            lines = {"": [self.line(chance) for _ in range(3)]}
            lines |= {name: [self.line(chance)] for name in folders if chance.random() < 0.3}
            said = git_says(top / f"{number}", lines, folders, files)
            ignored = Ignored(lines)
            for path in folders + files:
                self.assertEqual(
                    path in said, ignored.matches(path, path in folders), (lines, path)
                )

    def test_and_in_the_cases_of_this_module(self):
        for lines, found, others in CASES:
            paths = found + others
            folders = {path[:-1] for path in paths if path[-1] == "/"}
            folders |= {str(up) for path in paths for up in Path(path).parents} - {"."}
            # What is there as a folder cannot be there as a file too.
            files = [path for path in paths if path[-1] != "/" and path not in folders]
            lines = [line.strip("\r\n") for line in lines]
            said = git_says(Path(self.mktemp()), {"": lines}, sorted(folders), files)
            for path in [*files, *(path for path in paths if path[-1] == "/")]:
                self.assertEqual(path in found, path.strip("/") in said, (lines, path))
