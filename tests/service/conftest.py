"""A client of an account that leads to a mocked service, with no waits between attempts."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import respx

from ibmqbatch.service.client import Client
from ibmqbatch.service.pace import Pace
from tests.support.accounts import IAM, TOKEN, FakeClock, account


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def wire(home) -> Iterator[respx.MockRouter]:
    """Mock the network: IAM gives a token, everything else is up to the test."""
    with respx.mock(assert_all_called=False) as router:
        router.post(f"{IAM}/identity/token", name="iam").mock(
            return_value=httpx.Response(200, json={"access_token": TOKEN, "expires_in": 3600})
        )
        yield router


@pytest.fixture
def client(wire, clock) -> Iterator[Client]:
    with Client(account(), clock) as client:
        yield client


@pytest.fixture
def pace(home, clock) -> Pace:
    return Pace("key", 5, 60.0, clock)
