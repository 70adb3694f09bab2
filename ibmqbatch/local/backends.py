"""The backends, in one table: what the API says of each, and how a worker runs jobs on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import __version__

__all__ = ["Backend", "backend_table"]

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
)
_STATE_VECTOR_LIMIT = 50  # qubits; beyond it an amplitude's index no longer fits the simulator


@dataclass(frozen=True, slots=True)
class Backend:
    """One backend.

    `worker` is handed to the worker process as it is: the name of a simulation method there, and
    what that method needs to know.
    """

    name: str
    configuration: Mapping[str, Any]
    properties: Mapping[str, Any] | None
    worker: Mapping[str, Any]

    @property
    def version(self) -> str:
        """The version of the backend's description."""
        return str(self.configuration["backend_version"])

    def entry(self, queue_length: int) -> dict[str, Any]:
        """Return the backend's entry in the list of all."""
        return {
            "name": self.name,
            "status": {"name": "online", "reason": "available"},
            "is_simulator": self.configuration["simulator"],
            "qubits": self.configuration["n_qubits"],
            "processor_type": {"family": "Simulator", "revision": "1"},
            "queue_length": queue_length,
            "performance_metrics": {},
        }


def _ideal_simulator(memory: int) -> Backend:
    name = "ideal_simulator"
    # A state vector has 2**n amplitudes of 16 bytes.
    qubits = max(1, min((memory // 16).bit_length() - 1, _STATE_VECTOR_LIMIT))
    shots = 1_000_000
    return Backend(
        name=name,
        configuration={
            "backend_name": name,
            "backend_version": __version__,
            "description": "An ideal state vector simulator: no noise, all qubits connected.",
            "n_qubits": qubits,
            "basis_gates": sorted(_BASIS_GATES),
            "supported_instructions": [*sorted(_BASIS_GATES), *_OTHER_INSTRUCTIONS],
            # Without coupling_map an entry holds for any qubits.
            "gates": [
                {
                    "name": gate,
                    "parameters": [f"p{i}" for i in range(count or 0)],
                    "qasm_def": "",
                }
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
        },
        # A simulator was never calibrated.
        properties=None,
        worker={"kind": "ideal", "max_shots": shots},
    )


def backend_table(memory: int) -> dict[str, Backend]:
    """Return the backends by name; `memory` is what simulations may use, in bytes."""
    return {backend.name: backend for backend in (_ideal_simulator(memory),)}
