"""A job set in a program's hands."""

from __future__ import annotations

import contextlib
import json
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from qiskit import QuantumCircuit

import ibmqbatch
from ibmqbatch import JobSet
from ibmqbatch.accounts.find import find_account
from ibmqbatch.clock import Clock
from ibmqbatch.jobset.job_set import connected
from ibmqbatch.jobset.work import Unobserved
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.records import JobStatus
from ibmqbatch.service.client import Client
from tests.support.circuits import basis_state
from tests.support.commands import point_at
from tests.support.manifests import count_reads, write_set
from tests.support.qiskits import needs_qiskit2, needs_terra
from tests.support.waiting import wait_until


@pytest.fixture
def embedded_service(home, service_folder):
    """Have the data folder's local service be the one of the run: others here are made up."""
    told = json.loads((service_folder / "service.json").read_bytes())
    point_at(home, told, told["url"])


@pytest.fixture
def ended(embedded_service) -> JobSet:
    """A set of three circuits in two jobs that has ended well."""
    texts = [basis_state(bits) for bits in ("01", "10", "11")]
    return ibmqbatch.submit(texts, shots=7, max_circuits=2, name="three", tags=["a"]).wait()


@pytest.fixture
def failed(embedded_service) -> JobSet:
    """A set of two jobs, the first of which has failed."""
    wide = basis_state("0" * 3)
    texts = [wide, basis_state("11")]
    job_set = ibmqbatch.submit(texts, shots=7, max_circuits=1, detach=True)
    with job_set.open() as manifest, manifest.db.transaction():
        # What nothing can decode fails on the service.
        manifest.db.write("UPDATE bodies SET body = ? WHERE id = 1", (b"spoilt",))
    return job_set.wait()


def test_what_it_is_stands_in_its_file(ended):
    assert (ended.name, ended.tags, ended.backend, ended.account) == (
        *("three", ("a",), "ideal_simulator", "local"),
    )
    assert [circuit.shots for circuit in ended.circuits] == [7, 7, 7]
    assert next(event.kind for event in ended.events()) == "planned"


def test_its_state_is_one_word_and_its_counts_add_up(ended):
    status = ended.status()
    assert (str(status), status.final) == ("done: 2 done", True)
    assert sum(status.counts.values()) == status.total_jobs == 2


def test_results_are_had_by_index_name_and_slice(ended):
    results = ended.results()
    assert dict(results[1].counts) == {"10": 7}
    assert dict(results[-1].counts) == {"11": 7}
    assert results[results[1].name].index == 1
    assert [result.index for result in results[1:]] == [1, 2]
    assert len(results[1:]) == 2
    with pytest.raises(IndexError):
        results[3]
    with pytest.raises(ibmqbatch.UsageError):
        results["nobody"]


def test_shots_are_an_array_with_a_column_for_each_bit(ended):
    array = ended.results()[0].array()
    assert (array.shape, array.dtype.name) == ((7, 2), "uint8")
    assert array.tolist() == [[1, 0]] * 7
    assert ended.results()[0].memory() == ["01"] * 7
    with pytest.raises(ibmqbatch.UsageError, match="has no register 'x'"):
        ended.results()[0].array("x")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_data_frame_has_a_row_for_each_outcome(library, embedded_service):
    circuit = QuantumCircuit(1, 1, name="half", metadata={"angle": 0.5, "name": "mine"})
    circuit.measure(0, 0)
    results = ibmqbatch.submit([circuit, basis_state("1")], shots=7).wait().results()
    frame = results.to_dataframe(library)
    assert [*frame.columns] == ["index", "name", "outcome", "count", "angle", "metadata.name"]
    assert frame["outcome"].to_list() == ["0", "1"]
    assert frame["count"].to_list() == [7, 7]
    assert frame["metadata.name"].to_list()[0] == "mine"
    assert frame["metadata.name"].count() == 1


def test_pandas_makes_the_frames_where_nothing_else_is_said(ended):
    assert type(ended.results().to_dataframe()).__module__.startswith("pandas")
    with pytest.raises(ibmqbatch.UsageError, match="no data frames of 'excel'"):
        ended.results().to_dataframe("excel")


def test_a_library_that_is_not_there_is_named(ended, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ibmqbatch.MissingPackage, match="polars, which is not installed"):
        ended.results().to_dataframe("polars")


