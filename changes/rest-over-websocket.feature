The gateway answers REST-style requests over WebSocket, in the plain dialect that clients of aiorest-ws speak: routing with typed
parameters, views of every kind, bodies checked against attrs classes, middlewares, JSON Web Tokens, users in SQLite, limits, draining.
It is started by ``twistd aiorest_gw``, ``aiorest-gw serve`` or ``Application``. With ``--workers`` it is several processes, which share the sockets and
their clients evenly, are replaced when they die, and drain together.
