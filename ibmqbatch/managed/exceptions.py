"""What the classes of the job manager raise: the old names, under the old bases.

The engine's own errors become these in one place, `translated`.

IBMQError                              everything, itself a QiskitError
├── IBMQAccountError                   no account, or its key is not accepted
├── IBMQProviderError                  a provider that cannot be found
├── IBMQBackendError
│   ├── IBMQBackendApiError            the service did not answer as it should
│   ├── IBMQBackendValueError          a backend cannot take what it was given
│   ├── BackendPropertyError           the calibration does not tell a figure
│   └── IBMQBackendJobLimitError       no more jobs may wait
├── IBMQJobError                       also Qiskit's JobError
│   ├── IBMQJobApiError                the service did not answer as it should
│   ├── IBMQJobFailureError            the job failed
│   ├── IBMQJobInvalidStateError       the job, or an argument, does not allow it
│   └── IBMQJobTimeoutError            the time ran out; also Qiskit's JobTimeoutError
└── IBMQJobManagerError
    ├── IBMQJobManagerInvalidStateError
    ├── IBMQJobManagerTimeoutError
    ├── IBMQJobManagerJobNotFound
    ├── IBMQManagedResultDataNotAvailable
    └── IBMQJobManagerUnknownJobSet
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from qiskit.exceptions import QiskitError
from qiskit.providers.exceptions import JobError, JobTimeoutError

from ..accounts.api_keys import NoKey
from ..accounts.model import UnknownAccount
from ..errors import Argument, Call, IbmqbatchError, InputError, LimitError, UsageError, Words
from ..jobset.errors import NoSuchSet, NotFinished, TimedOut, Unsettled
from ..manifest.errors import ManifestError
from ..service.errors import ServiceError, TooManyPending
from ._qiskit import terra_class

__all__ = [
    "BackendPropertyError",
    "IBMQAccountError",
    "IBMQBackendApiError",
    "IBMQBackendError",
    "IBMQBackendJobLimitError",
    "IBMQBackendValueError",
    "IBMQError",
    "IBMQJobApiError",
    "IBMQJobError",
    "IBMQJobFailureError",
    "IBMQJobInvalidStateError",
    "IBMQJobManagerError",
    "IBMQJobManagerInvalidStateError",
    "IBMQJobManagerJobNotFound",
    "IBMQJobManagerTimeoutError",
    "IBMQJobManagerUnknownJobSet",
    "IBMQJobTimeoutError",
    "IBMQManagedResultDataNotAvailable",
    "IBMQProviderError",
    "message_of",
    "translated",
]

_MOST_PROBLEMS = 5  # that a message lists

# What to do in a program, where the engine's own hint is for a command line only.
_HINTS = {
    "no_measurements": "Add measurements, for instance with circuit.measure_all().",
    "not_in_instruction_set": "Leave the circuit as it was before it was compiled, or mend it.",
    "timeout": "Nothing is lost: wait again.",
    "unbound_parameters": "Give them values with parameter_binds.",
}
_ARGUMENTS = {"max_circuits": "max_experiments_per_job", "tags": "job_tags"}  # as called here


class IBMQError(QiskitError):  # type: ignore[misc]
    """Base of all errors of these classes. As a text one is its message, without quotes."""

    def __init__(self, *message: str) -> None:
        super().__init__(*message)
        # Where an error is a ValueError, too, that may come before Qiskit's own.
        self.message = " ".join(message)

    def __str__(self) -> str:
        return self.message


class IBMQAccountError(IBMQError):
    """No account, or one whose key the service does not accept."""


class IBMQProviderError(IBMQError):
    """No provider, or several, fit what was asked for."""


class IBMQBackendError(IBMQError):
    """Base of the errors of backends."""


class IBMQBackendApiError(IBMQBackendError):
    """The service did not answer, or not as it should."""


class IBMQBackendValueError(IBMQBackendError, ValueError):
    """A backend cannot take what it was given."""


class BackendPropertyError(
    IBMQBackendError,
    ValueError,
    terra_class("qiskit.providers.exceptions", "BackendPropertyError"),  # type: ignore[misc]
):
    """The calibration does not tell the figure that was asked for."""


class IBMQBackendJobLimitError(IBMQBackendError):
    """The service lets no more jobs wait."""


class IBMQJobError(JobError, IBMQError):  # type: ignore[misc]
    """Base of the errors of jobs."""


class IBMQJobApiError(IBMQJobError):
    """The service did not answer, or not as it should."""


class IBMQJobFailureError(IBMQJobError):
    """The job has failed."""


class IBMQJobInvalidStateError(IBMQJobError):
    """The job's state, or an argument, does not allow it."""


