"""Submissions that were turned away: nothing was created; should it be, it is known for ours."""

from __future__ import annotations

from ibmqbatch.service.errors import Busy
from tests.jobset.support import raising, step


def created_and_refused(service, tags):
    service.create(tags)
    raise Busy("too busy")


def test_job_that_a_refusal_has_made_all_the_same_is_known_for_ours(work, service):
    service.answers = [created_and_refused]
    step(work)
    step(work, 61)
    step(work, 1)
    remotes = work.manifest.remotes()
    assert {remote.id for remote in remotes} == set(service.stored)
    assert len(service.cancelled) == len(service.stored) - 1


def test_refused_job_is_sent_as_the_same_attempt(work, service):
    service.answers = [raising(Busy("too busy"))]
    step(work)
    nonces = {attempt.nonce for attempt in work.manifest.attempts()}
    step(work, 61)
    assert {(a.number, a.state) for a in work.manifest.attempts()} == {(1, "accepted")}
    assert nonces <= {attempt.nonce for attempt in work.manifest.attempts()}
