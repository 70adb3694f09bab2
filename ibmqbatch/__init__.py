"""Batch circuit submission to IBM Quantum: thousands of circuits, one job set, nothing lost.

The classes of the old job manager are loaded when they are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from .managed.job_limit import BackendJobLimit
    from .managed.job_set import ManagedJobSet
    from .managed.least_busy import least_busy
    from .managed.managed_job import ManagedJob
    from .managed.managed_results import ManagedResults
    from .managed.manager import IBMQJobManager
    from .managed.monitor import job_monitor
    from .managed.provider import AccountProvider, IBMQBackendService
    from .managed.queueinfo import QueueInfo
    from .managed.share_level import ApiJobShareLevel

__all__ = [  # noqa: RUF022 - as `sorted` has it
    "AccountProvider",
    "ApiJobShareLevel",
    "BackendJobLimit",
    "BackendProperties",
    "BackendPropertyError",
    "BackendStatus",
    "GateConfig",
    "GateProperties",
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
    "ManagedJob",
    "ManagedJobSet",
    "ManagedResults",
    "Nduv",
    "QasmBackendConfiguration",
    "QueueInfo",
    "__version__",
    "job_monitor",
    "least_busy",
]

__version__ = "0.1.0"

_MODULES = {
    "AccountProvider": "provider",
    "ApiJobShareLevel": "share_level",
    "BackendJobLimit": "job_limit",
    "BackendProperties": "backend_properties",
    "BackendStatus": "backend_status",
    "GateConfig": "backend_configuration",
    "GateProperties": "backend_properties",
    "IBMQ": "ibmq",
    "IBMQBackend": "backend",
    "IBMQBackendService": "provider",
    "IBMQFactory": "ibmq",
    "IBMQJob": "job",
    "IBMQJobManager": "manager",
    "IBMQSimulator": "backend",
    "ManagedJob": "managed_job",
    "ManagedJobSet": "job_set",
    "ManagedResults": "managed_results",
    "Nduv": "backend_properties",
    "QasmBackendConfiguration": "backend_configuration",
    "QueueInfo": "queueinfo",
    "job_monitor": "monitor",
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
