"""The manager and its jobs take what the reference pages say; see `test_signatures`.

Of `IBMQJobManager` the page, 002, tells `run` and `retrieve_job_set` by their first parameters (an
ellipsis stands for the rest) and by its samples; of `ManagedJob` there are two pages, 000 and the
newer 001.
"""

from __future__ import annotations

import inspect

import pytest

from ibmqbatch import IBMQJobManager, ManagedJob
from tests.managed.support import plain

MANAGER = [
    ("__init__", "()", "002", 49),
    ("job_sets", "(name=None", "002", 55),
    ("report", "(detailed=True)", "002", 56),
    ("retrieve_job_set", "(job_set_id, ", "002", 57),
    ("run", "(experiments, backend, ", "002", 58),
]
_SUBMIT = (
    "(circuits, job_name, backend, executor, submit_lock, job_share_level=None, "
    "job_tags=None, **run_config)"
)
MANAGED_JOB = [
    ("__init__", "(start_index, experiments_count, job=None)", "001", 6),
    ("cancel", "()", "001", 26),
    ("error_message", "()", "001", 36),
    ("qobj", "()", "001", 50),
    ("result", "(timeout=None, partial=False, refresh=False)", "001", 64),
    ("status", "()", "001", 88),
    ("submit", _SUBMIT, "001", 102),
]
# How the samples of page 002 call the manager.
CALLS = [
    ("run", ("circs",), {"backend": "backend", "name": "foo"}, 32),
    ("retrieve_job_set", (), {"job_set_id": "id", "provider": "provider"}, 46),
]
# Those parameters whose names page 002 leaves out, as the last release has them.
WHOLE = {
    "run": (
        "(experiments, backend, name=None, max_experiments_per_job=None, job_share_level=None, "
        "job_tags=None, **run_config)"
    ),
    "retrieve_job_set": "(job_set_id, provider, refresh=False)",
}


@pytest.mark.parametrize(("name", "expected", "page", "line"), MANAGER)
def test_method_of_the_manager_takes_what_it_always_took(name, expected, page, line):
    assert plain(inspect.signature(getattr(IBMQJobManager, name))).startswith(expected)


@pytest.mark.parametrize(("name", "expected"), WHOLE.items())
def test_what_the_page_leaves_out_is_as_in_the_last_release(name, expected):
    assert plain(inspect.signature(getattr(IBMQJobManager, name))) == expected


@pytest.mark.parametrize(("name", "expected", "page", "line"), MANAGED_JOB)
def test_method_of_a_managed_job_takes_what_it_always_took(name, expected, page, line):
    assert plain(inspect.signature(getattr(ManagedJob, name))) == expected


@pytest.mark.parametrize(("name", "words", "named", "line"), CALLS)
def test_the_calls_of_the_samples_fit(name, words, named, line):
    inspect.signature(getattr(IBMQJobManager, name)).bind(None, *words, **named)


@pytest.mark.parametrize("name", ["start_index", "end_index", "job", "submit_error"])
def test_attribute_of_a_managed_job_is_there(name):
    assert getattr(ManagedJob(3, 4), name) == {"start_index": 3, "end_index": 6}.get(name)


@pytest.mark.parametrize(
    ("owner", "name"),
    [(IBMQJobManager, name) for name, *_ in MANAGER[1:]]
    + [(ManagedJob, name) for name, *_ in MANAGED_JOB[1:]],
)
def test_method_says_what_it_does(owner, name):
    assert inspect.getdoc(getattr(owner, name))
