"""Backends as the client lists them, and the targets that it builds to compile to."""

from __future__ import annotations

import pytest

from tests.conformance.ibm import ClientError, Ibm
from tests.local.rehearsing import CONTROL_FLOW, QUBITS, need
from tests.support.service import Client

pytestmark = pytest.mark.conformance

LARGE = {name for name, qubits in QUBITS.items() if qubits >= 100}


def test_all_backends_are_listed(ibm: Ibm) -> None:
    assert set(ibm.here("backends")) == {"ideal_simulator", *QUBITS}


def test_configurations_are_asked_for_once(ibm: Ibm) -> None:
    ibm.here("backends")
    with ibm.requests() as seen:
        ibm.here("backends")
    assert [each.path.rpartition("/")[2] for each in seen] == ["backends?include_mocks=True"]


def test_filters_choose_among_them(ibm: Ibm) -> None:
    assert ibm.here("backends", simulator=True) == ["ideal_simulator"]
    assert set(ibm.here("backends", simulator=False, operational=True)) == set(QUBITS)
    assert set(ibm.here("backends", min_num_qubits=100)) == {*LARGE, "ideal_simulator"}
    assert ibm.here("backends", n_qubits=33) == ["fake_prague"]
    assert ibm.here("backends", name="fake_hanoi") == ["fake_hanoi"]
    assert ibm.here("backends_with_coupling", gate="ecr") == ["ideal_simulator", "fake_sherbrooke"]


def test_a_backend_tells_of_itself(ibm: Ibm) -> None:
    found = ibm.here("backend", name="fake_manila")
    assert (found["name"], found["simulator"], found["max_shots"]) == (
        "fake_manila",
        False,
        100_000,
    )
    assert found["status"] == [True, "active", 0]
    assert 1e-11 < found["dt"] < 1e-8
    ideal = ibm.here("backend", name="ideal_simulator")
    assert (ideal["simulator"], ideal["max_shots"]) == (True, 1_000_000)


def test_a_calibration_can_be_named(ibm: Ibm) -> None:
    with ibm.requests() as seen:
        found = ibm.here("backend", name="fake_manila", calibration_id="of-today")
    assert found["name"] == "fake_manila"
    assert any("calibration_id=of-today" in each.path for each in seen)


def test_an_unknown_backend_is_not_found(ibm: Ibm) -> None:
    with pytest.raises(ClientError, match="No backend matches") as raised:
        ibm.here("backend", name="ibm_nowhere")
    assert raised.value.kind == "QiskitBackendNotFoundError"


@pytest.mark.parametrize(
    ("name", "gates"), [("fake_kingston", ["rx", "rzz"]), ("fake_miami", ["rx"])]
)
def test_todays_devices_have_fractional_gates(ibm: Ibm, name: str, gates: list[str]) -> None:
    need(name)
    found = ibm.here("target", name=name, use_fractional_gates=True)
    assert {"rx", "rzz"} & set(found["operations"]) == set(gates)


def test_devices_of_that_age_have_no_fractional_gates(ibm: Ibm) -> None:
    with pytest.raises(ClientError, match="does not support fractional gates"):
        ibm.here("backend", name="fake_manila", use_fractional_gates=True)


@pytest.mark.parametrize("name", QUBITS)
def test_the_target_is_that_of_the_device(ibm: Ibm, raw: Client, name: str) -> None:
    configuration = raw.get(f"/backends/{name}/configuration").json()
    found = ibm.here("target", name=name)
    assert found["qubits"] == QUBITS[name]
    supported = set(configuration["supported_instructions"])
    # The client hides fractional gates until it is asked for them.
    assert set(found["operations"]) == supported - {"barrier", "rx", "rzz"}
    assert found["coupling"] == sorted(configuration["coupling_map"])
    assert found["two_qubit"] == sorted({"cx", "cz", "ecr"} & supported)
    assert all(1e-6 < t1 < 1e-2 for t1 in found["t1"] if t1 is not None)
    assert len(found["errors"]) == len(found["coupling"])
    assert all(0 < error <= 1 for error in [*found["errors"], *found["readout"]])
    assert found["same_again"]


def test_the_ideal_simulator_has_a_target_without_coupling(ibm: Ibm) -> None:
    found = ibm.here("ideal_target")
    assert {"h", "rx", "rzz", "ccx", "measure", *CONTROL_FLOW} <= set(found["operations"])
    assert found["coupled"] is False
    assert found["properties"] is None


def test_properties_are_given_for_any_time(ibm: Ibm) -> None:
    with ibm.requests() as seen:
        found = ibm.here("properties", name="fake_nairobi")
    assert found["same"]
    assert 1e-6 < found["t1"] < 1e-3
    assert 0 < found["readout_error"] < 0.5
    assert found["faulty"] == [[], 0]
    assert any("updated_before=2026-01-02T00%3A00%3A00%2B00%3A00" in each.path for each in seen)


def test_a_backend_can_be_refreshed(ibm: Ibm) -> None:
    assert ibm.here("refreshed", name="fake_manila")


def test_gate_lengths_are_in_seconds(ibm: Ibm) -> None:
    length = ibm.here("gate_length", name="fake_manila", gate="cx", qubits=[0, 1])
    assert 1e-8 < length < 1e-5


def test_the_least_busy_is_found(ibm: Ibm) -> None:
    assert ibm.here("least_busy", min_num_qubits=100, simulator=False) in LARGE
    with pytest.raises(ClientError, match="No backend matches"):
        ibm.here("least_busy", min_num_qubits=1001)
