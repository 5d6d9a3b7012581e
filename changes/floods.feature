``make floods`` floods a gateway as hostile clients do and tells what it costs; ``make fuzz`` feeds random inputs to all that reads what
clients send. Many busy connections and streams of large messages delay others less; ``reverse`` keeps all slashes of a path and the digits of a float.
