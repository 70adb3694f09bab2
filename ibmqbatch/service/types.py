"""The wire's records, as far as this program reads them. Unknown fields and words survive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import Unreadable
from .transport import printable

__all__ = ["Backend", "JobPage", "RemoteJob"]


def _expect(condition: bool, what: str) -> None:  # noqa: FBT001 - an assertion's condition
    if not condition:
        raise Unreadable(
            f"The service's answer lacks {what}.", "Is this an IBM Quantum service, and up to date?"
        )


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """A job as the service lists it.

    `status` is the service's own word: Queued, Running, Completed, Cancelled, Failed, or one that
    did not exist when this was written. `created` is ISO 8601.
    """

    id: str
    status: str
    reason: str = ""
    reason_code: int | None = None
    solution: str = ""
    tags: tuple[str, ...] = ()
    created: str = ""
    private: bool = False

    @classmethod
    def from_wire(cls, entry: object) -> RemoteJob:
        """Read a job object; raises Unreadable without an id or a state."""
        _expect(isinstance(entry, dict) and isinstance(entry.get("id"), str), "a job's id")
        assert isinstance(entry, dict)
        state = entry.get("state")
        state = state if isinstance(state, dict) else {}
        word = state.get("status") or entry.get("status")
        _expect(isinstance(word, str), "a job's state")
        code = state.get("reason_code", state.get("reasonCode"))
        tags = entry.get("tags")
        return cls(
            id=entry["id"],
            status=printable(word, 60),
            reason=printable(state.get("reason") or ""),
            reason_code=int(str(code)) if str(code).isdecimal() else None,
            solution=printable(state.get("reason_solution") or ""),
            tags=tuple(str(tag) for tag in tags) if isinstance(tags, list) else (),
            created=str(entry.get("created") or ""),
            private=entry.get("private") is True,
        )


@dataclass(frozen=True, slots=True)
class JobPage:
    """One page of a listing: its jobs, and how many match in all (None where it is not told)."""

    jobs: tuple[RemoteJob, ...]
    count: int | None

    @classmethod
    def from_wire(cls, body: object) -> JobPage:
        """Read a page; raises Unreadable when it is none."""
        _expect(isinstance(body, dict) and isinstance(body.get("jobs"), list), "a list of jobs")
        assert isinstance(body, dict)
        count = body.get("count")
        return cls(
            tuple(RemoteJob.from_wire(entry) for entry in body["jobs"]),
            count if isinstance(count, int) else None,
        )


@dataclass(frozen=True, slots=True)
class Backend:
    """What planning must know of a backend.

    `max_shots` and `max_circuits` (in one job) are None where the backend does not limit them;
    `coupling_map` is None when every pair of qubits is coupled.
    """

    name: str
    num_qubits: int
    simulator: bool
    max_shots: int | None
    max_circuits: int | None
    basis_gates: tuple[str, ...]
    coupling_map: tuple[tuple[int, int], ...] | None
    configuration: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_wire(cls, body: object) -> Backend:
        """Read a configuration; raises Unreadable when it is none."""
        _expect(isinstance(body, dict), "a backend's configuration")
        assert isinstance(body, dict)
        name, qubits = body.get("backend_name"), body.get("n_qubits")
        _expect(isinstance(name, str) and isinstance(qubits, int), "a backend's name and size")
        assert isinstance(name, str)
        assert isinstance(qubits, int)
        coupling = body.get("coupling_map")
        gates = body.get("basis_gates")
        return cls(
            name=name,
            num_qubits=qubits,
            simulator=body.get("simulator") is True,
            max_shots=_limit(body.get("max_shots")),
            max_circuits=_limit(body.get("max_experiments")),
            basis_gates=tuple(str(gate) for gate in gates) if isinstance(gates, list) else (),
            coupling_map=(
                tuple((int(a), int(b)) for a, b in coupling) if isinstance(coupling, list) else None
            ),
            configuration=body,
        )


def _limit(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
