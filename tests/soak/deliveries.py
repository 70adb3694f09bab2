"""What became of each result that is given once: how far it got, and whether it was read.

That a client has read all is known from its journal, or from another request on the same
connection. How a dead client's connection ends tells nothing: it is reset in any case.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Delivery", "faults", "witness"]

_SOON = 0.25  # seconds after which a death is certainly known


@dataclass(slots=True, eq=False)
class Delivery:
    """One request for a job's results, at times of the monotonic clock.

    `given` that the service has handed all of them out, `whole` is when the last byte went to the
    client, `ended` when it was seen to have gone on, or to be gone; `went_on` that it made another
    request; `noted` that its journal says that it has got all.
    """

    job: str
    begun: float = field(default_factory=time.monotonic)
    given: bool = False
    whole: float | None = None
    ended: float | None = None
    went_on: bool = False
    noted: bool = False

    @property
    def done(self) -> float | None:
        """When all had left, or the client was gone."""
        return self.ended if self.whole is None else self.whole

    @property
    def was_read(self) -> bool:
        """Whether the client has certainly read all of it."""
        return self.whole is not None and (self.went_on or self.noted)


def witness(delivery: Delivery, connection: socket.socket) -> None:
    """Wait until the client shows that it has read what was sent: its next request, or its end."""
    delivery.whole = time.monotonic()
    with contextlib.suppress(OSError):
        delivery.went_on = bool(connection.recv(1, socket.MSG_PEEK))
    delivery.ended = time.monotonic()


def faults(
    lost: Sequence[str], deliveries: Sequence[Delivery], kills: Sequence[float]
) -> list[str]:
    """Return which results should not be lost, and where a kill met several on their way.

    They may be where someone was killed while they were on their way, and the client had not read
    all of them.
    """
    found = _crowds(deliveries, kills)
    for job in lost:
        mine = [delivery for delivery in deliveries if delivery.job == job]
        if not mine:
            found.append(f"the results of {job} are lost, and were never asked for")
        elif any(delivery.was_read for delivery in mine):
            found.append(f"the results of {job} are lost, though they were read: {mine}")
        elif not any(_died(delivery, kills) for delivery in mine):
            found.append(f"the results of {job} are lost, though nobody died: {mine}")
    return found


def _crowds(deliveries: Sequence[Delivery], kills: Sequence[float]) -> list[str]:
    found = []
    left = list(deliveries)
    for at in sorted(kills):
        met = [each for each in left if each.begun <= at and (each.done is None or each.done > at)]
        # What a dead client has asked for may be under way for a while: that is one kill's alone.
        left = [each for each in left if each not in met]
        if len(met) > 1:
            found.append(f"{len(met)} results that are given once were on their way: {met}")
    return found


def _died(delivery: Delivery, kills: Sequence[float]) -> bool:
    last = delivery.ended or delivery.whole or delivery.begun
    return any(delivery.begun - _SOON <= at <= last + _SOON for at in kills)
