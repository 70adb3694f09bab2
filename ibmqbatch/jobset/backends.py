"""The backends of an account: finding the one that is meant, and describing them as plain data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from ..accounts.find import account_names
from ..accounts.model import UnknownAccount
from ..clock import iso
from ..errors import Argument, Call, UsageError, Words
from ..service.endpoint import LOCAL
from ..service.errors import NotFound
from ..service.models import Backend, BackendEntry, Calibration, GateFigures, processor_name
from ..suggestions import with_suggestion
from .errors import UnknownBackend

if TYPE_CHECKING:
    from ..service.client import Client
    from ..service.endpoint import Account

__all__ = ["backend_data", "entry_data", "find_backend", "in_order"]


def find_backend(client: Client, account_name: str | None, backend_name: str | None) -> Backend:
    """Return the backend that is meant: without a name, the account's own choice.

    `account_name` is the account that the user has named. Raises UsageError, UnknownBackend,
    UnknownAccount.
    """
    account = client.account
    name = backend_name or account.default_backend
    if name is None:
        raise UsageError(
            "No backend is named.",
            Words("Give {}: {}.", Argument("backend"), ", ".join(client.backend_names())),
        )
    try:
        return client.backend(name)
    except NotFound as error:
        if name.startswith("ibm_") and account_name is None and account.name == LOCAL:
            others = [known for known in account_names() if known != LOCAL]
            raise UnknownAccount(
                f"{name} is a device of IBM Quantum, and no account of it is in use.",
                Words("Name one with {}: {}.", Argument("account"), ", ".join(others))
                if others
                else Words(
                    "Log in to one with {}, or set IBMQBATCH_TOKEN and IBMQBATCH_INSTANCE.",
                    Call("account login"),
                ),
            ) from error
        # The service on this machine knows what its rehearsals are made from.
        advice = error.hint if name.startswith("fake_") and account.name == LOCAL else ""
        known = client.backend_names()
        raise UnknownBackend(
            f"The account '{account.name}' has no backend '{name}'.",
            with_suggestion(advice or f"It has: {', '.join(known)}.", name, known),
        ) from error


def in_order(entries: Iterable[BackendEntry], own: str | None) -> list[BackendEntry]:
    """Return backends in the order in which one would choose; `own` is the account's choice.

    Those that take jobs come first, and of them the account's own choice, then short queues before
    long ones, large devices before small ones.
    """
    return sorted(
        entries,
        key=lambda entry: (
            entry.status not in {"online", ""},
            entry.name != own,
            math.inf if entry.queue_length is None else entry.queue_length,
            -(entry.num_qubits or 0),
            entry.name,
        ),
    )


def entry_data(entry: BackendEntry, account: Account, seen_at: float) -> dict[str, Any]:
    """Describe a backend of the list, as it was told at a time (epoch)."""
    kind = "simulator" if entry.simulator else "rehearsal" if entry.mock else "device"
    return {
        "name": entry.name,
        "kind": kind,
        "status": entry.status,
        "reason": entry.reason,
        "num_qubits": entry.num_qubits,
        "queue_length": entry.queue_length,
        "processor": entry.processor,
        "default": entry.name == account.default_backend,
        "seen_at": iso(seen_at),
    }


def backend_data(backend: Backend, seen_at: float | None = None) -> dict[str, Any]:
    """Describe one backend: what is known of it in short, then all that the service says.

    `seen_at` is when that was told (epoch), None where that is not known.
    """
    configuration = backend.configuration
    rehearsal = isinstance(configuration.get("rehearsal"), dict)
    properties = backend.properties
    return {
        "name": backend.name,
        "kind": "simulator" if backend.simulator else "rehearsal" if rehearsal else "device",
        "num_qubits": backend.num_qubits,
        "processor": processor_name(configuration.get("processor_type")),
        "basis_gates": [str(name) for name in _listed(configuration.get("basis_gates"))],
        "couplings": _couplings(configuration.get("coupling_map")),
        "max_shots": backend.max_shots,
        "max_circuits": backend.max_circuits,
        "max_active_qubits": backend.max_active_qubits,
        "calibrated_at": backend.calibrated_at,
        "seen_at": None if seen_at is None else iso(seen_at),
        "calibration": None if properties is None else _calibration_data(properties),
        "configuration": _finite(configuration),
        "properties": None if properties is None else _finite(properties),
    }


def _calibration_data(properties: Mapping[str, Any]) -> dict[str, Any]:
    calibration = Calibration.from_wire(properties)
    qubits = calibration.qubits
    working = [qubit for qubit in qubits if qubit.operational]
    return {
        "t1_us": _spread(qubit.t1 for qubit in working),
        "t2_us": _spread(qubit.t2 for qubit in working),
        "readout_error": _spread(qubit.readout_error for qubit in working),
        "gates": _gates_data([gate for gate in calibration.gates if gate.operational]),
        "faulty_qubits": [qubit.index for qubit in qubits if not qubit.operational],
        "faulty_gates": [
            {"gate": gate.name, "qubits": list(gate.qubits)}
            for gate in calibration.gates
            if not gate.operational
        ],
        "qubits": [
            {
                "index": qubit.index,
                "t1_us": qubit.t1,
                "t2_us": qubit.t2,
                "readout_error": qubit.readout_error,
                "operational": qubit.operational,
            }
            for qubit in qubits
        ],
    }


def _gates_data(gates: Sequence[GateFigures]) -> list[dict[str, Any]]:
    """Describe the errors of each gate. Gates of the same errors throughout share an entry.

    That is how the service tells that sx, x and id are one and the same pulse.
    """
    errors: dict[str, dict[tuple[int, ...], float]] = {}
    for gate in gates:
        # What readout errors tell already, devices of today tell as those of a gate, too.
        if gate.error is not None and gate.name != "measure":
            errors.setdefault(gate.name, {})[gate.qubits] = gate.error
    shared: dict[tuple[tuple[tuple[int, ...], float], ...], list[str]] = {}
    for name, of_qubits in errors.items():
        # A gate without any error is no pulse at all: a change of the frame.
        if any(of_qubits.values()):
            shared.setdefault(tuple(sorted(of_qubits.items())), []).append(name)
    described = [
        {
            "names": sorted(names),
            "num_qubits": len(figures[0][0]),
            "error": _spread(error for _, error in figures),
        }
        for figures, names in shared.items()
    ]
    return sorted(described, key=lambda entry: (entry["num_qubits"], entry["names"]))


def _spread(values: Iterable[float | None]) -> dict[str, Any] | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return {"median": median(known), "min": min(known), "max": max(known), "count": len(known)}


def _couplings(coupling_map: object) -> int | None:
    """Count the pairs of qubits that are coupled, in whichever direction; None: all are."""
    if not isinstance(coupling_map, list):
        return None
    pairs = [pair for pair in coupling_map if isinstance(pair, list)]
    return len({frozenset(p) for p in pairs if all(isinstance(q, int) for q in p)})


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _finite(value: Any) -> Any:
    """Return what the service said with null where it gave a number that JSON does not have."""
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
