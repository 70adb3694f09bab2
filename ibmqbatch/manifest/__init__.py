"""The durable store of one job set: what is wanted, and what is known, in one SQLite file."""
