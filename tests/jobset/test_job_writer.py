"""Which of the service's programs runs a job, and a job as the executor takes it."""

from __future__ import annotations

import base64
import io
import json
import zlib
from typing import Any

import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter

from ibmqbatch.circuits.qpy import encode_qpy
from ibmqbatch.errors import UsageError
from ibmqbatch.jobset.job_writer import JobWriter, choose_program, read_params
from ibmqbatch.jobset.request import AUTO, EXECUTOR, SAMPLER
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.records import PubRecord
from ibmqbatch.service.errors import ProgramRefused, Refused
from ibmqbatch.service.executor import write_tensor
from ibmqbatch.service.npy import numbers
from tests.jobset.support import FakeService, intent, raising, record, step

TEXT = 'OPENQASM 3.0; include "stdgates.inc"; bit[1] c; sx $0; c[0] = measure $0;'


def pub(name: str, rows: list[list[float]] | None = None, shots: int = 100) -> PubRecord:
    """Return a circuit of one qubit, run with each row of values."""
    circuit = QuantumCircuit(1, 1, name=name, metadata={"of": name})
    for index in range(len(rows[0]) if rows else 0):
        circuit.rx(Parameter(f"p{index}"), 0)
    circuit.measure(0, 0)
    values = None if rows is None else tuple(map(tuple, rows))
    return PubRecord(
        "qpy", zlib.compress(encode_qpy(circuit)), values, shots, tuple(range(len(values or [()])))
    )


def text_pub(shots: int = 100) -> PubRecord:
    return PubRecord("openqasm3", zlib.compress(TEXT.encode()), None, shots, (0,))


def written(*pubs: PubRecord, shots: int = 100, repeat: int = 0, **changes: Any) -> dict[str, Any]:
    """Return the body of a job of the executor."""
    writer = JobWriter(record(**changes), EXECUTOR, None)
    return json.loads(writer.body(intent(shots=shots, repeat=repeat), pubs, ["tag"], "batch"))


def test_auto_is_the_first_program_that_was_not_refused() -> None:
    assert choose_program(AUTO, set()) == SAMPLER
    assert choose_program(AUTO, {SAMPLER}) == EXECUTOR
    with pytest.raises(ProgramRefused, match="none of the programs sampler, executor"):
        choose_program(AUTO, {SAMPLER, EXECUTOR})


def test_a_program_that_is_named_is_used_whatever_was_refused() -> None:
    assert choose_program(SAMPLER, {SAMPLER}) == SAMPLER


def test_all_circuits_are_in_one_file_with_their_values_beside_them() -> None:
    body = written(pub("a"), pub("b", [[0.5, 1.0], [1.5, 2.0], [2.5, 3.0]]))
    assert body["program_id"] == "executor"
    assert (body["tags"], body["session_id"]) == (["tag"], "batch")
    program = body["params"]["quantum_program"]
    data = zlib.decompress(base64.b64decode(program["circuits"]["b64_data"]))
    assert [circuit.name for circuit in qpy.load(io.BytesIO(data))] == ["a", "b"]
    assert program["circuits"]["num_programs"] == 2
    assert program["shots"] == 100
    none, values = (item["circuit_arguments"] for item in program["items"])
    assert none["shape"] == [0]
    assert values == write_tensor(numbers("f8", [0.5, 1.0, 1.5, 2.0, 2.5, 3.0], (3, 2)))


def test_what_a_job_says_of_its_set_is_the_same_for_both_programs() -> None:
    changes = {"private": True, "max_execution_time": 60}
    writers = [JobWriter(record(**changes), program, None) for program in (SAMPLER, EXECUTOR)]
    bodies = [json.loads(writer.body(intent(), [pub("a", shots=1)], ["t"])) for writer in writers]
    for body in bodies:
        del body["params"], body["program_id"]
    assert bodies[0] == bodies[1] == {"backend": "b", "tags": ["t"], "private": True, "cost": 60}


def test_a_repeat_runs_the_shots_that_are_left() -> None:
    body = written(pub("a", shots=250), shots=100, repeat=2)
    assert body["params"]["quantum_program"]["shots"] == 50


def test_circuits_of_different_shots_are_not_run_together() -> None:
    with pytest.raises(Refused, match="different shots"):
        written(pub("a", shots=5), pub("b", shots=6))


def test_texts_and_qpy_are_not_run_together() -> None:
    with pytest.raises(Refused, match="different kinds"):
        written(pub("a"), text_pub())


