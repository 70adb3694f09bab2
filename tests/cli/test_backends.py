"""`backends`: the list, and one with its calibration, for people and for scripts."""

from __future__ import annotations

import json

import pytest

from tests.cli.devices import DEVICE, PROPERTIES
from tests.cli.support import document, screen


@pytest.fixture
def device(proxy):
    """Have the service own a device that the embedded one does not know."""
    devices = [
        {
            "name": "ibm_odd",
            "status": {"name": "paused", "reason": "internal calibration"},
            "qubits": 156,
            "queue_length": 12,
            "processor_type": {"family": "Heron", "revision": "2"},
        },
        {"name": "ibm_down", "status": {"name": "offline", "reason": ""}},
        "ibm_early",
    ]
    for path, body in (
        ("/backends/ibm_odd/configuration", DEVICE),
        ("/backends/ibm_odd/properties", PROPERTIES),
        ("/backends", {"devices": devices}),
    ):
        proxy.when("GET", path, times=50, status=200, body=json.dumps(body).encode())
    return proxy


def test_the_list_is_lines_of_fields_in_a_pipe(cli):
    first, *others = cli("backends").out.splitlines()
    assert first.split("\t")[:2] == ["ideal_simulator", "simulator"]
    assert all(len(line.split("\t")) >= 6 for line in (first, *others))


def test_the_list_is_of_the_schema(cli):
    told = document(cli("backends", "--json"), "backends")["data"]["backends"]
    assert told[0]["name"] == "ideal_simulator"
    assert told[0]["default"]


def test_the_list_is_one_request(cli, proxy):
    cli("backends")
    assert proxy.count("GET", "/backends") == 1


def test_what_is_paused_or_hardly_described_is_listed(cli, device):
    lines = [line.split("\t") for line in cli("backends").out.splitlines()]
    assert [line[0] for line in lines] == ["ibm_early", "ibm_odd", "ibm_down"]
    assert lines[0][2:] == ["-", "-", "-", "-"]
    assert lines[1][3:] == ["paused", "12", "Heron r2", "internal calibration"]


def test_a_simulator_has_no_calibration(cli):
    told = document(cli("backends", "ideal_simulator", "--json"), "backends")["data"]["backend"]
    assert (told["kind"], told["calibration"], told["properties"]) == ("simulator", None, None)
    assert "every pair" in cli("backends", "ideal_simulator").out


def test_the_document_holds_all_that_the_service_says(cli, device):
    told = document(cli("backends", "ibm_odd", "--json"), "backends")["data"]["backend"]
    assert told["configuration"] == DEVICE
    assert told["properties"] == PROPERTIES
    assert told["calibration"]["faulty_qubits"] == [7]


def test_a_device_is_lines_of_fields_in_a_pipe(cli, device):
    lines = [line.split("\t") for line in cli("backends", "ibm_odd").out.splitlines()]
    facts = {line[0]: line[1] for line in lines if line[0] != "qubit"}
    assert facts["couplings"] == "155"
    assert facts["faulty qubits"] == "7"
    assert facts["faulty couplings"] == "3-4"
    assert facts["cz error"].startswith("0.20 %")
    qubits = [line[1:] for line in lines if line[0] == "qubit"]
    assert len(qubits) == 156
    assert qubits[7] == ["7", "-", "-", "-", "faulty"]
    assert qubits[9] == ["9", "109", "-", "0.01"]


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_screens_hold_every_qubit_at_any_width(cli, device, columns):
    assert any("paused" in line for line in screen(cli, columns, "backends"))
    lines = screen(cli, columns, "backends", "ibm_odd")
    first = next(i for i, line in enumerate(lines) if line.startswith("readout error by qubit"))
    last = next(i for i, line in enumerate(lines) if i > first and line.startswith("best"))
    drawn = "".join("".join(line.split()[1:]) for line in lines[first + 1 : last])
    assert len(drawn) == 156
    assert (drawn[7], drawn[8], drawn[0], drawn[155]) == ("x", "?", "▁", "█")


def test_a_wide_screen_shows_basis_gates(cli, device):
    assert any("cz rz sx x" in line for line in screen(cli, 200, "backends"))
    assert not any("cz rz sx x" in line for line in screen(cli, 80, "backends"))


@pytest.mark.parametrize("name", ["nope", "../jobs", "a/b?c=d"])
def test_an_unknown_backend_is_told_with_those_there_are(cli, name):
    done = cli("backends", name, code=2)
    assert "ideal_simulator" in done.err


def test_an_empty_name_is_refused(cli):
    assert "empty" in cli("backends", "", code=2).err


def test_a_device_of_ibm_without_an_account_says_so(cli):
    assert "account" in cli("backends", "ibm_fez", code=4).err


def test_an_unknown_account_is_told(cli):
    cli("backends", "--account", "nope", code=4)


def test_a_service_that_is_away_is_told(cli, proxy):
    proxy.when("GET", "/backends", times=50, status=503, headers={"Retry-After": "0"})
    cli("backends", code=75)


def test_an_answer_that_is_no_list_is_told(cli, proxy):
    proxy.when("GET", "/backends", times=50, status=200, body=b'{"devices": 5}')
    cli("backends", code=1)
