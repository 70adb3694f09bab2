"""The worker as a program that any interpreter runs by its path."""

from __future__ import annotations

import ast
import json
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import SuperOp

from ibmqbatch.local import process, worker
from ibmqbatch.local.backends import Backend, BackendTable
from ibmqbatch.local.process import Worker
from ibmqbatch.local.worker.backends import Backends
from ibmqbatch.local.worker.devices import Device
from ibmqbatch.local.worker.noise import Noise

from .support import bell, encode

FOLDER = Path(worker.__file__).parent
MODULES = sorted(FOLDER.glob("*.py"))
LIBRARIES = {"numpy", "openqasm3", "qiskit", "qiskit_aer", "samplomatic"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_it_imports_nothing_of_the_packages_around_it(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.level == 1
            assert node.module
            assert (FOLDER / f"{node.module}.py").is_file()
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            for name in names if isinstance(node, ast.Import) else [str(node.module)]:
                assert name.partition(".")[0] in LIBRARIES | sys.stdlib_module_names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_it_loads_qiskit_only_where_that_is_used(path: Path) -> None:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert not ast.unparse(node).split()[1].startswith(tuple(LIBRARIES))


def test_it_runs_from_a_folder_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker_python: str
) -> None:
    folder = tmp_path / "elsewhere"
    shutil.copytree(FOLDER, folder)
    # A module that other libraries import: the worker's folder must not stand before theirs.
    (folder / "copy.py").write_text("raise AssertionError\n")
    monkeypatch.setattr(process, "_PROGRAM", folder)
    params = json.dumps({"pubs": [[bell(), None, 5]], "version": 2})
    program = Worker(worker_python, 1, tmp_path / "workers.log")
    try:
        program.send_job("sampler", BackendTable(2**30)["ideal_simulator"], params.encode(), 60)
        assert program.receive()["qubits"] == 2
        program.send({"go": True, "seconds": 60, "by_clock": None})
        assert "completed" in program.receive()
        assert json.loads(program.receive_raw())["results"]
    finally:
        program.close()


def test_a_worker_is_told_of_a_device_once(tmp_path: Path, worker_python: str) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    params = json.dumps({"pubs": [[encode(circuit), None, 5]], "version": 2}).encode()
    manila = BackendTable(2**30)["fake_manila"]
    program = Worker(worker_python, 1, tmp_path / "workers.log")
    try:
        for _ in range(2):
            program.send_job("sampler", manila, params, 60)
            assert program.receive()["qubits"] == 1
            program.send({"go": False})
            # What is known is not read again: without the device the job would fail.
            manila = Backend("fake_manila", manila.worker, dict, lambda: None)
    finally:
        program.close()


def densities(shots: int, **told: int) -> list[str]:
    """Return how circuits of 1 to 6 qubits on a rehearsal are simulated."""
    backend = BackendTable(2**30)["fake_guadalupe"]
    assert backend.device is not None
    rehearsal = Backends().get({**backend.worker, **told}, json.loads(backend.device))
    plans = []
    for qubits in range(1, 7):
        circuit = QuantumCircuit(qubits, qubits)
        circuit.x(range(qubits))
        circuit.measure(range(qubits), range(qubits))
        plans.append(rehearsal.plan(circuit, shots))
    return [plan.simulation.method for plan in plans]


def test_a_density_matrix_is_used_where_it_is_the_cheaper() -> None:
    assert set(densities(4096)) == {"density_matrix"}
    assert densities(1)[-1] == "statevector"


def test_a_density_matrix_must_fit_its_share_of_the_memory() -> None:
    methods = densities(4096, density_matrix_bytes=16 * 4**4)
    assert methods == ["density_matrix"] * 4 + ["statevector"] * 2


def test_a_merged_error_is_what_aer_made_of_it() -> None:
    backend = BackendTable(2**30)["fake_sherbrooke"]
    assert backend.device is not None
    noise = Noise(Device(**json.loads(backend.device)))
    circuit = QuantumCircuit(2, 2)
    circuit.ecr(1, 0)
    circuit.x(0)
    circuit.measure([0, 1], [0, 1])
    terms, merged = (
        noise.model(circuit, [0, 1], merged=merged).to_dict(serializable=True)["errors"]
        for merged in (False, True)
    )
    assert [error["operations"] for error in terms] == [error["operations"] for error in merged]
    for name, places in (("ecr", (1, 0)), ("x", (0,))):
        (told,) = (error for error in merged if error["operations"] == [name])
        ((operation,),) = told["instructions"]
        (pairs,) = operation["params"]
        matrix = [[complex(*pair) for pair in row] for row in pairs]
        assert np.allclose(matrix, SuperOp(noise.gate_error((name, places))).data, atol=1e-14)


def test_a_density_matrix_is_accounted_for(tmp_path: Path, worker_python: str) -> None:
    circuit = QuantumCircuit(11, 1)
    circuit.x(range(11))
    circuit.measure(0, 0)
    params = json.dumps({"pubs": [[encode(circuit), None, 4096]], "version": 2}).encode()
    program = Worker(worker_python, 1, tmp_path / "workers.log")
    try:
        program.send_job("sampler", BackendTable(2**30)["fake_guadalupe"], params, 60)
        assert 16 * 4**11 < program.receive()["needs"] < 17 * 4**11
        program.send({"go": False})
    finally:
        program.close()
