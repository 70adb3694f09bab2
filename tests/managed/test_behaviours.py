"""The fifteen behaviours that programs of the old job manager rely on, by number.

Where state is concerned a second process has a look; what the service holds is read from its own
database.
"""

from __future__ import annotations

import itertools
import json
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from qiskit.providers import JobStatus
from qiskit.result import Result

from ibmqbatch import IBMQ, IBMQJobManager
from ibmqbatch.managed.exceptions import (
    IBMQJobManagerError,
    IBMQJobManagerInvalidStateError,
    IBMQJobManagerJobNotFound,
    IBMQJobManagerTimeoutError,
    IBMQJobManagerUnknownJobSet,
    IBMQManagedResultDataNotAvailable,
)
from tests.bench.sets import environment
from tests.managed.support import (
    BACKEND,
    FULL,
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
)
from tests.support.stub import BACKEND as STUBBED
from tests.support.stub import Stub


@pytest.mark.parametrize(
    ("experiments", "size", "ranges"),
    [
        (lambda: (circuit for circuit in numbered(7)), 3, [(0, 2), (3, 5), (6, 6)]),
        (lambda: tuple(numbered(4)), np.int64(2), [(0, 1), (2, 3)]),
        (lambda: flipped("01"), None, [(0, 0)]),
        (lambda: numbered(301), 1000, [(0, 299), (300, 300)]),
        (lambda: [flipped("1")] * 2, 1, [(0, 0), (1, 1)]),
    ],
    ids=["generator", "tuple", "one circuit", "more than the backend takes", "one in a job"],
)
def test_1_circuits_are_split_in_their_order(manager, held, experiments, size, ranges):
    job_set = manager.run(experiments(), BACKEND, max_experiments_per_job=size, shots=2)
    job_set.results()
    assert [job.circuits for job in held(job_set.job_set_id())] == ranges
    told = elsewhere(TELL, job_set.job_set_id())["ranges"]
    assert [tuple(each) for each in told] == ranges


def test_2_run_returns_at_once_and_sends_in_the_background(manager, proxy, held):
    gate = Gate()
    proxy.when("POST", "/jobs", times=9, before=gate)
    job_set = manager.run(numbered(5), BACKEND, max_experiments_per_job=2, shots=2)
    assert gate.reached.wait(30)
    assert held(job_set.job_set_id()) == []
    ranges = [(job.start_index, job.end_index) for job in job_set.managed_jobs()]
    assert ranges == [(0, 1), (2, 3), (4, 4)]
    assert job_set.statuses() == 3 * [JobStatus.INITIALIZING]
    gate.open()
    assert len(job_set.jobs()) == len(held(job_set.job_set_id())) == 3


def test_3_jobs_are_named_after_the_set_and_the_set_after_the_time(manager):
    named = manager.run(numbered(3), BACKEND, name="foo", max_experiments_per_job=1, shots=2)
    told = elsewhere(TELL, named.job_set_id())
    assert told["names"] == [job.name() for job in named.jobs()] == ["foo_0_", "foo_1_", "foo_2_"]
    nameless = manager.run(numbered(1), BACKEND, shots=2)
    age = datetime.now(UTC) - datetime.fromisoformat(nameless.name()).replace(tzinfo=UTC)
    assert timedelta() <= age < timedelta(minutes=1)


def test_4_every_job_carries_the_set_behind_the_users_tags_and_users_do_not_see_it(manager, held):
    one, other = (
        manager.run(numbered(2), BACKEND, max_experiments_per_job=1, job_tags=["b", "a"], shots=2)
        for _ in range(2)
    )
    one.jobs()
    assert one.job_set_id() != other.job_set_id()
    assert one.tags() == elsewhere(TELL, one.job_set_id())["tags"] == ["b", "a"]
    for job in held(one.job_set_id()):
        assert job.tags[:3] == ["b", "a", f"ibmq_jobset_{one.job_set_id()}_"]


