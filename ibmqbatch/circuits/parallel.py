"""Work shared with processes of its own, the answers in the order of the questions.

The processes are spawned as programs of their own: they neither inherit locks nor run the script
that this library was imported by.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, Self, TypeVar

__all__ = ["Helpers", "available_processors"]

Task = TypeVar("Task")
Answer = TypeVar("Answer")

# A process is given its next task while it works on one, if that is so small (in bytes) that it
# fits into the socket: to wait here for it to be read could be to wait for one another.
_AHEAD = 2
_SMALL = 32_000
_BUFFER = 4 * _SMALL  # of the socket, where the system's own is less
_WINDOW = 64  # tasks that may be begun beyond the oldest one that is not done


def available_processors() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


class _Helper(Generic[Task, Answer]):
    """One process, and the numbers of the tasks that it has."""

    def __init__(self, work: bytes) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            number = theirs.fileno()
            # It finds the same modules, and none that happen to lie in the folder it starts in.
            program = f"import sys; sys.path[:] = {sys.path!r}; import {__name__} as it"
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", f"{program}; it._serve({number})"],
                stdin=subprocess.DEVNULL,
                pass_fds=(number,),
                process_group=0,  # Ctrl-C is for the process that asks
            )
            self.connection = Connection(ours.detach())
        self.tasks: deque[tuple[int, Task]] = deque()
        with contextlib.suppress(OSError):  # one that is gone is noticed when it is listened to
            self.connection.send_bytes(work)

    def takes(self, size: int) -> bool:
        return not self.tasks or (len(self.tasks) < _AHEAD and size <= _SMALL)

    def give(self, number: int, task: Task, packed: bytes) -> None:
        self.tasks.append((number, task))
        with contextlib.suppress(OSError):
            self.connection.send_bytes(packed)

    def stop(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.wait()


class Helpers(Generic[Task, Answer]):
    """Processes that answer tasks together with the one that asks. Use as a context manager.

    `work` must be picklable, and so must tasks and answers. A task whose process dies on it, or
    runs out of memory, is answered by `died`; what else `work` raises, is raised here.
    """

    def __init__(
        self,
        work: Callable[[Task], Answer],
        died: Callable[[Task], Answer],
        processes: int,
    ) -> None:
        self._work = work
        self._died = died
        packed = pickle.dumps(work)
        self._helpers: list[_Helper[Task, Answer]] = []
        with contextlib.suppress(OSError):  # where there is no room for more, it is done with fewer
            for _ in range(processes - 1):
                self._helpers.append(_Helper(packed))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for helper in self._helpers:
            helper.stop()
        self._helpers.clear()

    def map(self, tasks: Iterable[Task]) -> Iterator[Answer]:
        """Yield the answer to every task, in their order; tasks are taken as they are needed."""
        source = enumerate(tasks)
        answers: dict[int, Answer] = {}
        again: deque[tuple[int, Task]] = deque()  # whose process died before it got to them
        oldest = 0
        exhausted = False

        def next_task() -> tuple[int, Task] | None:
            nonlocal exhausted
            if again:
                return again.popleft()
            found = next(source, None)
            exhausted = found is None
            return found

        while True:
            self._listen(answers, again, block=False)
            while oldest in answers:
                yield answers.pop(oldest)
                oldest += 1
            begun = oldest + len(answers) + sum(len(h.tasks) for h in self._helpers)
            if (not exhausted and begun < oldest + _WINDOW) or again:
                found = next_task()
                if found is None:
                    continue
                packed = pickle.dumps(found[1]) if self._helpers else b""
                idlest = min(self._helpers, key=lambda h: len(h.tasks), default=None)
                if idlest is not None and idlest.takes(len(packed)):
                    idlest.give(*found, packed)
                else:
                    # All have enough to do: this process takes a turn, too.
                    answers[found[0]] = self._work(found[1])
            elif any(h.tasks for h in self._helpers):
                self._listen(answers, again, block=True)
            elif oldest not in answers:
                return

    def _listen(
        self, answers: dict[int, Answer], again: deque[tuple[int, Task]], *, block: bool
    ) -> None:
        """Take what the processes have answered; `block`: wait for one of them."""
        busy = {helper.connection: helper for helper in self._helpers if helper.tasks}
        for connection in wait(list(busy), timeout=None if block else 0) if busy else ():
            assert isinstance(connection, Connection)
            helper = busy[connection]
            try:
                answer = connection.recv()
            except (EOFError, OSError):
                # The one that it was working on is to blame, or may be: nobody tries it again.
                number, task = helper.tasks.popleft()
                answers[number] = self._died(task)
                again.extend(helper.tasks)
                helper.stop()
                self._helpers.remove(helper)
                continue
            number, _ = helper.tasks.popleft()
            if isinstance(answer, _Raised):
                raise answer.error
            answers[number] = answer


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception


def _serve(descriptor: int) -> None:
    """Answer tasks until the process that asks goes away."""
    connection = Connection(descriptor)
    with contextlib.suppress(EOFError, ConnectionError):
        work = pickle.loads(connection.recv_bytes())  # noqa: S301 - from the process that asks
        while True:
            connection.send(_answer(work, connection.recv()))


def _answer(work: Callable[[Any], Any], task: object) -> object:
    try:
        return work(task)
    except MemoryError:
        os._exit(1)  # so that it is taken for what it is, and all memory is given back
    except Exception as error:  # noqa: BLE001 - the process that asks is told
        return _Raised(error)
