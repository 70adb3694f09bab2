"""The front door: submitting circuits in Python, and finding the sets that there are."""

from __future__ import annotations

import pickle
import traceback

import numpy as np
import pandas
import polars
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

import ibmqbatch
from ibmqbatch.manifest.records import SetState
from ibmqbatch.service.errors import NotFound
from tests.support.circuits import BELL, basis_state
from tests.support.manifests import write_set


def flipped(bits: str, name: str = "flipped", **metadata: object) -> QuantumCircuit:
    """Return a circuit whose only outcome is `bits`."""
    circuit = QuantumCircuit(len(bits), len(bits), name=name, metadata=metadata)
    for qubit, bit in enumerate(reversed(bits)):
        if bit == "1":
            circuit.x(qubit)
    circuit.measure(range(len(bits)), range(len(bits)))
    return circuit


def test_all_jobs_are_sent_when_submit_returns(service):
    job_set = ibmqbatch.submit([flipped("01"), flipped("10"), flipped("11")], max_circuits=1)
    assert [job.remote is not None for job in job_set.jobs] == [True] * 3


def test_one_circuit_a_text_and_a_path_are_circuits(service, tmp_path):
    file = tmp_path / "three.qasm"
    file.write_text(basis_state("11"))
    given = [flipped("01", "one"), basis_state("10"), file]
    results = ibmqbatch.submit(given, shots=5).wait().results()
    assert [dict(result.counts) for result in results] == [{"01": 5}, {"10": 5}, {"11": 5}]
    alone = ibmqbatch.submit(flipped("01", "one"), detach=True)
    assert [circuit.name for circuit in alone.circuits] == ["one"]


def test_a_folder_is_read_as_the_command_reads_it(service, circuits):
    folder = circuits(c10=BELL, c2=BELL)
    job_set = ibmqbatch.submit(str(folder), detach=True)
    assert [circuit.name for circuit in job_set.circuits] == ["c2", "c10"]
    assert job_set.name == folder.name


@pytest.mark.parametrize("form", ["rows", "columns", "file"])
def test_parameters_run_a_circuit_once_for_every_row(form, service, tmp_path):
    theta = Parameter("theta")
    circuit = QuantumCircuit(1, 1)
    circuit.rx(theta, 0)
    circuit.measure(0, 0)
    file = tmp_path / "values.csv"
    file.write_text("theta\n0\n3.141592653589793\n")
    parameters = {
        "rows": [{theta: 0}, {"theta": 3.141592653589793}],
        "columns": {theta: [0, 3.141592653589793]},
        "file": file,
    }[form]
    results = ibmqbatch.submit(circuit, shots=9, parameters=parameters).wait().results()
    assert [dict(result.counts) for result in results] == [{"0": 9}, {"1": 9}]


@pytest.mark.parametrize(
    "parameters",
    [
        {"a": [1, 2], "b": [1]},
        [{"a": 1}, {"b": 1}],
        [{"a": "x"}],
        [{"a": float("nan")}],
        [3],
        5,
    ],
)
def test_parameters_that_are_none_are_refused(parameters, service):
    with pytest.raises(ibmqbatch.UsageError):
        ibmqbatch.submit(flipped("1"), parameters=parameters)


def test_circuits_that_cannot_be_used_are_all_named(service):
    with pytest.raises(ibmqbatch.InputError) as error:
        ibmqbatch.submit(["OPENQASM 2.0; nonsense", flipped("1"), object()])
    assert len(error.value.problems) == 2


def test_detached_nothing_is_sent_before_the_set_is_resumed(service):
    job_set = ibmqbatch.submit([flipped("01")], detach=True)
    assert job_set.status().state is SetState.PLANNED
    assert job_set.resume().jobs[0].remote is not None


def test_the_same_key_gives_the_same_set(service):
    first = ibmqbatch.submit(flipped("01"), once="nightly")
    assert ibmqbatch.submit(flipped("01"), once="nightly") == first


def test_progress_is_told_by_stage(service):
    told = []
    ibmqbatch.submit(
        [flipped("01"), flipped("10")],
        max_circuits=1,
        progress=lambda stage, done, total: told.append((stage, done, total)),
    )
    assert ("reading", 2, 2) in told
    assert told[-1] == ("sending", 2, 2)


def test_sampler_options_are_checked_before_anything_is_sent(service):
    with pytest.raises(ibmqbatch.UsageError, match="twirling has no 'enable'"):
        ibmqbatch.submit(flipped("1"), options={"twirling": {"enable": True}})


def test_a_set_is_found_by_id_beginning_name_and_path(home):
    path = write_set(1, name="mine")
    whole = path.stem
    for reference in (whole, whole[:-2], "mine", "latest", path):
        assert ibmqbatch.open(reference).id == whole
    with pytest.raises(ibmqbatch.NoSuchSet):
        ibmqbatch.open("another")


