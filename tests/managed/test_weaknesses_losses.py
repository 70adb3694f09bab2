"""Nothing is lost: not with the program, a job, a tag or an answer.

Weaknesses 1 to 4, of the ten that the old job manager had, mended. Where state is concerned a
second process has a look; what the service holds is read from its own database.
"""

from __future__ import annotations

import signal

import pytest

from ibmqbatch.clock import Clock
from ibmqbatch.jobset.advance import try_advance
from ibmqbatch.jobset.job_set import connected
from tests.managed.support import (
    BACKEND,
    TELL,
    Gate,
    elsewhere,
    numbered,
    other_machine,
    outcome,
    spoiled,
    start,
)

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
