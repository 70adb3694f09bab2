"""The service that most tests of this folder share, and a way to start others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.service import Client, LocalServer


@pytest.fixture(scope="session")
def worker_python() -> str:
    """The interpreter that runs circuits; tests/conformance has another."""
    return sys.executable


@pytest.fixture(scope="session")
def local_server(running: LocalServer) -> LocalServer:
    """The service of all tests that leave it as it was; `client` gives each its own instance."""
    return running


@pytest.fixture
def client(local_server: LocalServer) -> Iterator[Client]:
    """A client of the shared service, with an instance that is empty."""
    with local_server.client() as client:
        yield client


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Callable[..., LocalServer]]:
    """Prepare a service of the test's own, not yet started; ended with the test."""
    servers: list[LocalServer] = []

    def prepare(*options: str) -> LocalServer:
        servers.append(LocalServer(tmp_path / f"home{len(servers)}", *options))
        return servers[-1]

    yield prepare
    for server in servers:
        if server.process is not None:
            server.end()
