"""Backends as plain data: what they are, and how well they work."""

from __future__ import annotations

import json
import math

import pytest

from ibmqbatch.jobset.backends import backend_data, entry_data, find_backend, in_order
from ibmqbatch.jobset.errors import UnknownBackend
from ibmqbatch.service.endpoint import Account
from ibmqbatch.service.errors import NotFound
from ibmqbatch.service.models import Backend, BackendEntry
from tests.support.accounts import account


def properties(*qubits: dict[str, object], gates: list[tuple[str, list[int], float]] = ()):
    return {
        "last_update_date": "2026-11-20T08:00:00Z",
        "qubits": [
            [{"name": name, "value": value, "unit": "us"} for name, value in qubit.items()]
            for qubit in qubits
        ],
        "gates": [
            {"gate": name, "qubits": on, "parameters": [{"name": "gate_error", "value": error}]}
            for name, on, error in gates
        ],
    }


def described(told: object = None, **configuration: object):
    body = {"backend_name": "ibm_x", "n_qubits": 3, "simulator": False, **configuration}
    return backend_data(Backend.from_wire(body, told))


def test_medians_and_ranges_are_of_what_works():
    told = properties({"T1": 100.0}, {"T1": 300.0}, {"T1": 200.0}, {"T1": 9000.0, "operational": 0})
    calibration = described(told)["calibration"]
    assert calibration["t1_us"] == {"median": 200.0, "min": 100.0, "max": 300.0, "count": 3}
    assert calibration["faulty_qubits"] == [3]
    assert calibration["t2_us"] is None


def test_gates_of_the_same_errors_stand_together_and_free_ones_nowhere():
    told = properties(
        {},
        gates=[
            ("rz", [0], 0.0),
            ("sx", [0], 0.1),
            ("x", [0], 0.1),
            ("cz", [0, 1], 0.3),
            ("cz", [1, 2], 1.0),
        ],
    )
    calibration = described(told)["calibration"]
    assert [(g["names"], g["error"]["median"]) for g in calibration["gates"]] == [
        (["sx", "x"], 0.1),
        (["cz"], 0.3),
    ]
    assert calibration["faulty_gates"] == [{"gate": "cz", "qubits": [1, 2]}]


def test_couplings_are_counted_once_in_both_directions():
    assert described(coupling_map=[[0, 1], [1, 0], [1, 2]])["couplings"] == 2
    assert described(coupling_map=None)["couplings"] is None


def test_what_json_cannot_say_is_null():
    data = described(properties({"T1": math.nan}), odd=[math.inf])
    assert json.loads(json.dumps(data, allow_nan=False))["configuration"]["odd"] == [None]


@pytest.mark.parametrize(
    ("configuration", "kind"),
    [({}, "device"), ({"simulator": True}, "simulator"), ({"rehearsal": {}}, "rehearsal")],
)
def test_kind_is_told(configuration, kind):
    assert described(**configuration)["kind"] == kind


def test_the_list_begins_with_what_one_would_choose():
    entries = [
        BackendEntry("broken", "offline", num_qubits=1000),
        BackendEntry("busy", "online", num_qubits=156, queue_length=50),
        BackendEntry("small", "online", num_qubits=5, queue_length=2),
        BackendEntry("large", "online", num_qubits=127, queue_length=2),
        BackendEntry("silent"),
        BackendEntry("own", "online", num_qubits=1, queue_length=99),
    ]
    names = [entry.name for entry in in_order(entries, "own")]
    assert names == ["own", "large", "small", "busy", "silent", "broken"]


def test_entries_tell_when_they_were_seen():
    entry = BackendEntry("ibm_x", "online", num_qubits=5, queue_length=2)
    told = entry_data(entry, account(default_backend="ibm_x"), 1_800_000_000.0)
    assert (told["kind"], told["default"]) == ("device", True)
    assert told["seen_at"] == "2027-01-15T08:00:00.000Z"


def test_backend_of_unknown_age_says_so():
    assert described()["seen_at"] is None


class WithoutBackends:
    """A client of a service that has no backend but one, and advises on others."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def backend(self, name: str) -> Backend:
        advice = "Install the data of devices."
        raise NotFound(f"Backend not found: {name}", advice, status=404, number=1216, trace=None)

    def backend_names(self) -> list[str]:
        return ["ideal_simulator"]


@pytest.mark.parametrize(
    ("service", "name", "advice"),
    [
        ("local", "fake_fez", "Install the data of devices."),
        ("local", "real_fez", "It has: ideal_simulator."),
        ("far", "fake_fez", "It has: ideal_simulator."),
    ],
)
def test_the_service_here_advises_on_rehearsals_that_it_does_not_have(service, name, advice):
    with pytest.raises(UnknownBackend) as raised:
        find_backend(WithoutBackends(account(name=service)), None, name)
    assert raised.value.message == f"The account '{service}' has no backend '{name}'."
    assert raised.value.hint == advice
