"""Jobs that are known are followed by few listings, and none is given up too soon."""

from __future__ import annotations

from ibmqbatch.jobset.advance import advance
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.records import JobStatus
from tests.jobset.support import GAP, SETTLE, job, step
from tests.support.manifests import write_set


def test_known_job_that_the_listing_does_not_show_is_asked_for_by_id(work, service):
    step(work)
    service.hidden = {"r0"}
    service.say("r0", "Running")
    step(work, 1)
    assert job(work).status is JobStatus.RUNNING


def test_known_job_that_is_gone_a_moment_after_it_was_sent_is_not_given_up(work, service):
    step(work)
    stored = service.stored.pop("r0")
    step(work, 1)
    assert job(work).status is JobStatus.QUEUED
    service.stored["r0"] = stored


def test_known_job_that_is_gone_for_good_has_failed(work, service):
    step(work)
    del service.stored["r0"]
    step(work, SETTLE + 1)
    assert job(work).status is JobStatus.QUEUED  # one answer may be a slip
    step(work, SETTLE + GAP + 1)
    assert job(work).status is JobStatus.ERROR
    assert "does not have this job" in job(work).reason


def test_many_jobs_are_refreshed_by_few_listings(home, clock, service):
    with Manifest.open(write_set(120)) as manifest:
        work = Work(manifest, service, clock)
        advance(work, fetching=False)
        before = service.listings
        advance(work, fetching=False)
    assert service.listings - before == 1
