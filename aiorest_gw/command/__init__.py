"""The shell's commands: ``aiorest-gw serve``, ``call``, ``listen`` and ``bench``.

Those that ask a gateway stand on the client for asyncio, and import nothing of Twisted.
"""
