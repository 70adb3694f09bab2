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
    from .jobset.job_set import JobSet, Status
    from .jobset.results import CircuitResult, Results
    from .managed.backend import IBMQBackend, IBMQSimulator
    from .managed.backend_configuration import GateConfig, QasmBackendConfiguration
    from .managed.backend_properties import BackendProperties, GateProperties, Nduv
    from .managed.backend_status import BackendStatus
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
    from .managed.job import IBMQJob
    from .managed.job_gone import ApiJobShareLevel
    from .managed.job_limit import BackendJobLimit
    from .managed.job_set import ManagedJobSet
    from .managed.least_busy import least_busy
    from .managed.managed_job import ManagedJob
    from .managed.managed_results import ManagedResults
    from .managed.manager import IBMQJobManager
    from .managed.monitor import job_monitor
    from .managed.provider import AccountProvider, IBMQBackendService
    from .managed.queueinfo import QueueInfo
    from .manifest.errors import SetInUse
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
    "ApiJobShareLevel": "managed.job_gone",
    "BackendJobLimit": "managed.job_limit",
    "BackendProperties": "managed.backend_properties",
    "BackendStatus": "managed.backend_status",
    "CircuitResult": "jobset.results",
    "ExpectationValue": "jobset.expectation_values",
    "GateConfig": "managed.backend_configuration",
    "GateProperties": "managed.backend_properties",
    "HeldCopy": "jobset.errors",
    "IBMQ": "managed.ibmq",
    "IBMQBackend": "managed.backend",
    "IBMQBackendService": "managed.provider",
    "IBMQFactory": "managed.ibmq",
    "IBMQJob": "managed.job",
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
    "Nduv": "managed.backend_properties",
    "NoSuchSet": "jobset.errors",
    "NotFinished": "jobset.errors",
    "QasmBackendConfiguration": "managed.backend_configuration",
    "QueueInfo": "managed.queueinfo",
    "Results": "jobset.results",
    "ServiceError": "service.errors",
    "SetInUse": "manifest.errors",
    "Status": "jobset.job_set",
    "StorageError": "errors",
    "TimedOut": "jobset.errors",
    "UnknownAccount": "accounts.model",
    "UnknownBackend": "jobset.errors",
    "UsageError": "errors",
    "backends": "api",
    "job_monitor": "managed.monitor",
    "job_sets": "api",
    "least_busy": "managed.least_busy",
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
