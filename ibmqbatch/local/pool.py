"""The slots that run jobs, each a thread with a worker process, and the memory they share."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .backends import BackendTable
from .http import MAX_COST_SECONDS
from .process import Worker, WorkerDiedError
from .store import RAN_TOO_LONG, Claim, Outcome, Store

__all__ = ["MemoryBudget", "Pool", "seconds_to_read", "seconds_to_run"]

# The processor time that a job may take if it sets no limit. It only has to end what would never
# end, and must end nothing else, on a slow machine neither: it is many times what such a job takes.
_BASE_SECONDS = 60.0
_SECONDS_PER_KILOBYTE = 1.0
_READING_SECONDS = 10
# How much longer by the clock a job may run that sets a limit: others may keep the machine busy.
_GRACE_SECONDS = 5
_SECONDS_PER_CIRCUIT = 1.0
# Loops until a measurement may take a hundred turns and more in this time.
_SECONDS_PER_SHOT = 0.001
_TIMES_THE_ESTIMATE = 20


def seconds_to_read(size: int, cost: int | None = None) -> int:
    """Return the processor time for reading a job whose params have `size` bytes.

    It does not count as part of the time that the job may `cost`, but must be in proportion.
    """
    seconds = _capped(_SECONDS_PER_KILOBYTE * size / 1000)
    return seconds if cost is None else min(seconds, cost + _READING_SECONDS)


def seconds_to_run(circuits: int, shots: int, estimate: float) -> int:
    """Return the processor time for running a job without a limit of its own.

    `circuits` and `shots` are those of the job, each parameter set of a sweep a circuit of its own;
    `estimate` is what they should take on one core, in seconds, with loops run once.
    """
    return _capped(
        _SECONDS_PER_CIRCUIT * circuits + _SECONDS_PER_SHOT * shots + _TIMES_THE_ESTIMATE * estimate
    )


def _capped(more: float) -> int:
    return int(min(_BASE_SECONDS + more, MAX_COST_SECONDS))


class MemoryBudget:
    """A number of bytes, shared out in the order of requests.

    No small share overtakes a large one, which could otherwise wait for ever.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def share(self, size: int, given_up: Callable[[], bool]) -> Iterator[bool]:
        """Hold `size` bytes during the block, at most `total`; yield whether they are held.

        They are not if `given_up` returns true before they are free; call `wake` after whatever
        makes it do so.
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
        """Have all waiting requests check whether to give up."""
        with self._changed:
            self._changed.notify_all()


_log = logging.getLogger(__name__)

# A worker may die because of another process (the kernel, out of memory, picks one), so a job whose
# worker died is tried on a second one before it fails.
_TRIES = 2
_STORE_RETRY_SECONDS = 1.0


@dataclass(slots=True)
class _Run:
    """A job in a slot. `given_up` is set once, by a cancel or by the end of the service.

    Its circuits are read first, then it is `running`; `seconds` is the processor time for either.
    """

    claim: Claim
    given_up: bool = False
    running: bool = False
    seconds: int = 0


class _Slot:
    """The state of one thread of the pool."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.run: _Run | None = None
        self.worker: Worker | None = None


