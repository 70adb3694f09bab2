"""What the service says, as this program reads it: jobs, backends, calibrations, usage.

Most of what can be missing on the wire may be missing here; what is no answer of this API at all is
Unreadable.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .error_mapping import printable
from .errors import Unreadable

__all__ = [
    "Backend",
    "BackendEntry",
    "Calibration",
    "GateFigures",
    "JobPage",
    "QubitFigures",
    "RemoteJob",
    "Usage",
    "processor_name",
]

_MICROSECONDS = {"s": 1e6, "ms": 1e3, "us": 1.0, "µs": 1.0, "μs": 1.0, "ns": 1e-3}


@dataclass(frozen=True, slots=True)
class QubitFigures:
    """A qubit; times in microseconds. Figures that are missing or impossible are None."""

    index: int
    t1: float | None
    t2: float | None
    readout_error: float | None
    readout_seconds: float | None
    operational: bool


@dataclass(frozen=True, slots=True)
class GateFigures:
    """A gate on certain qubits. The service marks one that does not work by an error of 1."""

    name: str
    qubits: tuple[int, ...]
    error: float | None
    seconds: float | None
    operational: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """All qubits in order, and all gates."""

    qubits: tuple[QubitFigures, ...]
    gates: tuple[GateFigures, ...]

    @classmethod
    def from_wire(cls, properties: Mapping[str, Any]) -> Calibration:
        """Parse properties, skipping entries that are unreadable."""
        qubits = properties.get("qubits")
        gates = properties.get("gates")
        return cls(
            tuple(_qubit(i, entry) for i, entry in enumerate(_list(qubits))),
            tuple(_gates(_list(gates))),
        )


def _qubit(index: int, entry: object) -> QubitFigures:
    figures = _figures(entry)
    return QubitFigures(
        index,
        _microseconds(figures.get("T1")),
        _microseconds(figures.get("T2")),
        _share(figures.get("readout_error")),
        _duration(figures.get("readout_length")),
        _number(figures.get("operational")) != 0,
    )


def _gates(entries: list[Any]) -> Iterator[GateFigures]:
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        name, qubits = entry.get("gate"), entry.get("qubits")
        if not isinstance(name, str) or not isinstance(qubits, list):
            continue
        if not all(isinstance(qubit, int) for qubit in qubits):
            continue
        figures = _figures(entry.get("parameters"))
        error = _share(figures.get("gate_error"))
        operational = _number(figures.get("operational")) != 0 and (error is None or error < 1)
        length = _duration(figures.get("gate_length"))
        yield GateFigures(name, tuple(qubits), error, length, operational)


def _figures(entry: object) -> dict[str, Mapping[str, Any]]:
    """Return figures by name."""
    return {
        figure["name"]: figure
        for figure in _list(entry)
        if isinstance(figure, dict) and isinstance(figure.get("name"), str)
    }


def _number(figure: Mapping[str, Any] | None) -> float | None:
    value = (figure or {}).get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _share(figure: Mapping[str, Any] | None) -> float | None:
    """Return a probability."""
    value = _number(figure)
    return value if value is not None and 0 <= value <= 1 else None


def _duration(figure: Mapping[str, Any] | None) -> float | None:
    """Return a duration in seconds, which may be 0."""
    value = _number(figure)
    factor = _MICROSECONDS.get(str((figure or {}).get("unit")))
    if value is None or factor is None or not 0 <= value * factor < math.inf:
        return None
    return value * factor * 1e-6


def _microseconds(figure: Mapping[str, Any] | None) -> float | None:
    value = _number(figure)
    factor = _MICROSECONDS.get(str((figure or {}).get("unit")))
    # A failed measurement gives times of 0 or less.
    if value is None or factor is None or not 0 < value * factor < math.inf:
        return None
    return value * factor


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


_LONGEST_ID = 200  # characters
_MOST_QUBITS = 100_000  # that a backend can say it has


def _expect(condition: bool, what: str) -> None:  # noqa: FBT001 - an assertion's condition
    if not condition:
        raise Unreadable(
            f"The service's answer lacks {what}.", "Is this an IBM Quantum service, and up to date?"
        )


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """A job as the service lists it.

    `status` is the service's own word: Queued, Running, Completed, Cancelled, Failed, or a newer
    one. `created` is ISO 8601; `program` is the service's name of the program. `cost` is the limit
    of its time on the quantum processor, in seconds; `batched`: it is in a batch or session.
    """

    id: str
    status: str
    reason: str = ""
    reason_code: int | None = None
    solution: str = ""
    tags: tuple[str, ...] = ()
    created: str = ""
    private: bool = False
    backend: str = ""
    program: str = ""
    cost: int | None = None
    batched: bool = False

    @classmethod
    def from_wire(cls, entry: object) -> RemoteJob:
        """Parse a job; raises Unreadable without an id or a state."""
        _expect(isinstance(entry, dict) and _is_id(entry.get("id")), "a job's id")
        assert isinstance(entry, dict)
        state = entry.get("state")
        state = state if isinstance(state, dict) else {}
        word = state.get("status") or entry.get("status")
        _expect(isinstance(word, str), "a job's state")
        code = state.get("reason_code", state.get("reasonCode"))
        tags, program = entry.get("tags"), entry.get("program")
        return cls(
            id=entry["id"],
            status=printable(word, 60),
            reason=printable(state.get("reason") or ""),
            reason_code=int(str(code)) if str(code).isdecimal() else None,
            solution=printable(state.get("reason_solution") or ""),
            tags=tuple(str(tag) for tag in tags) if isinstance(tags, list) else (),
            created=str(entry.get("created") or ""),
            private=entry.get("private") is True,
            backend=printable(entry.get("backend") or "", 100),
            program=printable(program.get("id") or "", 60) if isinstance(program, dict) else "",
            cost=_limit(entry.get("cost")),
            batched=bool(entry.get("session_id")),
        )


@dataclass(frozen=True, slots=True)
class JobPage:
    """One page of a listing: its jobs, and how many match in all (None if not told)."""

    jobs: tuple[RemoteJob, ...]
    count: int | None

    @classmethod
    def from_wire(cls, body: object) -> JobPage:
        """Parse a page; raises Unreadable."""
        _expect(isinstance(body, dict) and isinstance(body.get("jobs"), list), "a list of jobs")
        assert isinstance(body, dict)
        count = body.get("count")
        return cls(
            tuple(RemoteJob.from_wire(entry) for entry in body["jobs"]),
            count if isinstance(count, int) else None,
        )


@dataclass(frozen=True, slots=True)
class BackendEntry:
    """A backend's entry in the list of all; missing fields are None or empty.

    `status` is the service's word: online, paused, offline, or a newer one; `mock`: it only
    rehearses a device. Half of the jobs wait for `wait_seconds` at most. `told` is the whole entry.
    """

    name: str
    status: str = ""
    reason: str = ""
    num_qubits: int | None = None
    simulator: bool = False
    mock: bool = False
    queue_length: int | None = None
    wait_seconds: float | None = None
    processor: str = ""
    told: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_wire(cls, entry: object) -> BackendEntry | None:
        """Parse an entry, which early versions of the API give as a name; None if unreadable.

        One that is unreadable must not hide the others.
        """
        if isinstance(entry, str):
            entry = {"name": entry}
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            return None
        status = entry.get("status")
        if not isinstance(status, dict):
            status = {"name": status} if isinstance(status, str) else {}
        return cls(
            name=entry["name"],
            status=printable(status.get("name") or "", 30).lower(),
            reason=printable(status.get("reason") or "", 200),
            num_qubits=_count(entry.get("qubits")),
            simulator=entry.get("is_simulator") is True,
            # Qiskit names its snapshots of devices like this, and IBM no device.
            mock=entry.get("class") == "mock" or entry["name"].startswith("fake_"),
            queue_length=_count(entry.get("queue_length")),
            wait_seconds=_wait(entry.get("wait_time_seconds")),
            processor=processor_name(entry.get("processor_type")),
            told=entry,
        )


def _wait(told: object) -> float | None:
    """Parse how long jobs wait: their median, or else their average."""
    if not isinstance(told, dict):
        return None
    return _seconds(told.get("p50", told.get("average")))


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of the quantum processor that an instance has used in its period, and its limit.

    `limit` is None where there is none, or none is told.
    """

    consumed: float
    limit: float | None
    exhausted: bool

    @property
    def left(self) -> float | None:
        """What is left to use; None where there is no limit."""
        return None if self.limit is None else max(0.0, self.limit - self.consumed)

    @classmethod
    def from_wire(cls, body: object) -> Usage:
        """Parse a usage; missing figures count as 0, or as unlimited."""
        told = body if isinstance(body, dict) else {}
        limits = [_seconds(told.get(f"usage_{word}_seconds")) for word in ("limit", "allocation")]
        limit = next((limit for limit in limits if limit is not None), None)
        return cls(
            consumed=_seconds(told.get("usage_consumed_seconds")) or 0.0,
            limit=limit,
            exhausted=told.get("usage_limit_reached") is True,
        )


