``examples/chat``: rooms with history and presence, direct messages that wait, and a page that resumes
its session and loses nothing while the network does. Its script ``gateway.js`` is a whole client of the
v1 dialect, answers in parts and requests of the gateway included.
