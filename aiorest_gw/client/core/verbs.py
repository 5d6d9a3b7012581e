"""The verbs of HTTP as methods."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

__all__ = ["Verbs"]

A = TypeVar("A")


class Verbs(Generic[A]):
    """Each asks as :meth:`request` does, and takes the same."""

    def request(
        self,
        method: str,
        url: str,
        data: Any = None,
        *,
        args: Any = None,
        deadline: float | None = None,
        event_name: Any = None,
        headers: Any = None,
        token: str | None = None,
    ) -> A:
        """Ask with any verb."""
        raise NotImplementedError

    def get(self, url: str, data: Any = None, **options: Any) -> A:
        """Ask for what is there. ``options`` are those of :meth:`request`."""
        return self.request("GET", url, data, **options)

    def post(self, url: str, data: Any = None, **options: Any) -> A:
        """Add something, or do it."""
        return self.request("POST", url, data, **options)

    def put(self, url: str, data: Any = None, **options: Any) -> A:
        """Put something in its place."""
        return self.request("PUT", url, data, **options)

    def patch(self, url: str, data: Any = None, **options: Any) -> A:
        """Change a part of something."""
        return self.request("PATCH", url, data, **options)

    def delete(self, url: str, data: Any = None, **options: Any) -> A:
        """Take something away."""
        return self.request("DELETE", url, data, **options)
