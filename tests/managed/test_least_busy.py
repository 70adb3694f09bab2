"""Choosing the backend for which the fewest jobs wait."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from ibmqbatch import IBMQ, IBMQBackendApiError, IBMQError, least_busy


@dataclass(frozen=True)
class Busy:
    """A backend of another package that tells how many jobs wait."""

    pending_jobs: int
    operational: bool = True
    status_msg: str = "active"

    def status(self) -> Any:
        return SimpleNamespace(**vars(self))


@pytest.fixture
def told(proxy):
    """Return a function that has the service say this of a backend's status."""

    def tell(name: str, **what: object) -> None:
        status = {"state": True, "status": "active", "message": "", "length_queue": 0, **what}
        proxy.when(
            "GET",
            f"/backends/{name}/status",
            status=200,
            headers={"Content-Type": "application/json"},
            body=json.dumps(status).encode(),
        )

    return tell


def test_the_fewest_waiting_jobs_win_where_jobs_are_taken(told, proxy):
    told("fake_manila", length_queue=7)
    told("fake_nairobi", length_queue=5)
    told("fake_guadalupe", length_queue=1, state=False)
    told("fake_hanoi", length_queue=0, status="internal")
    wanted = {"fake_manila", "fake_nairobi", "fake_guadalupe", "fake_hanoi"}
    backends = IBMQ.load_account().backends(filters=lambda backend: backend.name in wanted)
    assert least_busy(backends).name == "fake_nairobi"
    assert proxy.count("GET", "/status") == 4


def test_of_equals_the_first_is_taken(service):
    backends = [IBMQ.load_account().get_backend(f"fake_{name}") for name in ("hanoi", "manila")]
    assert least_busy(iter(backends)) is backends[0]
    assert least_busy(backends[::-1], reservation_lookahead=None) is backends[1]


def test_backends_of_other_packages_are_asked_as_well():
    assert least_busy([Busy(4), Busy(3), Busy(2, operational=False)]) == Busy(3)


@pytest.mark.parametrize(
    ("backends", "why"),
    [
        ([], "an empty list"),
        ([Busy(0, operational=False)], "none of them takes jobs now"),
        ([object()], "no status with its number of pending jobs"),
    ],
    ids=["none", "away", "no status"],
)
def test_where_none_can_be_chosen_the_error_says_why(backends, why):
    with pytest.raises(IBMQError, match=why):
        least_busy(backends)


def test_a_service_that_does_not_answer_is_an_api_error(proxy, no_waits):
    backend = IBMQ.load_account().get_backend("fake_manila")
    proxy.when("GET", "/status", times=99, status=500, body=b"{}")
    with pytest.raises(IBMQBackendApiError):
        least_busy([backend])
