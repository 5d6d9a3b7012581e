A request of a v1 session that waits may be cancelled, and its deadline counts from when it came. Bursts with
their acknowledgements behind them, views that wait for their client, and drains no longer stop at what is
not read; who acknowledges slowly is served.
