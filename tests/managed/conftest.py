"""Job managers on the real local service, none of whose threads outlive their test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ibmqbatch.managed import background
from tests.managed.support import Held, Shelf, held_jobs


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
