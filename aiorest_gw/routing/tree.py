"""Finds what is registered under a path: fixed paths in one look-up, others along a tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs

from ..messages import Request
from ..wire.renderers import BaseRenderer
from .binding import Call
from .paths import Parameter, ParameterType, Path, segments_of
from .views import View

__all__ = ["Bound", "Leaf", "PathTree"]


@attrs.frozen(eq=False)
class Bound:
    """What answers one verb on one path.

    :param verb: in upper case.
    :param call: takes the request and the path's values.
    :param blocking: it must run in a thread.
    :param simple: it need not, and anybody may use it.
    :param plain: the view itself, where it takes nothing but the request.
    :param renderer: writes what it answers, unless another format is asked for.
    """

    verb: str
    path: Path
    view: View
    name: str | None
    call: Call
    blocking: bool
    simple: bool
    plain: Callable[[Request], Any] | None
    renderer: BaseRenderer


# What is registered under one path: upper-case verb to what answers it.
Leaf = dict[str, Bound]


@attrs.define(eq=False)
class _Node:
    """A place in the tree, after some segments of a path."""

    fixed: dict[str, _Node] = attrs.field(factory=dict)
    typed: list[tuple[ParameterType, _Node]] = attrs.field(factory=list)
    leaf: Leaf = attrs.field(factory=dict)

    def step(self, part: str | Parameter) -> _Node | None:
        """The node one segment further, or None."""
        if isinstance(part, str):
            return self.fixed.get(part)
        return next((node for type, node in self.typed if type is part.type), None)

    def grow(self, part: str | Parameter) -> _Node:
        """A new node one segment further."""
        node = _Node()
        if isinstance(part, str):
            self.fixed[part] = node
        else:
            self.typed.append((part.type, node))
            self.typed.sort(key=lambda pair: pair[0].rank)
        return node


class PathTree:
    """All paths of a router. Two that differ only in their parameters' names are one path."""

    def __init__(self) -> None:
        # Open to whoever looks up fixed paths, one look-up each.
        self.fixed: dict[str, Leaf] = {}
        self._root = _Node()
        self._dynamic = False

    def get(self, path: Path) -> Leaf:
        """What is registered under this path."""
        if not path.parameters:
            return self.fixed.get(_key(path), {})
        node: _Node | None = self._root
        for part in path.segments:
            node = node and node.step(part)
        return {} if node is None else node.leaf

    def add(self, bound: Bound) -> None:
        """Register one verb on one path; it takes the place of what was there."""
        path = bound.path
        if path.parameters:
            self._dynamic = True
            node = self._root
            for part in path.segments:
                node = node.step(part) or node.grow(part)
            node.leaf[bound.verb] = bound
        else:
            key = _key(path)
            leaf = self.fixed.setdefault(key, {})
            leaf[bound.verb] = bound
            # Found with a trailing slash or without, and no work for it in a request.
            self.fixed[key.rstrip("/") + "/"] = leaf

    def find(self, url: str) -> Iterator[tuple[Leaf, Sequence[Any]]]:
        """Everything that fits the path, best first, each with the values of its parameters.

        Fixed segments come before typed ones, and typed ones in the order of their rank. The work is
        bounded by the nodes that fit, whatever the number of routes.

        :param url: a path without a query.
        """
        leaf = self.fixed.get(url)
        if leaf is not None:
            yield leaf, ()
        if url[:1] != "/":
            return
        segments = segments_of(url)
        if leaf is None and "%" in url and not any("/" in part for part in segments):
            leaf = self.fixed.get("/" + "/".join(segments))
            if leaf is not None:
                yield leaf, ()
        # Braces are no part of a URL (RFC 3986 appendix A): a template that nobody filled in.
        if self._dynamic and "{" not in url and "}" not in url:
            yield from _walk(self._root, segments, 0, ())


def _key(path: Path) -> str:
    return "/" + "/".join(str(part) for part in path.segments)


def _walk(
    node: _Node, segments: Sequence[str], at: int, values: tuple[Any, ...]
) -> Iterator[tuple[Leaf, Sequence[Any]]]:
    if at == len(segments):
        if node.leaf:
            yield node.leaf, values
        return
    part = segments[at]
    below = node.fixed.get(part)
    if below is not None:
        yield from _walk(below, segments, at + 1, values)
    if not part:
        return
    for type, below in node.typed:
        text = "/".join(segments[at:]) if type.whole_rest else part
        try:
            value = type.parse(text)
        except ValueError:
            continue
        if type.whole_rest:
            if below.leaf:
                yield below.leaf, (*values, value)
        else:
            yield from _walk(below, segments, at + 1, (*values, value))
