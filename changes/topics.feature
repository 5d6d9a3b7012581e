What was missed in a topic and is more than may be on its way is sent as fast as the client acknowledges, and nobody is told to be subscribed before the engine is. Publications are kept as they were written, those of all topics together within
``max_history_size``, and let go of when they are too old. Nobody in particular is present only while connected, or able to come back.
