"""The real local service, one for the whole run; for each test a data folder of its own."""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from ibmqbatch.accounts import instances
from ibmqbatch.service import client
from ibmqbatch.service.retry import RetryPolicy
from tests.support.commands import Cli, point_at
from tests.support.proxy import Proxy
from tests.support.service import LocalServer

# A shell without job control starts what it puts into the background deaf to Ctrl-C, and so would
# be the commands that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no failure. Each run draws other examples; --hypothesis-profile thorough: more.
settings.register_profile("quick", deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=150)
settings.load_profile("quick")

# Hundreds of processes are started here: each would compile the package anew, and each run the
# tests, were nothing kept of it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks that the fixtures here know."""
    config.addinivalue_line("markers", "stalled: the service takes jobs, and runs none")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much of IBM's client was tried, where tests/conformance ran."""
    counted = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "teardown"
        for name, value in report.user_properties
        if name == "conformance"
    ]
    if counted:
        calls, requests = (sum(each[key] for each in counted) for key in ("calls", "requests"))
        names = {name for each in counted for name in each["names"]}
        versions = " and ".join(sorted({each["version"] for each in counted}))
        terminalreporter.write_line(
            f"conformance: {calls} calls of {len(names)} methods of qiskit-ibm-runtime "
            f"{versions}, {requests} requests"
        )


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """Run one local service."""
    with LocalServer(tmp_path_factory.mktemp("service"), "--workers", "2") as server:
        yield server


@pytest.fixture(scope="session")
def service_folder(running: LocalServer) -> Path:
    """Return the folder of the local service, whose `service.json` tells where it is."""
    return running.folder


@pytest.fixture(scope="session")
def stalled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run a local service that runs no job; return its folder."""
    home = tmp_path_factory.mktemp("stalled")
    idle = home / "idle"
    idle.write_text("#!/bin/sh\nexec tail -f /dev/null\n")  # until the service ends it
    idle.chmod(0o755)
    with LocalServer(home, "--workers", "1", "--worker-python", str(idle)) as server:
        yield server.folder


@pytest.fixture(scope="session", autouse=True)
def _not_the_developers_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what a test without folders of its own does out of the developer's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IBMQBATCH_HOME", "IBMQBATCH_RUNTIME"):
            patch.setenv(name, str(tmp_path_factory.mktemp("nobodys")))
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a data folder of its own, and no account but `local`."""
    for name in list(os.environ):
        if name.startswith(("IBMQBATCH_", "QISKIT_IBM_")) or name == "IAM_URL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))  # where Qiskit keeps accounts
    home = tmp_path / "home"
    monkeypatch.setenv("IBMQBATCH_HOME", str(home))
    monkeypatch.setenv("IBMQBATCH_RUNTIME", str(tmp_path / "runtime"))
    return home


@pytest.fixture
def service(home: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Have the data folder's local service be the one that runs already; return its description."""
    stalled = request.node.get_closest_marker("stalled") is not None
    folder: Path = request.getfixturevalue("stalled" if stalled else "service_folder")
    told: dict[str, Any] = json.loads((folder / "service.json").read_bytes())
    point_at(home, told, told["url"])
    return told


@pytest.fixture
def proxy(home: Path, service: dict[str, Any]) -> Iterator[Proxy]:
    """Put a proxy that can fail on demand between the tool and the service."""
    with Proxy(service["url"]) as proxy:
        point_at(home, service, proxy.url)
        yield proxy


@pytest.fixture
def cli(home: Path, service: dict[str, Any], tmp_path: Path) -> Cli:
    """Run commands against the service of this run."""
    return Cli(home, tmp_path)


@pytest.fixture
def lone_cli(home: Path, tmp_path: Path) -> Iterator[Cli]:
    """Run commands that start a local service of their own, when they need one."""
    cli = Cli(home, tmp_path, apart=True)
    yield cli
    cli("serve", "--stop", code=None)


@pytest.fixture
def circuits(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes circuits, by name, into a folder and returns it."""

    def write(folder: str = "circuits", **texts: str) -> Path:
        path = tmp_path / folder
        path.mkdir(exist_ok=True)
        for name, text in texts.items():
            (path / f"{name}.qasm").write_text(text)
        return path

    return write


@pytest.fixture
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all circuits be compiled in this process: others have Qiskit to import."""
    monkeypatch.setattr("ibmqbatch.circuits.prepare.available_processors", lambda: 1)


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have failed requests tried again at once, where no answer tells when."""
    hurried = functools.partial(RetryPolicy, first=0.0, patience=0.0)
    for module in (client, instances):
        monkeypatch.setattr(module, "RetryPolicy", hurried)
