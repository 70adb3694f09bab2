"""What a set will cost: an estimate, what the instance has left, and how long its jobs wait."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ..errors import Argument, LimitError, Words
from ..service.errors import AuthenticationFailed, ServiceError
from .forecast import Advice

if TYPE_CHECKING:
    from ..service.client import Client
    from ..service.models import Backend, Usage

__all__ = ["JOB_SECONDS", "REP_DELAY", "ask_advice", "check_budget", "shot_seconds", "usage_of"]

# Of the quantum processor, whatever a job holds: as measured by users of the service in 2026.
JOB_SECONDS = 2.0
# From one shot to the next, where neither the options nor the backend tell: the default of IBM's.
REP_DELAY = 250e-6


def shot_seconds(duration: float, rep_delay: float | None) -> float:
    """Return the seconds of one shot of a circuit that takes `duration`, with the wait after it.

    A set takes `JOB_SECONDS` a job, and these for each shot of each circuit. What the processor
    does besides (twirling, calibrating) is not in it.
    """
    return duration + (REP_DELAY if rep_delay is None else rep_delay)


def usage_of(client: Client, backend: Backend) -> Usage | None:
    """Return what the instance has used and may use; None where it does not tell, or for nothing.

    It is advice: that it cannot be had stops nobody. Raises a ServiceError for a key or an instance
    that is not accepted.
    """
    if backend.simulator:
        return None
    try:
        return client.usage()
    except AuthenticationFailed as error:
        if error.number in {None, 1200, 1201}:
            raise
        return None  # a right that this key lacks
    except ServiceError:
        return None


def ask_advice(client: Client, backend: str, *, queued: bool) -> Advice:
    """Ask what the instance has left, and where jobs are `queued`, how long they wait.

    It is advice: what cannot be had is None. Two requests at most.
    """
    usage = entry = None
    with contextlib.suppress(ServiceError):
        usage = client.usage()
    if queued:
        with contextlib.suppress(ServiceError):
            entry = next((each for each in client.backends() if each.name == backend), None)
    return Advice(
        queue_length=entry.queue_length if entry else None,
        queue_seconds=entry.wait_seconds if entry else None,
        instance_left=usage.left if usage else None,
    )


def check_budget(
    seconds: float | None, max_cost: float | None, usage: Usage | None, *, dry_run: bool
) -> str:
    """Return what the owner should know of the cost, if anything; raises LimitError.

    `seconds` are those estimated for the set, None where none are used. On a dry run an instance
    without time is only told of.
    """
    if seconds is None:
        return ""
    if max_cost is not None and seconds > max_cost:
        raise LimitError(
            Words(
                "The set would take about {} s of the quantum processor, more than {} allows.",
                f"{seconds:.1f}",
                Argument("max_cost", max_cost),
            ),
            "Ask for fewer shots or circuits, or allow more.",
        )
    if usage is None:
        return ""
    if usage.exhausted or usage.left == 0:
        used_up = f"he instance has used up its time ({usage.consumed:g} s in this period)."
        if dry_run:
            return f"t{used_up}"
        raise LimitError(f"T{used_up}", "Wait for the next period, or use another instance.")
    if usage.left is not None and seconds > usage.left:
        return (
            f"the set would take about {seconds:.1f} s of the quantum processor, and the instance "
            f"has {usage.left:.0f} s left."
        )
    return ""
