"""Rehearsing a device: compiled to it, noisy as it is, and as Aer has it when it is asked directly.

Only the service's own words are taken for the instruction set.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from qiskit import qasm3
from qiskit_aer import AerSimulator

from tests.local.rehearsing import need, noise_of
from tests.support.circuits import BELL
from tests.support.commands import Cli
from tests.support.qiskits import needs_qiskit2

SIZES = (3, 5, 10)
SHOTS = 4000


def ghz(size: int) -> str:
    steps = "\n".join(f"cx q[{i}], q[{i + 1}];" for i in range(size - 1))
    return (
        f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[{size}];\ncreg c[{size}];\nh q[0];\n'
        f"{steps}\nmeasure q -> c;\n"
    )


@pytest.fixture
def sherbrooke(cli: Cli) -> dict[str, Any]:
    found: dict[str, Any] = cli.data("backends", "fake_sherbrooke")["backend"]
    return found


def ghz_set(cli: Cli, circuits, *words: object) -> str:
    folder = circuits(**{f"ghz{size}": ghz(size) for size in SIZES})
    return cli.submit(folder, "--backend", "fake_sherbrooke", "--seed", 5, *words)


def compiled(cli: Cli, job_set: str, index: int) -> str:
    shown = cli("show", job_set, "--circuit", index, "--compiled", "--json").json
    return str(shown["data"]["circuits"][0]["text"])


@pytest.mark.slow
def test_every_compiled_gate_is_in_the_instruction_set(cli, circuits, sherbrooke):
    job_set = ghz_set(cli, circuits, "--detach")
    places = {
        gate["name"]: {tuple(place) for place in gate["coupling_map"]}
        for gate in sherbrooke["configuration"]["gates"]
    }
    for index, _ in enumerate(SIZES):
        circuit = qasm3.loads(compiled(cli, job_set, index))
        assert circuit.num_qubits == 127
        for step in circuit.data:
            if step.operation.name not in {"measure", "barrier"}:
                qubits = tuple(circuit.find_bit(qubit).index for qubit in step.qubits)
                assert qubits in places[step.operation.name]


@pytest.mark.slow
def test_fidelity_falls_with_size_and_is_that_of_aer(cli, circuits):
    job_set = ghz_set(cli, circuits, "--shots", SHOTS, "--wait")
    results = cli.data("results", job_set)["results"]
    fidelities = []
    for index, size in enumerate(SIZES):
        ends = {"0" * size, "1" * size}
        counts = results[index]["counts"]
        circuit = qasm3.loads(compiled(cli, job_set, index))
        used = {circuit.find_bit(qubit).index for step in circuit.data for qubit in step.qubits}
        aer = AerSimulator(noise_model=noise_of("fake_sherbrooke", *used))
        direct = aer.run(circuit, shots=SHOTS, seed_simulator=11).result()
        fidelity, expected = (
            sum(found.get(end, 0) for end in ends) / SHOTS
            for found in (counts, direct.get_counts())
        )
        # Five standard deviations of the difference of two shares, at most a half each.
        assert abs(fidelity - expected) < 5 * (2 * 0.25 / SHOTS) ** 0.5
        fidelities.append(fidelity)
    assert fidelities == sorted(fidelities, reverse=True)
    assert fidelities[-1] > 0.5


TURNED = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[3];
creg c[3];
rx(pi) q[0];
rzz(0.3) q[0], q[1];
rzz(-2.0) q[1], q[2];
measure q -> c;
"""


@needs_qiskit2("Terra has no snapshots of today's devices.")
@pytest.mark.parametrize(
    ("name", "gates"),
    [
        ("fake_torino", {"rx"}),
        ("fake_miami", {"rx"}),
        ("fake_kingston", {"rx", "rzz"}),
        ("fake_nighthawk", set()),
    ],
)
@pytest.mark.parametrize("asked", [False, True])
def test_fractional_gates_of_todays_devices_are_used_on_request(name, gates, asked, cli, circuits):
    need(name)
    words = ["--seed-transpiler", 1, *(["--fractional-gates"] if asked else [])]
    job_set = cli.submit(circuits(a=TURNED), "--backend", name, *words, "--wait")
    found = set(re.findall(r"^(rx|rzz)\(", compiled(cli, job_set, 0), re.MULTILINE))
    assert found == (gates if asked else set())
    (result,) = cli.data("results", job_set)["results"]
    assert max(result["counts"], key=result["counts"].get) == "001"


@needs_qiskit2("Terra has no snapshots of devices without control flow.")
def test_control_flow_that_a_device_does_not_take_is_refused_before_it_is_sent(cli, circuits):
    need("fake_miami")
    text = BELL.replace("cx q[0], q[1];", "measure q[0] -> c[0]; if (c == 1) x q[1];")
    done = cli("submit", circuits(a=text), "--backend", "fake_miami", "--json", code=2)
    assert "fake_miami" in done.json["errors"][0]["message"]
    assert "if_else" in done.json["errors"][0]["message"]