def test_7_a_job_of_which_the_service_does_not_tell_is_unknown(manager, proxy, no_waits):
    gate = Gate()
    proxy.when("GET", "/jobs", times=1000, before=gate)
    job_set = manager.run(numbered(2), BACKEND, max_experiments_per_job=1, shots=2)
    job_set.jobs()
    proxy.rules.clear()
    gate.open()
    proxy.when("GET", "/jobs", times=1000, status=503, body=b"{}")
    with pytest.warns(UserWarning, match="Unable to retrieve job statuses"):
        assert job_set.statuses() == [None, None]
    (job, _) = job_set.managed_jobs()
    with pytest.warns(UserWarning, match="Unable to retrieve job status for experiments 0-0, job"):
        assert job.status() is None


def test_8_a_full_queue_paces_the_set_and_loses_no_circuit(manager, proxy, held):
    proxy.when("POST", "/jobs", times=3, status=400, body=FULL)
    job_set = manager.run(numbered(6), BACKEND, max_experiments_per_job=1, shots=2)
    results = job_set.results(timeout=60)
    assert [results.get_counts(n) for n in range(6)] == [outcome(n, 2) for n in range(6)]
    assert [job.circuits for job in held(job_set.job_set_id())] == [(n, n) for n in range(6)]
    # Those that were on their way when the first refusal came; nothing knocks again and again.
    assert proxy.submissions <= 9


def test_9_one_failed_submission_stops_no_other_and_is_a_clear_hole(manager, proxy, held):
    proxy.when("POST", "/jobs", status=400, body=REFUSAL)
    job_set = manager.run(numbered(4), BACKEND, max_experiments_per_job=1, shots=2)
    jobs = job_set.jobs()
    hole = jobs.index(None)
    assert job_set.statuses().index(None) == hole
    assert [job.index for job in held(job_set.job_set_id())] == [n for n in range(4) if n != hole]
    assert "Bad body (code 1208)." in str(job_set.managed_jobs()[hole].submit_error)
    with pytest.warns(UserWarning, match=f"experiments {hole}-{hole}: Bad body"):
        results = job_set.results()
    assert not results.success
    assert [n for n in range(4) if n != hole and results.get_counts(n) == outcome(n, 2)]
    with pytest.raises(IBMQManagedResultDataNotAvailable, match=r"Bad body \(code 1208\)"):
        results.get_counts(hole)
    assert job_set.job(hole) == (None, 0)
    statuses = job_set.statuses()
    assert (statuses.count(None), statuses.count(JobStatus.DONE)) == (1, 3)
    told = elsewhere(TELL, job_set.job_set_id())
    assert told["ids"][hole] is told["statuses"][hole] is None


@pytest.mark.parametrize("count", [401, pytest.param(1001, marks=pytest.mark.slow)])
def test_5_a_set_of_several_pages_of_jobs_is_found_in_its_order(manager, count):
    with Stub() as stub, environment(**stub.environment):
        job_set = manager.run(
            itertools.repeat(flipped("1"), count), STUBBED, max_experiments_per_job=1, shots=2
        )
        ids = [job.job_id() for job in job_set.jobs()]
        told = elsewhere(TELL, job_set.job_set_id())
        assert stub.take_counts()["submit"] == count
        assert told["ids"] == ids
        assert told["ranges"] == [[n, n] for n in range(count)]
        assert told["names"] == [f"{job_set.name()}_{n}_" for n in range(count)]


def test_5_a_set_is_found_by_its_id_on_another_machine(
    manager, service, held, monkeypatch, tmp_path
):
    circuits = numbered(23)
    circuits[7].metadata = {"x": 1}
    job_set = manager.run(
        circuits, BACKEND, name="a_b c_ü", max_experiments_per_job=2, job_tags=["a"], shots=3
    )
    job_set.jobs()
    set_id = job_set.job_set_id()
    other_machine(monkeypatch, service, tmp_path / "other")
    told = elsewhere(TELL, set_id)
    assert (told["name"], told["tags"]) == ("a_b c_ü", ["a"])
    assert told["ranges"] == [[n, min(n + 1, 22)] for n in range(0, 23, 2)]
    assert told["names"] == [f"a_b c_ü_{n}_" for n in range(12)]
    assert told["ids"] == [job.id for job in held(set_id)]
    found = IBMQJobManager().retrieve_job_set(set_id, IBMQ.load_account())
    results = found.results(timeout=60)
    assert [results.get_counts(f"c{n}") for n in range(23)] == [outcome(n, 3) for n in range(23)]
    names = [[circuit.name for circuit in job.circuits()] for job in found.jobs()]
    assert names[:2] == [["c0", "c1"], ["c2", "c3"]]
    assert results.combine_results().results[7].header.metadata == {"x": 1}
    assert len(held(set_id)) == 12


