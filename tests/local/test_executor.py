"""The program `executor`, without IBM's client: what it takes, what it gives, what it refuses."""

from __future__ import annotations

import base64
import importlib.util
import io
import warnings
import zlib
from collections import Counter
from typing import Any

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from qiskit import QuantumCircuit, qpy
    from qiskit.circuit import Parameter

from ibmqbatch.local.backends import BackendTable
from ibmqbatch.local.worker.backends import Backends
from ibmqbatch.local.worker.errors import JobError
from ibmqbatch.local.worker.executor import ExecutorJob
from tests.support.service import Client

from .support import bell, encode, error, joined_counts, seeded

NATIVE = "OPENQASM 3.0; include 'stdgates.inc'; bit[1] c; x $0; c[0] = measure $0;".replace(
    "'", '"'
)


def packed(data: bytes, version: str = "v2.0") -> str:
    """Return bytes as a schema version has them."""
    return base64.b64encode(zlib.compress(data) if version == "v2.0" else data).decode()


def tensor(values: Any, version: str = "v2.0") -> dict[str, Any]:
    """Return numbers as a tensor."""
    array = np.asarray(values, "<f8")
    return {"data": packed(array.tobytes(), version), "shape": list(array.shape), "dtype": "f64"}


def bits(told: dict[str, Any], version: str = "v2.0") -> Any:
    """Return the array of a tensor of truth values."""
    assert told["dtype"] == "bool"
    data = base64.b64decode(told["data"])
    data = zlib.decompress(data) if version == "v2.0" else data
    size = int(np.prod(told["shape"]))
    flat = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    assert len(flat) - size in range(8)
    return flat[:size].reshape(told["shape"])


def file_of(circuits: list[QuantumCircuit], version: str) -> str:
    """Return a QPY file of circuits."""
    buffer = io.BytesIO()
    qpy.dump(circuits, buffer)
    return packed(buffer.getvalue(), version)


def program(
    *items: tuple[Any, Any], shots: int = 100, version: str = "v2.0", seed: int | None = None
) -> dict[str, Any]:
    """Return the params of a job of circuits with their arguments, as a version has them."""
    told: dict[str, Any] = {"shots": shots, "meas_level": "classified"}
    told["items"] = [
        {"item_type": "circuit", "circuit_arguments": tensor(values, version), "chunk_size": "auto"}
        for _, values in items
    ]
    circuits = [circuit for circuit, _ in items]
    if version in {"v0.1", "v0.2"}:
        for item, circuit in zip(told["items"], circuits, strict=True):
            item["circuit"] = {"circuit_b64": file_of([circuit], version), "qpy_version": 13}
    else:
        data = file_of(circuits, version)
        told["circuits"] = {"b64_data": data, "qpy_version": 13, "num_programs": len(items)}
        for item in told["items"]:
            item["shape"] = []
    if version != "v0.1":
        told["passthrough_data"] = {"mine": [1, None, {"a": tensor([1.0], version)}]}
    if version not in {"v0.1", "v0.2"}:
        told["semantic_role"] = "a role"
    options: dict[str, Any] = {"init_qubits": True, "rep_delay": None}
    if seed is not None:
        options["experimental"] = {"simulator": {"seed_simulator": seed}}
    return {"schema_version": version, "quantum_program": told, "options": options}


def post(client: Client, params: dict[str, Any], backend: str = "ideal_simulator") -> Any:
    body = {"program_id": "executor", "backend": backend, "params": params}
    return client.call("POST", "/jobs", json=body)


def ended(client: Client, params: dict[str, Any], backend: str = "ideal_simulator") -> Any:
    reply = post(client, params, backend)
    assert reply.status_code == 200, reply.text
    return client.wait(reply.json()["id"])


def run(client: Client, params: dict[str, Any], backend: str = "ideal_simulator") -> Any:
    """Run a job that must come to results, and return them."""
    job = ended(client, params, backend)
    assert job["status"] == "Completed", job
    return client.get(f"/jobs/{job['id']}/results").json()


def fails(client: Client, params: dict[str, Any]) -> dict[str, Any]:
    """Run a job that must fail, and return its state."""
    job = ended(client, params)
    assert job["status"] == "Failed", job
    state: dict[str, Any] = job["state"]
    return state