class IBMQJobTimeoutError(JobTimeoutError, IBMQJobError):  # type: ignore[misc]
    """The job did not get so far in the time that was given."""


class IBMQJobManagerError(IBMQError):
    """Base of the errors of job sets."""


class IBMQJobManagerInvalidStateError(IBMQJobManagerError):
    """The state of the job set, or an argument, does not allow it."""


class IBMQJobManagerTimeoutError(IBMQJobManagerError):
    """The job set did not get so far in the time that was given."""


class IBMQJobManagerJobNotFound(IBMQJobManagerError):
    """No job of the set holds this experiment."""


class IBMQManagedResultDataNotAvailable(IBMQJobManagerError):
    """The results of this experiment are not here."""


class IBMQJobManagerUnknownJobSet(IBMQJobManagerError):
    """There is no job set of this id."""


@dataclass(frozen=True, slots=True)
class _Names:
    """What errors are called: of arguments and states, of the service, of time, of limits."""

    wrong: type[IBMQError]
    service: type[IBMQError] | None = None  # None: as the base
    timeout: type[IBMQError] | None = None
    full: type[IBMQError] | None = None


_FAMILIES: dict[type[IBMQError], _Names] = {
    IBMQBackendError: _Names(
        IBMQBackendValueError, IBMQBackendApiError, IBMQBackendApiError, IBMQBackendJobLimitError
    ),
    IBMQJobError: _Names(IBMQJobInvalidStateError, IBMQJobApiError, IBMQJobTimeoutError),
    IBMQJobManagerError: _Names(
        IBMQJobManagerInvalidStateError, timeout=IBMQJobManagerTimeoutError
    ),
    IBMQAccountError: _Names(IBMQAccountError),
    IBMQProviderError: _Names(IBMQProviderError),
}


@contextlib.contextmanager
def translated(base: type[IBMQError]) -> Iterator[None]:
    """Raise the engine's errors as those of one family: backends, jobs, job sets, or accounts.

    `base` is the family's base, or one of its errors: that is what an error becomes for which the
    family has no name of its own. That there is no such account is an IBMQAccountError in all.
    """
    try:
        yield
    except IbmqbatchError as error:
        raise _name(error, base)(message_of(error)) from error


def message_of(error: IbmqbatchError) -> str:
    """Return what an error says: what is wrong, and what to do, of the first things that are."""
    problems = error.problems
    told = [
        f"{_here(problem.message)} {_HINTS.get(problem.code) or _here(problem.hint)}".strip()
        for problem in problems[:_MOST_PROBLEMS]
    ]
    more = len(problems) - len(told)
    return " ".join([*told, *([f"And {more} more."] if more else [])])


def _here(text: str) -> str:
    """Return a sentence with the arguments that it mentions called as they are in these classes."""

    def write(mention: Argument | Call) -> str:
        if isinstance(mention, Call):
            return mention.command
        return str(replace(mention, name=_ARGUMENTS.get(mention.name, mention.name)))

    return text.written(write) if isinstance(text, Words) else text


def _name(error: IbmqbatchError, base: type[IBMQError]) -> type[IBMQError]:
    names = next(names for family, names in _FAMILIES.items() if issubclass(base, family))
    if isinstance(error, UnknownAccount | NoKey):
        return IBMQAccountError
    if isinstance(error, NoSuchSet) and issubclass(base, IBMQJobManagerError):
        return IBMQJobManagerUnknownJobSet
    if isinstance(error, TimedOut):
        return names.timeout or base
    if isinstance(error, TooManyPending):
        return names.full or names.service or base
    if isinstance(error, ServiceError | Unsettled):
        return names.service or base
    wrong = InputError | UsageError | LimitError | NotFinished | ManifestError
    return names.wrong if isinstance(error, wrong) else base
