"""Batch circuit submission to IBM Quantum: thousands of circuits, one job set, nothing lost.

The classes of the old job manager are loaded when they are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .managed.backend import IBMQBackend
    from .managed.exceptions import (
        IBMQAccountError,
        IBMQBackendApiError,
        IBMQBackendError,
        IBMQBackendJobLimitError,
        IBMQBackendValueError,
        IBMQError,
        IBMQJobApiError,
        IBMQJobError,
        IBMQJobFailureError,
        IBMQJobInvalidStateError,
        IBMQJobManagerError,
        IBMQJobManagerInvalidStateError,
        IBMQJobManagerJobNotFound,
        IBMQJobManagerTimeoutError,
        IBMQJobManagerUnknownJobSet,
        IBMQJobTimeoutError,
        IBMQManagedResultDataNotAvailable,
        IBMQProviderError,
    )
    from .managed.ibmq import IBMQ, IBMQFactory
    from .managed.job import IBMQJob
    from .managed.job_limit import BackendJobLimit
    from .managed.job_set import ManagedJobSet
    from .managed.least_busy import least_busy
    from .managed.managed_job import ManagedJob
    from .managed.managed_results import ManagedResults
    from .managed.manager import IBMQJobManager
    from .managed.provider import AccountProvider, IBMQBackendService
    from .managed.queueinfo import QueueInfo

__all__ = [  # noqa: RUF022 - as `sorted` has it
    "AccountProvider",
    "BackendJobLimit",
    "IBMQ",
    "IBMQAccountError",
    "IBMQBackend",
    "IBMQBackendApiError",
    "IBMQBackendError",
    "IBMQBackendJobLimitError",
    "IBMQBackendService",
    "IBMQBackendValueError",
    "IBMQError",
    "IBMQFactory",
    "IBMQJob",
    "IBMQJobApiError",
    "IBMQJobError",
    "IBMQJobFailureError",
    "IBMQJobInvalidStateError",
    "IBMQJobManager",
    "IBMQJobManagerError",
    "IBMQJobManagerInvalidStateError",
    "IBMQJobManagerJobNotFound",
    "IBMQJobManagerTimeoutError",
    "IBMQJobManagerUnknownJobSet",
    "IBMQJobTimeoutError",
    "IBMQManagedResultDataNotAvailable",
    "IBMQProviderError",
    "ManagedJob",
    "ManagedJobSet",
    "ManagedResults",
    "QueueInfo",
    "__version__",
    "least_busy",
]

__version__ = "0.1.0"

_MODULES = {
    "IBMQ": "ibmq",
    "AccountProvider": "provider",
    "BackendJobLimit": "job_limit",
    "IBMQBackend": "backend",
    "IBMQBackendService": "provider",
    "IBMQFactory": "ibmq",
    "IBMQJob": "job",
    "IBMQJobManager": "manager",
    "ManagedJob": "managed_job",
    "ManagedJobSet": "job_set",
    "ManagedResults": "managed_results",
    "QueueInfo": "queueinfo",
    "least_busy": "least_busy",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    # What is not named there is an exception.
    module = import_module(f".managed.{_MODULES.get(name, 'exceptions')}", __name__)
    found = getattr(module, name)
    globals()[name] = found  # the next time nobody has to look for it
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
