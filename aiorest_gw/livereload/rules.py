"""What whoever runs the site says about reloading: which pages depend on which files, and functions
that have a say in it. A mistake in one of these is told with the rule's name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from ..arguments import checked_callable, several
from ..errors import ConfigurationError
from .globs import Glob
from .pages import Page, normal_path

__all__ = ["RuleFailed", "Rules"]

Globs = str | Iterable[str]
Depends = Mapping[str, Globs | Callable[[str], Globs]]


class RuleFailed(Exception):
    """A function of the rules raised, or returned what makes no sense.

    :ivar rule: its name: ``transform``, ``callback``, or ``depends['…']``.
    :ivar path: of the file that it was called for.
    """

    def __init__(self, rule: str, path: str, reason: str) -> None:
        super().__init__(f"{rule} failed for {path!r}: {reason}")
        self.rule = rule
        self.path = path


def _checked_depends(depends: Depends) -> Depends:
    if not isinstance(depends, Mapping):
        raise ConfigurationError(
            f"depends should be a mapping, as {{'templates/*.html': 'blog/*'}}, not {depends!r}"
        )
    return dict(depends)


def _check_function(*arguments: str) -> Any:
    def check(rules: Rules, attribute: attrs.Attribute[Any], value: Any) -> None:
        if value is not None:
            _check_callable(attribute.name, value, *arguments)

    return check


def _check_callable(name: str, value: Any, *arguments: str) -> None:
    try:
        checked_callable(name, value, *arguments)
    except TypeError as error:
        raise ConfigurationError(str(error)) from None
    if inspect.iscoroutinefunction(value):
        raise ConfigurationError(f"{name} is called and not awaited: {value!r} is an async def")


@attrs.frozen(eq=False)
class Rules:
    """Which pages reload when, beyond what is so everywhere.

    :param depends: a pattern of files, and the pages that reload as a whole when one of them changes:
        a pattern, several, or a function that is given the path and returns those. Patterns of pages
        are matched with the files that a page may be: ``/blog`` and ``/blog/`` are both
        ``blog/index.html``. ``**`` means all. What a pattern fits is decided by it alone: with
        ``{"js/chart.js": "charts/*"}`` other pages do not reload for that script. No pages: nothing
        depends on it.
    :param transform: is given the path of each file that has changed and returns the path, or paths,
        that shall count in its place: ``scss/a.scss`` may become ``css/a.css``. None: the change is
        forgotten.
    :param callback: is given each path and a :class:`~.pages.Page`: True if the page reloads as a whole,
        False if it takes no notice, None to decide as usual.
    :raises ConfigurationError: one of these is none.
    """

    depends: Depends = attrs.field(factory=dict, converter=_checked_depends)
    transform: Callable[[str], Globs | None] | None = attrs.field(
        default=None, validator=_check_function("path")
    )
    callback: Callable[[str, Page], bool | None] | None = attrs.field(
        default=None, validator=_check_function("path", "page")
    )
    _dependences: tuple[_Dependence, ...] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        made = tuple(_dependence(files, pages) for files, pages in self.depends.items())
        object.__setattr__(self, "_dependences", made)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Rules:
        """Rules as they are written on a command line.

        :param texts: each ``files=pages``, two patterns: ``templates/*.html=blog/*``. Files may come
            several times.
        :raises ConfigurationError: one of them is no such rule.
        """
        depends: dict[str, list[str]] = {}
        for text in several("rules", texts):
            files, sign, pages = (part.strip() for part in str(text).partition("="))
            if not (files and sign and pages):
                raise ConfigurationError(
                    f"{text!r} is no rule: write files=pages, two patterns, as in "
                    "templates/*.html=blog/*, or templates/**=** for all pages"
                )
            depends.setdefault(files, []).append(pages)
        return cls(depends)

    def transformed(self, path: str) -> tuple[str, ...]:
        """The paths that count in the place of one that has changed.

        :raises RuleFailed: the function did.
        """
        if self.transform is None:
            return (normal_path(path),)
        found = _called("transform", path, self.transform, path)
        if found is None:
            return ()
        return tuple(normal_path(text) for text in _texts("transform", path, found))

    def pages_for(self, path: str) -> tuple[Glob, ...] | None:
        """The pages that depend on a file.

        :returns: None where no rule knows the file.
        :raises RuleFailed: the function of a rule did.
        """
        found = [each.pages(path) for each in self._dependences if each.files.fits(path)]
        return tuple(glob for globs in found for glob in globs) if found else None

    def asked(self, path: str, page: Page) -> bool | None:
        """What the callback says.

        :raises RuleFailed: it did.
        """
        if self.callback is None:
            return None
        said = _called("callback", path, self.callback, path, page)
        if said is not None and not isinstance(said, bool):
            raise RuleFailed("callback", path, f"it returned {said!r}, not True, False or None")
        return said


@attrs.frozen(eq=False)
class _Dependence:
    """One of the rules' ``depends``."""

    files: Glob
    pages: Callable[[str], tuple[Glob, ...]]


def _dependence(files: Any, pages: Any) -> _Dependence:
    name = f"depends[{files!r}]"
    if callable(pages):
        _check_callable(name, pages, "path")
        return _Dependence(_glob(name, files), _asking(name, pages))
    listed = (pages,) if isinstance(pages, str) else several(name, pages)
    globs = tuple(_glob(name, text) for text in listed)
    return _Dependence(_glob(name, files), lambda path: globs)


def _asking(name: str, function: Callable[[str], Globs]) -> Callable[[str], tuple[Glob, ...]]:
    def pages(path: str) -> tuple[Glob, ...]:
        texts = _texts(name, path, _called(name, path, function, path))
        try:
            return tuple(_glob(name, text) for text in texts)
        except ConfigurationError as error:
            raise RuleFailed(name, path, str(error)) from None

    return pages


def _glob(name: str, text: Any) -> Glob:
    if not isinstance(text, str):
        raise ConfigurationError(f"{name} has {text!r} in the place of a pattern")
    try:
        return Glob(normal_path(text))
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None


def _called(name: str, path: str, function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Exception as error:
        raise RuleFailed(name, path, f"{type(error).__name__}: {error}") from error


def _texts(name: str, path: str, found: Any) -> tuple[str, ...]:
    """One text or several, as a function returned them."""
    texts = (found,) if isinstance(found, str) else found
    try:
        made = tuple(texts)
    except TypeError:
        made = (None,)
    if not all(isinstance(text, str) for text in made):
        raise RuleFailed(name, path, f"it returned {found!r}, which is no text nor several")
    return made
