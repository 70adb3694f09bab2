"""Methods take what the reference pages of the old classes say, in the same order.

Beside each signature stands the page it was typed from, by its number among the seeds, and the
line. Where two pages disagree the newer one, 004, decides.
"""

from __future__ import annotations

import inspect

from ibmqbatch import IBMQJob
from tests.managed.support import plain

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


def test_methods_of_a_job_take_what_they_always_took():
    found = {name: plain(inspect.signature(getattr(IBMQJob, name))) for name, *_ in IBMQ_JOB}
    assert found == {name: expected for name, expected, *_ in IBMQ_JOB}


def test_attributes_of_a_job_are_there():
    for name, *_ in ATTRIBUTES:
        assert not callable(inspect.getattr_static(IBMQJob, name)), name


def test_methods_say_what_they_do():
    names = [name for name, *_ in IBMQ_JOB if name != "__init__"]
    assert [name for name in names if not inspect.getdoc(getattr(IBMQJob, name))] == []
