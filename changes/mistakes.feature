Mistakes of an application are told to it in its own words, and to none of its clients: what is pushed
and cannot be written (``SerializerError`` names the push and what it holds), what is no name of a topic
(``ValueError``; a client that asks for one is still answered 400), what a session is asked to do in
another thread than the reactor's (``RuntimeError``), and what a page channel is given that is no policy,
channel, handler, transport, message, size or time (``TypeError``, ``ValueError``). A channel takes a
policy by its name too.
So are a user, a session or nothing in place of an id, a message in place of a push's name, an engine that is
none, patterns of topics that fit no topic, and, in a test, options for a factory that is ready.