@pytest.mark.parametrize("job_set_id", ["20200101-0000000", "../sets/x", "", None, 5])
def test_6_an_unknown_id_has_an_error_of_its_own(manager, service, job_set_id):
    with pytest.raises(IBMQJobManagerUnknownJobSet):
        manager.retrieve_job_set(job_set_id, IBMQ.load_account())
    assert manager.job_sets() == []


@pytest.mark.parametrize(
    "job_set_id",
    [
        "447d81d3a5a34b9d8a9d1a3f7d6bb090-17951984333823984",
        "447d81d3a5a34b9d8a9d1a3f7d6bb090-1574786442.0417988",
        "447d81d3-a5a3-4b9d-8a9d-1a3f7d6bb090-1600000000.0-0",
        "ibmq_jobset_447d81d3a5a34b9d8a9d1a3f7d6bb090-17951984333823984_",
        "ibm_composite_job_id_447d81d3a5a34b9d8a9d1a3f7d6bb090_",
    ],
)
def test_6_an_id_of_the_service_that_is_gone_says_so(manager, service, job_set_id):
    with pytest.raises(IBMQJobManagerUnknownJobSet, match="that IBM has shut down") as caught:
        manager.retrieve_job_set(job_set_id, IBMQ.load_account())
    assert job_set_id in caught.value.message
    assert caught.value.message.endswith("Run its circuits again.")


def test_6_a_set_is_cached_unless_it_is_to_be_refreshed(manager, proxy):
    job_set = manager.run(numbered(1), BACKEND, shots=2)
    job_set.results()
    provider = IBMQ.load_account()
    before = len(proxy.seen)
    assert manager.retrieve_job_set(job_set.job_set_id(), provider) is job_set
    assert len(proxy.seen) == before
    fresh = manager.retrieve_job_set(job_set.job_set_id(), provider, refresh=True)
    assert fresh is not job_set
    assert manager.job_sets() == [fresh]


def test_6_jobs_of_others_under_the_sets_tag_are_an_error_and_are_left_alone(service, held):
    from ibmqbatch.clock import Clock
    from ibmqbatch.jobset.job_set import connected

    job_set = spoiled(numbered(2), max_experiments_per_job=1, shots=2)
    set_id = job_set.job_set_id()
    foreign = f"ibmq_jobset_{set_id}_j0.2_c0-0_r0.1_a1_{'x' * 13}"
    params = {"pubs": [["OPENQASM 3.0; bit c; qubit q; c = measure q;"]], "version": 2, "shots": 1}
    body = {
        "program_id": "sampler",
        "backend": BACKEND,
        "tags": [f"ibmq_jobset_{set_id}_", foreign],
        "params": params,
    }
    with connected("local", Clock()) as client:
        job_id = client.submit(json.dumps(body).encode())
    # Another program may have sent the set: this one looks before it sends.
    job_set = IBMQJobManager().retrieve_job_set(set_id, IBMQ.load_account())
    with pytest.raises(IBMQJobManagerError, match="does not know"):
        job_set.results(timeout=30)
    (stranger,) = held(set_id)
    assert stranger.id == job_id
    assert stranger.status != "Cancelled"


def test_6_the_name_of_a_set_is_no_id_and_the_error_tells_the_ids_of_that_name(manager, provider):
    sets = [manager.run(numbered(1), BACKEND, name="twice", shots=2) for _ in range(2)]
    with pytest.raises(IBMQJobManagerUnknownJobSet, match="the name of") as caught:
        IBMQJobManager().retrieve_job_set("twice", provider)
    assert all(job_set.job_set_id() in str(caught.value) for job_set in sets)


def test_10_results_wait_and_keep_to_their_timeout(manager, proxy):
    gate = Gate(after=1)
    proxy.when("POST", "/jobs", times=9, before=gate)
    job_set = manager.run(numbered(3), BACKEND, max_experiments_per_job=1, shots=2)
    assert gate.reached.wait(30)
    with pytest.raises(IBMQJobManagerTimeoutError, match=r"for experiments \d-\d"):
        job_set.results(timeout=0.5)
    gate.open()
    assert job_set.results(timeout=0).success


