"""Job managers on the real local service, none of whose threads outlive their test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ibmqbatch import IBMQJob, IBMQJobManager
from ibmqbatch.managed import background
from ibmqbatch.managed.backend import IBMQBackend
from ibmqbatch.managed.provider import AccountProvider
from tests.managed.support import BACKEND, Held, Shelf, flipped, held_jobs


@pytest.fixture(autouse=True)
def nothing_goes_on(home: Path) -> Iterator[None]:
    """Stop whatever still sends when a test ends, before its data folder goes with it."""
    yield
    for sender in background.senders():
        sender.interrupt()
        assert sender.join(30)
    background._running.clear()


@pytest.fixture
def held(service: dict[str, Any], service_folder: Path) -> Shelf:
    """Return a function that tells which jobs the service holds of a set, from its database."""

    def look(set_id: str) -> list[Held]:
        return held_jobs(service_folder / "jobs.sqlite", set_id)

    return look


@pytest.fixture
def provider(service: dict[str, Any]) -> AccountProvider:
    return AccountProvider("local")


@pytest.fixture
def simulator(provider: AccountProvider) -> IBMQBackend:
    return provider.get_backend(BACKEND)


@pytest.fixture
def manager(service: dict[str, Any]) -> IBMQJobManager:
    return IBMQJobManager()


@pytest.fixture
def job(simulator: IBMQBackend) -> IBMQJob:
    """A job that has ended well."""
    job = simulator.run(
        [flipped("10", "two"), flipped("01", "one")],
        job_name="mine",
        job_tags=["a", "b"],
        shots=20,
        header={"for": "me"},
    )
    job.result()
    return job
