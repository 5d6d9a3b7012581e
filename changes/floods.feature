``make floods`` floods a gateway as hostile clients do and tells what it costs; ``make fuzz`` feeds random inputs to all that reads what
clients send. Many busy connections and streams of large messages delay others less; ``reverse`` keeps all slashes of a path and the digits of a float.
What a message of JSON is made of is bounded before it is decoded, also by its values (``max_values``), and connections that open, speak or end by the thousand leave turns to others.