def test_10_failed_jobs_do_not_raise_and_results_are_cached(held):
    job_set = spoiled(numbered(2), 1, max_experiments_per_job=1, shots=2)
    with pytest.warns(UserWarning, match="job result for experiments 1-1, job ID="):
        results = job_set.results()
    assert [job.status for job in held(job_set.job_set_id())] == ["Completed", "Failed"]
    assert not results.success
    assert results.get_counts(0) == outcome(0, 2)
    assert job_set.results() is results
    with pytest.warns(UserWarning, match="experiments 1-1"):
        assert job_set.results(refresh=True) is not results


def test_11_experiments_are_found_by_index_name_and_circuit(manager):
    circuits = numbered(5)
    job_set = manager.run(circuits, BACKEND, max_experiments_per_job=2, shots=2)
    second = job_set.jobs()[1]
    for experiment in (3, np.int64(3), "c3", circuits[3]):
        job, index = job_set.job(experiment)
        assert (job.job_id(), index) == (second.job_id(), 1)
    results = job_set.results()
    for experiment in (3, np.uint8(3), "c3", circuits[3]):
        assert results.get_counts(experiment) == outcome(3, 2)
    for nothing in (5, -1, "c9", None, 1.0, True, flipped("1", "other")):
        with pytest.raises(IBMQJobManagerJobNotFound):
            job_set.job(nothing)
        with pytest.raises(IBMQJobManagerJobNotFound):
            results.get_counts(nothing)
    told = elsewhere(
        """
        import json, sys
        from ibmqbatch import IBMQJobManager
        job_set = IBMQJobManager().retrieve_job_set(sys.argv[1], None)
        print(json.dumps([job_set.job("c3")[1], job_set.results().get_counts("c3")]))
        """,
        job_set.job_set_id(),
    )
    assert told == [1, outcome(3, 2)]


def test_12_combined_results_are_one_result_in_the_original_order(manager):
    circuits = numbered(7)
    job_set = manager.run(circuits, BACKEND, max_experiments_per_job=3, shots=2)
    combined = job_set.results().combine_results()
    assert isinstance(combined, Result)
    assert combined.success
    assert combined.get_counts() == [outcome(n, 2) for n in range(7)]
    assert combined.get_counts(circuits[4]) == outcome(4, 2)
    told = elsewhere(
        """
        import json, sys
        from ibmqbatch import IBMQJobManager
        job_set = IBMQJobManager().retrieve_job_set(sys.argv[1], None)
        print(json.dumps(job_set.results().combine_results().get_counts()))
        """,
        job_set.job_set_id(),
    )
    assert told == combined.get_counts()


def test_13_error_messages_name_the_range_the_index_the_id_and_the_code(held):
    job_set = spoiled(numbered(5), 3, max_experiments_per_job=2, shots=2)
    text = job_set.error_messages()
    failed = held(job_set.job_set_id())[1]
    heading, *reason = text.splitlines()
    assert heading == f"Experiments 2-3, job index=1, job ID={failed.id}:"
    assert all(line.startswith("  ") for line in reason)
    assert re.search(r"Error code: 1\d\d\d\.$", text)
    told = elsewhere(
        """
        import json, sys
        from ibmqbatch import IBMQJobManager
        job_set = IBMQJobManager().retrieve_job_set(sys.argv[1], None)
        print(json.dumps(job_set.error_messages()))
        """,
        job_set.job_set_id(),
    )
    assert told == text


def test_13_without_failures_there_is_no_message(manager):
    assert manager.run(numbered(1), BACKEND, shots=2).error_messages() is None


def test_14_tags_are_replaced_then_added_then_removed_and_a_name_keeps_the_order(manager, held):
    job_set = manager.run(
        numbered(3), BACKEND, name="old", max_experiments_per_job=1, job_tags=["a"], shots=2
    )
    ids = [job.job_id() for job in job_set.jobs()]
    new = job_set.update_tags(
        replacement_tags=["b", "c"], additional_tags=["d", "e"], removal_tags=["c", "e", "gone"]
    )
    assert new == job_set.tags() == ["b", "d"]
    assert job_set.update_name("new") == "new"
    set_id = job_set.job_set_id()
    for number, job in enumerate(held(set_id)):
        assert (job.id, job.index) == (ids[number], number)
        assert job.tags[:3] == ["b", "d", f"ibmq_jobset_{set_id}_"]
        assert job.tags[-1] == "ibmq_jobset_name_3_new"
    told = elsewhere(TELL, set_id)
    assert (told["name"], told["tags"], told["ids"]) == ("new", ["b", "d"], ids)
    assert told["names"] == ["new_0_", "new_1_", "new_2_"]


