"""What describes backends: read as the service writes it, kept, compared, and known to Terra."""

from __future__ import annotations

import copy
import json
import pickle
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch import (
    BackendProperties,
    BackendPropertyError,
    BackendStatus,
    GateConfig,
    GateProperties,
    IBMQBackendValueError,
    IBMQError,
    Nduv,
    QasmBackendConfiguration,
)
from tests.support.qiskits import FAKES, TERRA, needs_terra

TIME = "2026-11-20T10:00:00Z"
T1 = {"date": TIME, "name": "T1", "unit": "us", "value": 100.0}
BROKEN = {"date": TIME, "name": "operational", "unit": "", "value": 0}
ERROR = {"date": TIME, "name": "gate_error", "unit": "", "value": 0.01}
LENGTH = {"date": TIME, "name": "gate_length", "unit": "ns", "value": 300}
DEVICE = {"backend_name": "b", "n_qubits": 2, "backend_version": "1.2.3"}
CALIBRATION = {
    "backend_name": "b",
    "backend_version": "1.2.3",
    "last_update_date": TIME,
    "qubits": [[T1], [T1, BROKEN], []],
    "gates": [
        {"gate": "cx", "qubits": [0, 1], "parameters": [ERROR, LENGTH], "name": "cx0_1"},
        {"gate": "cx", "qubits": [1, 0], "parameters": [BROKEN]},
    ],
    "general": [],
    "more": 7,
}
STATUS = BackendStatus("b", "1.2.3", True, 4, "active")


def configuration(**told: object) -> QasmBackendConfiguration:
    return QasmBackendConfiguration.from_dict({**DEVICE, **told})


def calibration(**told: object) -> BackendProperties:
    return BackendProperties.from_dict({**CALIBRATION, **told})


def devices() -> list[str]:
    """Return the devices that this Qiskit describes in files, of which a few do."""
    return sorted(path.parent.name for path in FAKES.glob("*/conf_*.json"))[::9]


def described(device: str, what: str) -> dict[str, object]:
    (path,) = (FAKES / device).glob(f"{what}_*.json")
    told: dict[str, object] = json.loads(path.read_text("utf-8"))
    return told


def test_what_a_configuration_does_not_tell_is_no_attribute():
    found = configuration(dt=None, max_experiments=0, tags=[], open_pulse=True, credits=None)
    assert [hasattr(found, name) for name in ("dt", "max_experiments", "meas_map")] == [False] * 3
    assert (found.tags, found.open_pulse, found.credits) == ([], True, None)
    assert ("tags" in found, "dt" in found) == (True, False)
    with pytest.raises(AttributeError, match="no attribute 'meas_map'"):
        found.meas_map  # noqa: B018


def test_what_a_service_leaves_out_of_a_configuration_has_a_default():
    found = configuration()
    assert (found.n_qubits, found.num_qubits, found.basis_gates, found.gates) == (2, 2, [], [])
    assert (found.max_shots, found.coupling_map, found.dynamic_reprate_enabled) == (
        None,
        None,
        False,
    )


def test_times_and_frequencies_of_a_configuration_are_in_si_units():
    told = {
        "dt": 0.5,
        "dtm": 2,
        "default_rep_delay": 250.0,
        "rep_delay_range": [0.0, 500.0],
        "rep_times": [1000.0],
        "meas_lo_range": [[6.5, 7.5]],
        "qubit_lo_range": [[4.5, 5.5]],
    }
    found = configuration(**told)
    assert (found.dt, found.dtm) == (0.5e-9, 2e-9)
    assert found.default_rep_delay == pytest.approx(250e-6)
    assert found.rep_delay_range == pytest.approx([0, 500e-6])
    assert found.rep_times == pytest.approx([1e-3])
    assert (found.meas_lo_range, found.qubit_lo_range) == ([[6.5e9, 7.5e9]], [[4.5e9, 5.5e9]])
    kept = found.to_dict()
    assert {name: kept[name] for name in told} == told


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_a_configuration_goes_through_a_dictionary_to_the_last_digit(dt: float, delay: float):
    found = configuration(dt=dt, rep_delay_range=[0, delay], qubit_lo_range=[[dt, delay]])
    assert QasmBackendConfiguration.from_dict(found.to_dict()) == found


@pytest.mark.parametrize("device", devices())
def test_devices_go_through_dictionaries_and_pickles(device):
    found = configuration(**described(device, "conf"))
    measured = calibration(**described(device, "props"))
    for thing in (
        found,
        measured,
        STATUS,
        found.gates[0],
        measured.gates[0],
        measured.qubits[0][0],
    ):
        assert type(thing).from_dict(thing.to_dict()) == thing
        assert pickle.loads(pickle.dumps(thing)) == copy.deepcopy(thing) == thing
    plain = json.loads(json.dumps(measured.to_dict(), default=str))
    assert BackendProperties.from_dict(plain) == measured


def test_gates_that_are_none_are_left_out():
    found = configuration(gates=[{"name": "x", "coupling_map": []}, {"qasm_def": ""}, None])
    assert found.gates == [GateConfig("x", [], "")]
    assert not hasattr(found.gates[0], "coupling_map")


