"""What the engine can have to say, besides what the service and the manifest say."""

from __future__ import annotations

import re

from ..errors import IbmqbatchError, LimitError, UsageError
from ..exitcodes import ExitCode

__all__ = [
    "AmbiguousSet",
    "HeldCopy",
    "Interrupted",
    "MissingResults",
    "NoSuchJob",
    "NoSuchSet",
    "NotFinished",
    "NotSent",
    "PendingLimit",
    "TimedOut",
    "TooManyJobs",
    "UnknownBackend",
    "Unsettled",
    "is_retired_job",
    "is_retired_set",
]


class NoSuchSet(IbmqbatchError):
    """No job set of this id, name or path."""

    code = "no_such_set"
    exit_code = ExitCode.NO_SUCH_SET


class NoSuchJob(IbmqbatchError):
    """No job of this id on the service."""

    code = "no_such_job"
    exit_code = ExitCode.NO_SUCH_SET

    def __init__(self, account: str, job_id: str) -> None:
        super().__init__(
            f"The account '{account}' has no job '{job_id}'.",
            "It looks like one of the service that IBM has shut down, and its jobs with it."
            if is_retired_job(job_id)
            else "Check the id, and the instance of the account.",
        )


class AmbiguousSet(UsageError):
    """Several job sets are called so."""

    code = "ambiguous_set"


class HeldCopy(LimitError):
    """Jobs wait to be sent in a copy that has not taken over."""

    code = "held_copy"


class UnknownBackend(UsageError):
    """The account has no such backend."""

    code = "unknown_backend"


class TooManyJobs(LimitError):
    """The circuits take more jobs than they were to take."""

    code = "too_many_jobs"


class NotFinished(IbmqbatchError):
    """Results were asked for that are not here yet."""

    code = "not_finished"
    exit_code = ExitCode.UNFINISHED


class NotSent(IbmqbatchError):
    """The service did not take a job; `refusal` is the code that it gave."""

    code = "not_sent"
    exit_code = ExitCode.UNAVAILABLE

    def __init__(self, message: str, hint: str = "", *, refusal: int | None = None) -> None:
        super().__init__(message, hint)
        self.refusal = refusal


class PendingLimit(NotSent):
    """As many jobs wait on the service as may."""


class MissingResults(IbmqbatchError):
    """The results of a circuit are not here, for whatever reason."""

    code = "missing_results"
    exit_code = ExitCode.PARTIAL


class TimedOut(IbmqbatchError):
    """The time that was given ran out."""

    code = "timeout"
    exit_code = ExitCode.TIMEOUT


class Unsettled(IbmqbatchError):
    """A submission may or may not have reached the service, and it cannot be found out now."""

    code = "unsettled"
    exit_code = ExitCode.UNSETTLED


class Interrupted(IbmqbatchError):
    """The user, or the system, asked to stop."""

    code = "interrupted"
    exit_code = ExitCode.INTERRUPTED


# A job set was called by a UUID and the time in seconds, joined by a hyphen; the time had a point
# at first. As a tag it stood between a prefix of its own, or its successor's, and an underscore.
_SET = re.compile(
    r"(?:ibmq_jobset_)?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}-[0-9.]+(?:-[\w.-]*)?_?"
    r"|ibm_composite_job_id_\w+"
)
# A job by the number that a database of its time had for it.
_JOB = re.compile(r"[0-9a-f]{24}")


def is_retired_set(text: str) -> bool:
    """Return whether this is how job sets were called on the old service."""
    return _SET.fullmatch(text) is not None


def is_retired_job(text: str) -> bool:
    """Return whether this is how jobs were called on the old service."""
    return _JOB.fullmatch(text) is not None
