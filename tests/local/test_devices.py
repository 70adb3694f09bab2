"""What the API says of rehearsals: the devices that Qiskit has snapshots of, in IBM's shape."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ibmqbatch.local import snapshots
from ibmqbatch.local.backends import BackendTable
from tests.support.qiskits import models, needs_qiskit2
from tests.support.service import Client

from .rehearsing import CONTROL_FLOW, QUBITS, need
from .support import error

every_rehearsal = pytest.mark.parametrize("name", QUBITS)


def file_of(name: str, kind: str) -> Any:
    """Return what one of the files of the snapshot says."""
    snapshot = snapshots.find_snapshots()[name]
    files = {"conf": snapshot.configuration_file, "props": snapshot.properties_file}
    return json.loads(files[kind].read_bytes())


def strict(text: str) -> Any:
    """Return what JSON says; NaN and the like are none."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def test_rehearsals_are_listed_as_devices(client: Client) -> None:
    entries = {entry["name"]: entry for entry in client.get("/backends").json()["devices"]}
    assert {name: entries[name]["qubits"] for name in QUBITS} == QUBITS
    assert set(entries) == {"ideal_simulator", *QUBITS}
    for name in QUBITS:
        assert entries[name]["is_simulator"] is False
        assert entries[name]["status"]["name"] == "online"
    assert entries["fake_sherbrooke"]["processor_type"] == {"family": "Eagle", "revision": "3"}


@every_rehearsal
def test_the_configuration_is_in_the_shape_of_a_device(client: Client, name: str) -> None:
    found = strict(client.get(f"/backends/{name}/configuration").text)
    assert found["backend_name"] == name
    assert found["n_qubits"] == QUBITS[name]
    assert (found["simulator"], found["local"], found["memory"]) == (False, False, True)
    assert isinstance(found["conditional"], bool)
    assert (found["max_shots"], found["max_experiments"]) == (100_000, 300)
    assert set(found["processor_type"]) >= {"family", "revision"}
    assert {"backend_version", "online_date", "open_pulse"} <= set(found)
    supported = set(found["supported_instructions"])
    assert supported >= {"measure", "delay", "barrier", *found["basis_gates"]}
    assert found["conditional"] is ("if_else" in supported)
    assert 0.01 < found["dt"] < 10  # nanoseconds
    assert found["rehearsal"] == {"max_active_qubits": min(16, QUBITS[name])}


@every_rehearsal
def test_gates_and_coupling_are_those_of_the_device(client: Client, name: str) -> None:
    found = client.get(f"/backends/{name}/configuration").json()
    known = file_of(name, "conf")
    assert found["coupling_map"] == known["coupling_map"]
    assert set(found["basis_gates"]) - {"rx", "rzz"} == set(known["basis_gates"]) - {"reset"}
    places = {gate["name"]: gate["coupling_map"] for gate in found["gates"]}
    assert set(places) == set(found["basis_gates"])
    for gate in known["gates"]:
        assert places.get(gate["name"], []) == gate.get("coupling_map", [])


@needs_qiskit2("Terra has no snapshots of today's devices.")
@pytest.mark.parametrize(
    ("name", "gates"),
    [
        ("fake_fez", {"rx", "rzz"}),
        ("fake_marrakesh", {"rx", "rzz"}),
        ("fake_kingston", {"rx", "rzz"}),
        ("fake_boston", {"rx", "rzz"}),
        ("fake_torino", {"rx"}),  # its rzz have an error of 1, all of them
        ("fake_miami", {"rx"}),
        ("fake_nighthawk", set()),
        ("fake_sherbrooke", set()),
    ],
)
def test_fractional_gates_are_those_that_the_device_is_calibrated_for(
    client: Client, name: str, gates: set[str]
) -> None:
    need(name)
    found = client.get(f"/backends/{name}/configuration").json()
    assert {"rx", "rzz"} & set(found["basis_gates"]) == gates
    assert {"rx", "rzz"} & set(found["supported_instructions"]) == gates
    for gate in found["gates"]:
        if gate["name"] == "rx":
            assert gate["coupling_map"] == [[qubit] for qubit in range(QUBITS[name])]
        if gate["name"] == "rzz":
            assert gate["coupling_map"] == sorted(found["coupling_map"])


