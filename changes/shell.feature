``aiorest-gw call``, ``listen`` and ``bench`` ask a gateway from the shell, print its pushes, and measure it: for people in colours with the extra ``shell``, for programs with
``--json`` and exit statuses, and as plots with the extra ``plot``. An unknown command of ``aiorest-gw`` ends with status 2.
