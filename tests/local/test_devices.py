"""What the API says of rehearsals: the devices of Terra's fakes, in IBM's shape."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from qiskit.providers.models import BackendProperties, QasmBackendConfiguration

from ibmqbatch.local import devices
from ibmqbatch.local.backends import backend_table

from .support import Client, error, terra

QUBITS = {
    "fake_manila": 5,
    "fake_nairobi": 7,
    "fake_guadalupe": 16,
    "fake_hanoi": 27,
    "fake_kolkata": 27,
    "fake_prague": 33,
    "fake_brooklyn": 65,
    "fake_washington": 127,
    "fake_sherbrooke": 127,
}
CONTROL_FLOW = {"if_else", "for_loop", "while_loop", "switch_case"}
every_rehearsal = pytest.mark.parametrize("name", QUBITS)


def file_of(name: str, kind: str) -> Any:
    """Return what one of the files of Terra's fake says."""
    fake = terra(name)
    path = Path(fake.dirname) / {"conf": fake.conf_filename, "props": fake.props_filename}[kind]
    return json.loads(path.read_bytes())


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
    assert supported >= {"measure", "reset", "delay", "barrier", *CONTROL_FLOW}
    assert supported >= set(found["basis_gates"])
    assert 0.01 < found["dt"] < 10  # nanoseconds
    assert found["rehearsal"] == {"max_active_qubits": min(16, QUBITS[name])}


@every_rehearsal
def test_gates_and_coupling_are_those_of_the_device(client: Client, name: str) -> None:
    found = client.get(f"/backends/{name}/configuration").json()
    known = file_of(name, "conf")
    assert found["coupling_map"] == known["coupling_map"]
    assert set(found["basis_gates"]) == set(known["basis_gates"]) - {"reset"}
    places = {gate["name"]: gate["coupling_map"] for gate in found["gates"]}
    assert set(places) == set(found["basis_gates"])
    for gate in known["gates"]:
        assert places.get(gate["name"], []) == gate.get("coupling_map", [])


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
    backend = QasmBackendConfiguration.from_dict(configuration)
    assert backend.dt == pytest.approx(configuration["dt"] * 1e-9)
    properties = BackendProperties.from_dict(client.get(f"/backends/{name}/properties").json())
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
    configuration = backend_table(16 * 2**8)["fake_guadalupe"].configuration
    assert configuration["rehearsal"] == {"max_active_qubits": 8}


def test_without_the_data_of_devices_there_are_no_rehearsals(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder in (None, tmp_path):
        monkeypatch.setattr(devices, "_folder", lambda folder=folder: folder)
        assert list(backend_table(2**30)) == ["ideal_simulator"]


def test_what_was_not_measured_has_no_value(tmp_path: Path) -> None:
    document = {
        "backend_version": "1",
        "last_update_date": "2026-01-01T00:00:00Z",
        "qubits": [[{"name": "T1", "unit": "us", "value": math.nan}]],
        "gates": [{"gate": "x", "qubits": [0], "parameters": [{"name": "a", "value": math.inf}]}],
        "general": [],
    }
    (tmp_path / "props.json").write_text(json.dumps(document))
    snapshot = devices.Snapshot("fake_it", tmp_path / "conf.json", tmp_path / "props.json")
    found = snapshot.properties()
    assert found["qubits"] == [[{"name": "T1", "unit": "us"}]]
    assert found["gates"][0]["parameters"] == [{"name": "a"}]