def test_figures_are_in_si_units_with_their_dates():
    found = calibration()
    assert found.t1(0) == pytest.approx(1e-4)
    assert found.qubit_property(0, "T1")[1].isoformat() == found.last_update_date.isoformat()
    assert found.gate_error("cx", [0, 1]) == 0.01
    assert found.gate_length("cx", (0, 1)) == pytest.approx(3e-7)
    assert set(found.gate_property("cx", [0, 1])) == {"gate_error", "gate_length"}
    assert set(found.gate_property("cx")) == {(0, 1), (1, 0)}
    assert (found.gates[0].name, found.more) == ("cx0_1", 7)


def test_figures_that_were_not_measured_are_left_out():
    found = calibration(qubits=[[{**T1, "value": None}], [T1]])
    assert found.qubits == [[], [Nduv(found.last_update_date, "T1", "us", 100.0)]]
    assert found.t1(1) == pytest.approx(1e-4)


@pytest.mark.parametrize("figure", [{**T1, "unit": "chains"}, {**T1, "value": "long"}])
def test_figures_that_are_no_times_hide_no_others(figure):
    found = calibration(qubits=[[figure, BROKEN]])
    assert set(found.qubit_property(0)) == {"operational"}
    assert found.qubits[0][0].value == figure["value"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda it: it.t1(2),
        lambda it: it.t2(0),
        lambda it: it.frequency(9),
        lambda it: it.qubit_property(2),
        lambda it: it.gate_error("cx", [1, 0]),
        lambda it: it.gate_error("cx", [0, 2]),
        lambda it: it.gate_length("rzz", 0),
        lambda it: it.gate_property("cx", name="gate_error"),
    ],
)
def test_what_is_not_known_is_an_error_with_a_name(ask):
    with pytest.raises(BackendPropertyError) as caught:
        ask(calibration())
    assert isinstance(caught.value, IBMQError)
    assert isinstance(caught.value, ValueError)  # for which Aer looks


def test_qubits_and_gates_work_unless_it_is_told_that_they_do_not():
    found = calibration()
    assert found.faulty_qubits() == [1]
    assert found.faulty_gates() == [found.gates[1]]
    assert found.is_qubit_operational(0)
    assert found.is_gate_operational("cx", [0, 1])


def test_objects_that_tell_of_something_else_are_not_equal():
    assert calibration() != calibration(more=8)
    assert configuration() != configuration(n_qubits=3)
    assert BackendStatus("b", "1.2.3", True, 5, "active") != STATUS
    assert GateProperties([0], "x", []) != GateConfig("x", [], "")
    with pytest.raises(TypeError, match="unhashable"):
        hash(STATUS)


def test_a_negative_number_of_jobs_cannot_wait():
    with pytest.raises(IBMQBackendValueError, match="-1 jobs"):
        BackendStatus("b", "", True, -1, "")


@needs_terra("Qiskit 2 has no qiskit.providers.models.")
@pytest.mark.parametrize("device", devices() if TERRA else [None])
def test_terra_tells_the_same_of_a_device(device):
    from qiskit.providers import models

    told = {**DEVICE, "max_shots": None, **described(device, "conf")}
    found, theirs = configuration(**told), models.QasmBackendConfiguration.from_dict(dict(told))
    for name in ({*vars(theirs)} | {*theirs._data}) - {"_data", "gates", "online_date"}:
        assert getattr(found, name) == getattr(theirs, name), name
    assert [gate.to_dict() for gate in found.gates] == [gate.to_dict() for gate in theirs.gates]
    told = described(device, "props")
    measured, theirs = calibration(**told), models.BackendProperties.from_dict(dict(told))
    assert measured.faulty_qubits() == theirs.faulty_qubits()
    for qubit, figures in theirs._qubits.items():
        for name, (value, _) in figures.items():
            assert measured.qubit_property(qubit, name)[0] == value
    for gate in theirs.gates:
        for name, (value, _) in theirs.gate_property(gate.gate, gate.qubits).items():
            assert measured.gate_property(gate.gate, gate.qubits, name)[0] == value


@needs_terra("Qiskit 2 has no qiskit.providers.models.")
def test_terra_takes_them_for_its_own():
    from qiskit.providers import exceptions, models

    assert isinstance(configuration(), models.QasmBackendConfiguration)
    assert isinstance(calibration(), models.BackendProperties)
    assert isinstance(STATUS, models.BackendStatus)
    assert issubclass(BackendPropertyError, exceptions.BackendPropertyError)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theirs = models.BackendStatus.from_dict(STATUS.to_dict())
    assert theirs == STATUS


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("qubit_freq_est", r"backend.properties\(\).frequency"),
        ("meas_freq_est", "does not publish"),
        ("instruction_schedule_map", "backend.target"),
        ("cmd_def", r"backend.configuration\(\)"),
    ],
)
def test_what_is_read_of_them_is_an_error_with_what_there_is_instead(provider, name, instead):
    defaults = provider.get_backend("fake_manila").defaults()
    with pytest.raises(AttributeError, match=f"no '{name}' any more: IBM retired.*{instead}"):
        getattr(defaults, name)


def test_they_are_false_as_none_was(simulator):
    assert not simulator.defaults()
    assert not simulator.defaults(refresh=True)
    assert not pickle.loads(pickle.dumps(simulator.defaults()))


def test_a_frequency_is_had_as_the_error_says(provider):
    assert provider.get_backend("fake_manila").properties().frequency(0) > 1e9
