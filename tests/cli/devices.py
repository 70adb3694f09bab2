"""A device of the tests' own, some of whose figures are missing."""

from __future__ import annotations

DEVICE = {
    "backend_name": "ibm_odd",
    "n_qubits": 156,
    "simulator": False,
    "basis_gates": ["cz", "rz", "sx", "x"],
    "coupling_map": [[n, n + 1] for n in range(155)],
    "max_shots": 100000,
    "max_experiments": 300,
    "processor_type": {"family": "Heron", "revision": "2"},
}


def figures(number: int) -> list[dict[str, object]]:
    if number == 7:
        return [{"name": "operational", "value": 0}]
    if number == 8:
        return []
    return [
        {"name": "T1", "unit": "us", "value": 100.0 + number},
        {"name": "readout_error", "unit": "", "value": 0.001 * (1 + number)},
    ]


PROPERTIES = {
    "last_update_date": "2026-11-20T08:00:00Z",
    "qubits": [figures(number) for number in range(156)],
    "gates": [
        {
            "gate": "cz",
            "qubits": [n, n + 1],
            "parameters": [{"name": "gate_error", "value": 1.0 if n == 3 else 0.002}],
        }
        for n in range(155)
    ],
}
