"""Work for processes to share. Nothing heavy is imported: each of them imports it."""

from __future__ import annotations

import os
import signal

__all__ = ["deadly", "died", "echo", "pid", "square", "starved", "wrong"]


def square(number: int) -> int:
    return number * number


def died(task: object) -> object:
    return ("died", task)


def deadly(task: int) -> int:
    """Die of a seven."""
    if task == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def starved(task: int) -> int:
    """Run out of memory at a seven."""
    if task == 7:
        raise MemoryError
    return task


def echo(task: bytes) -> bytes:
    return task


def pid(_task: object) -> int:
    return os.getpid()


def wrong(task: int) -> int:
    if task == 5:
        raise ValueError("five")
    return task
