``aiorest-gw dev`` serves a folder of pages, the gateway and its application on one port while somebody works on them: tabs show what is saved,
``--on-change`` runs a command that makes the site, and what fails is told in the terminal and over the pages.
