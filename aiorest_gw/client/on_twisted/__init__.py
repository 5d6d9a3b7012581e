"""Clients on Twisted's reactor."""
