"""The manager and its jobs take what the reference pages say; see `test_signatures`.

Of `IBMQJobManager` the page, 002, tells `run` and `retrieve_job_set` by their first parameters (an
ellipsis stands for the rest) and by its samples; of `ManagedJob` there are two pages, 000 and the
newer 001.
"""

from __future__ import annotations

import inspect

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


def taken(owner: type, name: str) -> str:
    return plain(inspect.signature(getattr(owner, name)))


def test_methods_of_the_manager_take_what_they_always_took():
    for name, expected, *_ in MANAGER:
        assert taken(IBMQJobManager, name).startswith(expected), name


def test_what_the_page_leaves_out_is_as_in_the_last_release():
    assert {name: taken(IBMQJobManager, name) for name in WHOLE} == WHOLE


def test_methods_of_a_managed_job_take_what_they_always_took():
    found = {name: taken(ManagedJob, name) for name, *_ in MANAGED_JOB}
    assert found == {name: expected for name, expected, *_ in MANAGED_JOB}


def test_the_calls_of_the_samples_fit():
    for name, words, named, _ in CALLS:
        inspect.signature(getattr(IBMQJobManager, name)).bind(None, *words, **named)


def test_attributes_of_a_managed_job_are_there():
    job = ManagedJob(3, 4)
    assert (job.start_index, job.end_index, job.job, job.submit_error) == (3, 6, None, None)


def test_methods_say_what_they_do():
    methods = [(IBMQJobManager, name) for name, *_ in MANAGER[1:]]
    methods += [(ManagedJob, name) for name, *_ in MANAGED_JOB[1:]]
    silent = [name for owner, name in methods if not inspect.getdoc(getattr(owner, name))]
    assert silent == []
