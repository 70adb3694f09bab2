"""Completion on TAB: the scripts, what they get for an answer, and what can follow."""
