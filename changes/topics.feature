Publications are kept as they were written, those of all topics together within ``max_history_size``, and let go of when they are too old.
