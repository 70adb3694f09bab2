"""Queue information: what is there is shown as it is, what is not is None."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ibmqbatch import QueueInfo
from ibmqbatch.managed.job_source import JobInfo
from ibmqbatch.managed.times import queue_info_of, steps_of
from ibmqbatch.manifest.records import JobStatus

START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def test_nothing_told_is_unknown():
    lines = QueueInfo().format().splitlines()
    assert len(lines) == 8
    assert lines[0] == "Job unknown queue information:"
    assert all(line.endswith("unknown") for line in lines[1:])


def test_zero_is_zero():
    text = QueueInfo(position=0, hub_priority=0.0, job_id="j").format()
    assert "queue position: 0\n" in text
    assert "hub priority: 0.0\n" in text


@pytest.mark.parametrize(
    ("offset", "written"),
    [
        (timedelta(days=-1055, hours=3), "1054 days 21 hours ago"),
        (timedelta(minutes=-3, seconds=-5), "3 minutes 5 seconds ago"),
        (timedelta(hours=1, seconds=30), "1 hour"),
        (timedelta(0), "now"),
    ],
)
def test_times_are_written_by_how_far_they_are_from_now(offset, written):
    text = QueueInfo(estimated_start_time=datetime.now(UTC) + offset).format()
    assert f"estimated start time: {written}" in text


@pytest.mark.parametrize("given", [START, "2026-11-20T10:00:00Z", "2026-11-20T10:00:00"])
def test_times_are_read_as_utc_and_shown_in_local_time(given):
    found = QueueInfo(estimated_complete_time=given).estimated_complete_time
    assert found == START
    assert found.utcoffset() == START.astimezone().utcoffset()


def test_a_time_that_is_none_is_refused():
    with pytest.raises(ValueError, match="soon"):
        QueueInfo(estimated_start_time="soon")


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("PENDING_IN_QUEUE", "job is queued"),
        ("Queued", "job is queued"),
        ("RUNNING", "job is actively running"),
        ("WARMING_UP", "WARMING_UP"),
    ],
)
def test_a_status_that_is_not_known_is_kept(status, sentence):
    info = QueueInfo(status=status)
    assert f"status: {sentence}\n" in info.format()
    assert info.status == status


def test_to_dict_holds_everything_and_makes_it_again():
    info = QueueInfo(3, "QUEUED", START, None, 0.0, None, 1.5, "j", lanes=2)
    assert info.to_dict() == {
        "position": 3,
        "status": "QUEUED",
        "estimated_start_time": START,
        "estimated_complete_time": None,
        "hub_priority": 0.0,
        "group_priority": None,
        "project_priority": 1.5,
        "job_id": "j",
        "lanes": 2,
    }
    assert QueueInfo(**info.to_dict()) == info


def test_what_else_is_given_is_an_attribute():
    info = QueueInfo(lanes=2)
    assert info.lanes == 2
    with pytest.raises(AttributeError):
        info.roads  # noqa: B018


def facts(status: JobStatus, **more: object) -> JobInfo:
    told = {"id": "j", "service_status": status.title(), "reason": "", "code": None}
    rest = {"solution": "", "tags": (), "name": None, "created": "2026-11-20T09:59:59Z"}
    return JobInfo(**{**told, **rest, "status": status, "private": False, **more})


def test_a_service_that_tells_of_its_queue_is_believed():
    told = {"position_in_queue": 7, "estimated_start_time": "2026-11-20T10:00:00Z"}
    info = queue_info_of(facts(JobStatus.QUEUED), told)
    assert (info.position, info.estimated_start_time, info.job_id) == (7, START, "j")


def test_a_service_that_tells_nothing_of_its_queue_gives_none():
    assert queue_info_of(facts(JobStatus.QUEUED), {"timestamps": {}}) is None


def test_a_job_that_does_not_wait_has_no_place_in_the_queue():
    assert queue_info_of(facts(JobStatus.RUNNING), {"position_in_queue": 0}) is None


@pytest.mark.parametrize(
    ("status", "last"),
    [
        (JobStatus.DONE, "COMPLETED"),
        (JobStatus.CANCELLED, "CANCELLED"),
        (JobStatus.ERROR, "ERROR_RUNNING_JOB"),
    ],
)
def test_steps_are_in_the_order_in_which_they_came(status, last):
    times = {
        "created": "2026-11-20T10:00:00Z",
        "running": "2026-11-20T10:00:01.5Z",
        "finished": "2026-11-20T10:00:03Z",
    }
    steps = steps_of(facts(status), {"timestamps": times})
    assert list(steps) == ["CREATING", "CREATED", "QUEUED", "RUNNING", last]
    assert list(steps.values()) == sorted(steps.values())
    assert steps["RUNNING"] - steps["QUEUED"] == timedelta(seconds=1.5)


def test_steps_that_are_not_told_are_left_out():
    assert list(steps_of(facts(JobStatus.QUEUED), {})) == ["CREATING", "CREATED", "QUEUED"]
    assert steps_of(facts(JobStatus.QUEUED, created=""), {}) is None
