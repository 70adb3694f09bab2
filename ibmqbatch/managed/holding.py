"""A job set in the hands of a program: what sends it, waits for it, and changes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ..jobset.errors import TimedOut
from ..manifest.manifest import Manifest
from ..manifest.records import JobRecord
from ..manifest.snapshot import Snapshot
from ..service.errors import ServiceError
from .backend import IBMQBackend, as_backend
from .background import Sender, read_detach
from .exceptions import IBMQJobManagerError, IBMQJobManagerTimeoutError, message_of, translated
from .planning import plan_set
from .provider import AccountProvider
from .report import spans
from .run_options import checked_tags
from .waiting import wait_for
from .warn import warn

if TYPE_CHECKING:
    from ..jobset.advance import Goal
    from ..jobset.job_set import JobSet

__all__ = ["Holding"]

_LOOK_EVERY = 0.05  # seconds

T = TypeVar("T")


class Holding:
    """A job set that this program has planned, or found."""

    def __init__(
        self,
        handle: JobSet,
        backend: IBMQBackend | None = None,
        *,
        detached: bool | None = None,
    ) -> None:
        self.handle = handle
        self._backend = backend
        self._detached = detached
        self._sender: Sender | None = None

    def __getstate__(self) -> dict[str, object]:
        # Threads stay where they are.
        return {**self.__dict__, "_sender": None}

    @classmethod
    def planned(
        cls,
        backend: object,
        experiments: object,
        *,
        name: str | None,
        max_circuits: int | None = None,
        tags: list[str] | None,
        run_config: Mapping[str, Any],
        lone: bool = False,
    ) -> Self:
        """Plan a set, and have it sent in the background. Raises an IBMQError; then there is none.

        `max_circuits` are those of a job. A `lone` set is to be of one job, and its name that of
        the job. `run_config` is that of a backend, and `detach`.
        """
        with translated(IBMQJobManagerError):
            detached = read_detach(run_config.get("detach"))
            run_config = {key: value for key, value in run_config.items() if key != "detach"}
            target = as_backend(backend)
            handle = plan_set(
                target,
                experiments,
                name=name,
                max_circuits=max_circuits,
                tags=checked_tags(tags),
                run_config=run_config,
                lone=lone,
            )
        held = cls(handle, target, detached=detached)
        held.send()
        return held

    def backend(self) -> IBMQBackend:
        """Return the backend that the set runs on, in the set's own account."""
        if self._backend is None:
            name = self.read(Manifest.job_set).backend
            self._backend = IBMQBackend(AccountProvider(self.handle.account), name)
        return self._backend

    def read(self, what: Callable[[Manifest], T]) -> T:
        """Return what the set's file says, of whatever is asked."""
        with translated(IBMQJobManagerError), self.handle.open() as manifest:
            return what(manifest)

    def has(self, goal: Goal) -> bool:
        """Return whether `goal` holds, by the set's file."""
        return self.read(lambda manifest: goal(manifest.snapshot()))

    def send(self) -> None:
        """Have what waits to be sent go out in the background, unless that is under way."""
        if self._sender is not None and not self._sender.finished:
            return
        if not self.has(Snapshot.is_sent):
            with translated(IBMQJobManagerError):
                detached = read_detach(self._detached)
            self._sender = Sender(self.handle, detached=detached)

    def wait_until_sent(self, enough: Goal | None = None) -> None:
        """Wait until the jobs are sent, or `enough` of them; warn where that cannot be."""
        if enough is not None and self.has(enough):
            return
        self.send()
        if self._sender is None:
            return
        if enough is None:
            self._sender.join()
        else:
            while not self.has(enough) and not self._sender.join(_LOOK_EVERY):
                pass
        error = self._sender.error
        if error is not None and not self.has(enough or Snapshot.is_sent):
            warn(f"Not all jobs of the set {self.handle.id} are sent: {message_of(error)}")

    def wait(
        self,
        goal: Goal,
        timeout: float | None,
        counted: Callable[[JobRecord], bool],
        *,
        at_least_once: bool = False,
    ) -> None:
        """Move the set on until `goal` holds; a bar tells how many jobs are `counted`.

        Raises IBMQJobManagerTimeoutError, which names the experiments of the others.
        """
        with translated(IBMQJobManagerError):
            try:
                wait_for(self.handle, goal, timeout, counted=counted, at_least_once=at_least_once)
            except TimedOut as error:
                left = [job for job in self.handle.jobs if not counted(job)]
                raise IBMQJobManagerTimeoutError(
                    f"Timeout while waiting for the results for experiments {spans(left)}."
                ) from error

    def fetch(self) -> None:
        """Ask once how the jobs stand, and fetch what is done; warn where that cannot be."""
        with translated(IBMQJobManagerError):
            try:
                self.handle.refresh(fetching=True)
            except ServiceError as error:
                warn(f"The set {self.handle.id} is given as far as it is here: {message_of(error)}")

    def cancel(self) -> None:
        """Cancel all jobs; warn of those that have not ended."""
        with translated(IBMQJobManagerError):
            try:
                left = self.handle.cancel()
            except ServiceError as error:
                warn(
                    f"Nothing more of the set {self.handle.id} is sent; its other jobs are "
                    f"cancelled as soon as the service can be asked: {message_of(error)}"
                )
                return
        if left:
            warn(f"The jobs of experiments {spans(left)} are to stop, and have not ended yet.")

    def relabel(
        self,
        *,
        name: str | None = None,
        change: Callable[[tuple[str, ...]], Sequence[str]] = tuple,
    ) -> None:
        """Give the set another name or tags; warn of jobs that do not carry them yet."""
        why = ""
        with translated(IBMQJobManagerError):
            try:
                left = self.handle.relabel(name=name, change=change)
            except ServiceError as error:
                left, why = self.handle.count_unlabelled(), f": {message_of(error)}"
        if left:
            warn(
                f"The set {self.handle.id} has its new name or tags; {left} of its jobs get "
                f"them as soon as the service takes them{why}"
            )
