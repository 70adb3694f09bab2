"""Sets are listed and read, in part and at little cost.

Weaknesses 7, 8 and 10, of the ten that the old job manager had, mended. Where state is concerned a
second process has a look; what the service holds is read from its own database.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus

from ibmqbatch.jobset import plan
from ibmqbatch.jobset.results import raw_bodies
from ibmqbatch.managed.exceptions import (
    IBMQManagedResultDataNotAvailable,
)
from tests.bench.sets import environment
from tests.bench.stub import BACKEND as STUBBED
from tests.bench.stub import Stub
from tests.conftest import Cli
from tests.managed.programs import flipped
from tests.managed.support import (
    BACKEND,
    elsewhere,
    numbered,
    outcome,
    spoiled,
)
from tests.waiting import wait_until


@pytest.fixture
def few_shots(monkeypatch) -> None:
    """Have the backend take 10 shots at a time, so that more are spread over several jobs."""
    find = plan.find_backend
    monkeypatch.setattr(plan, "find_backend", lambda *given: replace(find(*given), max_shots=10))


def test_7_partial_results_are_reached_and_counters_add_up(service, few_shots, held):
    job_set = spoiled(numbered(4), max_experiments_per_job=2, shots=25)
    # The second job, of circuits 2 and 3, fails in one of its three repeats.
    with job_set.handle.open() as manifest, manifest.db.transaction():
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
    with job_set.handle.open() as manifest:
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
