"""Choosing a backend by how many jobs wait for it."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..jobset.work import IN_FLIGHT
from .exceptions import IBMQError

if TYPE_CHECKING:
    from .backend import IBMQBackend

__all__ = ["least_busy"]


def least_busy(
    backends: Iterable[IBMQBackend],
    reservation_lookahead: int | None = 60,  # noqa: ARG001
) -> IBMQBackend:
    """Return the backend for which the fewest jobs wait, of those that take jobs now.

    How many wait is what `status().pending_jobs` says: each backend is asked once, several at a
    time. Of equals the first one is taken. `reservation_lookahead` (minutes) has no effect: the
    service tells of no reservations.

    Raises IBMQError where there are no backends, none of them takes jobs, or one cannot tell how
    many wait; IBMQBackendApiError.
    """
    listed = list(backends)
    if not listed:
        raise IBMQError("Unable to find the least_busy backend from an empty list.")
    try:
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            statuses = list(pool.map(lambda backend: backend.status(), listed))
        waiting = {
            number: status.pending_jobs
            for number, status in enumerate(statuses)
            if status.operational and status.status_msg == "active"
        }
    except AttributeError as error:
        raise IBMQError(
            "A backend in the list does not tell how many jobs wait for it. Give backends of "
            "provider.backends()."
        ) from error
    if not waiting:
        raise IBMQError("No backend matches the criteria: none of them takes jobs now.")
    return listed[min(waiting, key=waiting.__getitem__)]
