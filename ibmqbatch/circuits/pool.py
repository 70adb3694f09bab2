"""A pool of processes that share tasks, the answers in the order of the tasks.

The processes are spawned as programs of their own: they neither inherit locks nor run the script
that this library was imported by, as those of `multiprocessing` would. Tasks cross to them in
batches, each of which is worth the way.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, Self, TypeVar

__all__ = ["Answer", "ProcessPool", "Task", "TaskQueue", "available_processors", "batch_size"]

Task = TypeVar("Task")
Answer = TypeVar("Answer")
_Batch = list[tuple[int, Task]]  # tasks with their numbers

_AHEAD = 2  # batches that a process has: one that it works on, and the next
_BATCH_SECONDS = 0.1  # of work in a batch
_FIRST_BATCH, _LARGEST_BATCH = 2, 200  # tasks
# What may be read beyond the oldest task that is not done: batches for each process, or tasks.
_WINDOW, _LEAST_WINDOW = 4, 100
_WORTH_SHARING = 12  # tasks; below it other processes take longer to start than they save
_BUFFER = 128_000  # bytes of the socket, where the system's own is less
# The processes are as many as there are processors: none of them needs threads of its own. The
# first is Qiskit 2's, for what it does in Rust.
_ONE_THREAD = {
    "QISKIT_IN_PARALLEL": "TRUE",
    **dict.fromkeys(("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
}


def available_processors() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def batch_size(size: int, wanted: float, tasks: int, seconds: float) -> int:
    """Return how many tasks a batch is to have, after `tasks` have taken so many seconds.

    It is to take the `wanted` seconds, and had `size` until now.
    """
    # One quick batch says little of the next.
    return max(1, min(round(wanted * tasks / max(seconds, 1e-6)), 8 * size, _LARGEST_BATCH))


class _Process(Generic[Task]):
    """One process, and the batches that it has, the oldest first."""

    def __init__(self, work: bytes) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            number = theirs.fileno()
            # It finds the same modules, and none that happen to lie in the folder it starts in.
            program = f"import sys; sys.path[:] = {sys.path!r}; import {__name__} as it"
            self.popen = subprocess.Popen(
                [sys.executable, "-P", "-c", f"{program}; it._serve({number})"],
                stdin=subprocess.DEVNULL,
                pass_fds=(number,),
                process_group=0,  # Ctrl-C is for the process that asks
                env={**os.environ, **_ONE_THREAD},
            )
            self.connection = Connection(ours.detach())
        self.batches: deque[_Batch[Task]] = deque()
        with contextlib.suppress(OSError):  # one that is gone is noticed when it is listened to
            self.connection.send_bytes(work)

    def give(self, batch: _Batch[Task]) -> None:
        self.batches.append(batch)
        with contextlib.suppress(OSError):
            self.connection.send([task for _, task in batch])

    def stop(self) -> None:
        self.connection.close()
        self.popen.kill()
        self.popen.wait()


class ProcessPool(Generic[Task, Answer]):
    """Processes that answer tasks, started when there are enough. Use as a context manager.

    With fewer than two of them, for few tasks, or where there is no room for processes, the one
    that asks answers by itself. `work` must be picklable, and so must tasks and answers. A task
    whose process dies on it, or runs out of memory, is answered by `died`; what else `work` raises,
    is raised here.
    """

    def __init__(
        self, work: Callable[[Task], Answer], died: Callable[[Task], Answer], processes: int
    ) -> None:
        self._work = work
        self._died = died
        self._wanted = processes if processes > 1 else 0
        self._processes: list[_Process[Task]] = []
        self._size = _FIRST_BATCH

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.stop()
        self._processes.clear()

    def map(self, tasks: Iterable[tuple[Task, Answer | None]]) -> Iterator[Answer]:
        """Yield the answer to every task, in their order; tasks are taken as they are needed.

        They come with their answers where these are known.
        """
        state = TaskQueue[Task, Answer](enumerate(tasks))
        while True:
            while state.oldest in state.answers:
                yield state.answers.pop(state.oldest)
                state.oldest += 1
            window = max(_LEAST_WINDOW, _WINDOW * self._size * len(self._processes))
            state.limit = state.oldest + window
            if len(self._processes) < self._wanted and state.has(_WORTH_SHARING):
                self._start()
            self._give(state)
            if state.oldest in state.answers:
                continue
            if any(process.batches for process in self._processes):
                self._listen(state)
                continue
            batch = state.next_batch(1)
            if not batch and state.oldest not in state.answers:
                return
            for number, task in batch:
                state.answers[number] = self._work(task)

    def _start(self) -> None:
        packed = pickle.dumps(self._work)
        try:
            while len(self._processes) < self._wanted:
                self._processes.append(_Process(packed))
        except OSError:  # where there is no room for more, it is done with fewer
            self._wanted = len(self._processes)

    def _give(self, state: TaskQueue[Task, Answer]) -> None:
        """Give every process something to do, as far as there are tasks."""
        for turn in range(_AHEAD):
            for process in self._processes:
                if len(process.batches) <= turn:
                    batch = state.next_batch(self._size)
                    if not batch:
                        return
                    process.give(batch)

    def _listen(self, state: TaskQueue[Task, Answer]) -> None:
        """Wait until one of the processes has answered, or is gone."""
        busy = {process.connection: process for process in self._processes if process.batches}
        for connection in wait(list(busy)):
            assert isinstance(connection, Connection)
            process = busy[connection]
            try:
                answered = connection.recv()
            except (EOFError, OSError):
                self._bury(process, state)
                continue
            batch = process.batches.popleft()
            if isinstance(answered, _Raised):
                raise answered.error
            answers, seconds = answered
            state.answers.update(
                (number, answer) for (number, _), answer in zip(batch, answers, strict=True)
            )
            if seconds is not None:
                self._size = batch_size(self._size, _BATCH_SECONDS, len(batch), seconds)

    def _bury(self, process: _Process[Task], state: TaskQueue[Task, Answer]) -> None:
        """Give the tasks of a dead process to others, but for the one that it died of."""
        first = process.batches.popleft()
        if len(first) == 1:
            # It is to blame, or may be: nobody tries it again.
            ((number, task),) = first
            state.answers[number] = self._died(task)
        else:
            state.again.extend([[item] for item in first])
        state.again.extend(process.batches)
        process.stop()
        self._processes.remove(process)
        self._start()


@dataclass(slots=True)
class TaskQueue(Generic[Task, Answer]):
    """How far the tasks have come: those before `oldest` are done, none is read from `limit` on."""

    source: Iterator[tuple[int, tuple[Task, Answer | None]]]
    answers: dict[int, Answer] = field(default_factory=dict)
    unknown: deque[tuple[int, Task]] = field(default_factory=deque)  # read, and not begun
    again: deque[_Batch[Task]] = field(default_factory=deque)  # whose process died
    oldest: int = 0
    read: int = 0
    limit: int = 0

    def has(self, count: int) -> bool:
        """Return whether so many tasks can be begun; they are read for that."""
        while len(self.unknown) < count and self.read < self.limit:
            found = next(self.source, None)
            if found is None:
                break
            number, (task, answer) = found
            self.read += 1
            if answer is None:
                self.unknown.append((number, task))
            else:
                self.answers[number] = answer
        return len(self.unknown) >= count

    def next_batch(self, size: int) -> _Batch[Task]:
        """Take so many tasks, or those that are left, or some that are to be done again."""
        if self.again:
            return self.again.popleft()
        self.has(size)
        return [self.unknown.popleft() for _ in range(min(size, len(self.unknown)))]


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception


def _serve(descriptor: int) -> None:
    """Answer batches until the process that asks goes away."""
    connection = Connection(descriptor)
    batches: queue.SimpleQueue[list[Any] | None] = queue.SimpleQueue()
    with contextlib.suppress(EOFError, ConnectionError):
        work = pickle.loads(connection.recv_bytes())  # noqa: S301 - from the process that asks
        # Read while the last one is worked on: to wait for one another is then not possible.
        threading.Thread(target=_read, args=(connection, batches), daemon=True).start()
        warm = False
        while (batch := batches.get()) is not None:
            begun = time.perf_counter()
            answers = _answer(work, batch)
            if isinstance(answers, _Raised):
                connection.send(answers)
                continue
            # The first takes as long as its imports, which says nothing of the next.
            connection.send((answers, time.perf_counter() - begun if warm else None))
            warm = True


def _read(connection: Connection, batches: queue.SimpleQueue[list[Any] | None]) -> None:
    with contextlib.suppress(EOFError, OSError):
        while True:
            batches.put(connection.recv())
    batches.put(None)


def _answer(work: Callable[[Any], Any], batch: list[Any]) -> list[Any] | _Raised:
    try:
        return [work(task) for task in batch]
    except MemoryError:
        os._exit(1)  # so that it is taken for what it is, and all memory is given back
    except Exception as error:  # noqa: BLE001 - the process that asks is told
        return _Raised(error)