def turning(*names: str) -> QuantumCircuit:
    """Return a circuit that turns a qubit by each of some parameters."""
    circuit = QuantumCircuit(len(names), len(names))
    for qubit, name in enumerate(names):
        circuit.rx(Parameter(name), qubit)
    circuit.measure(range(len(names)), range(len(names)))
    return circuit


def counts(array: Any) -> Counter[str]:
    """Count the rows of truth values, bit 0 rightmost."""
    return Counter("".join(map(str, row[::-1])) for row in array.reshape(-1, array.shape[-1]))


@pytest.mark.parametrize("version", ["v0.1", "v0.2", "v1.0", "v1.1", "v2.0"])
def test_every_schema_version_is_answered_in_its_own(client: Client, version: str) -> None:
    sweep = [[[np.pi, 0.0], [0.0, np.pi]], [[0.0, 0.0], [np.pi, np.pi]]]
    params = program((turning("a"), [np.pi]), (turning("a", "b"), sweep), version=version)
    result = run(client, params)
    assert result["schema_version"] == version
    one, four = (bits(item["results"]["c"], version) for item in result["data"])
    assert (one.shape, four.shape) == ((100, 1), (2, 2, 100, 2))
    assert one.all()
    found = [[counts(four[i, j]) for j in range(2)] for i in range(2)]
    assert found == [[{"01": 100}, {"10": 100}], [{"00": 100}, {"11": 100}]]
    for key in ("passthrough_data", "semantic_role"):
        assert result.get(key) == params["quantum_program"].get(key)
    first, second = result["metadata"]["chunk_timing"]
    assert first["parts"] == [
        {"idx_item": 0, "size": 1, "permutation": [], "element_range": [0, 1, 1]}
    ]
    assert second["parts"][0]["element_range"] == [0, 4, 1]
    assert second["parts"][0]["permutation"] == [0, 1]


@pytest.mark.parametrize("backend", ["ideal_simulator", "fake_manila"])
def test_a_seed_gives_the_counts_that_it_gives_with_sampler(client: Client, backend: str) -> None:
    circuits = []
    for angle in (0.4, 1.1):
        circuit = QuantumCircuit(2, 2)
        circuit.sx(0)
        circuit.rz(angle, 0)
        circuit.sx(0)
        circuit.cx(0, 1)
        circuit.measure([0, 1], [0, 1])
        circuits.append(circuit)
    result = run(client, program(*((c, []) for c in circuits), shots=500, seed=9), backend)
    pubs = [[encode(circuit), None, 500] for circuit in circuits]
    plain = client.run(*pubs, params=seeded(9), backend=backend)
    for index, item in enumerate(result["data"]):
        assert counts(bits(item["results"]["c"])) == joined_counts(plain, index)


def test_a_shape_repeats_what_it_is_wider_than(client: Client) -> None:
    params = program((turning("a"), [[[0.0]], [[np.pi]]]))
    params["quantum_program"]["items"][0]["shape"] = [2, 3]
    (item,) = run(client, params)["data"]
    found = bits(item["results"]["c"])
    assert found.shape == (2, 3, 100, 1)
    assert not found[0].any()
    assert found[1].all()


def test_circuits_may_be_openqasm_3(client: Client) -> None:
    pytest.importorskip("qiskit_qasm3_import")
    params = program((turning("a"), []))
    params["quantum_program"]["circuits"] = {"data": [NATIVE]}
    (item,) = run(client, params)["data"]
    assert bits(item["results"]["c"]).all()


def test_a_mock_answers_with_bits_at_random(client: Client) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    (item,) = run(client, program((circuit, []), shots=1000), "mock_manila")["data"]
    assert 300 < bits(item["results"]["c"]).sum() < 700


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"schema_version": "v9.0"}, "params.schema_version"),
        ({"options": None}, "params.options"),
        ({"more": 1}, "params.more"),
        ({"quantum_program": []}, "params.quantum_program"),
        ({"quantum_program.shots": 0}, "params.quantum_program.shots"),
        ({"quantum_program.more": 0}, "params.quantum_program.more"),
        ({"quantum_program.items": []}, "params.quantum_program.items"),
        ({"quantum_program.items": [1]}, "params.quantum_program.circuits.num_programs"),
        ({"quantum_program.items": [[], []]}, "params.quantum_program.items[0]"),
        ({"quantum_program.circuits": None}, "params.quantum_program.circuits"),
        ({"quantum_program.circuits": {"data": [1, 2]}}, "params.quantum_program.circuits.data"),
        ({"quantum_program.meas_level": "loud"}, "params.quantum_program.meas_level"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(map(str, value)),
)
def test_params_of_another_shape_are_refused(
    client: Client, change: dict[str, Any], path: str
) -> None:
    params = program((turning("a"), [0.0]), (turning("a"), [0.0]))
    for key, value in change.items():
        *outer, last = key.split(".")
        target = params
        for name in outer:
            target = target[name]
        target[last] = value
    reply = post(client, params)
    assert error(reply) == (400, 1208)
    assert f"{path}: " in reply.json()["errors"][0]["message"]


