"""Workers whose interpreter has no Qiskit, or none that can be loaded."""

from __future__ import annotations

import site
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.service import LocalServer

from .support import bell


class Interpreter:
    """An interpreter without any packages, which counts how often it is started."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=True)
        self.python = folder / "bin/python"
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        self.packages = folder / "lib" / version / "site-packages"
        self.path = folder / "counting"
        self._count = folder / "count"
        self.path.write_text(f'#!/bin/sh\necho >> {self._count}\nexec {self.python} "$@"\n')
        self.path.chmod(0o755)

    @property
    def starts(self) -> int:
        return len(self._count.read_text().splitlines())

    def install(self, name: str, text: str = "") -> None:
        """Make a package of a few lines."""
        (self.packages / name).mkdir()
        (self.packages / name / "__init__.py").write_text(text)

    def install_all(self) -> None:
        """Let it see all packages of the interpreter that runs the tests."""
        folders = {*site.getsitepackages(), str(Path(np.__file__).parents[1])}
        (self.packages / "all.pth").write_text("\n".join(sorted(folders)) + "\n")


@pytest.fixture
def bare(tmp_path: Path) -> Interpreter:
    return Interpreter(tmp_path / "bare")


@pytest.fixture
def server(bare: Interpreter, new_server: Callable[..., LocalServer]) -> LocalServer:
    return new_server("--workers", "1", "--worker-python", str(bare.path)).start()


def test_without_qiskit_a_job_fails_and_tells_what_to_install(
    server: LocalServer, bare: Interpreter
) -> None:
    with server.client() as client:
        state = client.fail([bell(), None, 1])
    assert state["reason_code"] == 9999
    assert state["reason"].endswith(f"{bare.python}, which is to run the circuits, has no Qiskit.")
    assert f"{bare.python} -m pip install 'ibmqbatch[qiskit]'" in state["reason_solution"]
    assert bare.starts == 1


def test_without_aer_a_job_fails_and_tells_what_to_install(
    server: LocalServer, bare: Interpreter
) -> None:
    bare.install("qiskit", "__version__ = '2.6.2'")
    with server.client() as client:
        state = client.fail([bell(), None, 1])
    assert state["reason"].endswith("has no Qiskit Aer.")
    assert "pip install" in state["reason_solution"]


def test_each_job_is_refused_once(server: LocalServer, bare: Interpreter) -> None:
    with server.client() as client:
        jobs = [client.submit([bell(), None, 1]) for _ in range(3)]
        reasons = {client.wait(job)["state"]["reason"] for job in jobs}
    assert len(reasons) == 1
    assert bare.starts <= 3


def test_a_mixed_up_installation_is_told_in_one_sentence(
    server: LocalServer, bare: Interpreter
) -> None:
    mixed = "raise ImportError('Qiskit is installed in an invalid environment.\\nIt has both.')"
    bare.install("qiskit", mixed)
    bare.install("qiskit_aer")
    for name, version in (("qiskit", "2.6.2"), ("qiskit_terra", "0.46.3")):
        folder = bare.packages / f"{name}-{version}.dist-info"
        folder.mkdir()
        text = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
        (folder / "METADATA").write_text(text)
    with server.client() as client:
        state = client.fail([bell(), None, 1])
    assert state["reason_code"] == 9999
    assert "qiskit 2.6.2, qiskit-terra 0.46.3" in state["reason"]
    assert state["reason"].endswith("Qiskit is installed in an invalid environment.")
    assert "pip uninstall -y qiskit qiskit-terra" in state["reason_solution"]


def test_what_is_installed_later_runs_the_next_job(server: LocalServer, bare: Interpreter) -> None:
    with server.client() as client:
        client.fail([bell(), None, 1])
        bare.install_all()
        assert client.run([bell(), None, 5])["results"]
        assert client.run([bell(), None, 5])["results"]
    assert bare.starts == 2
