"""A listing's pages may come from copies of the records, of which one knows more than another."""

from __future__ import annotations

import pytest

from ibmqbatch.clock import Clock
from ibmqbatch.jobset.listing import list_jobs
from ibmqbatch.jobset.tags import set_tag
from ibmqbatch.service.errors import Unreadable
from ibmqbatch.service.models import JobPage
from tests.jobset.support import GAP, SETTLE, created_without_an_answer, job, step

PAGE = 5


@pytest.fixture
def copies(work, service, monkeypatch):
    """Have the first page be of a copy that knows one job more than that of the second."""
    tag = set_tag(work.manifest.job_set().id)

    def jobs(*, offset=0, oldest_first=False, **_):
        known = list(reversed(service.stored.values()))
        known = known if offset == 0 else known[1:]
        return JobPage(tuple(known[offset : offset + PAGE]), len(known))

    service.answers = [created_without_an_answer]
    step(work)
    for _ in range(PAGE):
        service.create([tag])
    monkeypatch.setattr(service, "jobs", jobs)


def test_job_between_two_pages_of_copies_that_differ_is_not_sent_again(work, service, copies):
    for after in (SETTLE + 1, GAP + 1, GAP + 1):
        step(work, after)
    assert (service.posts, job(work).unsure) == (1, True)


def test_job_between_two_pages_of_copies_that_differ_is_not_left_out(service, copies):
    with pytest.raises(Unreadable, match="counts 6 jobs and lists 5"):
        list_jobs(service, Clock())
