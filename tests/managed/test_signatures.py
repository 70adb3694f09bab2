"""Methods take what the reference pages of the old classes say, in the same order.

Beside each signature stands the page it was typed from, by its number among the seeds, and the
line. Where pages disagree the newer one decides: 004 for `IBMQJob`, 001 for `ManagedJob`. Of
`IBMQJobManager` the page, 002, has `run` and `retrieve_job_set` by their first parameters (an
ellipsis stands for the rest) and by its samples.
"""

from __future__ import annotations

import inspect

import pytest
from qiskit.result import Result

from ibmqbatch import IBMQJob, IBMQJobManager, ManagedJob, ManagedResults

_CONSTRUCTOR = (
    "(backend, api_client, job_id, creation_date, status, kind=None, name=None, "
    "time_per_step=None, result=None, qobj=None, error=None, tags=None, run_mode=None, "
    "share_level=None, client_info=None, experiment_id=None, **kwargs)"
)

IBMQ_JOB = [
    ("__init__", _CONSTRUCTOR, "004", 66),
    ("backend", "()", "004", 130),
    ("backend_options", "()", "004", 140),
    ("cancel", "()", "004", 156),
    ("cancelled", "()", "004", 178),
    ("circuits", "()", "004", 188),
    ("creation_date", "()", "004", 216),
    ("done", "()", "004", 230),
    ("error_message", "()", "004", 240),
    ("from_dict", "(data)", "003", 81),
    ("header", "()", "004", 264),
    ("in_final_state", "()", "004", 278),
    ("job_id", "()", "004", 288),
    ("name", "()", "004", 302),
    ("properties", "()", "004", 316),
    ("qobj", "()", "004", 334),
    ("queue_info", "()", "004", 352),
    ("queue_position", "(refresh=False)", "004", 372),
    ("refresh", "()", "004", 394),
    ("result", "(timeout=None, wait=5, partial=False, refresh=False)", "004", 410),
    ("running", "()", "004", 452),
    ("scheduling_mode", "()", "004", 462),
    ("share_level", "()", "004", 480),
    ("status", "()", "004", 496),
    ("submit", "()", "004", 522),
    ("tags", "()", "004", 540),
    ("time_per_step", "()", "004", 554),
    ("to_dict", "()", "003", 97),
    ("update_name", "(name)", "004", 574),
    (
        "update_tags",
        "(replacement_tags=None, additional_tags=None, removal_tags=None)",
        "004",
        594,
    ),
    ("wait_for_final_state", "(timeout=None, wait=None, callback=None)", "004", 631),
]
ATTRIBUTES = [
    ("client_version", "004", 200),
    ("experiment_id", "004", 252),
    ("version", "004", 126),
]
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
    """Return a method's parameters as they are written, without types."""
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in inspect.signature(getattr(owner, name)).parameters.values()
        if parameter.name not in {"self", "cls"}
    ]
    return str(inspect.Signature(parameters))


@pytest.mark.parametrize(("owner", "page"), [(IBMQJob, IBMQ_JOB), (ManagedJob, MANAGED_JOB)])
def test_methods_take_what_they_always_took(owner, page):
    assert {name: taken(owner, name) for name, *_ in page} == {name: s for name, s, *_ in page}


def test_methods_of_the_manager_take_what_they_always_took():
    for name, expected, *_ in MANAGER:
        assert taken(IBMQJobManager, name).startswith(expected), name
    assert {name: taken(IBMQJobManager, name) for name in WHOLE} == WHOLE
    for name, words, named, _ in CALLS:
        inspect.signature(getattr(IBMQJobManager, name)).bind(None, *words, **named)


def test_attributes_are_there():
    for name, *_ in ATTRIBUTES:
        assert not callable(inspect.getattr_static(IBMQJob, name)), name
    job = ManagedJob(3, 4)
    assert (job.start_index, job.end_index, job.job, job.submit_error) == (3, 6, None, None)


def test_methods_say_what_they_do():
    pages = ((IBMQJob, IBMQ_JOB), (IBMQJobManager, MANAGER), (ManagedJob, MANAGED_JOB))
    methods = [(owner, name) for owner, page in pages for name, *_ in page if name != "__init__"]
    assert [name for owner, name in methods if not inspect.getdoc(getattr(owner, name))] == []


def test_results_of_a_set_are_read_as_qiskits_are():
    def methods(owner: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(method).parameters)
            for name, method in vars(owner).items()
            if inspect.isfunction(method) and not name.startswith("_")
        }

    ours, theirs = methods(ManagedResults), methods(Result)
    del ours["combine_results"], theirs["to_dict"]
    assert ours == theirs