def test_sets_are_listed_by_name_tags_and_state(home):
    write_set(1, name="first", set_id="20260101-aaaaaaa")
    second = write_set(1, name="second", tags=("good",), set_id="20260102-aaaaaaa")
    assert [job_set.name for job_set in ibmqbatch.job_sets()] == ["second", "first"]
    assert [job_set.path for job_set in ibmqbatch.job_sets(tags=["good"])] == [second]
    assert [job_set.name for job_set in ibmqbatch.job_sets(name="irs")] == ["first"]
    assert len(ibmqbatch.job_sets(state="open")) == 2
    assert ibmqbatch.job_sets(state="done") == []
    with pytest.raises(ibmqbatch.UsageError):
        ibmqbatch.job_sets(state="ready")


def test_a_damaged_file_costs_no_other_set_its_place(home):
    path = write_set(1, name="whole")
    path.with_name("20260101-aaaaaaa.sqlite").write_bytes(b"no database")
    assert [job_set.path for job_set in ibmqbatch.job_sets()] == [path]


def test_backends_come_in_the_order_to_choose_them(service):
    assert ibmqbatch.backends()[0].name == "ideal_simulator"


def test_numbers_of_numpy_are_numbers(service):
    job_set = ibmqbatch.submit(
        [flipped("01")] * 3,
        shots=np.int64(5),
        seed=np.int32(5),
        max_circuits=np.uint8(2),
        max_fails=np.int64(3),
        private=np.bool_(False),
        options={"twirling": {"enable_gates": np.True_, "num_randomizations": np.int64(4)}},
        detach=True,
    )
    record = job_set.record()
    assert (record.shots, record.total_jobs, record.max_fails) == (5, 2, 3)
    assert record.options["twirling"] == {"enable_gates": True, "num_randomizations": 4}
    assert job_set.cancel(np.array([0])) == []
    assert job_set.cancel(job_set.jobs[1]) == []


@pytest.mark.parametrize(
    "given",
    [
        {"shots": "100"},
        {"shots": 1.5},
        {"shots": True},
        {"name": 3},
        {"tags": "beta"},
        {"tags": [1]},
        {"account": 3},
        {"backend": 3},
        {"once": 3},
        {"seed": 1.5},
        {"max_circuits": 2.5},
        {"max_cost": "1"},
        {"initial_layout": 3},
        {"private": "x"},
        {"detach": "no"},
        {"options": "x"},
        {"parameters": []},
        {"parameters": [{"a": 1, Parameter("a"): 2}]},
    ],
)
def test_arguments_that_cannot_be_used_are_refused_by_name(given, service):
    with pytest.raises(ibmqbatch.UsageError, match=next(iter(given))):
        ibmqbatch.submit(flipped("1"), **given)


def test_a_backend_of_the_list_can_be_given_as_it_is(service):
    first = ibmqbatch.backends()[0]
    assert ibmqbatch.submit(flipped("1"), backend=first, detach=True).backend == first.name


def test_one_row_of_values_and_data_frames_are_parameters(service):
    circuit = QuantumCircuit(1, 1)
    circuit.rx(Parameter("theta"), 0)
    circuit.measure(0, 0)
    rows = {"theta": [0.0, 0.5]}
    for given, runs in (
        ({"theta": 0.5}, 1),
        (pandas.DataFrame(rows), 2),
        (polars.DataFrame(rows), 2),
    ):
        job_set = ibmqbatch.submit(circuit, parameters=given, detach=True)
        assert len(job_set.circuits) == runs


def test_a_single_text_is_no_list_of_tags(service):
    job_set = ibmqbatch.submit(flipped("1"), detach=True, tags=["mine"])
    for wrong in ({"replace": "xy"}, {"add": "xy"}, {"remove": "mine"}):
        with pytest.raises(ibmqbatch.UsageError):
            job_set.retag(**wrong)
    with pytest.raises(ibmqbatch.UsageError):
        ibmqbatch.job_sets(tags="mine")
    assert job_set.tags == ("mine",)


def test_a_key_that_stood_for_other_circuits_is_warned_of(service):
    first = ibmqbatch.submit(flipped("01"), once="nightly", shots=3)
    with pytest.warns(UserWarning, match="made with the key 'nightly' before"):
        assert ibmqbatch.submit(flipped("01"), once="nightly", shots=4) == first


def test_a_traceback_tells_all_that_is_wrong_and_what_to_do(service):
    with pytest.raises(ibmqbatch.InputError) as caught:
        ibmqbatch.submit([QuantumCircuit(1), QuantumCircuit(2)])
    lines = "".join(traceback.format_exception(caught.value))
    assert lines.count("measures nothing") == 2
    assert "Add measurements" in lines


def test_errors_survive_their_way_between_processes(service):
    with pytest.raises(ibmqbatch.InputError) as caught:
        ibmqbatch.submit([QuantumCircuit(1)])
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.problems) == (str(caught.value), caught.value.problems)
    refused = NotFound("There is none.", status=404, number=1291, trace="t")
    assert pickle.loads(pickle.dumps(refused)).status == 404
