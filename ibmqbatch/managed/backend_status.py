"""Whether a backend takes jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._qiskit import terra_class
from .described import MODELS, Described
from .exceptions import IBMQBackendValueError

__all__ = ["BackendStatus", "read_status"]


class BackendStatus(Described, terra_class(MODELS, "BackendStatus")):  # type: ignore[misc]
    """Whether a backend takes jobs (`operational`, `status_msg`), and how many wait for it."""

    backend_name: str
    backend_version: str
    operational: bool
    pending_jobs: int
    status_msg: str

    def __init__(
        self,
        backend_name: str,
        backend_version: str,
        operational: bool,
        pending_jobs: int,
        status_msg: str,
    ) -> None:
        if pending_jobs < 0:
            raise IBMQBackendValueError(f"{pending_jobs} jobs cannot wait. Give 0 or more.")
        self.backend_name = backend_name
        self.backend_version = backend_version
        self.operational = operational
        self.pending_jobs = pending_jobs
        self.status_msg = status_msg


def read_status(name: str, told: Mapping[str, Any]) -> BackendStatus:
    """Return whether a backend takes jobs, and how many wait there, as the service tells it."""
    waiting = told.get("length_queue")
    return BackendStatus(
        backend_name=name,
        backend_version=str(told.get("backend_version") or ""),
        operational=told.get("state") is True,
        pending_jobs=waiting if isinstance(waiting, int) and waiting >= 0 else 0,
        status_msg=str(told.get("status") or ""),
    )
