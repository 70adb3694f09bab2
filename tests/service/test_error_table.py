"""The rows of the reference's table of error codes (5.3), as a request and as a job meets them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx
import pytest

from ibmqbatch.exitcodes import ExitCode
from ibmqbatch.jobset.advance import advance
from ibmqbatch.jobset.submit import _STOPPERS
from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.records import JobStatus
from ibmqbatch.service.errors import (
    AuthenticationFailed,
    Busy,
    Conflict,
    NotFound,
    Refused,
    Reserved,
    ServerFault,
    ServiceError,
    SessionClosed,
    TooManyPending,
    WrongInstance,
)
from ibmqbatch.service.models import RemoteJob
from tests.jobset.support import FakeService
from tests.support.accounts import CRN, JOBS, error_body
from tests.support.manifests import write_set

SOLUTION = "Do it otherwise."


@dataclass(frozen=True)
class Row:
    """An answer, and what it is to become.

    `repeated`: reading is tried again. `proven`: no job can exist. `about_all`: every other job
    would meet the same, so that sending stops.
    """

    code: int
    status: int
    kind: type[ServiceError]
    exit_code: ExitCode
    repeated: bool = False
    proven: bool = True
    about_all: bool = True

    def __str__(self) -> str:
        return f"{self.code} with {self.status}"

    @property
    def answer(self) -> httpx.Response:
        body = error_body(self.code, "It is so", solution=SOLUTION)
        return httpx.Response(self.status, json=body)


ERROR, AUTHENTICATION, UNAVAILABLE = (
    ExitCode.ERROR,
    ExitCode.AUTHENTICATION,
    ExitCode.UNAVAILABLE,
)

ROWS = [
    Row(1000, 500, ServerFault, UNAVAILABLE, repeated=True, proven=False),
    Row(9999, 500, ServerFault, UNAVAILABLE, repeated=True, proven=False),
    Row(1004, 400, Refused, ERROR, about_all=False),
    Row(1007, 404, NotFound, ERROR),
    Row(1200, 401, AuthenticationFailed, AUTHENTICATION),
    Row(1200, 403, AuthenticationFailed, AUTHENTICATION),
    Row(1201, 401, AuthenticationFailed, AUTHENTICATION),
    Row(1202, 429, Busy, UNAVAILABLE, repeated=True),
    Row(1204, 400, Refused, ERROR, about_all=False),
    Row(1205, 400, Refused, ERROR, about_all=False),
    Row(1208, 400, Refused, ERROR, about_all=False),
    Row(1216, 404, NotFound, ERROR),
    Row(1217, 400, SessionClosed, ERROR, about_all=False),
    Row(1233, 423, Reserved, UNAVAILABLE),
    Row(1241, 400, WrongInstance, AUTHENTICATION),
    Row(1348, 400, WrongInstance, AUTHENTICATION),
    Row(1279, 404, WrongInstance, AUTHENTICATION),
    Row(1291, 404, NotFound, ERROR),
    Row(1352, 400, Refused, ERROR, about_all=False),
    # Not in the table, from the limits above it (5.1).
    Row(3458, 400, TooManyPending, UNAVAILABLE),
    Row(3458, 403, TooManyPending, UNAVAILABLE),
    Row(3458, 409, TooManyPending, UNAVAILABLE),
    Row(3458, 429, TooManyPending, UNAVAILABLE),
    Row(1012, 400, TooManyPending, UNAVAILABLE),
    Row(4317, 400, Conflict, ERROR),
    Row(1250, 409, Conflict, ERROR),
]
# What becomes of a job; some of it may as well be said at once, and is about that job alone then.
JOB_CODES = [1000, 9999, 1305, 1506, 1517, 1519, 1520, 1521, 1603, 3211, 5302, 7001]


@pytest.fixture
def met(wire, client, no_waits):
    """Return a function that meets a row's answer, on reading or submitting, and its requests."""

    def meet(row: Row, *, submitting: bool = True) -> tuple[ServiceError, int]:
        route = wire.route(url__startswith=JOBS).mock(side_effect=lambda _request: row.answer)
        before = route.call_count
        with pytest.raises(ServiceError) as caught:
            if submitting:
                client.submit(b"{}")
            else:
                client.jobs()
        return caught.value, route.call_count - before

    return meet


def of_rows(tell: Callable[[Row], object], rows: Sequence[Row] = ROWS) -> dict[str, object]:
    """Return what is told of each row: two such tables differ where a row is not as it should."""
    return {str(row): tell(row) for row in rows}


