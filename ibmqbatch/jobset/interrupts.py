"""Ctrl-C while a set is moved: requests in flight land first."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from types import FrameType

from ..clock import Clock
from .errors import Interrupted

__all__ = ["interrupting", "landing"]


@contextlib.contextmanager
def interrupting(
    clock: Clock, signals: Collection[int], first: Callable[[], None], again: Callable[[int], None]
) -> Iterator[None]:
    """While the block runs, have the first of the signals end the clock's waits.

    `first` is called with it, and `again`, which does not return, with any later one.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        if clock.interrupted.is_set():
            again(number)
        clock.interrupt(number)
        first()

    previous = {number: signal.signal(number, handle) for number in signals}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


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

    def again(_number: int) -> None:
        raise KeyboardInterrupt

    try:
        with interrupting(clock, [signal.SIGINT], lambda: None, again):
            yield
    except Interrupted as error:
        raise KeyboardInterrupt from error
    if clock.signal == signal.SIGINT:
        raise KeyboardInterrupt