def test_texts_cannot_be_twirled_here() -> None:
    pytest.importorskip("samplomatic")
    with pytest.raises(Refused, match="sent as text"):
        written(text_pub(), options={"twirling": {"enable_gates": True}})


def test_options_of_the_sampler_have_their_place() -> None:
    options = {
        "execution": {"init_qubits": False, "rep_delay": 0.001, "meas_type": "kerneled"},
        "experimental": {"a": 1},
        "simulator": {"seed_simulator": 5},
    }
    params = written(pub("a"), options=options)["params"]
    assert params["quantum_program"]["meas_level"] == "kerneled"
    assert params["options"] == {
        "init_qubits": False,
        "rep_delay": 0.001,
        "scheduler_timing": False,
        "stretch_values": False,
        "experimental": {"a": 1, "simulator": {"seed_simulator": 5}},
    }
    assert params["quantum_program"]["passthrough_data"]["post_processor"]["options"] == options


def test_what_was_sent_is_read_again() -> None:
    rows = [[0.5, 1.0], [1.5, 2.0]]
    options = {"execution": {"rep_delay": 0.001}}
    sent = [pub("a"), pub("b", rows)]
    found = read_params(written(*sent, options=options)["params"], "j")
    assert [(each.kind, each.runs, each.shots) for each in found.pubs] == [
        ("qpy", 1, 100),
        ("qpy", 2, 100),
    ]
    assert [each.rows for each in found.pubs] == [None, [tuple(row) for row in rows]]
    assert [each.body for each in found.pubs] == [each.body for each in sent]
    assert found.options == options


def test_texts_that_were_sent_are_read_again() -> None:
    (found,) = read_params(written(text_pub())["params"], "j").pubs
    assert (found.kind, zlib.decompress(found.body).decode()) == ("openqasm3", TEXT)


def test_of_twirled_circuits_the_values_are_told_and_the_circuit_is_not() -> None:
    pytest.importorskip("samplomatic")
    options = {"twirling": {"enable_measure": True}}
    params = written(pub("a", [[0.5], [1.0], [1.5]]), shots=100, options=options)["params"]
    (found,) = read_params(params, "j").pubs
    # Two randomizations of 50 shots each.
    assert (found.kind, found.runs, found.shots) == ("template", 3, 100)
    assert found.rows == [(0.5,), (1.0,), (1.5,)]
    assert found.kept_as == "unknown"


def test_randomizations_that_nobody_joins_are_runs_of_their_own() -> None:
    pytest.importorskip("samplomatic")
    options = {"twirling": {"enable_measure": True}}
    params = written(pub("a"), shots=100, options=options)["params"]
    del params["quantum_program"]["passthrough_data"]
    (found,) = read_params(params, "j").pubs
    assert (found.kind, found.runs, found.rows, found.shots) == ("template", 2, None, 50)


def test_a_job_that_is_damaged_is_refused_in_a_sentence() -> None:
    params = written(pub("a"))["params"]
    for change in (
        {"circuits": {"b64_data": "?"}},
        {"items": []},
        {"shots": "many"},
        {"circuits": {"b64_data": base64.b64encode(zlib.compress(b"QISKIT")).decode()}},
    ):
        broken = {**params, "quantum_program": {**params["quantum_program"], **change}}
        with pytest.raises(UsageError, match="job j was asked to do cannot be read"):
            read_params(broken, "j")
    with pytest.raises(UsageError, match="Job j runs no circuits"):
        read_params({}, "j")


def test_both_refused_programs_stop_the_set_with_nothing_lost(
    work: Work, service: FakeService
) -> None:
    # What the set holds is no circuit, which the executor would have to read.
    service.pace().learn_refused(EXECUTOR)
    service.answers = [raising(ProgramRefused("program_id: must be one of others"))]
    step(work)
    assert service.pace().refused_programs() == {SAMPLER, EXECUTOR}
    with pytest.raises(ProgramRefused):
        step(work)
    assert work.manifest.unsent(9)
    service.clock.time += 3601  # it is tried again an hour later
    step(work)
    assert not work.manifest.unsent(9)


def test_where_no_device_is_known_nothing_is_decoupled_in_silence() -> None:
    with pytest.raises(UsageError, match="there is no device, or none that is known"):
        written(pub("a"), options={"dynamical_decoupling": {"enable": True}})
