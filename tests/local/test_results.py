"""What comes out must be what Aer, asked directly, gives for the same circuit and seed."""

from __future__ import annotations

import base64
import io
import warnings
import zlib
from collections import Counter
from typing import Any

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Terra and Aer warn about each other
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm3, transpile
    from qiskit.circuit import Clbit, Parameter
    from qiskit.circuit.library import QFT
    from qiskit_aer import AerSimulator

from ibmqbatch.local.worker.simulation import mix_seed

from .support import Client, array, bell, encode, samples


def seeded(seed: int, **params: Any) -> dict[str, Any]:
    return {"options": {"simulator": {"seed_simulator": seed}}, **params}


def counts(client: Client, circuit: QuantumCircuit, shots: int = 400, seed: int = 5) -> Any:
    """Run a circuit and join the registers as Qiskit does: the first declared is rightmost."""
    result = client.run([encode(circuit), None, shots], params=seeded(seed))
    registers = list(result["results"][0]["data"].items())
    assert [name for name, _ in registers] == [register.name for register in circuit.cregs]
    rows = zip(*(register["samples"] for _, register in registers), strict=True)
    widths = [register["num_bits"] for _, register in registers]
    return Counter(
        " ".join(f"{int(v, 16):0{w}b}" for v, w in reversed(list(zip(row, widths, strict=True))))
        for row in rows
    )


def direct(circuit: QuantumCircuit, shots: int = 400, seed: int = 5) -> Any:
    """Run a circuit on Aer with the seed that the service gives to the first pub."""
    simulator = AerSimulator(method="statevector", enable_truncation=False)
    job = simulator.run(circuit, shots=shots, seed_simulator=mix_seed(seed))
    return job.result().get_counts()


def random_rotations(circuit: QuantumCircuit) -> None:
    for qubit in range(circuit.num_qubits):
        circuit.ry(0.7 + qubit, qubit)


def test_counts_are_those_of_aer(client: Client) -> None:
    circuit = QuantumCircuit(3, 3)
    random_rotations(circuit)
    circuit.cx(0, 2)
    circuit.measure(range(3), range(3))
    assert counts(client, circuit) == direct(circuit)


def test_several_registers_keep_apart(client: Client) -> None:
    circuit = QuantumCircuit(
        QuantumRegister(4), ClassicalRegister(3, "zz"), ClassicalRegister(1, "aa")
    )
    random_rotations(circuit)
    circuit.measure([0, 1, 2, 3], [3, 0, 2, 1])
    assert counts(client, circuit) == direct(circuit)


def test_registers_may_share_bits_and_leave_some_out(client: Client) -> None:
    bits = [Clbit() for _ in range(3)]
    circuit = QuantumCircuit(QuantumRegister(1))
    circuit.add_bits(bits)
    circuit.add_register(ClassicalRegister(name="low", bits=[bits[2], bits[0]]))
    circuit.add_register(ClassicalRegister(name="high", bits=[bits[0]]))
    circuit.x(0)
    circuit.measure(0, bits[0])
    data = client.run([encode(circuit), None, 1])["results"][0]["data"]
    assert data == {
        "low": {"samples": ["0x2"], "num_bits": 2},
        "high": {"samples": ["0x1"], "num_bits": 1},
    }


def test_mid_circuit_measurement_and_reset(client: Client) -> None:
    circuit = QuantumCircuit(2, 4)
    for bit in range(4):
        circuit.h(0)
        circuit.cx(0, 1)
        circuit.measure(0, bit)
        circuit.reset(0)
    assert counts(client, circuit) == direct(circuit)


def test_control_flow(client: Client) -> None:
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)) as otherwise:
        circuit.x(1)
    with otherwise:
        circuit.h(1)
    with circuit.for_loop(range(3)):
        circuit.x(2)
    circuit.measure(1, 1)
    circuit.measure(2, 2)
    found = counts(client, circuit)
    assert found == direct(circuit)
    assert set(found) == {"111", "110", "100"}


def test_a_condition_on_a_register(client: Client) -> None:
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(2, "a"), ClassicalRegister(1))
    circuit.h(0)
    circuit.measure(0, 1)
    circuit.x(1).c_if(circuit.cregs[0], 2)
    circuit.measure(1, 2)
    found = counts(client, circuit)
    assert set(found) == {"1 10", "0 00"}
    assert found == direct(circuit)


