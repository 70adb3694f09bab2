"""Devices: what a service tells of one is what Qiskit makes of it, without what is faulty."""

from __future__ import annotations

import math

import pytest

from ibmqbatch.circuits.compile import build_target
from ibmqbatch.jobset.device import device_from_wire
from tests.circuits.devices import line, line_configuration, line_properties
from tests.circuits.snapshots import snapshot
from tests.support.qiskits import fake_backend, needs_qiskit2, needs_terra


def close(one, two):
    return one == two if None in {one, two} else math.isclose(one, two)


@pytest.mark.parametrize(
    ("name", "fake"),
    [
        ("manila", "FakeManilaV2"),
        ("nairobi", "FakeNairobiV2"),
        ("guadalupe", "FakeGuadalupeV2"),
        pytest.param("hanoi", "FakeHanoiV2", marks=needs_terra("Another calibration.")),
        pytest.param("algiers", "FakeAlgiers", marks=needs_qiskit2("Terra has no such fake.")),
        ("prague", "FakePrague"),
        pytest.param("sherbrooke", "FakeSherbrooke", marks=needs_terra("Another calibration.")),
        pytest.param("brisbane", "FakeBrisbane", marks=needs_qiskit2("Terra has no such fake.")),
    ],
)
def test_target_is_that_of_qiskit(name, fake):
    device = snapshot(name)
    ours, theirs = build_target(device), fake_backend(fake).target
    assert device.region == tuple(range(device.num_qubits))
    assert math.isclose(ours.dt, theirs.dt)
    assert set(theirs.operation_names) <= set(ours.operation_names)
    for instruction in theirs.operation_names:
        if instruction in {"delay", *device.flow}:
            continue
        working = {q: facts for q, facts in theirs[instruction].items() if facts.error != 1}
        assert set(ours[instruction]) == set(working)
        for qubits, facts in working.items():
            mine = ours[instruction][qubits]
            assert close(mine.error, facts.error), (instruction, qubits)
            assert close(mine.duration, facts.duration), (instruction, qubits)


def test_qubits_that_broken_couplings_cut_off_are_left_out():
    """The snapshot of washington has couplings whose error is 1."""
    device = snapshot("washington")
    assert len(device.region) == 121
    assert not {9, 10, 11, 12, 13, 109} & set(device.region)


def test_faulty_qubits_take_no_instruction():
    device = snapshot("guadalupe", faulty=[1, 8])
    assert not {1, 8} & set(device.region)
    for places in device.instructions.values():
        assert not any({1, 8} & set(qubits) for qubits in places)


def test_broken_coupling_is_left_out():
    device = line(4, broken=[(2, 3)])
    assert not device.takes("cx", (2, 3))
    assert device.takes("cx", (0, 1))
    assert device.region == (0, 1, 2)


@pytest.mark.parametrize(
    ("faulty", "region"),
    [([], (0, 1, 2, 3, 4, 5)), ([2], (3, 4, 5)), ([3], (0, 1, 2)), ([0, 5], (1, 2, 3, 4))],
)
def test_region_is_the_largest_that_is_connected(faulty, region):
    assert line(6, faulty=faulty).region == region


def test_first_of_regions_as_large_is_taken():
    assert line(5, faulty=[2]).region == (0, 1)


def test_device_without_working_qubits_has_no_region():
    assert line(2, faulty=[0, 1]).region == ()


def test_simulator_has_no_instruction_set():
    device = device_from_wire("s", {"n_qubits": 5, "coupling_map": None}, None)
    assert (device.instructions, device.region) == ({}, ())


def test_device_without_a_calibration_takes_all_that_its_configuration_lists():
    device = device_from_wire("line", line_configuration(3), None)
    assert device.region == (0, 1, 2)
    assert device.takes("cx", (1, 2))
    assert not device.takes("cx", (2, 1))
    assert device.instructions["cx"][0, 1].error is None


def test_gate_that_is_not_operational_is_left_out():
    properties = line_properties(3)
    properties["gates"][0]["parameters"].append({"name": "operational", "unit": "", "value": 0})
    device = device_from_wire("line", line_configuration(3), properties)
    assert not device.takes("cx", (0, 1))


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), "much"])
def test_value_that_is_no_number_is_as_none(value):
    properties = line_properties(2)
    properties["gates"][0]["parameters"][0]["value"] = value
    properties["qubits"][0][0]["value"] = value
    device = device_from_wire("line", line_configuration(2), properties)
    assert device.instructions["cx"][0, 1].error is None
    assert device.t1[0] is None


def test_units_are_those_of_the_wire():
    device = line(2)
    assert device.dt == pytest.approx(0.25e-9)
    assert device.t1[1] == pytest.approx(101e-6)
    assert device.instructions["cx"][0, 1].duration == pytest.approx(300e-9)
