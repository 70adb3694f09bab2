"""A Dask cluster whose workers share tasks, the answers in the order of the tasks.

It does what `ProcessPool` does, on other machines. What goes there are circuits and what is to be
done with them; accounts and their keys stay here.
"""

from __future__ import annotations

import logging
import os
import pickle
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self

from .. import __version__
from ..errors import Argument, MissingPackage, UsageError, Words
from ._qiskit import installed_versions
from .pool import Answer, ProcessPool, Task, TaskQueue, available_processors, batch_size

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["ClusterPool"]

_log = logging.getLogger(__name__)

_SCHEMES = {"dask://": "tcp://", "tcp://": "tcp://", "tls://": "tls://"}
_CONNECTING = 10  # seconds
_AHEAD = 2  # batches for each thread of the cluster
_BATCH_SECONDS = 1.0  # of work in a batch: it crosses a network, with what is to be done
_FIRST_BATCH = 2  # tasks
_WINDOW, _LEAST_WINDOW = 4, 100  # as those of the pool


@dataclass(frozen=True, slots=True)
class _Misfit:
    """A worker that has other versions than this machine, and therefore did nothing."""

    worker: str
    versions: Mapping[str, str]


class ClusterPool(Generic[Task, Answer]):
    """The workers of a Dask cluster as a pool that answers tasks. Use as a context manager.

    `address` is that of its scheduler (`dask://HOST:PORT`, `tls://HOST:PORT`), or the file that the
    scheduler writes. What `stays` is answered on this machine. A task that its workers die of is
    answered by `died`; where the scheduler itself is lost, the rest is done here. Raises UsageError
    where nobody answers at `address`, or where a worker has other versions than this machine.
    """

    def __init__(
        self,
        address: str,
        work: Callable[[Task], Answer],
        died: Callable[[Task], Answer],
        stays: Callable[[Task], bool],
    ) -> None:
        self._address = address
        self._work = work
        self._died = died
        self._stays = stays
        self._misfits: dict[str, _Misfit] = {}
        self._size = _FIRST_BATCH

    def __enter__(self) -> Self:
        self._client = _connected(self._address)
        try:
            self._check_workers()
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _check_workers(self) -> None:
        """Refuse a cluster whose workers have another Qiskit than this machine, or which has none.

        The rest each worker checks itself.
        """
        told = self._client.get_versions(packages=["qiskit"])["workers"]
        if not told:
            raise UsageError(
                f"The cluster at {self._address} has no workers.",
                f"Start some, as with: dask worker {self._address}",
            )
        for worker, found in told.items():
            version = str(found.get("packages", {}).get("qiskit"))
            if version != _versions()["qiskit"]:
                raise _refusal(_Misfit(worker, {**_versions(), "qiskit": version}))

    def map(self, tasks: Iterable[tuple[Task, Answer | None]]) -> Iterator[Answer]:
        """Yield the answer to every task, in their order; tasks are taken as they are needed.

        They come with their answers where these are known.
        """
        from distributed import as_completed

        queue = TaskQueue[Task, Answer](enumerate(map(self._with_answer, tasks)))
        work = pickle.dumps(self._work)
        given: dict[Future[Any], list[tuple[int, Task]]] = {}
        done = as_completed(loop=self._client.loop)
        while True:
            while queue.oldest in queue.answers:
                yield queue.answers.pop(queue.oldest)
                queue.oldest += 1
            threads = self._threads()
            queue.limit = queue.oldest + max(_LEAST_WINDOW, _WINDOW * self._size * threads)
            while len(given) < _AHEAD * threads and (batch := queue.next_batch(self._size)):
                future = self._client.submit(
                    _answered,
                    work,
                    [task for _, task in batch],
                    _versions(),
                    workers=self._fitting(),
                    pure=False,
                )
                given[future] = batch
                done.add(future)
            if queue.oldest in queue.answers:
                continue
            if not given:
                return
            future = next(done)
            if not self._take(future, given.pop(future), queue):
                _log.warning(
                    "The scheduler at %s is lost; the rest is done on this machine.", self._address
                )
                left = [*given.values(), *queue.again]
                with ProcessPool(self._work, self._died, available_processors()) as pool:
                    yield from pool.map(_rest(queue, left))
                return

    def _with_answer(self, item: tuple[Task, Answer | None]) -> tuple[Task, Answer | None]:
        task, answer = item
        return task, self._work(task) if answer is None and self._stays(task) else answer

    def _threads(self) -> int:
        """Return how many threads the workers have that are there now, at least 1."""
        try:
            return max(1, int(sum(self._client.nthreads().values())))
        except OSError:  # what has become of the scheduler, the batches will tell
            return 1

    def _fitting(self) -> list[str] | None:
        """Return the workers that may be asked; None for all. Raises UsageError for none."""
        if not self._misfits:
            return None
        fitting = [worker for worker in self._client.nthreads() if worker not in self._misfits]
        if not fitting:
            raise _refusal(next(iter(self._misfits.values())))
        return fitting

    def _take(
        self, future: Future[Any], batch: list[tuple[int, Task]], queue: TaskQueue[Task, Answer]
    ) -> bool:
        """Take what has become of a batch; return False where the scheduler is lost."""
        from distributed import KilledWorker

        try:
            told = future.result()
        except CancelledError:
            queue.again.appendleft(batch)
            return False
        except ModuleNotFoundError as error:
            raise UsageError(
                f"A worker of the cluster at {self._address} has no package {error.name}.",
                "Install on all of them what this machine has: ibmqbatch and Qiskit.",
            ) from error
        except KilledWorker:
            if len(batch) > 1:
                queue.again.extend([[item] for item in batch])
            else:
                ((number, task),) = batch
                queue.answers[number] = self._died(task)
            return True
        if isinstance(told, _Misfit):
            self._misfits[told.worker] = told
            queue.again.append(batch)
            return True
        answers, seconds = told
        queue.answers.update(
            (number, answer) for (number, _), answer in zip(batch, answers, strict=True)
        )
        if seconds is not None:
            self._size = batch_size(self._size, _BATCH_SECONDS, len(batch), seconds)
        return True


