Page channels: ``aiorest_gw.channels`` sends to a page by a code, in order and over whichever connection it has, and hands what pages say to handlers and to those who
wait for replies.
