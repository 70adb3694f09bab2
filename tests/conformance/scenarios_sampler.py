"""`SamplerV2.run`, and what comes back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from common import SHOTS, SLOW_SHOTS, backend_of, bell, compiled, ghz, service_of, slow
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.classical import expr, types
from qiskit_ibm_runtime import SamplerV2, Session
from qiskit_ibm_runtime.circuit import MidCircuitMeasure


def _counts(data: Any) -> dict[str, dict[str, int]]:
    """Return the counts of each register."""
    return {name: register.get_counts() for name, register in data.items()}


def _run(instance: str, backend: str, *pubs: Any, **options: Any) -> Any:
    """Run pubs and return the result."""
    sampler = SamplerV2(backend_of(instance, backend), options=options or None)
    return sampler.run(list(pubs), shots=SHOTS).result()


def run_bell(instance: str, backend: str, **options: Any) -> dict[str, Any]:
    device = backend_of(instance, backend)
    circuit = bell() if device.configuration().simulator else compiled(bell(), device)
    job = SamplerV2(device, options=options or None).run([circuit], shots=SHOTS)
    result = job.result()
    (pub,) = result
    (span,) = result.metadata["execution"]["execution_spans"]
    return {
        "id": job.job_id(),
        "status": job.status(),
        "counts": pub.data.c.get_counts(),
        "shots": pub.data.c.num_shots,
        "bits": pub.data.c.num_bits,
        "shape": list(pub.data.shape),
        "metadata": pub.metadata["circuit_metadata"],
        "version": result.metadata["version"],
        "span": [span.pub_idxs, span.size, 0 <= span.duration < 60],
        "primitive": job.primitive_id,
    }


def run_twice(instance: str, backend: str, seed: int) -> list[dict[str, int]]:
    options = {"simulator": {"seed_simulator": seed}}
    return [run_bell(instance, backend, **options)["counts"] for _ in range(2)]


def registers(instance: str) -> dict[str, Any]:
    """Two registers and one wider than a byte, of which the first declared is the rightmost."""
    first, second = ClassicalRegister(2, "first"), ClassicalRegister(11, "second")
    circuit = QuantumCircuit(QuantumRegister(3, "q"), first, second)
    circuit.x([0, 2])
    circuit.measure([0, 1], first)
    circuit.measure(2, second[0])
    circuit.measure(2, second[10])
    (pub,) = _run(instance, "ideal_simulator", circuit)
    return {"apart": _counts(pub.data), "joined": pub.join_data().get_counts()}


def _turning() -> QuantumCircuit:
    """Return a circuit whose parameters, by name, turn qubits 0 and 1."""
    circuit = QuantumCircuit(2, 2)
    circuit.rx(Parameter("b"), 1)
    circuit.rx(Parameter("a"), 0)
    circuit.measure([0, 1], [0, 1])
    return circuit


def parameters(instance: str) -> list[dict[str, int]]:
    """A list in the order of names, and a mapping."""
    result = _run(
        instance,
        "ideal_simulator",
        (_turning(), [math.pi, 0.0]),
        (_turning(), {"b": math.pi, "a": 0.0}),
    )
    return [pub.data.c.get_counts() for pub in result]


def sweep(instance: str) -> dict[str, Any]:
    """Three points: none flipped, the first, the second."""
    values = np.array([[0.0, 0.0], [math.pi, 0.0], [0.0, math.pi]])
    (pub,) = _run(instance, "ideal_simulator", (_turning(), values))
    return {
        "shape": list(pub.data.shape),
        "counts": [pub.data.c.get_counts(point) for point in range(3)],
        "array": list(pub.data.c.array.shape),
    }


def sweep_of_two_axes(instance: str) -> dict[str, Any]:
    """Values in tables of two rows and three columns."""
    rows = np.array([[0.0], [math.pi]]) * np.ones(3)
    columns = np.array([0.0, math.pi, 0.0]) * np.ones((2, 1))
    values = {"a": rows, "b": columns}
    (pub,) = _run(instance, "ideal_simulator", (_turning(), values))
    return {
        "shape": list(pub.data.shape),
        "counts": [[pub.data.c.get_counts((a, b)) for b in range(3)] for a in range(2)],
    }


def sweep_of_a_vector(instance: str, backend: str) -> list[float]:
    """Rotations of a compiled circuit; return how often each point was found flipped."""
    device = backend_of(instance, backend)
    angles = ParameterVector("angles", 2)
    circuit = QuantumCircuit(1, 1)
    circuit.rx(angles[0] + angles[1] / 2, 0)
    circuit.measure(0, 0)
    points = np.array([[0.0, 0.0], [math.pi / 2, 0.0], [math.pi / 2, math.pi]])
    sampler = SamplerV2(device)
    (pub,) = sampler.run([(compiled(circuit, device), points)], shots=2000).result()
    return [pub.data.c.get_counts(point).get("1", 0) / 2000 for point in range(3)]


def sweep_and_its_points(instance: str, backend: str) -> list[list[dict[str, int]]]:
    """The counts of a sweep as one pub, and of its points as pubs of one row each."""
    device = backend_of(instance, backend)
    theta = Parameter("theta")
    circuit = QuantumCircuit(2, 2)
    circuit.ry(theta, 0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    if not device.configuration().simulator:
        circuit = compiled(circuit, device)
    points = [0.4, 0.9, 1.4, 1.9]
    options = {"simulator": {"seed_simulator": 77}}
    (whole,) = _run(instance, backend, (circuit, points), **options)
    apart = _run(instance, backend, *((circuit, [point]) for point in points), **options)
    return [
        [whole.data.c.get_counts(index) for index in range(len(points))],
        [pub.data.c.get_counts() for pub in apart],
    ]


def shots_of_their_own(instance: str) -> list[int]:
    sampler = SamplerV2(backend_of(instance, "ideal_simulator"))
    result = sampler.run([(bell(), None, 7), (bell(), None, 21), bell()], shots=50).result()
    return [pub.data.c.num_shots for pub in result]


def shots_by_default(instance: str) -> list[int]:
    device = backend_of(instance, "ideal_simulator")
    plain, chosen = SamplerV2(device), SamplerV2(device, options={"default_shots": 30})
    return [sampler.run([bell()]).result()[0].data.c.num_shots for sampler in (plain, chosen)]


def options_of_devices(instance: str, backend: str) -> dict[str, Any]:
    """What devices can be asked for beside the circuit."""
    device = backend_of(instance, backend)
    sampler = SamplerV2(device)
    sampler.options.dynamical_decoupling.enable = True
    sampler.options.dynamical_decoupling.sequence_type = "XY4"
    sampler.options.dynamical_decoupling.scheduling_method = "asap"
    sampler.options.twirling.enable_gates = True
    sampler.options.twirling.enable_measure = True
    sampler.options.twirling.num_randomizations = 4
    sampler.options.twirling.shots_per_randomization = 100
    sampler.options.execution.init_qubits = True
    sampler.options.execution.rep_delay = 0.00025
    sampler.options.simulator.seed_simulator = 5
    sampler.options.max_execution_time = 300
    sampler.options.environment.log_level = "INFO"
    sampler.options.environment.job_tags = ["with options"]
    job = sampler.run([compiled(bell(), device)], shots=SHOTS)
    counts = job.result()[0].data.c.get_counts()
    options = {"simulator": {"seed_simulator": 5}}
    (plain,) = _run(instance, backend, compiled(bell(), device), **options)
    return {"counts": counts, "without": plain.data.c.get_counts(), "tags": job.tags}


def kerneled(instance: str) -> str:
    options = {"execution": {"meas_type": "kerneled"}}
    _run(instance, "ideal_simulator", bell(), **options)
    return "measured"


def ghz_on(instance: str, backend: str, qubits: int) -> dict[str, int]:
    device = backend_of(instance, backend)
    (pub,) = _run(instance, backend, compiled(ghz(qubits), device, level=2))
    return pub.data.c.get_counts()


def uncompiled(instance: str, backend: str) -> str:
    _run(instance, backend, bell())
    return "sent"


def dynamic(instance: str, backend: str) -> dict[str, Any]:
    """Measure, flip what depends on it, in every kind of control flow that the target has."""
    device = backend_of(instance, backend)
    bits, more = ClassicalRegister(3, "bits"), ClassicalRegister(2, "more")
    circuit = QuantumCircuit(QuantumRegister(3, "q"), bits, more)
    circuit.x(0)
    circuit.measure(0, bits[0])
    with circuit.if_test((bits[0], 1)) as otherwise:
        circuit.x(1)
    with otherwise:
        circuit.h(1)
    with circuit.for_loop(range(3)):
        circuit.x(2)
    circuit.measure([1, 2], bits[1:])
    with circuit.switch(bits) as case:
        with case(7):
            circuit.reset(0)
        with case(case.DEFAULT):
            circuit.x(1)
    with circuit.while_loop((more[1], 0)):
        circuit.reset(1)
        circuit.x(1)
        circuit.measure(1, more[1])
    circuit.delay(160, 0)
    circuit.barrier()
    circuit.measure(0, more[0])
    if not device.configuration().simulator:
        circuit = compiled(circuit, device)
    (pub,) = _run(instance, backend, circuit)
    return _counts(pub.data)


def classical_expressions(instance: str) -> dict[str, Any]:
    """Conditions on more than one bit, which Qiskit has had since version 1."""
    bits = ClassicalRegister(3, "bits")
    circuit = QuantumCircuit(QuantumRegister(3, "q"), bits)
    circuit.x([0, 1])
    circuit.measure([0, 1], bits[:2])
    with circuit.if_test(expr.logic_not(expr.bit_xor(bits[0], bits[1]))):
        circuit.x(2)
    with circuit.if_test(expr.greater(bits, expr.lift(3, types.Uint(3)))):
        circuit.x(2)
    circuit.measure(2, bits[2])
    (pub,) = _run(instance, "ideal_simulator", circuit)
    return pub.data.bits.get_counts()


def classical_variables(instance: str) -> dict[str, int]:
    """Flip a qubit when a variable, that is stored into, has come to its value."""
    circuit = QuantumCircuit(1, 1)
    count = circuit.add_var("count", expr.lift(3, types.Uint(4)))
    circuit.store(count, expr.lift(5, types.Uint(4)))
    with circuit.if_test(expr.equal(count, 5)):
        circuit.x(0)
    circuit.measure(0, 0)
    (pub,) = _run(instance, "ideal_simulator", circuit)
    return pub.data.c.get_counts()


def stretched(instance: str) -> dict[str, int]:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.delay(circuit.add_stretch("pause"), 0)
    circuit.measure(0, 0)
    (pub,) = _run(instance, "ideal_simulator", circuit)
    return pub.data.c.get_counts()


def fractional_on(instance: str, backend: str) -> dict[str, Any]:
    """Turn one of two qubits over, by fractional gates that the target has."""
    device = service_of(instance).backend(backend, use_fractional_gates=True)
    circuit = QuantumCircuit(2, 2)
    circuit.rx(math.pi, 0)
    circuit.rzz(0.3, 0, 1)
    circuit.rx(0.2, 1)
    circuit.measure(range(2), range(2))
    ready = compiled(circuit, device)
    gates = {name: count for name, count in ready.count_ops().items() if name in {"rx", "rzz"}}
    result = SamplerV2(device).run([ready], shots=SHOTS).result()
    return {"gates": gates, "counts": result[0].data.c.get_counts()}


def measured_quickly(instance: str, backend: str) -> dict[str, int]:
    circuit = QuantumCircuit(1, 2)
    circuit.x(0)
    circuit.append(MidCircuitMeasure(), [0], [0])
    circuit.append(MidCircuitMeasure(), [0], [1])
    circuit.measure_all()
    (pub,) = _run(instance, backend, circuit)
    return pub.data.c.get_counts()


def fractional(instance: str) -> dict[str, int]:
    """Half turns by rx, and by an rzz between two Hadamards."""
    circuit = QuantumCircuit(3, 3)
    circuit.rx(math.pi, 0)
    circuit.h(1)
    circuit.x(2)
    circuit.rzz(math.pi, 1, 2)
    circuit.h(1)
    circuit.measure(range(3), range(3))
    (pub,) = _run(instance, "ideal_simulator", circuit)
    return pub.data.c.get_counts()


def delayed(instance: str, backend: str) -> list[float]:
    """Prepare 1, wait; return how often it is still found."""
    device = backend_of(instance, backend)
    pubs = []
    for microseconds in (0, 1000):
        circuit = QuantumCircuit(1, 1)
        circuit.x(0)
        circuit.delay(microseconds, 0, unit="us")
        circuit.measure(0, 0)
        pubs.append(compiled(circuit, device))
    result = SamplerV2(device).run(pubs, shots=1000).result()
    return [pub.data.c.get_counts().get("1", 0) / 1000 for pub in result]


def wide(instance: str) -> dict[str, int]:
    """Use the last two of a device's 127 qubits that are coupled."""
    device = backend_of(instance, "fake_sherbrooke")
    control, target = max(device.target["ecr"])
    circuit = QuantumCircuit(127, 2)
    circuit.x(control)
    circuit.measure([control, target], [0, 1])
    (pub,) = _run(instance, "fake_sherbrooke", circuit)
    return pub.data.c.get_counts()


