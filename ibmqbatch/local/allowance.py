"""How much processor time a job may take that does not say so itself.

It only has to end what would never end, and must not end anything else, on a slow machine neither:
it is many times what such a job takes.
"""

from __future__ import annotations

from .limits import MAX_COST_SECONDS

__all__ = ["seconds_to_read", "seconds_to_run"]

_SECONDS = 60.0
_SECONDS_PER_KILOBYTE = 1.0
_SECONDS_PER_CIRCUIT = 1.0
# Of loops that end by a measurement, this is a hundred turns and more.
_SECONDS_PER_SHOT = 0.001
_TIMES_THE_ESTIMATE = 20


def seconds_to_read(size: int) -> int:
    """Return the seconds that a worker may take to read a job whose params have `size` bytes."""
    return _whole(_SECONDS_PER_KILOBYTE * size / 1000)


def seconds_to_run(circuits: int, shots: int, estimate: float) -> int:
    """Return the seconds that a worker may take to run a job.

    `circuits` and `shots` are those of the job, each parameter set of a sweep a circuit of its own;
    `estimate` is about what they take on one core, in seconds, loops run once.
    """
    return _whole(
        _SECONDS_PER_CIRCUIT * circuits + _SECONDS_PER_SHOT * shots + _TIMES_THE_ESTIMATE * estimate
    )


def _whole(more: float) -> int:
    return int(min(_SECONDS + more, MAX_COST_SECONDS))