def test_a_measurement_inside_control_flow_that_comes_last(client: Client) -> None:
    circuit = QuantumCircuit(10, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(3)
        circuit.measure(3, 1)
    assert counts(client, circuit) == {"11": 400}


def test_a_measurement_never_reached_leaves_zeros(client: Client) -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    with circuit.if_test((1, 1)):
        circuit.measure(0, 0)
    assert counts(client, circuit) == {"00": 400}


def test_idle_qubits_cost_nothing(client: Client) -> None:
    circuit = QuantumCircuit(127, 2)
    circuit.barrier()
    circuit.x(126)
    circuit.measure([126, 3], [0, 1])
    assert counts(client, circuit) == {"01": 400}
    with circuit.if_test((0, 1)):
        circuit.x(3)
    circuit.barrier()
    circuit.measure(3, 1)
    assert counts(client, circuit) == {"11": 400}


def test_gates_that_aer_does_not_know_are_defined_away(client: Client) -> None:
    inner = QuantumCircuit(2, name="mine")
    inner.h(0)
    inner.append(QFT(2).to_gate(), [0, 1])
    circuit = QuantumCircuit(2, 2)
    circuit.append(inner.to_gate(), [0, 1])
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.append(inner.to_gate(), [0, 1])
    circuit.measure([0, 1], [0, 1])
    plain = transpile(circuit, basis_gates=["h", "cp", "swap", "if_else"], optimization_level=0)
    assert counts(client, circuit) == direct(plain)


def test_unknown_gates_are_defined_away_inside_loops(client: Client) -> None:
    inner = QuantumCircuit(1, name="mine")
    inner.x(0)
    circuit = QuantumCircuit(2, 2)
    with circuit.for_loop(range(5)):
        circuit.append(inner.to_gate(), [0])
        circuit.measure(0, 0)
        with circuit.if_test((0, 1)):
            circuit.x(1)
            circuit.break_loop()
        circuit.x(1)
    circuit.measure(1, 1)
    assert counts(client, circuit) == {"11": 400}


def test_equal_circuits_of_one_job_differ_and_the_seed_repeats_them(client: Client) -> None:
    pubs = [[bell(), None, 200]] * 2
    first, again = (client.run(*pubs, params=seeded(7)) for _ in range(2))
    assert samples(first, 0) == samples(again, 0)
    assert samples(first, 1) == samples(again, 1)
    assert samples(first, 0) != samples(first, 1)


def test_a_pub_depends_on_seed_plus_index_alone(client: Client) -> None:
    pub = [bell(), None, 200]
    job = client.run(pub, pub, pub, params=seeded(40))
    for index in range(3):
        assert samples(job, index) == samples(client.run(pub, params=seeded(40 + index)))


def test_without_a_seed_every_run_is_new(client: Client) -> None:
    pub = [bell(), None, 200]
    assert samples(client.run(pub)) != samples(client.run(pub))


@pytest.mark.parametrize(
    ("pub_shots", "params", "expected"),
    [
        (5, {"shots": 6, "options": {"default_shots": 7}}, 5),
        (None, {"shots": 6, "options": {"default_shots": 7}}, 6),
        (None, {"options": {"default_shots": 7}}, 7),
        (None, {}, 4096),
    ],
)
def test_shots_are_the_pubs_then_the_jobs_then_the_default(
    client: Client, pub_shots: int | None, params: dict[str, Any], expected: int
) -> None:
    result = client.run([bell(), None, pub_shots], params=params)
    assert len(samples(result)) == expected


def test_the_plain_form(client: Client) -> None:
    result = client.run([bell(), None, 3], [bell(), None, 2])
    assert list(result) == ["results", "metadata"]
    assert len(result["results"]) == 2
    assert result["results"][0]["metadata"] == {"circuit_metadata": {"kind": "bell"}}
    assert set(samples(result)) <= {"0x0", "0x3"}
    assert result["metadata"]["version"] == 2
    first, second = result["metadata"]["execution"]["execution_spans"]
    assert first[2] == {"0": [[3], [0, 1], [0, 3]]}
    assert second[2] == {"1": [[2], [0, 1], [0, 2]]}
    assert first[0]["date"] <= first[1]["date"] <= second[0]["date"]


def test_the_typed_form(client: Client) -> None:
    plain = client.run([bell(), None, 50], params=seeded(3))
    result = client.run([bell(), None, 50], params=seeded(3, support_qiskit=True))
    assert result["__type__"] == "PrimitiveResult"
    (pub,) = result["__value__"]["pub_results"]
    assert pub["__type__"] == "SamplerPubResult"
    assert pub["__value__"]["metadata"] == {"circuit_metadata": {"kind": "bell"}}
    data = pub["__value__"]["data"]
    assert data["__type__"] == "DataBin"
    register = data["__value__"]["fields"].pop("c")
    assert data["__value__"] == {
        "field_names": ["c"],
        "field_types": [],
        "shape": [],
        "fields": {},
    }
    assert register["__type__"] == "BitArray"
    assert register["__value__"]["num_bits"] == 2
    packed = array(register["__value__"]["array"])
    assert (packed.dtype, packed.shape) == (np.uint8, (50, 1))
    assert [hex(row[0]) for row in packed] == samples(plain)
    spans = result["__value__"]["metadata"]["execution"]["execution_spans"]
    assert spans["__type__"] == "ExecutionSpans"
    (span,) = spans["__value__"]["spans"]
    assert span["__type__"] == "DoubleSliceSpan"
    assert span["__value__"]["data_slices"] == {"0": [[50], 0, 1, 0, 50]}
    assert span["__value__"]["start"]["__type__"] == "datetime"


def test_wide_registers_are_packed_big_endian(client: Client) -> None:
    circuit = QuantumCircuit(1, 11)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.measure(0, 10)
    pub = [encode(circuit), None, 2]
    assert samples(client.run(pub)) == ["0x401", "0x401"]
    typed = client.run(pub, params={"support_qiskit": True})
    fields = typed["__value__"]["pub_results"][0]["__value__"]["data"]["__value__"]["fields"]
    assert array(fields["c"]["__value__"]["array"]).tolist() == [[4, 1], [4, 1]]


def swept() -> dict[str, str]:
    """Return a circuit with parameters b, a that flips qubit 0 by a and qubit 1 by b."""
    circuit = QuantumCircuit(2, 2)
    circuit.rx(Parameter("b"), 1)
    circuit.rx(Parameter("a"), 0)
    circuit.measure([0, 1], [0, 1])
    return encode(circuit)


def npy(values: Any) -> dict[str, str]:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(values))
    text = base64.b64encode(zlib.compress(buffer.getvalue())).decode()
    return {"__type__": "ndarray", "__value__": text}


