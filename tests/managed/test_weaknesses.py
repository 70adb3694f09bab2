"""The ten weaknesses that the old job manager had, by number, mended.

Where state is concerned a second process has a look; what the service holds is read from its own
database.
"""

from __future__ import annotations

import json
import signal
from dataclasses import replace

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.providers import JobStatus

from ibmqbatch.clock import Clock
from ibmqbatch.jobset import plan
from ibmqbatch.jobset.advance import try_advance
from ibmqbatch.jobset.job_set import connected
from ibmqbatch.jobset.results import raw_bodies
from ibmqbatch.managed.exceptions import (
    IBMQJobManagerInvalidStateError,
    IBMQJobManagerJobNotFound,
    IBMQManagedResultDataNotAvailable,
)
from tests.bench.sets import environment
from tests.managed.support import (
    BACKEND,
    REFUSAL,
    TELL,
    Gate,
    cancelled,
    elsewhere,
    flipped,
    numbered,
    other_machine,
    outcome,
    spoiled,
    start,
)
from tests.support.commands import Cli
from tests.support.stub import BACKEND as STUBBED
from tests.support.stub import Stub
from tests.support.waiting import wait_until

RUN = """
    import sys
    from ibmqbatch import IBMQJobManager
    from tests.managed.support import numbered
    job_set = IBMQJobManager().run(
        numbered(8), "ideal_simulator", name="mine", max_experiments_per_job=1, shots=3
    )
    print(job_set.job_set_id(), flush=True)
    job_set.results()
"""


def test_1_a_killed_program_loses_no_circuit_and_its_set_goes_on(manager, proxy, held):
    gate = Gate(after=3)
    proxy.when("POST", "/jobs", times=99, before=gate)
    process = start(RUN)
    assert gate.reached.wait(60)
    process.send_signal(signal.SIGKILL)
    set_id = process.communicate()[0].strip()
    proxy.rules.clear()
    gate.open()
    job_set = manager.retrieve_job_set(set_id, None)
    assert job_set.name() == "mine"
    results = job_set.results(timeout=60)
    assert [results.get_counts(n) for n in range(8)] == [outcome(n, 3) for n in range(8)]
    assert [job.circuits for job in held(set_id)] == [(n, n) for n in range(8)]


def test_2_two_updates_of_tags_in_a_row_keep_the_set_whole(manager, held):
    job_set = manager.run(numbered(3), BACKEND, max_experiments_per_job=1, shots=2)
    job_set.jobs()
    assert job_set.update_tags(additional_tags=["a"]) == ["a"]
    assert job_set.update_tags(additional_tags=["b"]) == ["a", "b"]
    set_id = job_set.job_set_id()
    assert len(held(set_id)) == 3
    told = elsewhere(
        """
        import json, sys
        from ibmqbatch import IBMQJobManager
        job_set = IBMQJobManager().retrieve_job_set(sys.argv[1], None)
        print(json.dumps(job_set.update_tags(removal_tags=["a"])))
        """,
        set_id,
    )
    assert told == job_set.tags() == ["b"]
    assert [job.tags[0] for job in held(set_id)] == ["b", "b", "b"]


def test_2_a_rename_that_is_cut_off_leaves_a_set_that_is_found_and_is_finished(
    manager, proxy, held
):
    job_set = manager.run(numbered(3), BACKEND, name="old", max_experiments_per_job=1, shots=2)
    job_set.results()
    set_id = job_set.job_set_id()
    refusal = b'{"errors": [{"code": 1, "message": "Not now."}]}'
    proxy.when("PUT", "/tags", times=2, status=400, body=refusal)
    with pytest.warns(UserWarning, match=r"2 of its jobs get them .* Not now"):
        assert job_set.update_name("new") == "new"
    assert [job.tags[-1] for job in held(set_id)].count("ibmq_jobset_name_3_new") == 1
    told = elsewhere(TELL, set_id)  # its `statuses` carries out what is still wanted
    assert (told["name"], told["ids"]) == ("new", [job.id for job in held(set_id)])
    assert [job.tags[-1] for job in held(set_id)] == 3 * ["ibmq_jobset_name_3_new"]


def test_3_a_job_that_is_gone_is_a_hole_with_a_name_and_hides_nothing(
    manager, service, held, monkeypatch
):
    monkeypatch.setenv("IBMQBATCH_SETTLE", "0.1")
    handle = spoiled(numbered(5), max_experiments_per_job=2, shots=3).job_set
    with handle.working(Clock()) as work:
        while len(held(handle.id)) < 3 or {j.status for j in held(handle.id)} != {"Completed"}:
            try_advance(work, fetching=False)
    gone = held(handle.id)[-1]
    with connected("local", Clock()) as client:
        client._call("DELETE", f"/jobs/{gone.id}")
    assert len(held(handle.id)) == 2
    job_set = manager.retrieve_job_set(handle.id, None)
    with pytest.warns(UserWarning, match="job result for experiments 4-4"):
        results = job_set.results(timeout=60)
    assert [results.get_counts(n) for n in range(4)] == [outcome(n, 3) for n in range(4)]
    assert [each.success for each in results.combine_results().results] == 4 * [True] + [False]
    assert elsewhere(TELL, handle.id)["ranges"] == [[0, 1], [2, 3], [4, 4]]


