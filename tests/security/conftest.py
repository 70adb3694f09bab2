"""No test here starts a service of its own inside of this process, or ends the one of the run."""

from __future__ import annotations

from typing import NoReturn

import pytest

from ibmqbatch.service import local_server


@pytest.fixture(autouse=True)
def _service_of_the_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    # A service that is misunderstood would be taken for one that is gone, time and again.
    def no(*_: object) -> NoReturn:
        raise RuntimeError("the service of the run is not found")

    monkeypatch.setattr(local_server, "_start", no)
    monkeypatch.setattr(local_server, "stop_service", no)