def test_same_seed_gives_the_same_counts_however_the_set_is_split(cli, circuits):
    folder = circuits(**{f"c{n}": BELL for n in range(4)})
    found = []
    for most in (1, 4):
        job_set = cli.submit(
            folder, "--backend", "fake_manila", "--seed", 3, "--max-circuits", most, "--wait"
        )
        found.append(cli("results", job_set).out)
    assert found[0] == found[1]


def test_circuit_out_of_the_instruction_set_is_refused_before_it_is_sent(cli, circuits):
    folder = circuits(a=BELL, b=BELL)
    done = cli("submit", folder, "--backend", "fake_manila", "--no-compile", "--json", code=2)
    errors = done.json["errors"]
    assert {error["code"] for error in errors} == {"not_in_instruction_set"}
    assert errors[1]["message"].startswith("Circuit 1 (")
    assert "'h' on qubit 0" in errors[1]["message"]
    assert not list((cli.home / "sets").glob("*.sqlite"))


def test_circuit_that_needs_more_qubits_than_can_be_simulated_is_refused(cli, circuits, sherbrooke):
    most = sherbrooke["configuration"]["rehearsal"]["max_active_qubits"]
    done = cli(
        "submit", circuits(a=ghz(most + 1)), "--backend", "fake_sherbrooke", "--json", code=2
    )
    (error,) = done.json["errors"]
    assert error["code"] == "over_budget"
    assert f"uses {most + 1} qubits" in error["message"]
    assert f"{most} in use at most" in error["message"]


@pytest.mark.parametrize(
    "statement", ["if (c == 1) x q[1];", "reset q[0];", "measure q[0] -> c[0];"]
)
def test_steps_in_the_middle_of_a_circuit_run_on_a_device(statement, cli, circuits):
    text = BELL.replace("cx q[0], q[1];", f"measure q[0] -> c[0]; {statement}")
    job_set = cli.submit(circuits(a=text), "--backend", "fake_manila", "--wait")
    assert sum(cli.data("results", job_set)["results"][0]["counts"].values())


def test_layout_that_is_asked_for_is_kept(cli, circuits):
    job_set = cli.submit(
        circuits(a=BELL), "--backend", "fake_manila", "--initial-layout", "3,4", "--wait"
    )
    (shown,) = cli.data("show", job_set, "--circuit", 0, "--compiled")["circuits"]
    assert shown["layout"]["initial"] == [3, 4]
    assert "q[0]" not in shown["text"]


def test_control_flow_of_openqasm_3_runs_on_a_device(cli, tmp_path: Path):
    path = tmp_path / "flow.qasm"
    path.write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit first;\nbit[2] rest;\n'
        "x q[0];\nfirst = measure q[0];\nif (first) { x q[1]; }\n"
        "rest[0] = measure q[1];\nrest[1] = measure q[2];\n"
    )
    job_set = cli.submit(path, "--backend", "fake_manila", "--shots", 2000, "--wait")
    (result,) = cli.data("results", job_set)["results"]
    assert max(result["counts"], key=result["counts"].get) == "01 1"


def test_calibration_that_a_set_was_compiled_for_is_kept(cli, circuits, sherbrooke):
    from ibmqbatch.manifest.manifest import Manifest

    job_set = cli.submit(circuits(a=BELL), "--backend", "fake_sherbrooke", "--seed", 5, "--detach")
    with Manifest.open(cli.home / "sets" / f"{job_set}.sqlite") as manifest:
        record, kept = manifest.job_set(), manifest.device()
    assert record.calibrated_at == sherbrooke["properties"]["last_update_date"]
    assert json.loads(json.dumps(record.compilation)) == {
        "level": None,
        "seed_transpiler": 5,
        "initial_layout": None,
        "fractional_gates": False,
    }
    assert kept is not None
    assert kept[0]["backend_name"] == "fake_sherbrooke"
    assert kept[1] == sherbrooke["properties"]


def test_circuit_whose_qubits_may_move_is_told(cli, circuits):
    text = BELL.replace("qreg q[2]", "qreg q[5]").replace("measure q -> c", "measure q[0] -> c[0]")
    done = cli("submit", circuits(a=text), "--backend", "fake_manila", "--detach")
    assert "Warning: Circuit 0" in done.err
    assert "'h' on 0" in done.err


def test_physical_qubits_are_not_moved(cli, tmp_path: Path):
    path = tmp_path / "phys.qasm"
    path.write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[1] c;\nx $3;\nc[0] = measure $3;\n'
    )
    words = (path, "--backend", "fake_manila")
    done = cli("submit", *words, "--initial-layout", "0,1,2,3", "--json", code=2)
    assert done.json["errors"][0]["code"] == "bad_layout"
    job_set = cli.submit(*words, "-O", 3, "--detach")
    assert "x $3;" in cli("show", job_set, "--circuit", 0, "--compiled").out
