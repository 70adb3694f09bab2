"""`ibmqbatch account`: the group of the verbs that keep accounts; each has a module of its own."""

from __future__ import annotations


def command() -> None:
    """Log in to IBM Quantum, and choose the account that is used.

    Without any, circuits run on this machine, as the account `local`. An API key is read from a
    prompt, a file or standard input, and kept in a file that only you can read.

    Example: ibmqbatch account list
    """
