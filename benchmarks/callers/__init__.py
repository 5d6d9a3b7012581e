"""Clients that are compared: each asks a gateway when it is told to, and tells what CPU that took.

``python -m benchmarks.callers.NAME ws://…`` reads lines with how often to ask, and how many requests are
open at the same time; and answers each with the seconds of CPU that its process took for them.
"""
