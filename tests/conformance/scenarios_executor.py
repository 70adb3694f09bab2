"""The program `executor`: the client's own sampler and estimator, and quantum programs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from common import SHOTS, backend_of, bell, compiled, service_of
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit_ibm_runtime import Batch, EstimatorV2, Executor, QuantumProgram, Session
from qiskit_ibm_runtime.executor_estimator import Estimator
from qiskit_ibm_runtime.executor_sampler import Sampler
from qiskit_ibm_runtime.options_models import ExecutorOptions
from qiskit_ibm_runtime.quantum_program.params_converters import (
    QUANTUM_PROGRAM_PARAMS_CONVERTERS,
)
from samplomatic import Twirl, build

MODES: dict[str, Any] = {"batch": Batch, "dedicated": Session}


def _turning() -> QuantumCircuit:
    """Return a circuit with entanglement, and parameters whose names are not in their order."""
    circuit = QuantumCircuit(2, 2)
    circuit.rx(Parameter("b"), 1)
    circuit.rx(Parameter("a"), 0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


SWEEP = np.linspace(0.1, 2.9, 12).reshape(3, 2, 2)


def _exact(values: Any) -> list[float]:
    """Return the probabilities of outcomes 00, 01, 10 and 11 of the circuit."""
    bound = _turning().remove_final_measurements(inplace=False)
    assert bound is not None
    state = Statevector(bound.assign_parameters(values))
    return [float(p) for p in state.probabilities()]


def _twirl(options: Any, *, twirled: bool) -> None:
    options.twirling.enable_gates = twirled
    options.twirling.enable_measure = twirled


def _shares(register: Any) -> list[float]:
    counts = register.get_counts()
    return [counts.get(key, 0) / register.num_shots for key in ("00", "01", "10", "11")]


def _sampler(instance: str, backend: str, *, twirled: bool, mode: Any = None) -> Sampler:
    sampler = Sampler(mode or backend_of(instance, backend))
    _twirl(sampler.options, twirled=twirled)
    return sampler


def sample(instance: str, backend: str, twirled: bool, shots: int) -> dict[str, Any]:
    """Run a circuit and a sweep of another, and tell what exact shares theirs stand for."""
    device = backend_of(instance, backend)
    pubs = [compiled(bell(), device), (compiled(_turning(), device), SWEEP)]
    job = _sampler(instance, backend, twirled=twirled).run(pubs, shots=shots)
    first, second = job.result()
    sweep = second.data.c
    points = list(np.ndindex(*sweep.shape))
    return {
        "program": job.primitive_id,
        "status": job.status(),
        "usage": job.usage(),
        "metadata": first.metadata,
        "shape": list(sweep.shape),
        "shots": [first.data.c.num_shots, sweep.num_shots],
        "bell": _shares(first.data.c),
        "found": [_shares(sweep[point]) for point in points],
        "exact": [_exact(SWEEP[point]) for point in points],
        "again": _shares(service_of(instance).job(job.job_id()).result()[0].data.c),
    }


def sample_inside(instance: str, mode: str, backend: str, twirled: bool) -> dict[str, Any]:
    """Run two jobs in a batch or session."""
    device = backend_of(instance, backend)
    with MODES[mode](device) as opened:
        sampler = _sampler(instance, backend, twirled=twirled, mode=opened)
        jobs = [sampler.run([compiled(bell(), device)], shots=SHOTS) for _ in range(2)]
        found = [_shares(job.result()[0].data.c) for job in jobs]
    return {
        "found": found,
        "sessions": [service_of(instance).job(job.job_id()).session_id for job in jobs],
        "id": opened.session_id,
        "status": opened.status(),
    }


def _rotated(level: int) -> QuantumCircuit:
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.rz(Parameter("t"), 1)
    circuit.ry(0.7, 2)
    if level:
        circuit.cx(1, 2)
    return circuit


def estimate(
    instance: str,
    backend: str,
    precision: float,
    twirled: bool,
    mitigated: bool,
) -> dict[str, Any]:
    """Estimate a sweep's and a plain circuit's values, and tell the exact ones."""
    device = backend_of(instance, backend)
    estimator = Estimator(device)
    _twirl(estimator.options, twirled=twirled)
    estimator.options.resilience.measure_mitigation = mitigated
    observable = SparsePauliOp(["ZZI", "XXZ", "IYX", "IIZ"], [1.0, -0.5, 0.25, 2.0])
    sweep = [[0.0], [1.0], [math.pi]]
    plain = _rotated(1).assign_parameters([0.3])
    pubs = []
    for circuit, values in ((_rotated(0), sweep), (plain, None)):
        run = compiled(circuit, device)
        here = observable.apply_layout(run.layout, run.num_qubits)
        pubs.append((run, here) if values is None else (run, here, values))
    job = estimator.run(pubs, precision=precision)
    swept, alone = job.result()
    exact = [
        float(Statevector(_rotated(0).assign_parameters(v)).expectation_value(observable).real)
        for v in sweep
    ]
    exact.append(float(Statevector(plain).expectation_value(observable).real))
    return {
        "program": job.primitive_id,
        "values": [*swept.data.evs.tolist(), float(alone.data.evs)],
        "errors": [*swept.data.stds.tolist(), float(alone.data.stds)],
        "exact": exact,
    }


def quantum_program(instance: str, backend: str) -> dict[str, Any]:
    """Run a program of two items, with data of its own passed through."""
    device = backend_of(instance, backend)
    program = QuantumProgram(
        shots=SHOTS, passthrough_data={"mine": [1, "two", np.array([3.0]), None]}
    )
    program.append_circuit_item(compiled(bell(), device))
    program.append_circuit_item(compiled(_turning(), device), circuit_arguments=SWEEP)
    result = Executor(device).run(program).result()
    return {
        "shapes": [{name: list(array.shape) for name, array in item.items()} for item in result],
        "types": [str(array.dtype) for array in result[0].values()],
        "passed": [
            value.tolist() if isinstance(value, np.ndarray) else value
            for value in result.passthrough_data["mine"]
        ],
        "found": [float(result[1]["c"][i, j, :, 0].mean()) for i in range(3) for j in range(2)],
        "exact": [
            _exact(SWEEP[i, j])[1] + _exact(SWEEP[i, j])[3] for i in range(3) for j in range(2)
        ],
        "chunks": [part.size for span in result.metadata.chunk_timing for part in span.parts],
    }


def boxed(instance: str) -> list[float]:
    """Run a circuit whose box says how it is to be twirled, which is for a samplex to do."""
    circuit = QuantumCircuit(2, 2)
    with circuit.box([Twirl()]):
        circuit.x(0)
        circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    program = QuantumProgram(shots=SHOTS)
    program.append_circuit_item(circuit)
    result = Executor(backend_of(instance, "ideal_simulator")).run(program).result()
    return [float(share) for share in result[0]["c"].mean(axis=0)]


def schema_version(instance: str, backend: str, version: str) -> list[float]:
    """Send a program as a schema version has it, and return the shares of outcomes."""
    device = backend_of(instance, backend)
    program = QuantumProgram(shots=SHOTS)
    program.append_circuit_item(compiled(bell(), device))
    converter = QUANTUM_PROGRAM_PARAMS_CONVERTERS[version]
    params = converter.encoder(program, ExecutorOptions())
    job = service_of(instance)._run(
        program_id="executor",
        inputs=params.model_dump(mode="json"),
        options={"backend": device},
    )
    array = job.result()[0]["c"]
    return [float((array @ [1, 2] == outcome).mean()) for outcome in range(4)]


def dry_run_of_sampler(instance: str, backend: str) -> dict[str, Any]:
    device = backend_of(instance, backend)
    job = Sampler(device).run([compiled(bell(), device)], shots=1000, dry_run=True)
    return {"shares": _shares(job.result()[0].data.c), "backend": job.backend().name}


def decoupled(instance: str, backend: str) -> list[float]:
    """Run a circuit with decoupling, which the client puts into it."""
    device = backend_of(instance, backend)
    sampler = Sampler(device)
    sampler.options.dynamical_decoupling.enable = True
    job = sampler.run([compiled(bell(), device)], shots=SHOTS)
    return _shares(job.result()[0].data.c)


def old_estimator(instance: str, backend: str) -> None:
    device = backend_of(instance, backend)
    observable = SparsePauliOp("Z" * device.num_qubits)
    circuit = compiled(bell().remove_final_measurements(inplace=False), device)
    EstimatorV2(device).run([(circuit, observable)]).result()


def limited(instance: str, backend: str) -> dict[str, Any]:
    """Run a circuit that never ends with a limit of a second."""
    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.reset(0)
        circuit.measure(0, 0)
    sampler = Sampler(backend_of(instance, backend))
    sampler.options.max_execution_time = 1
    job = sampler.run([circuit], shots=10)
    job.wait_for_final_state()
    return {"status": job.status(), "message": job.error_message(), "usage": job.usage()}


def randomized(instance: str) -> dict[str, Any]:
    """Run a samplex of no sampler's, four times at random; its measurements are flipped, too."""
    circuit = QuantumCircuit(2, 2)
    with circuit.box([Twirl()]):
        circuit.x(0)
        circuit.cx(0, 1)
    with circuit.box([Twirl()]):
        circuit.measure([0, 1], [0, 1])
    template, samplex = build(circuit)
    program = QuantumProgram(shots=SHOTS)
    program.append_samplex_item(template, samplex=samplex, shape=(4,))
    job = Executor(backend_of(instance, "ideal_simulator")).run(program)
    return {"id": job.job_id(), "shape": list(job.result()[0]["c"].shape)}


def sampled_for_others(instance: str, backend: str, twirled: bool) -> dict[str, Any]:
    """Sample a circuit and a sweep for another client to read: the job's id, and all counts."""
    device = backend_of(instance, backend)
    pubs = [compiled(bell(), device), (compiled(_turning(), device), SWEEP)]
    job = _sampler(instance, backend, twirled=twirled).run(pubs, shots=SHOTS)
    first, second = job.result()
    sweep = second.data.c
    return {
        "id": job.job_id(),
        "counts": [
            first.data.c.get_counts(),
            *(sweep[point].get_counts() for point in np.ndindex(*sweep.shape)),
        ],
    }
