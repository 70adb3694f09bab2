"""What is wrong with an input."""

from __future__ import annotations

from ..errors import Problem

__all__ = ["BadInput", "first_line"]


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, or else its type, without a full stop.

    As a text an error of Qiskit's is its message in quotes: that is taken without them.
    """
    message = getattr(error, "message", None)
    lines = (message if isinstance(message, str) else str(error)).strip().splitlines()
    return (lines or [type(error).__name__])[0].rstrip(".")


class BadInput(Exception):
    """An input that cannot be used, and why. Many are gathered into one InputError."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(code, message, hint)
        self.problem = Problem(code, message, hint)