def _seconds(value: object) -> float | None:
    """Parse a duration, which may be a string."""
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None


def processor_name(told: object) -> str:
    """Return a processor's family and revision as one name; empty if not told."""
    if isinstance(told, str):
        return printable(told, 40)
    if not isinstance(told, dict):
        return ""
    family, revision = told.get("family") or "", told.get("revision") or ""
    name = printable(f"{family} r{revision}" if family and revision else family, 40)
    segment = told.get("segment")
    return printable(f"{name} {segment}", 40) if name and segment else name


@dataclass(frozen=True, slots=True)
class Backend:
    """What planning must know of a backend.

    `max_shots` and `max_circuits` (in one job) are None where the backend does not limit them.
    `seeded`: it simulates, and takes a seed. `max_active_qubits` is set where a circuit may use
    fewer qubits than there are. `properties` is its calibration; None for a simulator.
    """

    name: str
    num_qubits: int
    simulator: bool
    max_shots: int | None
    max_circuits: int | None
    seeded: bool
    max_active_qubits: int | None
    configuration: Mapping[str, Any] = field(repr=False, compare=False)
    properties: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)

    @property
    def calibrated_at(self) -> str | None:
        """When it was last calibrated, in ISO 8601; None if not told."""
        told = (self.properties or {}).get("last_update_date")
        return told if isinstance(told, str) else None

    @classmethod
    def from_wire(cls, body: object, properties: object = None) -> Backend:
        """Parse a configuration and properties; raises Unreadable."""
        _expect(isinstance(body, dict), "a backend's configuration")
        assert isinstance(body, dict)
        name, qubits = body.get("backend_name"), body.get("n_qubits")
        known = isinstance(qubits, int) and 0 < qubits <= _MOST_QUBITS
        _expect(isinstance(name, str) and known, "a backend's name and size")
        assert isinstance(name, str)
        assert isinstance(qubits, int)
        _expect(properties is None or isinstance(properties, dict), "a backend's properties")
        rehearsal = body.get("rehearsal")
        most = rehearsal.get("max_active_qubits") if isinstance(rehearsal, dict) else None
        simulator = body.get("simulator") is True
        return cls(
            name=name,
            num_qubits=qubits,
            simulator=simulator,
            max_shots=_limit(body.get("max_shots")),
            max_circuits=_limit(body.get("max_experiments")),
            seeded=simulator or isinstance(rehearsal, dict),
            max_active_qubits=_limit(most),
            configuration=body,
            properties=properties if isinstance(properties, dict) else None,
        )


def _is_id(told: object) -> bool:
    """Return whether this can be a job's id, which is shown and part of URLs."""
    return isinstance(told, str) and bool(told) and printable(told, _LONGEST_ID) == told


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _limit(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
