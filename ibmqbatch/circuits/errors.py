"""What is wrong with an input."""

from __future__ import annotations

from ..errors import Problem

__all__ = ["BadInput"]


class BadInput(Exception):
    """An input that cannot be used, and why. Many are gathered into one InputError."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(code, message, hint)
        self.problem = Problem(code, message, hint)
