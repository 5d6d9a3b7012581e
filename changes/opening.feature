A message that opens a session has the ``id`` 1, or 0 where it resumes one; with another it is answered 400.
