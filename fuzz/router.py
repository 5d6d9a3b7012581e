"""Paths to routes and back: what a path leads to has a URL that leads to the same."""

from __future__ import annotations

from typing import Any

import atheris

from .harness import fuzz, text_of

with atheris.instrument_imports(include=["aiorest_gw"]):
    from aiorest_gw import SimpleRouter
    from aiorest_gw.errors import NoMatch

_PATHS = (
    "/", "/users", "/users/new", "/users/{id:int}", "/users/{name}", "/users/{id:int}/notes/{note:uuid}",
    "/users/{name}/notes/{text}", "/files/{rest:path}", "/files/index", "/places/{x:float}/{y:float}",
    "/a b/{c}", "/{first}/{second}/{third}", "/ü/{x}",
)  # fmt: skip
_WORDS = (
    *b"""/ users new notes files index places a%20b %C3%BC ? % %2F %2e . .. - 1 0 5.5 -7 99 x {id} ; = &
    6ba7b810-9dad-11d1-80b4-00c04fd430c8 999999999999999999 e5""".split(),
    "ü€😀".encode(), b" ", b"\n",
)  # fmt: skip
_VERBS = ("GET", "POST", "DELETE", "")


def _view(request: Any, *values: Any) -> None:
    """Never called."""


def _make_router() -> SimpleRouter:
    router = SimpleRouter()
    for path in _PATHS:
        router.register(path, _view, ["GET", "POST"], name=path)
    return router


_ROUTER = _make_router()


def check(data: bytes) -> None:
    url = text_of(data, _WORDS).decode("utf-8", "replace")
    for verb in _VERBS:
        try:
            leaf, bound, values = _ROUTER.find(url, verb)
        except NoMatch:
            continue
        assert leaf
        assert bound is None or (bound.verb == verb and len(values) == len(bound.path.parameters))
    try:
        match = _ROUTER.resolve(url)
    except NoMatch:
        return
    back = _ROUTER.reverse(match.view_name, **match.kwargs)
    again = _ROUTER.resolve(back)
    assert (again.view_name, again.kwargs) == (match.view_name, match.kwargs), (match, back, again)
    assert back.isascii()


if __name__ == "__main__":
    fuzz(check)
