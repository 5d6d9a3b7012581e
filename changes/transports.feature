``loop:`` speaks TLS, also with certificates of clients (``clientCA``), and ``ssl:`` means it on uvloop. Its transports keep all the promises of Twisted's ``tcp:``, and its
port rests for a second where no more files can be opened. Twisted's own transports send at once where nothing waits.
