"""The real local service, one for the whole run; for each test a data folder of its own."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ibmqbatch.accounts import instances
from ibmqbatch.service import client
from ibmqbatch.service.retry import RetryPolicy
from tests.embedded import Embedded
from tests.forked import run_forked
from tests.inprocess import run_here
from tests.proxy import Proxy

# A shell without job control starts what it puts into the background deaf to Ctrl-C, and so would
# be the commands that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Hundreds of processes are started here: each would compile the package anew, and each run the
# tests, were nothing kept of it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""


def basis_state(bits: str) -> str:
    """Return a circuit whose only outcome is `bits`, written as Qiskit writes it."""
    width = len(bits)
    flips = "\n".join(f"x q[{i}];" for i, bit in enumerate(reversed(bits)) if bit == "1")
    return (
        f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[{width}];\ncreg c[{width}];\n'
        f"{flips}\nmeasure q -> c;\n"
    )


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Cli:
    """Runs `ibmqbatch` as a user would, who has no terminal."""

    def __init__(self, home: Path, cwd: Path) -> None:
        self.home = home
        self.cwd = cwd
        self.env = {
            **{key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ},
            "HOME": str(home.parent),  # where Qiskit keeps accounts
            "IBMQBATCH_HOME": str(home),
            "IBMQBATCH_RUNTIME": str(home.parent / "runtime"),
        }

    def start(self, *words: object, **options: Any) -> subprocess.Popen[str]:
        """Start a command and return its process."""
        return subprocess.Popen(
            [sys.executable, "-m", "ibmqbatch", *map(str, words)],
            env=options.pop("env", self.env),
            cwd=self.cwd,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )

    def __call__(
        self, *words: object, code: int | None = 0, env: Any = None, stdin: str = ""
    ) -> Finished:
        """Run a command to its end, and hold it to its exit code.

        That is inside of this process: Qiskit takes a second to import.
        """
        return _held(Finished(*run_here(words, env or self.env, self.cwd, stdin)), code)

    def alone(self, *words: object, code: int | None = 0, env: Any = None) -> Finished:
        """Run a command to its end in a process of its own, and hold it to its exit code."""
        return _held(Finished(*run_forked(words, env=env or self.env, cwd=self.cwd)), code)

    def submit(self, *words: object, code: int = 0, env: Any = None) -> str:
        """Submit and return the set's id."""
        return self("submit", *words, "--quiet", code=code, env=env).out.strip()

    def data(self, *words: object, code: int = 0) -> Any:
        """Return the data of a command's document."""
        return self(*words, "--json", code=code).json["data"]

    def results(self, job_set: str) -> list[dict[str, Any]]:
        """Return the results of a set, once it is done."""
        found: list[dict[str, Any]] = self.data("results", job_set, "--wait")["results"]
        return found

    def counts(self, job_set: str) -> list[dict[str, int]]:
        """Return the counts of its circuits."""
        return [result["counts"] for result in self.results(job_set)]


class _Apart(Cli):
    """Whatever it starts must not be a child of this process."""

    __call__ = Cli.alone


def _held(done: Finished, code: int | None) -> Finished:
    # Tracebacks on stdout are the service's own, which `logs` shows.
    assert "Traceback" not in done.err, done.err
    assert "unforeseen" not in done.out + done.err, done.err
    if code is not None:
        assert done.code == code, f"{done.code}: {done.out}\n{done.err}"
    return done


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
def service_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run one local service; return its folder, with the `service.json` that tells where it is."""
    with Embedded(tmp_path_factory.mktemp("service")) as embedded:
        yield embedded.folder


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
def service(home: Path, service_folder: Path) -> dict[str, Any]:
    """Have the data folder's local service be the one that runs already; return its description."""
    told: dict[str, Any] = json.loads((service_folder / "service.json").read_bytes())
    point_at(home, told, told["url"])
    return told


def point_at(home: Path, told: dict[str, Any], url: str) -> None:
    """Write the file by which the local service of `home` is found."""
    folder = home / "local"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "service.json").write_text(json.dumps({**told, "url": url}))


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
    cli = _Apart(home, tmp_path)
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
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have failed requests tried again at once, where no answer tells when."""
    hurried = functools.partial(RetryPolicy, first=0.0, patience=0.0)
    for module in (client, instances):
        monkeypatch.setattr(module, "RetryPolicy", hurried)
