"""The report of a set: what is in its file, gathered once, and drawn for people to look at."""
