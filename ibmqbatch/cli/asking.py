"""Questions to the person at the terminal. They stand on stderr: stdout is for data."""

from __future__ import annotations

import sys

from ..render.console import clean, is_terminal, message

__all__ = ["agreed", "can_ask", "chosen"]


def can_ask() -> bool:
    """Tell whether there is somebody to ask."""
    return sys.stdin.isatty() and is_terminal(stderr=True)


def agreed(question: str) -> bool:
    """Ask a question that is answered by yes or no. Silence is a no."""
    return _answer(f"{question} [y/N]").lower() in {"y", "yes"}


def chosen(question: str, number: int) -> int | None:
    """Ask for a number from 1 to `number` until there is one; None where there is no answer."""
    while answer := _answer(f"{question} [1-{number}]"):
        if answer.isdecimal() and 1 <= int(answer) <= number:
            return int(answer)
        message(f"Give a number from 1 to {number}, or nothing.")
    return None


def _answer(question: str) -> str:
    from ..render.console import err

    err().print(clean(question), end=" ")
    return sys.stdin.readline().strip()
