"""Sets that are sent to a service of the test's own making, by a clock that nobody waits for."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ibmqbatch.jobset.work import Work
from ibmqbatch.manifest.manifest import Manifest
from tests.jobset.support import FakeService
from tests.support.accounts import FakeClock
from tests.support.manifests import write_set


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(time.time())


@pytest.fixture
def service(clock: FakeClock) -> FakeService:
    return FakeService(clock)


@pytest.fixture
def work(home: object, clock: FakeClock, service: FakeService) -> Iterator[Work]:
    """A set of one job."""
    with Manifest.open(write_set(1)) as manifest:
        yield Work(manifest, service, clock)
