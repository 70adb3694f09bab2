"""Jobs are cancelled, and get other tags and another name."""

from __future__ import annotations

import json

import pytest
from qiskit.providers import JobStatus

from ibmqbatch import (
    IBMQJob,
    IBMQJobApiError,
    IBMQJobInvalidStateError,
)
from tests.managed.support import bell, elsewhere, on_service, planned, said


def test_a_job_that_is_not_sent_is_cancelled_at_once(simulator):
    handle = planned(simulator)
    first, second = (IBMQJob.of_set(handle, index, simulator) for index in range(2))
    assert second.cancel() is True
    assert second.cancelled()
    assert first.result().get_counts() == {"10": 4000}
    with pytest.raises(IBMQJobInvalidStateError, match="cancelled"):
        second.result()
    assert second.error_message() is None


def test_a_cancel_is_confirmed_by_what_the_service_then_says(proxy, simulator):
    job = simulator.run(bell(), shots=1)
    running, ended = said(job, "Running"), said(job, "Cancelled")
    proxy.when("GET", "/jobs?", times=2, status=200, body=running)
    proxy.when("GET", "/jobs?", status=200, body=ended)
    proxy.when("POST", "/cancel", status=204)
    assert job.cancel() is True
    assert job.status() is JobStatus.CANCELLED


def test_a_job_that_has_ended_stays_as_it_is(job):
    assert job.cancel() is False
    assert job.done()


CHANGES = [
    ({"replacement_tags": []}, []),
    ({"replacement_tags": ["r1", "r2"]}, ["r1", "r2"]),
    ({"additional_tags": []}, ["one", "two", "three"]),
    ({"additional_tags": ["a1", "a2"]}, ["one", "two", "three", "a1", "a2"]),
    ({"removal_tags": []}, ["one", "two", "three"]),
    ({"removal_tags": ["phantom", "ghost", "three"]}, ["one", "two"]),
    ({"additional_tags": ["x"], "removal_tags": ["x"]}, ["one", "two", "three"]),
    ({"replacement_tags": ["r1", "r2"], "removal_tags": ["r1"]}, ["r2"]),
    (
        {
            "replacement_tags": ["r1", "r2"],
            "additional_tags": ["a1", "a2"],
            "removal_tags": ["r1", "a1"],
        },
        ["r2", "a2"],
    ),
]


def test_tags_are_replaced_then_added_then_removed(job):
    for change, left in CHANGES:
        job.update_tags(replacement_tags=["one", "two", "three"])
        assert job.update_tags(**change) == left
        job.refresh()
        tags = on_service(job.job_id()).tags
        theirs = [tag for tag in tags if not tag.startswith("ibmq_jobset_")]
        assert job.tags() == theirs == left


def test_tags_by_which_a_job_is_found_again_survive(job, caplog):
    ours = [tag for tag in on_service(job.job_id()).tags if tag.startswith("ibmq_jobset_")]
    assert len(ours) == 3
    job.update_tags(replacement_tags=["c"])
    job.update_tags(removal_tags=ours)
    assert "is not removed" in caplog.text
    assert [*job.tags(), *ours] == list(on_service(job.job_id()).tags)
    for argument in ("replacement_tags", "additional_tags"):
        with pytest.raises(IBMQJobInvalidStateError, match="reserved"):
            job.update_tags(**{argument: ["ibmq_jobset_x"]})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"replacement_tags": "abc"},
        {"additional_tags": {"a"}},
        {"removal_tags": [5]},
        {"additional_tags": list("cdefgh")},
        {"additional_tags": ["x" * 87]},
    ],
)
def test_tags_that_cannot_be_are_refused_and_change_nothing(job, given):
    with pytest.raises(IBMQJobInvalidStateError):
        job.update_tags(**given)
    assert job.tags() == ["a", "b"]


def test_tags_of_a_job_are_those_of_its_whole_set(simulator):
    handle = planned(simulator)
    jobs = [IBMQJob.of_set(handle, index, simulator) for index in range(2)]
    jobs[1].result()
    jobs[0].result()
    assert jobs[0].update_tags(additional_tags=["u"]) == ["t", "u"]
    for job in jobs:
        assert job.tags() == ["t", "u"]
        assert {"t", "u"} <= set(on_service(job.job_id()).tags)


def test_a_change_that_the_service_does_not_take_is_an_api_error_and_follows_later(
    proxy, simulator
):
    job = simulator.run(bell(), shots=1)
    job.result()
    refusal = json.dumps({"errors": [{"code": 1204, "message": "Not now."}]}).encode()
    proxy.when("PUT", "/tags", status=400, body=refusal)
    with pytest.raises(IBMQJobApiError, match="Not now"):
        job.update_tags(additional_tags=["a"])
    assert job.update_tags(additional_tags=["b"]) == ["a", "b"]
    assert {"a", "b"} <= set(on_service(job.job_id()).tags)


def test_the_new_name_is_there_in_other_processes(job):
    assert job.update_name("yours") == "yours"
    code = f"""
    import json
    from ibmqbatch.managed.provider import AccountProvider
    print(json.dumps(AccountProvider("local").backend.retrieve_job({job.job_id()!r}).name()))
    """
    assert elsewhere(code) == "yours"
    assert any("yours" in tag for tag in on_service(job.job_id()).tags)


def test_an_empty_name_takes_the_name_of_a_job_away(job, simulator):
    assert job.update_name("") == ""
    assert job.name() is None
    assert simulator.retrieve_job(job.job_id()).name() is None
    assert job.update_name("again") == job.name() == "again"


def test_a_job_that_never_had_a_name_has_none_after_an_empty_one(simulator):
    job = simulator.run(bell(), shots=1)
    assert job.update_name("") == ""
    assert job.name() is None
