"""What jobs once had and today's service has no counterpart of: each says what came instead."""

from __future__ import annotations

from enum import Enum

from .warn import warn

__all__ = ["ApiJobShareLevel", "WithoutCounterpart"]


class ApiJobShareLevel(Enum):
    """With whom a job was shared. Today whoever may use the instance sees its jobs.

    For programs that name a level; where one is given a warning tells that it has no effect.
    """

    GLOBAL = "global"
    HUB = "hub"
    GROUP = "group"
    PROJECT = "project"
    NONE = "none"


class WithoutCounterpart:
    """Methods of a job that answer what their old contract has for "not available"."""

    def scheduling_mode(self) -> str | None:
        """Return None: the service does not tell how it schedules. Batches are asked for."""
        return None

    def share_level(self) -> str:
        """Return "none", with a warning: whoever may use the instance sees its jobs."""
        warn(
            "share_level() has no meaning any more: jobs are shared with all who may use the "
            "instance of the account.",
            Warning,
        )
        return "none"

    @property
    def experiment_id(self) -> str | None:
        """None: the service has no experiments any more. Tags and job sets group jobs."""
        return None

    def submit(self) -> None:
        """Refuse: jobs are submitted by `IBMQBackend.run`. Raises NotImplementedError."""
        raise NotImplementedError("job.submit() is not supported. Use IBMQBackend.run().")