@needs_qiskit2("Terra has no PrimitiveResult.")
def test_qiskits_own_form_holds_the_same_shots(ended):
    whole = ended.results().primitive_result()
    assert [pub.data.c.get_counts() for pub in whole] == [{"01": 7}, {"10": 7}, {"11": 7}]
    assert whole[0].data.c.array.shape == (7, 1)


@needs_terra("Qiskit 2 has a PrimitiveResult.")
def test_terra_has_no_form_for_it(ended):
    with pytest.raises(ibmqbatch.MissingPackage, match="no PrimitiveResult"):
        ended.results().primitive_result()


def test_results_are_not_given_before_they_are_all_here(embedded_service):
    job_set = ibmqbatch.submit(basis_state("1"), detach=True)
    with pytest.raises(ibmqbatch.NotFinished):
        job_set.results()
    results = job_set.results(partial=True)
    assert list(results) == []
    with pytest.raises(ibmqbatch.MissingResults, match="circuit 0 are not here: job 0 is INITIAL"):
        results[0]


def test_a_failed_job_costs_its_own_circuits_only(failed):
    results = failed.results()
    assert [result.index for result in results] == [1]
    assert [job.index for job in results.missing] == [0]
    assert results[1:].missing == []
    with pytest.raises(ibmqbatch.MissingResults, match="job 0 is ERROR"):
        results[0]


def test_only_failed_jobs_are_run_again(failed):
    assert failed.retry() == [0]
    assert [job.attempt for job in failed.jobs] == [2, 1]
    assert failed.wait().retry([1]) == []
    with pytest.raises(ibmqbatch.UsageError, match="no job 5"):
        failed.retry([5])


def test_what_is_cancelled_before_it_is_sent_never_is(embedded_service):
    job_set = ibmqbatch.submit([basis_state("1")] * 2, max_circuits=1, detach=True)
    assert job_set.cancel([1]) == []
    assert [job.status for job in job_set.wait().jobs] == [JobStatus.DONE, JobStatus.CANCELLED]
    assert job_set.retry() == []
    assert job_set.retry(cancelled=True) == [1]


def test_tags_are_replaced_added_to_and_taken_away(ended):
    assert ended.retag(add=["b", "c"], remove=["a"], name="other") == ("b", "c")
    assert ended.name == "other"
    assert ended.retag(["d"]) == ("d",)
    assert ended.retag([]) == ()
    with pytest.raises(ibmqbatch.UsageError):
        ended.retag(add=[str(number) for number in range(6)])


def test_a_copy_is_a_set_like_any_other(ended, tmp_path):
    copy = ended.export(tmp_path)
    assert copy.name == f"{ended.id}.sqlite"
    assert ibmqbatch.open(copy).results()[0].counts == ended.results()[0].counts
    with pytest.raises(ibmqbatch.UsageError, match="exists already"):
        ended.export(tmp_path)
    assert ended.export(tmp_path, overwrite=True) == copy


def test_a_copy_has_the_id_of_its_set_whatever_its_file_is_called(ended, tmp_path):
    assert ibmqbatch.open(ended.export(tmp_path / "other.sqlite")).id == ended.id
    with pytest.raises(ibmqbatch.UsageError, match=r"does not end in \.sqlite"):
        ended.export(tmp_path / "other.db")


def test_a_circuits_results_can_be_pickled(ended):
    result = pickle.loads(pickle.dumps(ended.results()[1]))
    assert (result.name, dict(result.counts)) == (ended.circuits[1].name, {"10": 7})


def test_a_slice_gives_the_circuits_in_it_alone(ended):
    some = ended.results()[1:]
    assert some[0].index == 1
    with pytest.raises(ibmqbatch.UsageError):
        some[ended.circuits[0].name]


def test_values_of_polars_that_do_not_go_together_are_json(embedded_service):
    one, other = (QuantumCircuit(1, 1, metadata={"k": k}) for k in ({"a": 1}, 1))
    for circuit in (one, other):
        circuit.measure(0, 0)
    frame = ibmqbatch.submit([one, other], shots=3).wait().results().to_dataframe("polars")
    assert frame["k"].to_list() == ['{"a": 1}', "1"]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_of_no_results_has_the_same_columns(library, ended):
    whole, empty = (part.to_dataframe(library) for part in (ended.results(), ended.results()[:0]))
    assert [*whole.dtypes][:4] == [*empty.dtypes][:4]


