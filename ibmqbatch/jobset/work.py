"""What every step of a job set works with, and how steps run requests side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

from ..clock import Clock
from ..manifest.lease import Claim, Lease
from ..manifest.manifest import Manifest
from ..service.errors import ServiceError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ..service.client import Client

__all__ = [
    "IN_FLIGHT",
    "Observer",
    "RequestPool",
    "Unobserved",
    "Work",
    "side_by_side",
]

IN_FLIGHT = 16  # requests at a time; the HTTP library slows down above some 24 connections

Item = TypeVar("Item")
Value = TypeVar("Value")


class Observer(Protocol):
    """Is told what happens."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """Hear that `done` of `total` things of `stage` ("sending", "fetching") are finished."""

    def note(self, text: str) -> None:
        """Hear something that a person who waits should know."""


class Unobserved:
    """An observer that does not care."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""


@dataclass(slots=True)
class Work:
    """One job set, and the service that it is on. Only one thread writes to the manifest.

    `sole_sender`: nobody else has sent jobs of this set, as another copy of its file may have,
    because it was planned by this very process, or since full listings have shown none. `lease` is
    held while this file may send and settle; `claim` is that of this file, as long as it must not
    send: see `manifest.lease`. `taking_over`: what another copy has sent is this one's from now on,
    because its owner says so. `noted` is what `note_once` was told about.
    """

    manifest: Manifest
    client: Client
    clock: Clock
    observer: Observer = field(default_factory=Unobserved)
    sole_sender: bool = False
    lease: Lease | None = None
    claim: Claim | None = None
    taking_over: bool = False
    drain_failed: bool = False
    noted: set[str] = field(default_factory=set)

    def note_once(self, about: str, text: str) -> None:
        """Pass a note to the observer, once for each subject."""
        if about not in self.noted:
            self.noted.add(about)
            self.observer.note(text)


class RequestPool(Generic[Item, Value]):
    """Requests in flight, `most` at a time, on threads.

    Use as a context manager, which waits for the last one. An error that is no ServiceError is
    raised when the answers to all other requests have been handed out: none of them is lost. Until
    then there is no room for more.
    """

    def __init__(self, request: Callable[[Item], Value], most: int = IN_FLIGHT) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._request = request
        self._most = most
        self._pending: dict[Future[Value], Item] = {}
        self._unforeseen: BaseException | None = None
        self._pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="request")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def __len__(self) -> int:
        return len(self._pending) + (self._unforeseen is not None)

    @property
    def room(self) -> int:
        """How many more may be started now."""
        return 0 if self._unforeseen is not None else self._most - len(self._pending)

    def send(self, item: Item) -> None:
        """Send the request for `item`."""
        self._pending[self._pool.submit(self._request, item)] = item

    def completed(self) -> list[tuple[Item, Value | ServiceError]]:
        """Wait until at least one has ended; return all that have, each with how it ended."""
        from concurrent.futures import FIRST_COMPLETED, wait

        ended: list[tuple[Item, Value | ServiceError]] = []
        while self._pending and not ended:
            done, _ = wait(self._pending, return_when=FIRST_COMPLETED)
            for future in done:
                item, error = self._pending.pop(future), future.exception()
                if error is None or isinstance(error, ServiceError):
                    ended.append((item, future.result() if error is None else error))
                else:
                    self._unforeseen = self._unforeseen or error
        if not ended and self._unforeseen is not None:
            raise self._unforeseen
        return ended


def side_by_side(
    items: Iterable[Item],
    request: Callable[[Item], Value],
    clock: Clock,
    most: int = IN_FLIGHT,
) -> Iterator[list[tuple[Item, Value | ServiceError]]]:
    """Run `request` for each item, `most` at a time; yield those that have ended as they do.

    No new request is begun once the clock is interrupted; those in flight are waited for.
    """
    remaining = iter(items)
    with RequestPool(request, most) as pool:
        while True:
            if not clock.interrupted.is_set():
                for item in islice(remaining, pool.room):
                    pool.send(item)
            if not len(pool):
                return
            yield pool.completed()
