"""Warnings name the line of the program that they are for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ibmqbatch import IBMQ, IBMQJobManager, ManagedJob, ManagedJobSet
from tests.managed.support import BACKEND, numbered, spoiled


def run_by_a_manager() -> None:
    IBMQJobManager().run(numbered(1), BACKEND, shots=1, flavour="sweet")


def run_by_a_set() -> None:
    ManagedJobSet("foo").run(numbered(1), BACKEND, shots=1, flavour="sweet")


def submitted_as_a_job() -> None:
    ManagedJob(0, 1).submit(numbered(1), "foo", BACKEND, None, None, shots=1, flavour="sweet")


def run_by_a_backend() -> None:
    IBMQ.load_account().get_backend(BACKEND).run(numbered(1), shots=1, flavour="sweet")


def a_share_level() -> None:
    IBMQ.load_account().get_backend(BACKEND).run(numbered(1), shots=1).share_level()


def a_filter_that_is_gone() -> None:
    IBMQ.load_account().backends(input_allowed="job")


def hubs() -> None:
    IBMQ.get_provider(hub="ibm-q")


def results_of_a_job_that_failed() -> None:
    job_set = spoiled(numbered(1), 0)
    job_set.results()
    IBMQJobManager().retrieve_job_set(job_set.job_set_id(), None).managed_jobs()[0].result()


WITH_AN_UNKNOWN_OPTION = [run_by_a_manager, run_by_a_set, submitted_as_a_job, run_by_a_backend]
OTHERS = [a_share_level, a_filter_that_is_gone, hubs, results_of_a_job_that_failed]


@pytest.mark.parametrize(
    "program", [*WITH_AN_UNKNOWN_OPTION, *OTHERS], ids=lambda program: program.__name__
)
def test_a_warning_names_the_line_of_the_program(program: Callable[[], None], service):
    with pytest.warns(Warning) as caught:
        program()
    assert {Path(warning.filename) for warning in caught} == {Path(__file__)}


@pytest.mark.parametrize("program", WITH_AN_UNKNOWN_OPTION, ids=lambda program: program.__name__)
def test_an_unknown_option_is_one_warning(program: Callable[[], None], service):
    with pytest.warns(UserWarning, match="flavour is not a recognized") as caught:
        program()
    assert len(caught) == 1