@pytest.mark.parametrize(
    "values",
    [
        {"a": np.pi, "b": 0},
        [np.pi, 0],
        npy([np.pi, 0.0]),
        {"__type__": "ndarray", "__value__": [np.pi, 0]},
        {"a": npy(np.pi), "b": 0},
    ],
    ids=["dict", "list", "ndarray", "nested list", "dict of ndarray"],
)
def test_parameter_values_in_all_their_forms(client: Client, values: Any) -> None:
    assert samples(client.run([swept(), values, 2])) == ["0x1", "0x1"]


@pytest.mark.parametrize(
    "values",
    [
        [[0, 0], [np.pi, 0], [0, np.pi]],
        {"a": [0, np.pi, 0], "b": [0, 0, np.pi]},
        npy([[0, 0], [np.pi, 0], [0, np.pi]]),
    ],
    ids=["list", "dict", "ndarray"],
)
def test_leading_axes_are_a_sweep(client: Client, values: Any) -> None:
    assert samples(client.run([swept(), values, 2])) == [
        ["0x0", "0x0"],
        ["0x1", "0x1"],
        ["0x2", "0x2"],
    ]


def test_a_sweep_of_two_axes_in_the_typed_form(client: Client) -> None:
    values = {"a": [[0], [np.pi]], "b": [0, np.pi, 0]}
    result = client.run([swept(), values, 4], params={"support_qiskit": True})
    data = result["__value__"]["pub_results"][0]["__value__"]["data"]["__value__"]
    assert data["shape"] == [2, 3]
    packed = array(data["fields"]["c"]["__value__"]["array"])
    assert packed.shape == (2, 3, 4, 1)
    assert packed[..., 0, 0].tolist() == [[0, 2, 0], [1, 3, 1]]
    span = result["__value__"]["metadata"]["execution"]["execution_spans"]["__value__"]["spans"][0]
    assert span["__value__"]["data_slices"] == {"0": [[2, 3, 4], 0, 6, 0, 4]}


