"""Killing the tool at every step that counts, and looking at what became of the circuits."""
