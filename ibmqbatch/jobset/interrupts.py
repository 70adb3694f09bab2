"""Ctrl-C in a program that waits: requests in flight land first."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from ..clock import Clock
from .errors import Interrupted

__all__ = ["landing"]


@contextlib.contextmanager
def landing(clock: Clock) -> Iterator[None]:
    """While the block runs, have Ctrl-C end the clock's waits, and let what is in flight land.

    KeyboardInterrupt follows at the end of the block; the second Ctrl-C raises it at once. Nothing
    is changed in other threads than the main one, or where the program handles Ctrl-C itself.
    """
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        if clock.interrupted.is_set():
            raise KeyboardInterrupt
        clock.interrupt(number)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    except Interrupted as error:
        raise KeyboardInterrupt from error
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if clock.signal == signal.SIGINT:
        raise KeyboardInterrupt