def test_the_time_to_wait_is_limited(embedded_service):
    job_set = ibmqbatch.submit(basis_state("1"), detach=True)
    with pytest.raises(ibmqbatch.TimedOut):
        job_set.wait(timeout=0)


def test_it_can_be_pickled_and_shared_by_threads(ended):
    again = pickle.loads(pickle.dumps(ended))
    assert again == ended
    results = pickle.loads(pickle.dumps(ended.results()))
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda index: dict(results[index % 3].counts), range(30)))
    assert seen == [{"01": 7}, {"10": 7}, {"11": 7}] * 10


def test_planned_by_this_process_is_not_what_a_pickle_says(home):
    job_set = JobSet(write_set(1), planned=True)
    assert pickle.loads(pickle.dumps(job_set))._planned is False


@pytest.fixture
def sent_once(embedded_service) -> JobSet:
    """A set of one job that the service has, and whose end nobody here has heard of."""
    job_set = ibmqbatch.submit([basis_state("01")], shots=7)
    with connected(job_set.account, Clock()) as client:
        (job,) = job_set.jobs
        wait_until(lambda: client.job(job.remote.id).status == "Completed")
    return job_set


# The jobs of a set are read when it is opened, and when something of it has changed: how they
# stand, their results, that nothing is left to do.
@pytest.mark.parametrize(
    ("method", "most"),
    [
        (lambda job_set: job_set.status(), 3),
        (lambda job_set: job_set.results(), 5),
        (lambda job_set: job_set.retag(["b"]), 5),
    ],
)
def test_a_step_reads_the_jobs_once(method, most, sent_once, monkeypatch):
    reads = count_reads(monkeypatch)
    method(sent_once)
    assert len(reads) <= most


def test_a_session_opens_the_file_and_the_service_once(embedded_service, monkeypatch):
    job_set = ibmqbatch.submit(basis_state("01"), shots=7, detach=True)
    opened, connected, stages = [], [], set()
    real_open, real_enter = Manifest.open, Client.__enter__
    monkeypatch.setattr(Manifest, "open", lambda path: opened.append(path) or real_open(path))
    monkeypatch.setattr(
        Client, "__enter__", lambda client: connected.append(client) or real_enter(client)
    )
    observer = Unobserved()
    observer.progress = lambda stage, *_: stages.add(stage)
    with job_set.session(Clock(), observer):
        assert connected == []  # as long as nothing is asked
        job_set.resume()
        job_set.wait()
        assert job_set.describe()["counts"]["DONE"] == 1
    assert (len(opened), len(connected)) == (1, 1)
    assert {"sending", "fetching"} <= stages


def test_a_set_is_sent_by_the_client_that_planned_it(embedded_service, monkeypatch):
    connected = []
    real_enter = Client.__enter__
    monkeypatch.setattr(
        Client, "__enter__", lambda client: connected.append(client) or real_enter(client)
    )
    ibmqbatch.submit(basis_state("01"), shots=7)
    assert len(connected) == 1


def test_the_client_of_another_account_is_not_used(embedded_service):
    job_set = ibmqbatch.submit(basis_state("01"), shots=7, detach=True)

    def locate():
        raise AssertionError

    other = replace(find_account(), name="other", locate=locate)
    clock = Clock()
    with Client(other, clock) as client, job_set.session(clock, client=client.serving):
        job_set.resume()
    assert job_set.jobs[0].remote


def test_another_thread_has_no_part_in_a_session(ended):
    with ended.session(Clock()), ended.open() as ours, ThreadPoolExecutor() as pool:
        assert pool.submit(lambda: ended.name).result() == "three"
        with ended.open() as again:
            assert again is ours


def test_what_guards_a_session_decides_what_ctrl_c_does(embedded_service):
    job_set = ibmqbatch.submit(basis_state("01"), shots=7, detach=True)
    guarded = []

    @contextlib.contextmanager
    def guard(clock):
        guarded.append(clock)
        yield

    clock = Clock()
    with job_set.session(clock, guard=guard):
        job_set.record()
        assert guarded == []
        job_set.resume()
    assert guarded == [clock]
