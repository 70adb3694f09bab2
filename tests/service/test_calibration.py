"""Reading lists of figures, whatever they hold."""

from __future__ import annotations

import math

import pytest

from ibmqbatch.service.models import BackendEntry, Calibration, processor_name


def figure(name: str, value: object, unit: str = "") -> dict[str, object]:
    return {"date": "2026-01-01T00:00:00Z", "name": name, "value": value, "unit": unit}


def qubit(*figures: object):
    return Calibration.from_wire({"qubits": [list(figures)], "gates": []}).qubits[0]


def gate(**values: object):
    entry = {
        "gate": "cz",
        "qubits": [0, 1],
        "parameters": [figure(name, value) for name, value in values.items()],
    }
    return Calibration.from_wire({"qubits": [], "gates": [entry]}).gates[0]


@pytest.mark.parametrize(
    ("value", "unit", "microseconds"),
    [
        (120.5, "us", 120.5),
        (120.5, "µs", 120.5),
        (0.2, "ms", 200),
        (3000, "ns", 3),
        (2e-4, "s", 200),
    ],
)
def test_times_come_in_microseconds(value, unit, microseconds):
    assert qubit(figure("T1", value, unit)).t1 == pytest.approx(microseconds)


@pytest.mark.parametrize("value", [None, math.nan, math.inf, "1", -1, 0, True])
def test_a_time_that_makes_no_sense_is_none(value):
    assert qubit(figure("T1", value, "us")).t1 is None


def test_a_qubit_works_unless_it_is_said_not_to():
    assert qubit().operational
    assert qubit(figure("operational", 1)).operational
    assert not qubit(figure("operational", 0)).operational


def test_a_gate_with_an_error_of_one_does_not_work():
    assert gate(gate_error=0.01).operational
    assert not gate(gate_error=1).operational
    assert not gate(gate_error=0.01, operational=0).operational


@pytest.mark.parametrize("told", [None, 5, [5, None, "x", {}, {"gate": "x", "qubits": ["a"]}]])
def test_what_cannot_be_read_is_passed_over(told):
    calibration = Calibration.from_wire({"qubits": told, "gates": told})
    assert all(q.t1 is None for q in calibration.qubits)
    assert calibration.gates == ()


def test_an_entry_of_the_list_is_read():
    entry = BackendEntry.from_wire(
        {
            "name": "ibm_x",
            "status": {"name": "Paused", "reason": "calibrating"},
            "is_simulator": False,
            "qubits": 156,
            "processor_type": {"family": "Heron", "revision": "2"},
            "queue_length": 12,
            "something": "new",
        }
    )
    assert entry == BackendEntry(
        "ibm_x", "paused", "calibrating", 156, queue_length=12, processor="Heron r2"
    )
    assert entry.told["something"] == "new"


def test_an_entry_of_an_early_version_is_a_name():
    assert BackendEntry.from_wire("ibm_x") == BackendEntry("ibm_x")


@pytest.mark.parametrize("entry", [None, 5, {}, {"name": 5}])
def test_what_is_no_entry_is_none(entry):
    assert BackendEntry.from_wire(entry) is None


@pytest.mark.parametrize(
    "odd", [{"status": 5, "qubits": "5", "queue_length": -1}, {"status": None}]
)
def test_odd_fields_are_left_out(odd):
    assert BackendEntry.from_wire({"name": "x", "processor_type": 5, **odd}) == BackendEntry("x")


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"family": "Falcon", "revision": 5.11, "segment": "L"}, "Falcon r5.11 L"),
        ({"family": "Eagle"}, "Eagle"),
        ("Heron", "Heron"),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_processor_has_one_name(told, name):
    assert processor_name(told) == name
