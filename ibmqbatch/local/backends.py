"""The backends, in one table: what the API says of each, and how a worker runs jobs on it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from .. import __version__
from .snapshots import MAX_SHOTS, REHEARSALS, Snapshot, find_snapshots

__all__ = ["Backend", "BackendTable", "mock_name"]

# What Aer's state vector method runs without help, and how many parameters each gate has: None
# where that depends on the number of qubits. Written out because the process that serves does not
# import Aer; a test holds it against Aer's own list.
_GATES: dict[int | None, str] = {
    0: "ccx ccz cswap csx cx cy cz ecr h id mcswap mcsx mcx mcx_gray mcy mcz "
    "s sdg swap sx sxdg t tdg x y z",
    1: "cp crx cry crz cu1 mcp mcphase mcrx mcry mcrz mcu1 p rx rxx ry ryy rz rzx rzz u1",
    2: "cu2 mcr mcu2 r u2",
    3: "cu3 mcu3 u u3",
    4: "cu mcu",
    None: "diagonal initialize multiplexer pauli unitary",
}
_BASIS_GATES = {name: count for count, names in _GATES.items() for name in names.split()}
_OTHER_INSTRUCTIONS = (
    "measure",
    "reset",
    "delay",
    "barrier",
    "if_else",
    "while_loop",
    "for_loop",
    "switch_case",
    "break_loop",
    "continue_loop",
    "box",
    "store",
)
_MAX_QUBITS = 1000  # of a circuit that needs no state vector
_STATE_VECTOR_LIMIT = 50  # qubits; beyond it an amplitude's index no longer fits the simulator


# Where a density matrix is too large, a rehearsal is simulated shot by shot. That takes 80 s on one
# core for 16 qubits in a line and 4096 shots; each further qubit doubles it.
_MAX_ACTIVE_QUBITS = 16
# The share of the memory that a job on a rehearsal may take just to be quicker.
_DENSITY_MATRIX_SHARE = 4


class Backend:
    """One backend. The description of a device is read when it is first needed.

    `worker` goes to the worker process with each job on the backend: its kind and settings.
    `outline` reads as much of the configuration as a list of backends shows, where that is cheaper.
    The mock of a backend checks jobs as the backend does, and returns random bits.
    """

    def __init__(
        self,
        name: str,
        worker: Mapping[str, Any],
        configuration: Callable[[], Mapping[str, Any]],
        properties: Callable[[], Mapping[str, Any] | None],
        outline: Callable[[], Mapping[str, Any]] | None = None,
        *,
        is_mock: bool = False,
    ) -> None:
        self.name = name
        self._is_mock = is_mock
        self.worker = {"name": name, **worker}
        self._read_outline = outline or configuration
        self._read_configuration = configuration
        self._read_properties = properties

    @cached_property
    def configuration(self) -> Mapping[str, Any]:
        """The configuration, as the API has it."""
        return self._read_configuration()

    @cached_property
    def properties(self) -> Mapping[str, Any] | None:
        """The calibration, as the API has it; None for a simulator."""
        return self._read_properties()

    @cached_property
    def device(self) -> bytes | None:
        """The description of the device for a worker, as JSON; None for a simulator."""
        if self.properties is None:
            return None
        told = {"configuration": self.configuration, "properties": self.properties}
        return json.dumps(told, separators=(",", ":")).encode()

    @cached_property
    def _outline(self) -> Mapping[str, Any]:
        return self._read_outline()

    @property
    def version(self) -> str:
        """The version of the backend's description."""
        return str(self.configuration["backend_version"])

    def entry(self, queue_length: int) -> dict[str, Any]:
        """Return the backend's entry in the list of all."""
        return {
            "name": self.name,
            "status": {"name": "online", "reason": "available"},
            "is_simulator": self._outline["simulator"],
            "qubits": self._outline["n_qubits"],
            "processor_type": self._outline["processor_type"],
            "queue_length": queue_length,
            "performance_metrics": {},
            **({"class": "mock"} if self._is_mock else {}),
        }

    def mock(self) -> Backend:
        """Return the mock of this backend."""
        name = mock_name(self.name)

        def renamed(document: Mapping[str, Any]) -> dict[str, Any]:
            # The limits of simulations do not apply to mocks.
            kept = {key: value for key, value in document.items() if key != "rehearsal"}
            return {**kept, "backend_name": name}

        return Backend(
            name,
            {**self.worker, "name": name, "mock": True},
            lambda: renamed(self.configuration),
            lambda: None if self.properties is None else renamed(self.properties),
            lambda: self._outline,
            is_mock=True,
        )