def test_3_on_another_machine_what_is_missing_is_known_as_well(
    manager, service, held, monkeypatch, tmp_path
):
    job_set = manager.run(numbered(7), BACKEND, max_experiments_per_job=2, shots=3)
    job_set.results()
    set_id = job_set.job_set_id()
    with connected("local", Clock()) as client:
        client._call("DELETE", f"/jobs/{held(set_id)[1].id}")
    other_machine(monkeypatch, service, tmp_path / "other")
    with pytest.warns(UserWarning, match="does not have all jobs"):
        found = manager.retrieve_job_set(set_id, None, refresh=True)
    ranges = [(job.start_index, job.end_index) for job in found.managed_jobs()]
    assert ranges == [(0, 1), (2, 3), (4, 5), (6, 6)]
    with pytest.warns(UserWarning, match="experiments 2-3"):
        results = found.results(timeout=60)
    for n in (0, 1, 4, 5, 6):
        assert results.get_counts(n) == outcome(n, 3)
    found = [each.success for each in results.combine_results().results]
    assert found == [n not in {2, 3} for n in range(7)]
    assert len(held(set_id)) == 3


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": "before"},
        {"drop": "after"},
        {"status": 502, "after": True, "body": b"<html>bad gateway</html>"},
        {"status": 200, "after": True, "body": b"welcome"},
    ],
    ids=["lost", "answer lost", "bad gateway", "no id"],
)
def test_4_answers_that_are_lost_make_no_job_twice_and_cancel_none(
    manager, proxy, held, monkeypatch, fault
):
    monkeypatch.setenv("IBMQBATCH_SETTLE", "0.3")
    proxy.when("POST", "/jobs", **fault)
    job_set = manager.run(numbered(4), BACKEND, max_experiments_per_job=1, shots=3)
    results = job_set.results(timeout=60)
    assert [results.get_counts(n) for n in range(4)] == [outcome(n, 3) for n in range(4)]
    jobs = held(job_set.job_set_id())
    assert [(job.circuits, job.status) for job in jobs] == [((n, n), "Completed") for n in range(4)]


def test_5_a_busy_service_is_obeyed_and_failed_jobs_are_run_again_on_request(
    manager, proxy, held, cli: Cli
):
    proxy.when("POST", "/jobs", status=429, headers={"Retry-After": "1"})
    proxy.when("POST", "/jobs", status=400, body=REFUSAL)
    job_set = manager.run(numbered(3), BACKEND, max_experiments_per_job=1, shots=2)
    with pytest.warns(UserWarning, match="Bad body"):
        assert not job_set.results(timeout=60).success
    assert proxy.submissions == 4  # one of them twice
    set_id = job_set.job_set_id()
    cli("retry", set_id)
    results = job_set.results(timeout=60)
    assert results.success
    assert results.combine_results().get_counts() == [outcome(n, 2) for n in range(3)]
    assert [job.circuits for job in held(set_id)] == [(n, n) for n in range(3)]
    job_set.cancel()
    assert "No job has failed" in cli("retry", set_id).err
    assert proxy.submissions == 5


