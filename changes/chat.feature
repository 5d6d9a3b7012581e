``examples/chat``: rooms with history and presence, direct messages that wait, and a page that resumes
its session and loses nothing while the network does.