def mock_name(name: str) -> str:
    """Return the name that IBM's client gives to a backend's mock."""
    return re.sub(r"^[^_]+", "mock", name)


def _ideal_simulator(memory: int) -> Backend:
    name = "ideal_simulator"
    # A state vector has 2**n amplitudes of 16 bytes.
    vector = max(1, min((memory // 16).bit_length() - 1, _STATE_VECTOR_LIMIT))
    shots = 1_000_000
    configuration = {
        "backend_name": name,
        "backend_version": __version__,
        "description": (
            "An ideal simulator: no noise, all qubits connected. Any circuit of up to "
            f"{vector} qubits, as a state vector; Clifford circuits and those of little "
            f"entanglement of up to {_MAX_QUBITS}."
        ),
        "n_qubits": _MAX_QUBITS,
        "processor_type": {"family": "Simulator", "revision": "1"},
        "basis_gates": sorted(_BASIS_GATES),
        "supported_instructions": [*sorted(_BASIS_GATES), *_OTHER_INSTRUCTIONS],
        # Without coupling_map an entry applies to any qubits.
        "gates": [
            {"name": gate, "parameters": [f"p{i}" for i in range(count or 0)], "qasm_def": ""}
            for gate, count in sorted(_BASIS_GATES.items())
        ],
        "coupling_map": None,
        "local": False,
        "simulator": True,
        "conditional": True,
        "open_pulse": False,
        "memory": True,
        "max_shots": shots,
        "max_experiments": 300,
        "online_date": "2026-11-01T00:00:00Z",
    }
    # A simulator was never calibrated.
    worker = {
        "kind": "ideal",
        "max_shots": shots,
        "memory": memory,
        "vector_qubits": vector,
        "max_qubits": _MAX_QUBITS,
    }
    return Backend(name, worker, lambda: configuration, lambda: None)


def _rehearsal(snapshot: Snapshot, memory: int) -> Backend:
    active = max(1, min((memory // 16).bit_length() - 1, _MAX_ACTIVE_QUBITS))
    worker = {
        "kind": "rehearsal",
        "max_shots": MAX_SHOTS,
        "max_active_qubits": active,
        "density_matrix_bytes": memory // _DENSITY_MATRIX_SHARE,
    }
    return Backend(
        snapshot.name,
        worker,
        lambda: snapshot.configuration(active),
        snapshot.properties,
        snapshot.outline,
    )


class BackendTable(Mapping[str, Backend]):
    """The backends by name, without their mocks; `memory` is the limit of simulations, in bytes.

    Rehearsals need the data of their devices, from an installed package. While there are none they
    are looked for at each access, as a user may follow the advice to install one.
    """

    def __init__(self, memory: int) -> None:
        self._memory = memory
        ideal = _ideal_simulator(memory)
        self._backends = {ideal.name: ideal}
        self._mocks: dict[str, Backend] = {}

    def _looked_up(self) -> dict[str, Backend]:
        if len(self._backends) == 1 and (found := find_snapshots()):
            rehearsals = {name: _rehearsal(each, self._memory) for name, each in found.items()}
            self._backends = {**self._backends, **rehearsals}
        return self._backends

    def __getitem__(self, name: str) -> Backend:
        return self._looked_up()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._looked_up())

    def __len__(self) -> int:
        return len(self._looked_up())

    @property
    def mocks(self) -> Mapping[str, Backend]:
        """The mocks of all backends, by their names."""
        if len(self._mocks) < len(self):
            self._mocks = {mock.name: mock for mock in (each.mock() for each in self.values())}
        return self._mocks

    def find(self, name: str) -> Backend | None:
        """Return a backend or a mock; None for an unknown name."""
        return self.get(name) or self.mocks.get(name)

    def is_simulator(self, name: str) -> bool:
        """Return whether this is a backend without a device."""
        backend = self.get(name)
        return backend is not None and backend.device is None

    def advice(self, name: str) -> str:
        """Return what to do about an unknown backend."""
        here = f"The backends here are: {', '.join(self)}."
        if not name.startswith("fake_"):
            return here
        if len(self) == 1:
            return (
                "Devices are rehearsed from the data of a package that is not installed: "
                "pip install 'ibmqbatch[qiskit]', or 'ibmqbatch[terra]' where Qiskit is Terra 0.46."
            )
        if name in REHEARSALS:
            return (
                "Its data come with qiskit-ibm-runtime, for Qiskit 2: "
                f"pip install 'ibmqbatch[qiskit]'. {here}"
            )
        return here