def test_6_cancel_stops_the_queue_first_and_a_hole_stops_nothing(manager, proxy, held, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_PACE", "3")  # a minute
    proxy.when("POST", "/jobs", status=400, body=REFUSAL)
    job_set = manager.run(numbered(9), BACKEND, max_experiments_per_job=1, shots=2)
    wait_until(lambda: proxy.submissions == 3)
    cancelled(job_set)
    set_id = job_set.job_set_id()
    assert len(held(set_id)) == 2
    assert {job.status for job in held(set_id)} <= {"Cancelled", "Completed"}
    statuses = job_set.statuses()
    assert statuses.count(None) == 1
    assert statuses.count(JobStatus.CANCELLED) >= 6
    assert elsewhere(TELL, set_id)["ids"].count(None) == 7
    assert proxy.submissions == 3


def test_6_a_cancel_that_the_service_does_not_hear_is_carried_out_later(
    manager, proxy, held, no_waits
):
    job_set = manager.run(numbered(5), BACKEND, shots=1_000_000)
    job_set.jobs()
    proxy.when("POST", "/cancel", times=99, status=503, body=b"{}")
    with pytest.warns(UserWarning, match="cancelled as soon as the service can be asked"):
        job_set.cancel()
    proxy.rules.clear()
    set_id = job_set.job_set_id()
    assert elsewhere(TELL, set_id)["ids"] == [held(set_id)[0].id]  # its `statuses` asks again
    wait_until(lambda: held(set_id)[0].status == "Cancelled")


@pytest.mark.parametrize("size", [0, -1, 1.5, "2", True])
def test_9_a_job_holds_one_experiment_at_least(manager, service, size):
    with pytest.raises(IBMQJobManagerInvalidStateError, match="max_experiments_per_job"):
        manager.run(numbered(2), BACKEND, max_experiments_per_job=size)
    assert manager.job_sets(all=True) == []


@pytest.mark.parametrize(
    ("experiments", "what"),
    [
        ([], "no circuits"),
        (5, "no circuit"),
        ([flipped("1"), 5], "Experiment 1 is of type int"),
        ([[flipped("1")]], "Experiment 0 is of type list"),
        (QuantumCircuit(1), "measures nothing"),
    ],
)
def test_9_what_cannot_be_run_is_refused(manager, service, held, experiments, what):
    with pytest.raises(IBMQJobManagerInvalidStateError, match=what):
        manager.run(experiments, BACKEND)
    assert manager.job_sets(all=True) == []


def test_9_an_ambiguous_name_lists_its_indexes(manager):
    circuits = [flipped("0", "a"), flipped("1", "b"), flipped("0", "a")]
    job_set = manager.run(circuits, BACKEND, max_experiments_per_job=1, shots=2)
    with pytest.raises(IBMQJobManagerJobNotFound, match="0, 2"):
        job_set.job("a")
    with pytest.raises(IBMQJobManagerJobNotFound, match="0, 2"):
        job_set.results().get_counts(circuits[0])
    assert job_set.results().get_counts("b") == {"1": 2}


def test_9_bound_parameters_shift_no_index(manager, held):
    angle = Parameter("angle")
    circuits = []
    for name in ("a", "b"):
        circuit = QuantumCircuit(1, 1, name=name)
        circuit.rx(angle, 0)
        circuit.measure(0, 0)
        circuits.append(circuit)
    job_set = manager.run(
        circuits,
        BACKEND,
        max_experiments_per_job=2,
        parameter_binds=[{angle: 0.0}, {angle: 3.141592653589793}],
        shots=5,
    )
    results = job_set.results()
    ranges = [(job.start_index, job.end_index) for job in job_set.managed_jobs()]
    assert ranges == [job.circuits for job in held(job_set.job_set_id())] == [(0, 1), (2, 3)]
    assert [results.get_counts(n) for n in range(4)] == 2 * [{"0": 5}, {"1": 5}]
    with pytest.raises(IBMQJobManagerJobNotFound, match="2, 3"):
        results.get_counts("b")


@pytest.fixture
def few_shots(monkeypatch) -> None:
    """Have the backend take 10 shots at a time, so that more are spread over several jobs."""
    find = plan.find_backend
    monkeypatch.setattr(plan, "find_backend", lambda *given: replace(find(*given), max_shots=10))


def test_7_partial_results_are_reached_and_counters_add_up(service, few_shots, held):
    job_set = spoiled(numbered(4), max_experiments_per_job=2, shots=25)
    # The second job, of circuits 2 and 3, fails in one of its three repeats.
    with job_set.job_set.open() as manifest, manifest.db.transaction():
        assert len(manifest.jobs()) == 6
        manifest.db.write("UPDATE jobs SET wanted = 'cancel' WHERE idx = 3")
    with pytest.warns(UserWarning, match="experiments 2-3"):
        whole = job_set.results()
    with pytest.warns(UserWarning, match="experiments 2-3"):
        partial = job_set.results(partial=True)
    assert len(held(job_set.job_set_id())) == 5
    assert whole.get_counts(1) == partial.get_counts(1) == outcome(1, 25)
    with pytest.raises(IBMQManagedResultDataNotAvailable, match="partial=True"):
        whole.get_counts(2)
    assert partial.get_counts(2) == outcome(2, 15)
    assert not whole.success
    assert not partial.success
    counters = [line.split(":") for line in job_set.report(detailed=False).splitlines()[4:]]
    numbers = {name.strip(): int(number) for name, number in counters}
    assert numbers.pop("Total jobs") == sum(numbers.values()) == 6
    assert numbers["Cancelled jobs"] == 1


def test_7_the_parts_of_a_split_circuit_are_merged(service, few_shots, manager):
    job_set = manager.run(numbered(3), BACKEND, max_experiments_per_job=2, shots=25)
    results = job_set.results()
    assert [results.get_counts(n) for n in range(3)] == [outcome(n, 25) for n in range(3)]
    assert len(results.get_memory("c1")) == 25
    assert results.combine_results().get_counts() == [outcome(n, 25) for n in range(3)]


def test_7_what_is_here_can_be_read_before_the_rest_is_done(manager, service, held, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_PACE", "1")  # a minute
    job_set = manager.run(numbered(3), BACKEND, max_experiments_per_job=1, shots=3)
    wait_until(lambda: JobStatus.DONE in job_set.statuses())
    with pytest.warns(UserWarning, match="is being initialized"):
        results = job_set.results(wait=False)
    assert results.get_counts(0) == outcome(0, 3)
    with pytest.raises(IBMQManagedResultDataNotAvailable, match="job 1 is INITIALIZING"):
        results.get_counts(1)
    assert len(held(job_set.job_set_id())) == 1


def test_8_statuses_are_one_listing_and_looking_up_a_name_asks_for_nothing(manager, proxy):
    job_set = manager.run(numbered(24), BACKEND, max_experiments_per_job=2, shots=2)
    job_set.jobs()
    proxy.seen.clear()
    job_set.statuses()
    assert proxy.listings <= 1
    assert proxy.count("GET", "/jobs/") == 0
    job_set.results()
    assert proxy.count("GET", "/results") == 12
    proxy.seen.clear()
    assert job_set.job("c23")[1] == 1
    assert job_set.results().get_counts("c23") == outcome(23, 2)
    assert job_set.statuses() == 12 * [JobStatus.DONE]
    assert proxy.seen == []
    told = elsewhere(
        """
        import json, sys
        from ibmqbatch import IBMQJobManager
        job_set = IBMQJobManager().retrieve_job_set(sys.argv[1], None)
        print(json.dumps([job_set.job("c23")[1], job_set.results().get_counts("c23")]))
        """,
        job_set.job_set_id(),
    )
    assert told == [1, outcome(23, 2)]
    assert proxy.seen == []


def test_8_statuses_of_jobs_one_by_one_ask_for_all_of_them_at_once(manager):
    with Stub() as stub, environment(**stub.environment):
        job_set = manager.run(numbered(1) * 250, STUBBED, max_experiments_per_job=1, shots=2)
        jobs = job_set.jobs()
        stub.take_counts()
        assert {job.status() for job in jobs} == {JobStatus.RUNNING}
        assert stub.take_counts()["list"] <= 10  # two are one look at them
        job_set.statuses()
        assert stub.take_counts()["list"] == 2


def test_8_results_are_read_a_job_at_a_time(manager, monkeypatch):
    from ibmqbatch.manifest.manifest import Manifest

    job_set = manager.run(numbered(6), BACKEND, max_experiments_per_job=3, shots=2)
    results = job_set.results()
    with job_set.job_set.open() as manifest:
        assert len(list(raw_bodies(manifest))) == 2
    read: list[str] = []
    result = Manifest.result

    def counted(manifest, remote_id):
        read.append(remote_id)
        return result(manifest, remote_id)

    monkeypatch.setattr(Manifest, "result", counted)
    for n in range(6):
        results.get_counts(n)
    assert len(read) == 2


def test_10_sets_are_listed_without_an_id_and_other_programs_read_them(manager, held, cli: Cli):
    job_set = manager.run(numbered(2), BACKEND, name="one", max_experiments_per_job=1, shots=2)
    job_set.results()
    other = cli.submit(_write(cli, flipped("1")), "--name", "two", "--shots", 3, "--wait")
    told = elsewhere(
        """
        import json
        from ibmqbatch import IBMQJobManager
        manager = IBMQJobManager()
        assert manager.job_sets() == []
        found = {each.job_set_id(): each.name() for each in manager.job_sets(all=True)}
        (two,) = manager.job_sets("two", all=True)
        print(json.dumps([found, two.results().get_counts(0)]))
        """
    )
    assert told == [{job_set.job_set_id(): "one", other: "two"}, {"1": 3}]
    item = cli.data("status", job_set.job_set_id())["job_set"]
    assert [job["id"] for job in item["jobs"]] == [job.id for job in held(job_set.job_set_id())]
    counts = cli.data("results", job_set.job_set_id())["results"]
    assert [result["counts"] for result in counts] == [outcome(0, 2), outcome(1, 2)]
    copy = cli.cwd / "copy.sqlite"
    cli("export", job_set.job_set_id(), "-o", copy)
    assert copy.exists()
    assert json.loads(cli("status", copy, "--json").out)["data"]["job_set"]["name"] == "one"


def _write(cli: Cli, circuit: QuantumCircuit):
    from qiskit import qasm2

    path = cli.cwd / "circuit.qasm"
    path.write_text(qasm2.dumps(circuit))
    return path
