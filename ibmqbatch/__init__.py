"""Batch circuit submission to IBM Quantum: thousands of circuits, one job set, nothing lost.

`submit` sends circuits and returns their `JobSet`; `open` finds one again. The classes of the old
job manager are here, too. What is not needed is not loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .accounts.model import UnknownAccount
    from .api import backends, job_sets, submit
    from .api import open as open  # noqa: A004 - a set's
    from .errors import (
        IbmqbatchError,
        InputError,
        LimitError,
        MissingPackage,
        StorageError,
        UsageError,
    )
    from .jobset.errors import (
        AmbiguousSet,
        HeldCopy,
        MissingResults,
        NoSuchSet,
        NotFinished,
        TimedOut,
        UnknownBackend,
    )
    from .jobset.expectation_values import ExpectationValue
    from .jobset.job_set import JobSet
    from .jobset.results import CircuitResult, Results
    from .managed.backend import IBMQBackend, IBMQSimulator, least_busy
    from .managed.backend_models import (
        BackendJobLimit,
        BackendProperties,
        BackendStatus,
        GateConfig,
        GateProperties,
        Nduv,
        QasmBackendConfiguration,
    )
    from .managed.exceptions import (
        BackendPropertyError,
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
    from .managed.job import ApiJobShareLevel, IBMQJob, job_monitor
    from .managed.job_set import ManagedJobSet
    from .managed.managed_job import ManagedJob
    from .managed.managed_results import ManagedResults
    from .managed.manager import IBMQJobManager
    from .managed.provider import AccountProvider, IBMQBackendService
    from .managed.times import QueueInfo
    from .manifest.errors import SetInUse
    from .manifest.records import Status
    from .service.errors import ServiceError

__all__ = [  # noqa: RUF022 - as `sorted` has it
    "AccountProvider",
    "AmbiguousSet",
    "ApiJobShareLevel",
    "BackendJobLimit",
    "BackendProperties",
    "BackendPropertyError",
    "BackendStatus",
    "CircuitResult",
    "ExpectationValue",
    "GateConfig",
    "GateProperties",
    "HeldCopy",
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
    "IBMQSimulator",
    "IbmqbatchError",
    "InputError",
    "JobSet",
    "LimitError",
    "ManagedJob",
    "ManagedJobSet",
    "ManagedResults",
    "MissingPackage",
    "MissingResults",
    "Nduv",
    "NoSuchSet",
    "NotFinished",
    "QasmBackendConfiguration",
    "QueueInfo",
    "Results",
    "ServiceError",
    "SetInUse",
    "Status",
    "StorageError",
    "TimedOut",
    "UnknownAccount",
    "UnknownBackend",
    "UsageError",
    "__version__",
    "backends",
    "job_monitor",
    "job_sets",
    "least_busy",
    "submit",
]
# `open` is not among them: a star would put it in the place of Python's own.

__version__ = "0.1.0"

_MODULES = {
    "AccountProvider": "managed.provider",
    "AmbiguousSet": "jobset.errors",
    "ApiJobShareLevel": "managed.job",
    "BackendJobLimit": "managed.backend_models",
    "BackendProperties": "managed.backend_models",
    "BackendStatus": "managed.backend_models",
    "CircuitResult": "jobset.results",
    "ExpectationValue": "jobset.expectation_values",
    "GateConfig": "managed.backend_models",
    "GateProperties": "managed.backend_models",
    "HeldCopy": "jobset.errors",
    "IBMQ": "managed.ibmq",
    "IBMQBackend": "managed.backend",
    "IBMQBackendService": "managed.provider",
    "IBMQFactory": "managed.ibmq",
    "IBMQJob": "managed.provider",  # which completes it
    "IBMQJobManager": "managed.manager",
    "IBMQSimulator": "managed.backend",
    "IbmqbatchError": "errors",
    "InputError": "errors",
    "JobSet": "jobset.job_set",
    "LimitError": "errors",
    "ManagedJob": "managed.managed_job",
    "ManagedJobSet": "managed.job_set",
    "ManagedResults": "managed.managed_results",
    "MissingPackage": "errors",
    "MissingResults": "jobset.errors",
    "Nduv": "managed.backend_models",
    "NoSuchSet": "jobset.errors",
    "NotFinished": "jobset.errors",
    "QasmBackendConfiguration": "managed.backend_models",
    "QueueInfo": "managed.times",
    "Results": "jobset.results",
    "ServiceError": "service.errors",
    "SetInUse": "manifest.errors",
    "Status": "manifest.records",
    "StorageError": "errors",
    "TimedOut": "jobset.errors",
    "UnknownAccount": "accounts.model",
    "UnknownBackend": "jobset.errors",
    "UsageError": "errors",
    "backends": "api",
    "job_monitor": "managed.job",
    "job_sets": "api",
    "least_busy": "managed.backend",
    "open": "api",
    "submit": "api",
}


def __getattr__(name: str) -> Any:
    if name not in __all__ and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    # What is not named there is an exception of the old classes.
    module = import_module(f".{_MODULES.get(name, 'managed.exceptions')}", __name__)
    found = getattr(module, name)
    globals()[name] = found  # the next time nobody has to look for it
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
