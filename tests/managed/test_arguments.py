"""Arguments of the wrong type are errors of the class that was called, before anything is asked."""

from __future__ import annotations

import pytest

from ibmqbatch import IBMQJobInvalidStateError, IBMQJobManagerInvalidStateError, ManagedJob
from ibmqbatch import job_monitor as monitor
from ibmqbatch.errors import UsageError
from ibmqbatch.managed.arguments import Timeout, checked_name, checked_tags, tag_change
from tests.managed.support import BACKEND, numbered


@pytest.mark.parametrize("value", ["5", -1, True, float("inf"), float("nan")])
def test_timeouts_are_numbers_of_seconds(value):
    with pytest.raises(UsageError, match=r"timeout is .*, no number of seconds"):
        Timeout(value)


def test_a_timeout_runs_from_when_it_was_made_and_none_is_no_limit():
    assert Timeout(None).left is Timeout(0).left is None
    assert 0 < Timeout(1e-9).left < 50 < Timeout(60).left <= 60


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (5, "5 is not a name"),
        (None, "None is not a name"),
        ("", "The name is empty"),
        ("  ", "The name is empty"),
        ("x" * 61, "61"),
        ("two\nlines", "control characters"),
        ("latest", "latest"),
    ],
)
def test_names_that_cannot_be_are_refused(name, why):
    with pytest.raises(UsageError, match=why):
        checked_name(name)


@pytest.mark.parametrize("tags", ["a", {"a"}, [1], ["a", None], 5])
def test_tags_are_lists_of_texts(tags):
    with pytest.raises(UsageError, match="not a list of strings"):
        checked_tags(tags)
    with pytest.raises(UsageError, match=r"replacement_tags is .* not a list of strings"):
        tag_change(tags, None, None)


@pytest.mark.parametrize("tags", [None, [], ()])
def test_no_tags_are_tags_enough(tags):
    assert checked_tags(tags) == ()


def test_errors_of_a_job_are_a_jobs(job):
    wrong = [
        lambda: job.result(timeout="soon", refresh=True),
        lambda: job.wait_for_final_state(timeout="soon"),
        lambda: job.wait_for_final_state(wait="long", callback=print),
        lambda: monitor(job, interval="often"),
        lambda: job.update_name(5),
        lambda: job.update_name("two\nlines"),
        lambda: ManagedJob(0, 1, job).result(timeout="soon"),
    ]
    for call in wrong:
        with pytest.raises(IBMQJobInvalidStateError):
            call()
    assert job.name() == "mine"


def test_errors_of_a_set_are_a_job_managers(manager):
    job_set = manager.run(numbered(1), BACKEND, name="three", job_tags=[], shots=2)
    wrong = [
        lambda: job_set.results(timeout="soon"),
        lambda: job_set.update_name(5),
        lambda: job_set.update_tags(additional_tags="x"),
        lambda: manager.run(numbered(1), BACKEND, job_tags="x"),
    ]
    for call in wrong:
        with pytest.raises(IBMQJobManagerInvalidStateError):
            call()
    assert (job_set.name(), job_set.tags()) == ("three", [])
    assert manager.job_sets() == [job_set]
