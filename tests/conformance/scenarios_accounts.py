"""Coming to the service, in all the ways that lead there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any
from unittest import mock

from common import service_of
from qiskit_ibm_runtime import QiskitRuntimeService


@contextlib.contextmanager
def _discovering(base: str) -> Iterator[None]:
    """Have nothing in the environment but where IBM's other services are, which find instances."""
    kept = {name: value for name, value in os.environ.items() if "QISKIT" not in name}
    urls = dict.fromkeys(("IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL"), base)
    with mock.patch.dict(os.environ, {**kept, **urls}, clear=True):
        yield


def _told(service: QiskitRuntimeService) -> dict[str, Any]:
    return {
        "backends": [backend.name for backend in service.backends()],
        "instance": service.active_instance(),
        "instances": service.instances(),
        "usage": service.usage(),
    }


def by_environment() -> dict[str, Any]:
    return _told(QiskitRuntimeService())


def by_resolver(base: str, token: str, instance: str | None = None) -> dict[str, Any]:
    with _discovering(base):
        return _told(
            QiskitRuntimeService(
                channel="ibm_quantum_platform",
                token=token,
                instance=instance,
                url_resolver=lambda *_: f"{base}/api/v1",
            )
        )


def by_url(base: str, token: str, instance: str | None = None) -> dict[str, Any]:
    with _discovering(base):
        return _told(
            QiskitRuntimeService(token=token, url=f"{base}/experimental/api/v1", instance=instance)
        )


def by_saved_account(base: str, token: str, instance: str, file: str) -> dict[str, Any]:
    with _discovering(base):
        QiskitRuntimeService.save_account(
            token=token,
            url=f"{base}/experimental/api/v1",
            instance=instance,
            filename=file,
            name="local",
        )
        return _told(QiskitRuntimeService(filename=file, name="local"))


def with_wrong_key_in_environment() -> None:
    with mock.patch.dict(os.environ, {"QISKIT_IBM_TOKEN": "wrong"}):
        # Any call more, and the client waits a minute before it asks for a token again.
        QiskitRuntimeService()


def with_a_name_for_a_crn() -> str:
    service = QiskitRuntimeService(instance="crn:v1:not:one")
    assert service.backends() == []
    service.usage()
    return "admitted"


def usage(instance: str) -> dict[str, Any]:
    return service_of(instance).usage()
