"""A browser and its pages, on the ConnectionHandler: what a small automation of one is made of."""

from .browser import Chrome
from .page import Page

__all__ = ["Chrome", "Page"]
