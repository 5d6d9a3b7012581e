``aiorest_gw.testing.FlakyProxy`` is a bad network before a real gateway: it delays, cuts after so many bytes, stalls without an end, leaves the gateway an old
connection, reads slowly, refuses, and heals, when a test says so.