def test_rows_are_errors_of_their_kinds_with_their_exit_codes(met):
    errors = of_rows(lambda row: met(row)[0])
    told = {row: (type(error), error.exit_code) for row, error in errors.items()}
    assert told == of_rows(lambda row: (row.kind, row.exit_code))


def test_rows_say_whether_a_job_can_exist(met):
    assert of_rows(lambda row: met(row)[0].nothing_created) == of_rows(lambda row: row.proven)


def test_rows_stop_sending_where_every_job_would_meet_them():
    assert of_rows(lambda row: issubclass(row.kind, _STOPPERS)) == of_rows(
        lambda row: row.about_all and row.kind is not ServerFault
    )


def test_rows_are_tried_again_on_reading_where_that_may_help(met):
    requests = of_rows(lambda row: min(met(row, submitting=False)[1], 3))
    # With a status of 401: once with a new token.
    assert requests == of_rows(lambda row: 3 if row.repeated else 1 + (row.status == 401))


def test_rows_are_never_submitted_again_but_with_a_new_token(met):
    assert of_rows(lambda row: met(row)[1]) == of_rows(lambda row: 1 + (row.status == 401))


def test_rows_tell_what_the_service_said_with_its_trace(met):
    def told(row: Row) -> list[tuple[bool, bool]]:
        trace = "Trace for the support desk: trace-1."
        problems = met(row)[0].problems
        return [("It is so" in each.message, each.hint.endswith(trace)) for each in problems]

    assert of_rows(told) == of_rows(lambda _: [(True, True)])


REFUSALS = [row for row in ROWS if issubclass(row.kind, Refused)]


def test_refusals_tell_their_numbers(met):
    def told(row: Row) -> tuple[bool, int]:
        error, _ = met(row)
        return f"(code {row.code})" in error.message, error.number

    assert of_rows(told, REFUSALS) == of_rows(lambda row: (True, row.code), REFUSALS)


def test_refusals_tell_the_services_solution(met):
    ours = [row for row in REFUSALS if row.kind is not WrongInstance]
    assert of_rows(lambda row: met(row)[0].hint, ours) == of_rows(lambda _: SOLUTION, ours)


@pytest.mark.parametrize("code", [1241, 1279, 1348])
def test_wrong_instance_names_its_region_and_the_place_that_was_asked(code, met):
    error, _ = met(Row(code, 404, WrongInstance, AUTHENTICATION))
    assert error.message == (
        "The account's instance, of the region us-east, is not known at quantum.test: "
        f"It is so (code {code})."
    )
    assert error.hint == "Correct the URL or the CRN of the account 'test'."
    assert CRN not in error.message


def test_wrong_instance_is_no_missing_job(wire, client):
    """A job that is "not found" counts as deleted: it must really not be there."""
    answer = Row(1279, 404, WrongInstance, AUTHENTICATION).answer
    wire.post(f"{JOBS}/x/cancel").mock(return_value=answer)
    with pytest.raises(WrongInstance):
        client.cancel("x")


def test_codes_of_jobs_that_are_told_at_once_are_about_those_jobs(met):
    rows = [Row(code, status, Refused, ERROR) for code in JOB_CODES for status in (400, 422)]
    assert of_rows(lambda row: type(met(row)[0]), rows) == of_rows(lambda _: Refused, rows)
    assert not issubclass(Refused, _STOPPERS)


@pytest.mark.parametrize("key", ["reason_code", "reasonCode"])
def test_codes_of_failed_jobs_are_read(key):
    for code in JOB_CODES:
        state = {"status": "Failed", "reason": "why", key: code, "reason_solution": SOLUTION}
        job = RemoteJob.from_wire({"id": "x", "state": state})
        told = job.status, job.reason, job.reason_code, job.solution
        assert told == ("Failed", "why", code, SOLUTION)


@pytest.mark.parametrize("code", JOB_CODES)
@pytest.mark.parametrize("word", ["Failed", "Cancelled - Ran too long"])
def test_code_of_a_failed_job_is_shown_with_it(code, word, home, clock):
    service = FakeService(clock)
    with Manifest.open(write_set(1)) as manifest:
        work = Work(manifest, service, clock, sole_sender=True)
        advance(work, fetching=False)
        failed = RemoteJob("r0", word, "It is so", code, SOLUTION, service.stored["r0"].tags)
        service.stored["r0"] = failed
        advance(work, fetching=False)
        (job,) = manifest.jobs()
    assert job.status is JobStatus.ERROR
    assert f"It is so (code {code})" in job.reason
