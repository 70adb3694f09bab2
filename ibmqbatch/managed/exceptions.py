"""What the classes of the job manager raise: the old names, under the old bases.

IBMQError                              everything, itself a QiskitError
├── IBMQAccountError                   no account, or its key is not accepted
├── IBMQProviderError                  a provider that cannot be found
├── IBMQBackendError
│   ├── IBMQBackendApiError            the service did not answer as it should
│   ├── IBMQBackendValueError          a backend cannot take what it was given
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

from qiskit.exceptions import QiskitError
from qiskit.providers.exceptions import JobError, JobTimeoutError

__all__ = [
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
]


class IBMQError(QiskitError):  # type: ignore[misc]
    """Base of all errors of these classes."""


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
