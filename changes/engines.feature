Mailboxes, and who is connected where, are kept by the engine too, as topics are: several gateways of a
process share them with ``engine.sibling()``, and what one manager sends or closes reaches the sessions
of all.