def dry_run(instance: str, backend: str, session: bool = False) -> dict[str, Any]:
    """Make a dry run, and look for the job as its user would."""
    device = backend_of(instance, backend)
    circuit = bell() if device.configuration().simulator else compiled(bell(), device)
    mode = Session(device) if session else device
    job = SamplerV2(mode).run([circuit], shots=SHOTS, dry_run=True)
    (pub,) = job.result(timeout=60)
    service = service_of(instance)
    return {
        "backend": job.backend().name,
        "status": job.status(),
        "shots": pub.data.c.num_shots,
        "bits": pub.data.c.num_bits,
        "metadata": pub.metadata["circuit_metadata"],
        "session": job.session_id is not None,
        "estimate": job.usage_estimation["quantum_seconds"],
        "listed": [found.job_id() for found in service.jobs()] == [],
        "listed_with_mocks": [found.job_id() for found in service.jobs(include_mocks=True)]
        == [job.job_id()],
    }


def dry_run_uncompiled(instance: str, backend: str) -> None:
    """Have the mock itself, which the client does not check for, refuse a circuit."""
    mock = service_of(instance).backends(name=backend, include_mocks=True)[0]
    client = service_of(instance)._get_api_client(instance)
    sent = client.program_run(
        program_id="sampler",
        backend_name=mock.name,
        params={"pubs": [[bell()]], "version": 2, "support_qiskit": True},
        image=None,
        log_level=None,
        session_id=None,
    )
    service_of(instance).job(sent["id"]).result(timeout=60)


def run_for(instance: str, seconds: int) -> None:
    """Run what takes minutes, with a limit."""
    sampler = SamplerV2(backend_of(instance, "ideal_simulator"))
    sampler.options.max_execution_time = seconds
    job = sampler.run([slow()], shots=SLOW_SHOTS)
    job.result(timeout=60)


def ran_too_long(instance: str, seconds: int) -> dict[str, Any]:
    """Run what takes minutes, with a limit, and return what the job says then."""
    sampler = SamplerV2(backend_of(instance, "ideal_simulator"))
    sampler.options.max_execution_time = seconds
    job = sampler.run([slow()], shots=SLOW_SHOTS)
    job.wait_for_final_state(timeout=60, poll_interval=0.1)
    return {
        "status": job.status(),
        "errored": job.errored(),
        "cancelled": job.cancelled(),
        "message": job.error_message(),
        "usage": job.usage(),
    }