@needs_qiskit2("Terra's snapshots are from before devices had control flow.")
@pytest.mark.parametrize(
    ("name", "instructions"),
    [
        ("fake_kolkata", {"reset", *CONTROL_FLOW}),  # from before there was any
        ("fake_fez", {"reset", "if_else", "for_loop", "switch_case"}),
        ("fake_kingston", {"reset", "if_else", "measure_2"}),
        ("fake_boston", {"reset", "if_else", "measure_2", "reset_2"}),
        ("fake_nighthawk", {"reset", "if_else"}),
        ("fake_miami", set()),
    ],
)
def test_instructions_beside_gates_are_those_of_the_device(
    client: Client, name: str, instructions: set[str]
) -> None:
    need(name)
    found = client.get(f"/backends/{name}/configuration").json()
    others = set(found["supported_instructions"]) - set(found["basis_gates"])
    assert others == {"measure", "delay", "barrier", *instructions}
    signed = {signature["name"] for signature in found["instruction_signatures"]}
    assert signed == {"measure_2", "reset_2"} & instructions


@every_rehearsal
def test_properties_are_those_of_the_device(client: Client, name: str) -> None:
    found = strict(client.get(f"/backends/{name}/properties").text)
    known = file_of(name, "props")
    assert found == {**{key: known[key] for key in found}, "backend_name": name}
    assert set(found) >= {"backend_version", "last_update_date", "qubits", "gates", "general"}
    assert len(found["qubits"]) == QUBITS[name]
    assert {"qubits", "gate", "name", "parameters"} <= set(found["gates"][0])


@every_rehearsal
def test_qiskit_builds_its_own_objects_from_the_wire(client: Client, name: str) -> None:
    configuration = client.get(f"/backends/{name}/configuration").json()
    backend = models().QasmBackendConfiguration.from_dict(configuration)
    assert backend.dt == pytest.approx(configuration["dt"] * 1e-9)
    told = client.get(f"/backends/{name}/properties").json()
    properties = models().BackendProperties.from_dict(told)
    last = QUBITS[name] - 1
    assert 1e-6 < properties.t1(last) < 1e-2  # seconds
    assert 0 < properties.readout_error(last) < 0.5
    two = next(gate for gate in backend.gates if len(gate.coupling_map[0]) == 2)
    assert properties.gate_length(two.name, two.coupling_map[0]) > 1e-8


def test_properties_are_given_for_any_time(client: Client) -> None:
    path = "/backends/fake_manila/properties"
    now = client.get(path).json()
    assert client.get(path, updated_before="2026-01-01T00:00:00Z").json() == now
    assert error(client.get(path, updated_before="once")) == (400, 1208)


def test_status_and_defaults_of_a_rehearsal(client: Client) -> None:
    status = client.get("/backends/fake_manila/status").json()
    assert (status["backend_name"], status["state"]) == ("fake_manila", True)
    assert client.get("/backends/fake_manila/defaults").json() is None


def test_few_qubits_are_active_where_memory_is_short() -> None:
    configuration = BackendTable(16 * 2**8)["fake_guadalupe"].configuration
    assert configuration["rehearsal"] == {"max_active_qubits": 8}