def test_points_of_a_sweep_are_seeded_apart(client: Client) -> None:
    half = [[np.pi / 2, 0]] * 2
    first, second = samples(client.run([swept(), half, 100], params=seeded(1)))
    assert first != second


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        [0.1],
        [[0.1, 0.2, 0.3]],
        [[0, 1], [0]],
        [["x", "y"]],
        [None, 0],
        {"a": 1},
        {"a": 1, "b": 1, "c": 1},
        {"a": "x", "b": 0},
        {"a": [0, 1], "b": [0, 1, 2]},
        npy([1j, 0]),
        {"__type__": "ndarray", "__value__": "?"},
    ],
    ids=str,
)
def test_values_that_do_not_fit_fail_the_job(client: Client, values: Any) -> None:
    state = client.fail([bell(), None, 1], [swept(), values, 1])
    assert state["reason"].startswith("Pub 1: ")
    assert state["reason_code"] == 3211


def failing(name: str) -> Any:
    circuit = QuantumCircuit(2, 2)
    if name == "measures nothing":
        circuit.h(0)
        return encode(circuit)
    if name == "no classical register":
        return encode(QuantumCircuit(2))
    newer = bytearray(zlib.decompress(base64.b64decode(bell()["__value__"])))
    newer[6] = 99
    blob = {
        "QPY version 99": bytes(newer),
        "is not QPY": b"something else",
        "QPY cannot be read": bytes(newer[:6]) + b"\x0a" + bytes(newer[7:60]),
    }[name]
    text = base64.b64encode(zlib.compress(blob)).decode()
    return {"__type__": "QuantumCircuit", "__value__": text}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("measures nothing", 3211),
        ("no classical register", 3211),
        ("QPY version 99", 1603),
        ("is not QPY", 1603),
        ("QPY cannot be read", 1603),
    ],
)
def test_a_circuit_that_cannot_run_fails_with_a_sentence(
    client: Client, name: str, code: int
) -> None:
    job_id = client.submit([bell(), None, 1], [failing(name), None, 1])
    state = client.wait(job_id)["state"]
    assert state["status"] == "Failed"
    assert state["reason"].startswith("Pub 1: ")
    assert name in state["reason"]
    assert "\n" not in state["reason"]
    assert state["reason_code"] == code
    assert client.get(f"/jobs/{job_id}/results").status_code == 204
    assert "Traceback" in client.get(f"/jobs/{job_id}/logs").text


def test_bare_base64_is_taken_for_a_program(client: Client) -> None:
    assert client.fail([bell()["__value__"]])["reason_code"] == 1603


def test_openqasm_3_runs_or_says_what_is_missing(client: Client) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    text = qasm3.dumps(circuit)
    job = client.wait(client.submit([text, None, 2]))
    if job["status"] == "Completed":
        assert client.fail([text + "nonsense;", None, 2])["reason_code"] == 1506
    else:
        assert "qiskit-qasm3-import" in job["state"]["reason"]
        assert job["state"]["reason_code"] == 1603


def test_too_many_executions_fail_and_the_limit_is_named(client: Client) -> None:
    state = client.fail(*([[bell(), None, 1_000_000]] * 11))
    assert "10000000" in state["reason"]
    assert state["reason_code"] == 1520


def test_more_shots_than_the_backend_takes_fail(client: Client) -> None:
    assert client.fail([bell(), None, 1_000_001])["reason_code"] == 1520


@pytest.mark.parametrize(
    "options", [{"simulator": {"noise_model": {}}}, {"execution": {"meas_type": "kerneled"}}]
)
def test_what_an_ideal_simulator_cannot_do_fails(client: Client, options: dict[str, Any]) -> None:
    assert client.fail([bell()], params={"options": options})["reason_code"] == 1521
