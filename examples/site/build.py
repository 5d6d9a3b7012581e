"""Makes the site's pages: ``python build.py``.

Each file in ``pages`` is a page of ``public``, put into a template of ``templates``: ``post.html`` for
notes in ``blog``, else ``page.html``. Its first line is its title. Only what has changed is written, so
that only the tabs that show it load anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import NamedTuple

HERE = Path(__file__).parent
PAGES, TEMPLATES, PUBLIC = HERE / "pages", HERE / "templates", HERE / "public"


class Page(NamedTuple):
    """A page as it is written by hand.

    :param path: of its file, from the folder of all pages.
    """

    path: Path
    title: str
    body: str

    @classmethod
    def read(cls, file: Path) -> Page:
        title, _, body = file.read_text("utf-8").partition("\n")
        return cls(file.relative_to(PAGES), title, body.strip())

    @property
    def is_post(self) -> bool:
        return self.path.parent.name == "blog" and self.path.name != "index.html"


def made(page: Page, posts: list[Page]) -> str:
    """The whole page.

    :raises ValueError: there is a mistake in a template or in the page.
    """
    items = "\n".join(
        f'  <li><a href="/{one.path.as_posix()}">{one.title}</a></li>' for one in posts
    )
    name = "post.html" if page.is_post else "page.html"
    body = filled(page.path.name, page.body, posts=f'<ul class="posts">\n{items}\n</ul>')
    return filled(name, (TEMPLATES / name).read_text("utf-8"), title=page.title, body=body)


def filled(name: str, text: str, **values: str) -> str:
    try:
        return Template(text).substitute(values)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None


def changed() -> Iterator[Path]:
    """Write what is not so already.

    :returns: the files that were written, one after the other.
    """
    pages = [Page.read(file) for file in sorted(PAGES.rglob("*.html"))]
    posts = [page for page in pages if page.is_post]
    for page in pages:
        target, text = PUBLIC / page.path, made(page, posts)
        if not target.exists() or target.read_text("utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
            yield target


def main() -> None:
    try:
        for path in changed():
            print(f"wrote {path.relative_to(HERE)}")
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
