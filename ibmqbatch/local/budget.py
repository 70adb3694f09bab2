"""The memory that all workers share."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator

__all__ = ["MemoryBudget"]


class MemoryBudget:
    """A number of bytes, given out in the order asked for.

    A large share is never overtaken by small ones behind it: it would wait for ever.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def share(self, size: int, given_up: Callable[[], bool]) -> Iterator[bool]:
        """Hold `size` bytes during the block; waits for them until `given_up` returns true.

        Yields whether they are held. After whatever makes `given_up` true, call `wake`.
        `size` must not be more than `total`.
        """
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            self._changed.wait_for(
                lambda: given_up() or (self._queue[0] is ticket and size <= self._free)
            )
            self._queue.remove(ticket)
            held = not given_up()
            if held:
                self._free -= size
            self._changed.notify_all()
        try:
            yield held
        finally:
            if held:
                with self._changed:
                    self._free += size
                    self._changed.notify_all()

    def wake(self) -> None:
        """Make those who wait ask again whether they are to give up."""
        with self._changed:
            self._changed.notify_all()
