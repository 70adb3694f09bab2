"""IBM's client in a process of its own, against a plain `ibmqbatch serve`.

It is that of the interpreter which runs the tests, if there is one, or of that which
IBMQBATCH_CONFORMANCE_PYTHON names: there the service runs its circuits, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.conformance.ibm import ELSEWHERE, PROGRAM, PYTHON, REQUIRED, Ibm, Served
from tests.local.conftest import client  # noqa: F401 - a fixture
from tests.support.proxy import Proxy
from tests.support.service import Client, LocalServer, new_crn, open_client


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Import IBM's client, which takes seconds, only where its tests are to run."""
    return True if "not conformance" in config.option.markexpr else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Where conformance is required, a test that is skipped has failed."""
    report = yield
    if REQUIRED and report.skipped and item.get_closest_marker("conformance"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but all of conformance is required: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def worker_python() -> str:
    """The interpreter that has IBM's client, Qiskit 2 and Aer."""
    if not PYTHON:
        pytest.skip(
            "qiskit-ibm-runtime is neither here nor where IBMQBATCH_CONFORMANCE_PYTHON says"
        )
    return PYTHON


@pytest.fixture(scope="session")
def local_server(
    tmp_path_factory: pytest.TempPathFactory, worker_python: str
) -> Iterator[LocalServer]:
    """A service whose workers run with the interpreter of IBM's client."""
    with LocalServer(tmp_path_factory.mktemp("local"), "--worker-python", worker_python) as server:
        yield server


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, worker_python: str) -> Iterator[Served]:
    """Run `ibmqbatch serve` in the foreground, and read how to reach it."""
    words = ["serve"]
    if ELSEWHERE:
        words += ["--worker-python", worker_python]
    home = tmp_path_factory.mktemp("served")
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ibmqbatch", *words],
            env={**os.environ, "IBMQBATCH_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert process.stdout is not None
    said = os.read(process.stdout.fileno(), 65536).decode()  # written in one piece
    told = dict(line.split(": ", 1) for line in said.splitlines()[:3])
    origin = told["url"].removesuffix("/api/v1")
    yield Served(origin, told["api key"], told["instance"], said)
    process.terminate()
    with process:
        assert process.wait(30) == 0


@pytest.fixture(scope="session")
def started_ibm(
    served: Served, worker_python: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ibm]:
    """Start IBM's client, which finds the service by its environment alone."""
    with Proxy(served.url) as proxy:
        kept = ("PATH", "LANG", "TMPDIR")
        process = subprocess.Popen(
            [worker_python, str(PROGRAM)],
            env={
                **{name: os.environ[name] for name in kept if name in os.environ},
                # Nothing of the user's own, neither saved accounts nor variables.
                "HOME": str(tmp_path_factory.mktemp("user")),
                "QISKIT_IBM_URL": f"{proxy.url}/experimental/api/v1",
                "QISKIT_IBM_TOKEN": served.api_key,
                "QISKIT_IBM_INSTANCE": served.instance,
                "QISKIT_FUNCTIONS_EXPERIMENTAL": "1",
                "IAM_URL": proxy.url,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        version = json.loads(process.stdout.readline())["version"]
        yield Ibm(process, proxy, version)
        assert process.stdin is not None
        process.stdin.close()
        with process:
            assert process.wait(30) == 0


@pytest.fixture
def ibm(started_ibm: Ibm, request: pytest.FixtureRequest) -> Iterator[Ibm]:
    """IBM's client, with an instance that is empty; its calls are added up for the summary."""
    started_ibm.instance = new_crn()
    calls, requests = started_ibm.calls, len(started_ibm.proxy.seen)
    yield started_ibm
    counted = {
        "version": started_ibm.version,
        "calls": started_ibm.calls - calls,
        "names": started_ibm.names,
        "requests": len(started_ibm.proxy.seen) - requests,
    }
    request.node.user_properties.append(("conformance", counted))


@pytest.fixture
def raw(served: Served, ibm: Ibm) -> Iterator[Client]:
    """A client of our own on the same instance, for what IBM's does not do."""
    with open_client(served.url, served.api_key, ibm.instance) as own:
        yield own