def test_14_the_tags_of_the_set_itself_cannot_be_taken_away(manager, held):
    job_set = manager.run(numbered(1), BACKEND, job_tags=["a"], shots=2)
    job_set.jobs()
    own = f"ibmq_jobset_{job_set.job_set_id()}_"
    assert job_set.update_tags(removal_tags=[own, "a"]) == []
    assert job_set.update_tags(replacement_tags=["b"]) == ["b"]
    assert job_set.update_tags(replacement_tags=[]) == []
    with pytest.raises(IBMQJobManagerInvalidStateError, match="reserved"):
        job_set.update_tags(additional_tags=["ibmq_jobset_x"])
    with pytest.raises(IBMQJobManagerInvalidStateError, match="not a list"):
        job_set.update_tags(additional_tags="x")
    with pytest.raises(IBMQJobManagerInvalidStateError, match="none are given"):
        job_set.update_tags()
    (job,) = held(job_set.job_set_id())
    assert job.tags[0] == own


DONE = "job has successfully run"


def test_15_reports_have_their_old_layout(manager, held):
    job_set = manager.run(
        numbered(3), BACKEND, name="foo", max_experiments_per_job=2, job_tags=["x"], shots=2
    )
    job_set.results()
    set_id = job_set.job_set_id()
    first, second = (job.id for job in held(set_id))
    summary = [
        "Summary report:",
        "       Total jobs: 2",
        "  Successful jobs: 2",
        "      Failed jobs: 0",
        "   Cancelled jobs: 0",
        "     Running jobs: 0",
        "     Pending jobs: 0",
    ]
    details = [
        "",
        "Detail report:",
        "  experiments: 0-1",
        "    job index: 0",
        f"    job ID: {first}",
        "    name: foo_0_",
        f"    status: {DONE}",
        "  experiments: 2-2",
        "    job index: 1",
        f"    job ID: {second}",
        "    name: foo_1_",
        f"    status: {DONE}",
    ]
    heading = ["Job set name: foo", f"          ID: {set_id}", "        tags: ['x']"]
    assert job_set.report().splitlines() == [*heading, *summary, *details]
    assert job_set.report(detailed=False).splitlines() == [*heading, *summary]
    line = f"  Job set name: foo, ID: {set_id}"
    assert manager.report().splitlines() == [*summary, *details[:2], line, *details[2:]]
    assert manager.report(detailed=False).splitlines() == summary


def test_15_a_report_tells_of_jobs_that_wait_fail_and_are_refused(proxy, held):
    proxy.when("POST", "/jobs", status=400, body=REFUSAL)
    job_set = spoiled(numbered(2), 0, 1, max_experiments_per_job=1, shots=2)
    assert "    status: job is being initialized" in job_set.report().splitlines()
    text = job_set.error_messages()
    (failed,) = held(job_set.job_set_id())
    lines = job_set.report().splitlines()
    assert "    status: job submit failed: Bad body (code 1208)." in lines
    at = lines.index(f"    job ID: {failed.id}")
    assert lines[at + 2 : at + 4] == ["    status: job incurred error", "    error_message:"]
    assert lines[at + 4].startswith("      ")
    assert lines[at + 4].strip() in text
    assert "      Failed jobs: 2" in lines


def test_15_cancel_stops_all_jobs(manager, proxy, held):
    gate = Gate(after=1)
    proxy.when("POST", "/jobs", times=9, before=gate)
    job_set = manager.run(numbered(40), BACKEND, max_experiments_per_job=1, shots=1_000_000)
    assert gate.reached.wait(30)
    gate.open()
    cancelled(job_set)
    statuses = elsewhere(TELL, job_set.job_set_id())["statuses"]
    assert set(statuses) <= {"CANCELLED", "DONE"}
    assert "CANCELLED" in statuses
    assert {job.status for job in held(job_set.job_set_id())} <= {"Cancelled", "Completed"}