def _connected(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingPackage(
            "A cluster is reached with Dask, which is not installed.",
            "Install it with: pip install 'ibmqbatch[dask]'",
        ) from error
    scheme = next((scheme for scheme in _SCHEMES if address.startswith(scheme)), None)
    if scheme is None and not Path(address).is_file():
        raise UsageError(
            Words("{} is no scheduler, and no file of one.", Argument("compute", address)),
            "Write it as dask://HOST:PORT, or give the file that `dask scheduler` wrote.",
        )
    where: dict[str, Any] = (
        {"scheduler_file": address}
        if scheme is None
        else {"address": address.replace(scheme, _SCHEMES[scheme], 1)}
    )
    # It tells at length of a lost connection what is told in a sentence here.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        return Client(**where, timeout=_CONNECTING, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"No Dask scheduler answers at {address}.", "Is it running, and is the address right?"
        ) from error


@cache
def _versions() -> Mapping[str, str]:
    """Return the versions that a worker must have to give the same answers."""
    return {"ibmqbatch": __version__, "qiskit": installed_versions().get("qiskit", "none")}


def _refusal(misfit: _Misfit) -> UsageError:
    """Return the refusal of a worker; both versions are named."""
    name = next(name for name in _versions() if misfit.versions.get(name) != _versions()[name])
    theirs = misfit.versions.get(name)
    return UsageError(
        f"The worker {misfit.worker} has "
        + (f"{name} {theirs}" if theirs not in {"None", "none"} else f"no {name}")
        + f"; this machine has {name} {_versions()[name]}.",
        "Install the same version on both.",
    )


def _rest(
    queue: TaskQueue[Any, Any], left: list[list[tuple[int, Any]]]
) -> Iterator[tuple[Any, Any]]:
    """Yield the tasks that are not answered, and those whose answers have not had their turn."""
    tasks = dict(queue.unknown)
    for batch in left:
        tasks.update(batch)
    for number in range(queue.oldest, queue.read):
        if number in tasks:
            yield tasks[number], None
        else:  # nobody looks at the task of an answer
            yield None, queue.answers.pop(number)
    for _, item in queue.source:
        yield item


# However many threads a worker has, it does one thing at a time: Qiskit is no faster in several.
_working = threading.Lock()
_loaded = lru_cache(maxsize=1)(pickle.loads)  # from whom the cluster serves


def _answered(
    packed: bytes, tasks: list[Any], versions: Mapping[str, str]
) -> tuple[list[Any], float | None] | _Misfit:
    """Answer tasks on a worker; return the answers, and the seconds that they took."""
    from distributed import get_worker

    if versions != _versions():
        return _Misfit(get_worker().address, _versions())
    os.environ["QISKIT_IN_PARALLEL"] = "TRUE"
    with _working:
        known = _loaded.cache_info().hits
        work = _loaded(packed)
        begun = time.perf_counter()
        answers = [work(task) for task in tasks]
        # The first takes as long as its imports, which says nothing of the next.
        warm = _loaded.cache_info().hits > known
        return answers, time.perf_counter() - begun if warm else None
