"""The loop, what it remembers, and the session that opens and closes all it needs."""
