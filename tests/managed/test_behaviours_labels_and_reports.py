"""Sets have tags, names, reports, and can be cancelled.

Behaviours 14 and 15, of the fifteen that programs of the old job manager rely on. Where state is
concerned a second process has a look; what the service holds is read from its own database.
"""

from __future__ import annotations

import pytest

from ibmqbatch.managed.exceptions import (
    IBMQJobManagerInvalidStateError,
)
from tests.managed.support import (
    BACKEND,
    REFUSAL,
    TELL,
    Gate,
    cancelled,
    elsewhere,
    numbered,
    spoiled,
)


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
    with pytest.raises(IBMQJobManagerInvalidStateError, match="no list"):
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


@pytest.mark.parametrize("tags", ["a", {"a"}, [1], ["a", None], 5])
def test_15_tags_are_lists_of_texts(manager, service, tags):
    with pytest.raises(IBMQJobManagerInvalidStateError):
        manager.run(numbered(1), BACKEND, job_tags=tags)
    assert manager.job_sets() == []


@pytest.mark.parametrize("tags", [None, [], ()])
def test_15_no_tags_are_tags_enough(manager, service, tags):
    assert manager.run(numbered(1), BACKEND, job_tags=tags, shots=2).tags() == []


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
