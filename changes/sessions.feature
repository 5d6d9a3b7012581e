The application pushes to sessions, users, topics and everyone (``HandlerManager``), with policies for whoever does not read, receipts, and mailboxes for whoever is away. Clients of the new v1 dialect, in JSON or MessagePack, resume where they
stopped: answers and pushes arrive once and in order, and requests run once, whatever the connection does. Topics have history, recovery and presence; views can answer in parts and ask the client; credentials that end close the connection, unless
they are renewed; with SIGTERM connections are closed over ``drain_window`` and not all at once.
``aiorest_gw.testing.SessionClient`` answers what a view asks its client.