def test_estimator_is_refused_with_what_does_the_same(client: Client) -> None:
    body = {"program_id": "estimator", "backend": "ideal_simulator", "params": {"pubs": []}}
    reply = client.call("POST", "/jobs", json=body)
    assert error(reply) == (400, 1208)
    assert "use executor_estimator.Estimator" in reply.json()["errors"][0]["message"]


def test_what_cannot_be_run_fails_and_names_the_item(client: Client) -> None:
    good = (turning("a"), [0.0])
    state = fails(client, program(good, (turning("a"), [0.0, 1.0])))
    assert (state["reason_code"], state["reason"][:7]) == (3211, "Item 1:")
    silent = QuantumCircuit(1, 1)
    assert fails(client, program(good, (silent, [])))["reason_code"] == 3211
    huge = program((turning("a"), [0.0]), shots=900_000)
    for shots, shape in ((900_000, [20]), (1, [2**31 - 1, 2**31 - 1]), (1, [10_000_001])):
        huge["quantum_program"]["shots"] = shots
        huge["quantum_program"]["items"][0]["shape"] = shape
        assert fails(client, huge)["reason_code"] == 1520


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"data": "!"}, 3211),
        ({"data": packed(b"1234567")}, 3211),
        ({"dtype": "f9"}, 3211),
        ({"shape": [3]}, 3211),
        ({"shape": []}, 3211),
    ],
    ids=str,
)
def test_damaged_tensors_fail_the_job(client: Client, change: dict[str, Any], code: int) -> None:
    params = program((turning("a"), [0.0]))
    params["quantum_program"]["items"][0]["circuit_arguments"].update(change)
    assert fails(client, params)["reason_code"] == code


def test_other_circuits_than_items_fail_the_job(client: Client) -> None:
    params = program((turning("a"), [0.0]), (turning("a"), [0.0]))
    params["quantum_program"]["items"].pop()
    params["quantum_program"]["circuits"]["num_programs"] = 1
    assert fails(client, params)["reason_code"] == 1603
    params["quantum_program"]["circuits"]["b64_data"] = "AAAA"
    assert fails(client, params)["reason_code"] == 1603


def test_levels_of_measurement_are_refused(client: Client) -> None:
    params = program((turning("a"), [0.0]))
    params["quantum_program"]["meas_level"] = "kerneled"
    assert fails(client, params)["reason_code"] == 1521


def samplex_item() -> dict[str, Any]:
    """Return the params of a job whose item is drawn by something that is no samplex."""
    params = program((turning("a"), [0.0]))
    params["quantum_program"]["items"] = [
        {
            "item_type": "samplex",
            "samplex": {"ssv": 1, "samplex_json": "{}"},
            "samplex_arguments": {},
            "shape": [3],
        }
    ]
    return params


def test_a_samplex_without_samplomatic_fails_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    ideal = Backends().get(BackendTable(2**30)["ideal_simulator"].worker, None)
    with pytest.raises(JobError, match="have no samplomatic") as caught:
        ExecutorJob(samplex_item(), ideal)
    assert caught.value.code == 7001
    assert "Install samplomatic" in caught.value.solution


def test_what_is_no_samplex_fails_the_job(client: Client) -> None:
    state = fails(client, samplex_item())
    assert state["reason_code"] in {3211, 7001}
    assert client.run([bell(), None, 1])["results"]


def test_its_jobs_have_limits_too(client: Client) -> None:
    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.reset(0)
        circuit.measure(0, 0)
    body = {
        "program_id": "executor",
        "backend": "ideal_simulator",
        "cost": 1,
        "params": program((circuit, [])),
    }
    job = client.wait(client.call("POST", "/jobs", json=body).json()["id"])
    assert job["state"]["reason_code"] == 1305
    assert job["program"] == {"id": "executor"}
    assert client.get("/jobs", program="executor").json()["count"] == 1
