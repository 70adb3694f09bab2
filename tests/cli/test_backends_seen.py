"""`backends` when the service is away, and `show SET --backend`: what was seen, and when."""

from __future__ import annotations

import json
import time
from datetime import datetime

import pytest

from ibmqbatch.clock import iso
from ibmqbatch.local.snapshots import find_snapshots
from tests.cli.devices import DEVICE, PROPERTIES
from tests.cli.support import document, screen
from tests.support.circuits import BELL

pytestmark = pytest.mark.usefixtures("no_waits")


@pytest.fixture
def away(proxy):
    """Return a function that has the service's backends give no answer from now on."""

    def away() -> None:
        proxy.when("GET", "/api/v1/backends", drop="before", times=999)

    return away


def age(cli, hours: float) -> None:
    """Make everything that was seen so much older."""
    for path in (cli.home / "backends").glob("*.json"):
        kept = json.loads(path.read_bytes())
        for entry in kept.values():
            entry["at"] -= 3600 * hours
        path.write_text(json.dumps(kept))


def test_list_is_what_was_seen_last_with_its_age(cli, away):
    before = cli("backends").out
    age(cli, 5)
    away()
    done = cli("backends", code=75)
    assert done.out == before
    assert "This is how it was 5 hours ago." in done.err
    assert "error: " in done.err


def test_document_tells_when_it_was_seen(cli, away):
    now = iso(time.time())
    fresh = document(cli("backends", "--json"), "backends")["data"]["backends"]
    assert all(entry["seen_at"] >= now for entry in fresh)
    age(cli, 5)
    away()
    told = document(cli("backends", "--json", code=75), "backends", 75)
    assert told["status"] == "error"
    seen = {entry.pop("seen_at") for entry in told["data"]["backends"]}
    (moment,) = seen
    seconds = time.time() - datetime.fromisoformat(moment).timestamp()
    assert 5 * 3600 <= seconds < 5 * 3600 + 60
    assert told["data"]["backends"] == [
        {key: value for key, value in entry.items() if key != "seen_at"} for entry in fresh
    ]


def test_one_backend_is_shown_with_its_calibration_and_its_age(cli, away):
    fresh = document(cli("backends", "fake_manila", "--json"), "backends")["data"]["backend"]
    age(cli, 48)
    away()
    told = document(cli("backends", "fake_manila", "--json", code=75), "backends", 75)
    backend = told["data"]["backend"]
    assert backend.pop("seen_at") < fresh.pop("seen_at")
    assert backend == fresh
    done = cli("backends", "fake_manila", code=75)
    facts = dict(line.split("\t")[:2] for line in done.out.splitlines())
    assert "2 days ago" in facts["seen"]
    assert facts["basis gates"]


def test_backend_that_was_submitted_to_is_known_as_well(cli, away, tmp_path):
    (tmp_path / "a.qasm").write_text(BELL)
    cli.submit(tmp_path / "a.qasm", "--backend", "fake_nairobi", "--detach")
    away()
    backend = cli.data("backends", "fake_nairobi", code=75)["backend"]
    assert (backend["num_qubits"], backend["calibration"] is not None) == (7, True)


def test_what_was_never_seen_is_not_shown(cli, away):
    away()
    assert cli.data("backends", code=75) == {}
    cli.data("backends", "fake_manila", code=75)
    assert cli("backends", "fake_manila", code=75).out == ""


def test_backend_that_is_gone_is_not_shown_from_memory(cli, proxy):
    cli("backends", "fake_manila")
    gone = b'{"errors": [{"code": 1216, "message": "Backend not found."}]}'
    proxy.when("GET", "/backends/fake_manila/", status=404, body=gone, times=9)
    assert "has no backend 'fake_manila'" in cli("backends", "fake_manila", code=2).err


def test_answer_that_makes_no_sense_is_told_and_not_made_up_for(cli, proxy):
    cli("backends")
    proxy.when("GET", "/api/v1/backends", status=200, body=b"<html>", times=9)
    assert cli("backends", code=1).out == ""


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"list": 5}', b'{"list": {"at": "x"}}'])
def test_memory_that_is_garbled_is_no_memory(content, cli, away):
    cli("backends")
    (path,) = (cli.home / "backends").glob("*.json")
    path.write_bytes(content)
    away()
    assert cli("backends", code=75).out == ""


def test_folder_that_cannot_be_written_is_no_obstacle(cli):
    cli.home.mkdir(exist_ok=True)
    (cli.home / "backends").write_text("in the way")
    assert cli("backends").out


def test_basis_gates_are_asked_for_once_a_day(cli, proxy):
    def asked() -> int:
        proxy.seen.clear()
        assert any("id rz sx x cx" in line for line in screen(cli, 200, "backends"))
        return proxy.count("GET", "/configuration")

    assert asked() == len(find_snapshots())  # all but the simulator
    assert asked() == 0
    age(cli, 25)
    assert asked() == len(find_snapshots())


@pytest.fixture
def odd(proxy):
    """Have the service own a device that the embedded one does not know."""
    for path, body in (
        ("/backends/ibm_odd/configuration", {**DEVICE, "gates": GATES}),
        ("/backends/ibm_odd/properties", PROPERTIES),
    ):
        proxy.when("GET", path, times=50, status=200, body=json.dumps(body).encode())


GATES = [
    *({"name": name, "coupling_map": [[q] for q in range(156)]} for name in ("rz", "sx", "x")),
    {"name": "cz", "coupling_map": DEVICE["coupling_map"]},
]


def test_set_tells_what_it_was_compiled_for_as_it_was_then(cli, odd, proxy, tmp_path):
    (tmp_path / "a.qasm").write_text(BELL)
    job_set = cli.submit(tmp_path / "a.qasm", "--backend", "ibm_odd", "--detach")
    # Since then it has been calibrated again; nobody asks.
    proxy.rules.clear()
    proxy.seen.clear()
    told = document(cli("show", job_set, "--device", "--json"), "show")["data"]["backend"]
    assert (told["name"], told["num_qubits"], told["seen_at"]) == ("ibm_odd", 156, None)
    assert told["properties"] == PROPERTIES
    assert told["calibration"]["faulty_qubits"] == [7]
    facts = dict(line.split("\t")[:2] for line in cli("show", job_set, "--device").out.splitlines())
    assert facts["calibrated"].startswith("2026-11-20")
    assert "seen" not in facts
    assert proxy.seen == []


def test_set_of_a_simulator_was_compiled_for_no_device(cli, tmp_path):
    (tmp_path / "a.qasm").write_text(BELL)
    job_set = cli.submit(tmp_path / "a.qasm", "--detach")
    assert "compiled for no device" in cli("show", job_set, "--device", code=2).err
