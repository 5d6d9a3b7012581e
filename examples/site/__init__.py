"""A small site with a gateway behind it, to be worked on with ``aiorest-gw dev``; see ``README.rst``."""
