"""What jobs have used: read from every form in which services tell it, and asked for once."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.jobset.documents import set_data
from ibmqbatch.jobset.usage import (
    Timestamps,
    fetch_metrics,
    metrics_of,
    read_metrics,
    read_timestamps,
)
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.service.errors import NotFound, ServerFault
from tests.support.accounts import FakeClock
from tests.support.manifests import remote, sent, write_set

TIMES = {
    "created": "2026-11-21T10:00:00.123456Z",
    "running": "2026-11-21T11:00:01+01:00",
    "finished": "2026-11-21T10:00:05",
}


@pytest.fixture
def manifest(home):
    """Open a set of four jobs: three have ended, one runs."""
    with Manifest.open(write_set(4)) as manifest:
        for job, word in enumerate(("Completed", "Failed", "Cancelled", "Running")):
            sent(manifest, job, f"r{job}", status=word)
        yield manifest


def kept(manifest: Manifest, told: object):
    """Store what a service tells, and read it back."""
    with manifest.transaction() as change:
        change.jobs.store_metrics(manifest.remotes()[0], told)
    return read_metrics(manifest.remotes()[0])


@pytest.mark.parametrize(
    ("told", "seconds", "final"),
    [
        ({"usage": {"qpu_charge_time_seconds": 3, "status": "complete"}}, 3.0, True),
        ({"usage": {"qpu_charge_time_seconds": 3, "status": "pending"}}, 3.0, False),
        ({"usage": {"qpu_charge_time_seconds": 3}}, 3.0, True),
        ({"usage": {"qpu_charge_time_seconds": 3, "quantum_seconds": 9}}, 3.0, True),
        ({"usage": {"quantum_seconds": 2.5, "seconds": 9}}, 2.5, True),
        ({"usage": {"seconds": 4}}, 4.0, True),
        ({"bss": {"seconds": 5}}, 5.0, True),
        ({"bss": {"seconds": 5}, "usage": {"seconds": 4}}, 4.0, True),
        ({"usage": {"qpu_charge_time_seconds": 0}}, 0.0, True),
        ({"usage": {"qpu_charge_time_seconds": -1}}, None, False),
        ({"usage": {"qpu_charge_time_seconds": "3"}}, None, False),
        ({"usage": {"qpu_charge_time_seconds": float("nan")}}, None, False),
        ({"usage": {"qpu_charge_time_seconds": None, "seconds": 1}}, 1.0, True),
        ({"usage": {"seconds": 10**400}}, None, False),
        ({"usage": 5, "bss": None}, None, False),
        ({}, None, False),
    ],
)
def test_seconds_are_those_of_the_newest_key_that_tells_them(told, seconds, final, manifest):
    metrics = kept(manifest, told)
    assert (metrics.seconds, metrics.final) == (seconds, final)


def test_times_are_written_as_all_others_are(manifest):
    metrics = kept(manifest, {"timestamps": TIMES})
    assert metrics.created_at == "2026-11-21T10:00:00.123Z"
    assert metrics.running_at == "2026-11-21T10:00:01.000Z"
    assert metrics.finished_at == "2026-11-21T10:00:05.000Z"


@pytest.mark.parametrize("told", [None, 5, "soon", "", "0001-01-01T00:00:00+12:00", [], {}])
def test_time_that_is_none_is_left_out(told, manifest):
    metrics = kept(manifest, {"timestamps": {"created": told, "running": told}})
    assert (metrics.created_at, metrics.running_at, metrics.finished_at) == (None, None, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
WORDS = st.sampled_from(
    ["usage", "bss", "timestamps", "seconds", "created", "qpu_charge_time_seconds", "status"]
)


@given(st.dictionaries(WORDS, JSON | st.dictionaries(WORDS, JSON)))
def test_whatever_is_told_is_read(told):
    metrics = read_metrics(remote("Completed", metrics=told))
    assert metrics is not None
    assert metrics.seconds is None or metrics.seconds >= 0


class Asked:
    """A service that tells what jobs have used, or fails, and remembers who asked."""

    def __init__(self, **answers: object) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def metrics(self, job_id: str) -> object:
        self.asked.append(job_id)
        answer = self.answers.get(job_id, {"usage": {"qpu_charge_time_seconds": 1}})
        if isinstance(answer, Exception):
            raise answer
        return answer


def fetch(manifest: Manifest, **answers: object) -> list[str]:
    service = Asked(**answers)
    fetch_metrics(Work(manifest, service, FakeClock()))
    return sorted(service.asked)


def test_jobs_that_have_ended_are_asked_for_once(manifest):
    assert fetch(manifest) == ["r0", "r1", "r2"]
    assert fetch(manifest) == []
    assert set_data(manifest.job_set(), manifest.jobs(), usage=True)["used_seconds"] == 3


def test_usage_that_is_pending_is_asked_for_again(manifest):
    pending = {"usage": {"qpu_charge_time_seconds": 0, "status": "pending"}}
    fetch(manifest, r1=pending)
    assert fetch(manifest, r1={"usage": {"qpu_charge_time_seconds": 7}}) == ["r1"]
    assert set_data(manifest.job_set(), manifest.jobs(), usage=True)["used_seconds"] == 9


def test_failure_is_raised_after_what_was_learnt_is_kept(manifest):
    failure = ServerFault("it failed", status=500)
    with pytest.raises(ServerFault):
        fetch(manifest, r0=failure)
    assert fetch(manifest) == ["r0"]


def test_job_that_the_service_has_no_more_is_no_failure(manifest):
    gone = NotFound("gone", status=404, number=1291, trace=None)
    assert fetch(manifest, r2=gone) == ["r0", "r1", "r2"]
    usage = set_data(manifest.job_set(), manifest.jobs(), usage=True)["jobs"][2]["usage"]
    assert usage is None


def test_what_is_told_can_be_any_numbers(manifest):
    """Services write NaN, which JSON does not have."""
    told = json.loads('{"usage": {"qpu_charge_time_seconds": NaN, "seconds": 2}}')
    fetch(manifest, r0=told)
    assert set_data(manifest.job_set(), manifest.jobs(), usage=True)["used_seconds"] == 4


def test_metrics_of_one_job_are_kept_once_it_has_ended(manifest):
    told = {"timestamps": TIMES, "usage": {"qpu_charge_time_seconds": 1}}
    service = Asked(r0=told, r3=told)
    work = Work(manifest, service, FakeClock())
    for _ in range(2):
        for name in ("r0", "r3"):
            found = next(r for r in manifest.remotes() if r.id == name)
            assert metrics_of(work, found) == told
    assert service.asked == ["r0", "r3", "r3"]


def test_times_are_read_at_any_stage_of_a_job():
    assert read_timestamps({}) == read_timestamps({"timestamps": None}) == Timestamps()
    assert read_timestamps({"timestamps": {**TIMES, "finished": None}}) == Timestamps(
        created=TIMES["created"], running=TIMES["running"]
    )
    place = {"position_in_queue": 5, "position_in_provider": 2}
    assert read_timestamps(place).position == 2
    assert read_timestamps({"position_in_queue": -1, "estimated_start_time": ""}) == Timestamps()
