"""Methods take what the reference pages of the old classes say, in the same order.

Beside each signature stands the page it was typed from, by its number among the seeds, and the
line. Where two pages disagree the newer one, 004, decides.
"""

from __future__ import annotations

import inspect

import pytest

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


@pytest.mark.parametrize(("name", "expected", "page", "line"), IBMQ_JOB)
def test_method_of_a_job_takes_what_it_always_took(name, expected, page, line):
    assert plain(inspect.signature(getattr(IBMQJob, name))) == expected


@pytest.mark.parametrize(("name", "page", "line"), ATTRIBUTES)
def test_attribute_of_a_job_is_there(name, page, line):
    assert not callable(inspect.getattr_static(IBMQJob, name))


@pytest.mark.parametrize("name", [name for name, *_ in IBMQ_JOB if name != "__init__"])
def test_method_says_what_it_does(name):
    assert inspect.getdoc(getattr(IBMQJob, name))
