"""What a job holds and gives, as Qiskit's objects: its circuits, options, result and failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..circuits._qiskit import free_parameters
from ..errors import IbmqbatchError
from ..jobset.inspect import load_circuit_of, shapes_of
from ..jobset.results import read_results
from ._qiskit import as_qobj, has_qobj
from .qiskit_results import experiment_result, qiskit_result

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.qobj import QasmQobj
    from qiskit.result import Result

    from ..manifest.manifest import Manifest
    from ..manifest.records import CircuitRecord, SetRecord
    from .views import JobFacts, SetView

__all__ = [
    "circuits_of",
    "client_version_in",
    "failure_of",
    "failure_text",
    "header_in",
    "header_of",
    "options_of",
    "qobj_of",
    "result_of",
]

_LEVELS = {"kerneled": (1, "single"), "avg_kerneled": (1, "avg")}


def result_of(view: SetView, backend_name: str) -> Result:
    """Return a job's results, which are here, as one `Result`."""
    with view.handle.open() as manifest:
        record, job = manifest.job_set(), manifest.job(view.index)
        assert job is not None
        assert job.remote is not None
        indexes = range(job.first_circuit, job.last_circuit + 1)
        shapes = shapes_of(manifest, job.first_circuit, job.last_circuit)
        experiments = [
            experiment_result(found, shapes[found.index - job.first_circuit])
            for found in read_results(manifest, indexes, repeat=job.repeat)
        ]
        return qiskit_result(
            backend_name=backend_name,
            job_id=job.remote.id,
            experiments=experiments,
            date=job.remote.finished_at,
            header=header_in(record),
            client_version=client_version_in(record),
        )


def failure_of(facts: JobFacts) -> str:
    """Return why a job failed, with the service's code and advice, as far as it told."""
    return failure_text(facts.reason, facts.solution, facts.code)


def failure_text(reason: str, solution: str, code: int | None) -> str:
    """Return why a job failed, in sentences, from what the service told."""
    reason = reason.strip() or "Unknown error."
    text = reason if reason.endswith((".", "!", "?")) else f"{reason}."
    if solution and solution not in text:
        text = f"{text} {solution}"
    # What a refusal says names its code already.
    return text if code is None or f"code {code}" in text else f"{text} Error code: {code}."


def circuits_of(view: SetView) -> list[QuantumCircuit]:
    """Return a job's circuits as they were given, or as they were sent where that was not kept.

    Those of a sweep have their values. None of them where one cannot be read.
    """
    with view.handle.open() as manifest:
        job = manifest.job(view.index)
        assert job is not None
        records = manifest.circuits()[job.first_circuit : job.last_circuit + 1]
        try:
            return [_circuit(manifest, record) for record in records]
        except IbmqbatchError:
            return []


def _circuit(manifest: Manifest, record: CircuitRecord) -> QuantumCircuit:
    program = manifest.program(record.index)
    assert program is not None
    try:
        circuit = load_circuit_of(manifest, record, compiled=not program.given)
        # A row of values is in the metadata by the parameters' names.
        parameters = free_parameters(circuit)
        values = {p: record.metadata.get(p.name) for p in parameters}
    except IbmqbatchError:
        if not program.given:
            raise
        circuit = load_circuit_of(manifest, record, compiled=True)
        parameters, values = free_parameters(circuit), {}
    if parameters and any(not isinstance(v, int | float) for v in values.values()):
        values = dict(zip(parameters, program.values or (), strict=False))
    if values:
        circuit = circuit.assign_parameters(values)
    circuit.name = record.name
    circuit.metadata = dict(record.metadata)
    return circuit


def header_of(view: SetView) -> dict[str, Any]:
    """Return the header that was given with a job; empty where there was none."""
    return dict(header_in(view.handle.record()))


def header_in(record: SetRecord) -> Mapping[str, Any]:
    """Return the header that was given with a set; empty where there was none."""
    return _mapping(record.run_config.get("header"))


def client_version_in(record: SetRecord) -> Mapping[str, str]:
    """Return the versions of what has planned a set, by name; empty where that is not told."""
    return _mapping(record.run_config.get("client_version"))


def options_of(view: SetView) -> dict[str, Any]:
    """Return how a job is run, by the names that `IBMQBackend.run` has for it."""
    record = view.handle.record()
    execution = _mapping(record.options.get("execution"))
    level, returned = _LEVELS.get(str(execution.get("meas_type")), (2, "single"))
    options = {
        "shots": record.shots,
        "memory": record.run_config.get("memory", True),
        "meas_level": level,
        "meas_return": returned,
        "init_qubits": execution.get("init_qubits", True),
    }
    if "rep_delay" in execution:
        options["rep_delay"] = execution["rep_delay"]
    if "simulator" in record.options and record.seed is not None:
        options["seed_simulator"] = record.seed
    others = {k: v for k, v in record.options.items() if k not in {"execution", "simulator"}}
    return {**options, **({"options": others} if others else {})}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def qobj_of(view: SetView, job_id: str) -> QasmQobj | None:
    """Return a job's circuits as a Qobj; None where they cannot be one, or Qiskit has none."""
    if not has_qobj():
        return None
    return as_qobj(circuits_of(view), job_id, header_of(view), options_of(view))
