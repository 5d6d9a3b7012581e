``loop:`` speaks TLS, also with certificates of clients (``clientCA``), and ``ssl:`` means it on uvloop. Its transports keep all the promises of Twisted's ``tcp:``, and its
port rests for a second where no more files can be opened. Twisted's own transports send at once where nothing waits, and on uvloop
they learn that their peer has reset the connection. The end of a terminal (SIGHUP) stops the gateway in order; a worker that cannot end itself is killed by its supervisor.
