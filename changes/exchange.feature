An application can be loaded again in the running process (``aiorest_gw.server.developing``): connections,
sessions, topics and mailboxes stay, clients resume, and what cannot be loaded is told with its line while
the application of before goes on.