class Pool:
    """Runs the Queued jobs of a store, oldest first.

    One condition guards which slots are idle, what each runs, and whether there may be queued jobs.
    """

    def __init__(
        self,
        store: Store,
        backends: BackendTable,
        budget: MemoryBudget,
        *,
        workers: int,
        threads: int,
        python: str,
        log: Path,
    ) -> None:
        self._store = store
        self._backends = backends
        self._budget = budget
        self._python = python
        self._threads = threads
        self._log = log
        self._changed = threading.Condition()
        self._slots = [_Slot(index) for index in range(workers)]
        self._idle: set[int] = set()
        self._work = True
        self._stopping = False
        self._running = [
            threading.Thread(target=self._serve, args=(slot,), name=f"slot {slot.index}")
            for slot in self._slots
        ]

    @property
    def workers(self) -> int:
        """How many jobs can run at a time."""
        return len(self._slots)

    def start(self) -> None:
        """Start the slots; the first one starts its worker at once."""
        for thread in self._running:
            thread.start()

    def wake(self) -> None:
        """Announce a new job in the store."""
        with self._changed:
            self._work = True
            self._changed.notify_all()

    def cancel(self, crn: str, job_id: str) -> str | None:
        """Cancel a job unless it is final; return the status it had, None for an unknown job."""
        # Holding the condition keeps a slot from claiming the job between the two steps.
        with self._changed:
            before = self._store.cancel(crn, job_id)
            if before == "Running":
                for slot in self._slots:
                    if slot.run is not None and slot.run.claim.id == job_id:
                        self._give_up(slot)
        self._budget.wake()
        return before

    def stop(self) -> None:
        """Kill all workers and end the slots. Running jobs stay Running in the store."""
        with self._changed:
            self._stopping = True
            for slot in self._slots:
                self._give_up(slot)
            self._changed.notify_all()
        self._budget.wake()
        for thread in self._running:
            thread.join()

    @staticmethod
    def _give_up(slot: _Slot) -> None:
        if slot.run is not None:
            slot.run.given_up = True
        if slot.worker is not None:
            slot.worker.kill()

    # The rest runs in the threads of the slots.

    def _serve(self, slot: _Slot) -> None:
        if slot.index == 0:
            self._warm(slot)
        while (run := self._next(slot)) is not None:
            self._run_and_store(slot, run)
            with self._changed:
                slot.run = None
            if run.given_up:
                # Its worker was killed, perhaps after it had given the last answer.
                self._drop(slot)
        self._drop(slot)

    def _run_and_store(self, slot: _Slot, run: _Run) -> None:
        """Run a job and store how it ended."""
        try:
            outcome = self._execute(slot, run)
        except Exception:  # noqa: BLE001 - a slot must outlive whatever goes wrong with one job
            _log.exception("Job %s could not be run", run.claim.id)
            outcome = Outcome("Failed", "The service failed to run the job.", 9999)
            self._drop(slot)
        if not run.given_up:
            self._persist(lambda: self._store.finish(run.claim, outcome))

    def _next(self, slot: _Slot) -> _Run | None:
        """Wait for a job and return it; None when the service stops."""
        with self._changed:
            while True:
                self._idle.add(slot.index)
                # The lowest idle slot goes first: most likely it has a warm worker.
                self._changed.wait_for(
                    lambda: self._stopping or (self._work and slot.index == min(self._idle))
                )
                self._idle.discard(slot.index)
                if self._stopping:
                    return None
                try:
                    claim = self._store.claim()
                except sqlite3.Error:
                    _log.exception("The job store cannot be read or written; trying again")
                    self._changed.wait(_STORE_RETRY_SECONDS)
                    continue
                if claim is not None:
                    slot.run = _Run(claim)
                    self._changed.notify_all()
                    return slot.run
                self._work = False

    def _execute(self, slot: _Slot, run: _Run) -> Outcome:
        """Run a job to its end; of one that was given up, the outcome does not matter."""
        ended = ""
        deaths = 0
        while deaths < _TRIES and not run.given_up:
            fresh = slot.worker is None
            worker = self._warm(slot)
            if worker is None:
                return Outcome(
                    "Failed",
                    f"No worker could be started with {self._python}.",
                    9999,
                    "Check the interpreter that the service was started with for its workers.",
                )
            if deaths:
                self._persist(lambda: self._store.count_restart(run.claim))
            try:
                return self._run_on(worker, run)
            except WorkerDiedError:
                worker.kill()
                ended = worker.ended
                self._drop(slot)
            if worker.ran_too_long:
                return _too_long(run)
            # A worker that died while idle does not tell against the job. That cannot be checked
            # before: a process that is being torn down looks alive for a while.
            if fresh or worker.begun:
                deaths += 1
            _log.warning("The worker of job %s died: %s", run.claim.id, ended)
        return Outcome(
            "Failed",
            f"The worker process that ran the job died, {_TRIES} times in a row ({ended}).",
            9999,
            "It may have run out of memory: use smaller circuits, or fewer workers.",
            log=f"See {self._log.name} in the folder of the service.",
        )

    def _run_on(self, worker: Worker, run: _Run) -> Outcome:
        """Have a worker read a job, wait for its memory, and have it run."""
        claim = run.claim
        backend = self._backends.find(claim.backend)
        if backend is None:
            return Outcome("Failed", f"The backend {claim.backend} is no longer there.", 1216)
        run.running, run.seconds = False, seconds_to_read(len(claim.params), claim.cost)
        worker.send_job(claim.program, backend, claim.params, run.seconds)
        answer = worker.receive()
        if "failed" in answer:
            return _failure(answer["failed"])
        needs = int(answer["needs"])
        if needs > self._budget.total:
            worker.send({"go": False})
            return Outcome(
                "Failed",
                f"{answer['part']}: a circuit of {answer['qubits']} qubits needs "
                f"{_megabytes(needs)} of memory, more than the {_megabytes(self._budget.total)} "
                "that this service may use.",
                1520,
                "Use fewer qubits or shots, or start the service with more memory.",
            )
        with self._budget.share(needs, lambda: run.given_up) as held:
            if not held:
                raise WorkerDiedError("killed by the cancel")
            run.running = True
            run.seconds = (
                seconds_to_run(answer["circuits"], answer["shots"], answer["estimate"])
                if claim.cost is None
                else claim.cost
            )
            by_clock = None if claim.cost is None else claim.cost + _GRACE_SECONDS
            worker.send({"go": True, "seconds": run.seconds, "by_clock": by_clock})
            answer = worker.receive()
            if "failed" in answer:
                return _failure(answer["failed"])
            result = worker.receive_raw()
        done = answer["completed"]
        return Outcome(
            "Completed", seconds=done["seconds"], result=result, qiskit_version=done["qiskit"]
        )

    def _persist(self, write: Callable[[], None]) -> None:
        """Write to the store, retrying until that works: a full disk must not lose a result."""
        while True:
            try:
                write()
            except sqlite3.Error:
                _log.exception("The job store cannot be written; trying again")
                with self._changed:
                    if self._changed.wait_for(lambda: self._stopping, _STORE_RETRY_SECONDS):
                        return
            else:
                return

    def _warm(self, slot: _Slot) -> Worker | None:
        """Return the slot's worker, starting it if necessary; None if that fails."""
        if slot.worker is None:
            try:
                worker = Worker(self._python, self._threads, self._log)
            except OSError:
                _log.exception("No worker could be started with %s", self._python)
                return None
            with self._changed:
                slot.worker = worker
                # A cancel or stop just before found no worker to kill.
                if self._stopping or (slot.run is not None and slot.run.given_up):
                    worker.kill()
        return slot.worker

    def _drop(self, slot: _Slot) -> None:
        with self._changed:
            worker, slot.worker = slot.worker, None
        if worker is not None:
            worker.close()


def _failure(failed: Mapping[str, object]) -> Outcome:
    """Return the outcome of a job that a worker reports as failed."""
    return Outcome(
        "Failed",
        str(failed["reason"]),
        int(str(failed["code"])),
        str(failed["solution"]),
        seconds=float(str(failed["seconds"])),
        log=str(failed["log"]),
        qiskit_version=str(failed["qiskit"]),
    )


def _too_long(run: _Run) -> Outcome:
    """Return the outcome of a job that exceeded its processor time."""
    if not run.running:
        return Outcome(
            "Cancelled",
            f"Ran too long: reading the circuits took more than {run.seconds} s of processor time.",
            RAN_TOO_LONG,
            "Use fewer or smaller circuits in a job.",
        )
    return Outcome(
        "Cancelled",
        f"Ran too long: the job took more than its limit of {run.seconds} s of processor time.",
        RAN_TOO_LONG,
        f"Give it a max_execution_time of up to {MAX_COST_SECONDS} s, or fewer circuits or shots; "
        "a loop in a circuit may never end.",
        seconds=run.seconds,
    )


def _megabytes(size: int) -> str:
    return f"{-(-size // 2**20)} MiB"