def write_snapshot(folder: Path, name: str, version: str) -> None:
    """Write what the list of backends needs of a snapshot."""
    (folder / name).mkdir(parents=True)
    document = {"backend_version": version, "n_qubits": 5, "processor_type": {"family": "Falcon"}}
    for kind in ("conf", "props"):
        (folder / name / f"{kind}_{name}.json").write_text(json.dumps(document))


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Have two packages that could hold snapshots, and are not installed."""
    names = [f"package_of_snapshots_{number}" for number in range(2)]
    monkeypatch.setattr(snapshots, "_FOLDERS", [(name, "fakes/backends") for name in names])
    monkeypatch.syspath_prepend(tmp_path)
    return [tmp_path / name for name in names]


def install(package: Path) -> Path:
    """Make a package, whose code must not run; return the folder of its snapshots."""
    for folder in (package, package / "fakes"):
        folder.mkdir()
        (folder / "__init__.py").write_text("raise AssertionError\n")
    return package / "fakes/backends"


def test_without_the_data_of_devices_there_are_no_rehearsals(packages: list[Path]) -> None:
    assert list(BackendTable(2**30)) == ["ideal_simulator"]
    install(packages[0])
    assert list(BackendTable(2**30)) == ["ideal_simulator"]


def test_data_that_are_installed_later_are_found(packages: list[Path]) -> None:
    table = BackendTable(2**30)
    assert "fake_manila" not in table
    write_snapshot(install(packages[1]), "manila", "1")
    assert table["fake_manila"].entry(0)["qubits"] == 5
    assert list(table) == ["ideal_simulator", "fake_manila"]


def test_of_a_device_in_both_packages_the_first_ones_snapshot_counts(packages: list[Path]) -> None:
    for package, version in zip(packages, ("newer", "older"), strict=True):
        write_snapshot(install(package), "manila", version)
    write_snapshot(packages[1] / "fakes/backends", "nairobi", "older")
    found = {
        name: json.loads(snapshot.configuration_file.read_bytes())["backend_version"]
        for name, snapshot in snapshots.find_snapshots().items()
    }
    assert found == {"fake_manila": "newer", "fake_nairobi": "older"}


def test_the_later_snapshots_come_first() -> None:
    assert [name for name, _ in snapshots._FOLDERS] == ["qiskit_ibm_runtime", "qiskit"]


def test_a_backend_that_is_not_there_for_want_of_data_tells_what_brings_them(
    packages: list[Path],
) -> None:
    table = BackendTable(2**30)
    assert "pip install 'ibmqbatch[qiskit]'" in table.advice("fake_fez")
    assert "pip install" not in table.advice("ibm_fez")
    write_snapshot(install(packages[1]), "manila", "1")
    assert "qiskit-ibm-runtime" in table.advice("fake_fez")
    assert table.advice("fake_nowhere") == "The backends here are: ideal_simulator, fake_manila."


def test_a_list_reads_no_calibration(packages: list[Path]) -> None:
    folder = install(packages[0])
    write_snapshot(folder, "manila", "1")
    (folder / "manila/props_manila.json").write_text("no JSON")
    assert BackendTable(2**30)["fake_manila"].entry(0)["qubits"] == 5


def test_descriptions_are_read_without_qiskit() -> None:
    program = """
import sys
from ibmqbatch.local.backends import BackendTable
for backend in BackendTable(2**30).values():
    backend.entry(0), backend.configuration, backend.properties
print(sorted({name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout.replace("'", '"')))
    assert not loaded & {"qiskit", "qiskit_aer", "qiskit_ibm_runtime", "numpy"}


def test_what_was_not_measured_has_no_value(tmp_path: Path) -> None:
    document = {
        "backend_version": "1",
        "last_update_date": "2026-01-01T00:00:00Z",
        "qubits": [[{"name": "T1", "unit": "us", "value": math.nan}]],
        "gates": [{"gate": "x", "qubits": [0], "parameters": [{"name": "a", "value": math.inf}]}],
        "general": [],
    }
    (tmp_path / "props.json").write_text(json.dumps(document))
    snapshot = snapshots.Snapshot("fake_it", tmp_path / "conf.json", tmp_path / "props.json")
    found = snapshot.properties()
    assert found["qubits"] == [[{"name": "T1", "unit": "us"}]]
    assert found["gates"][0]["parameters"] == [{"name": "a"}]
