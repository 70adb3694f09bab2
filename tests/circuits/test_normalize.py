"""Gates with the names of others do what their files say."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit, qasm2, transpile
from qiskit.circuit import Gate
from qiskit.circuit.library import UnitaryGate
from qiskit_aer import AerSimulator

from ibmqbatch.circuits.preparer import Preparation
from tests.circuits.asking import IDEAL, dump, loaded, problem, ready, write
from tests.circuits.devices import line

DEVICES = pytest.mark.parametrize("device", [IDEAL, line(3)], ids=["ideal", "line"])


def outcome(path, device):
    (made,) = ready(path, device=device, preparation=Preparation(seed=1))
    simulator = AerSimulator()
    known = transpile(loaded(made), simulator, optimization_level=0)
    counts = simulator.run(known, shots=20).result().get_counts()
    (only,) = counts
    return only


@DEVICES
@pytest.mark.parametrize(
    "text",
    [
        # No Hadamard, no controlled gate, and no matrix: each of them flips.
        (
            "OPENQASM 3.0;\ngate h a { U(pi, 0, pi) a; }\nqubit[1] q;\nbit[1] c;\nh q[0];\n"
            "c = measure q;\n"
        ),
        (
            "OPENQASM 3.0;\ngate h a { U(pi, 0, pi) a; }\ngate mine a { h a; }\nqubit[1] q;\n"
            "bit[1] c;\nmine q[0];\nc = measure q;\n"
        ),
        (
            "OPENQASM 3.0;\ngate h a { U(pi, 0, pi) a; }\nqubit[1] q;\nbit[1] c;\n"
            "if (!c[0]) { h q[0]; }\nc = measure q;\n"
        ),
        (
            'OPENQASM 2.0;\ninclude "qelib1.inc";\ngate iswap a { x a; }\nqreg q[1];\ncreg c[1];\n'
            "iswap q[0];\nmeasure q -> c;\n"
        ),
        (
            'OPENQASM 2.0;\ninclude "qelib1.inc";\ngate sxdg a { x a; }\nqreg q[1];\ncreg c[1];\n'
            "sxdg q[0];\nmeasure q -> c;\n"
        ),
        (
            'OPENQASM 2.0;\ninclude "qelib1.inc";\ngate unitary a { x a; }\nqreg q[1];\n'
            "creg c[1];\nif (c == 0) unitary q[0];\nmeasure q -> c;\n"
        ),
    ],
    ids=range(6),
)
def test_gate_of_a_file_does_what_the_file_says(text, device, tmp_path):
    assert outcome(write(tmp_path, text), device) == "1"


@DEVICES
def test_gate_of_a_qpy_file_does_what_the_file_says(device, tmp_path):
    definition = QuantumCircuit(1)
    definition.x(0)
    gate = Gate("h", 1, [])
    gate.definition = definition
    circuit = QuantumCircuit(1, 1)
    circuit.append(gate, [0])
    circuit.measure(0, 0)
    assert outcome(write(tmp_path, dump(circuit), "f.qpy"), device) == "1"


@DEVICES
def test_matrices_that_qiskit_exported_run(device, tmp_path):
    circuit = QuantumCircuit(2, 2)
    circuit.append(UnitaryGate([[0, 1], [1, 0]]), [0])
    circuit.measure([0, 1], [0, 1])
    assert outcome(write(tmp_path, qasm2.dumps(circuit)), device) == "01"


def test_gate_that_is_what_its_name_says_is_that_gate(tmp_path):
    circuit = QuantumCircuit(2, 2)
    circuit.ecr(0, 1)
    circuit.r(0.3, 0.4, 0)
    circuit.measure([0, 1], [0, 1])
    (made,) = ready(write(tmp_path, qasm2.dumps(circuit)))
    assert loaded(made).data == circuit.data


def test_gate_with_a_name_of_its_own_is_written_out(tmp_path):
    text = (
        'OPENQASM 2.0;\ninclude "qelib1.inc";\ngate mine a { h a; }\nqreg q[1];\ncreg c[1];\n'
        "mine q[0];\nmeasure q -> c;\n"
    )
    (made,) = ready(write(tmp_path, text))
    assert loaded(made).count_ops() == {"h": 1, "measure": 1}


# Each flips the first qubit only: QPY would keep one definition for both uses of a gate.
@DEVICES
@pytest.mark.parametrize(
    "body",
    [
        "gate foo(t) a { rx(t) a; } foo(pi) q[0]; foo(0) q[1];",
        "gate foo(t) a { rx(t) a; } gate bar a, b { foo(pi) a; foo(0) b; } bar q[0], q[1];",
        "gate foo(t) a { rx(t) a; } foo(pi) q[0]; foo(2*pi) q[1];",
        "gate own_x a { x a; } gate pauli a { z a; } own_x q[0]; pauli q[1];",
    ],
)
def test_gate_that_is_used_twice_is_what_it_is_each_time(body, device, tmp_path):
    gates, _, uses = body.rpartition("} ")
    text = (
        f'OPENQASM 2.0;\ninclude "qelib1.inc";\n{gates}}}\nqreg q[2];\ncreg c[2];\n{uses}\n'
        "measure q -> c;\n"
    )
    assert outcome(write(tmp_path, text), device) == "01"


@DEVICES
def test_modified_gate_that_is_used_twice_is_what_it_is_each_time(device, tmp_path):
    text = (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ngate foo(t) a { rx(t) a; }\nqubit[2] q;\n'
        "bit[2] c;\ninv @ foo(pi) q[0];\ninv @ foo(0) q[1];\nctrl @ foo(pi) q[0], q[1];\n"
        "ctrl @ foo(-pi) q[0], q[1];\nc = measure q;\n"
    )
    assert outcome(write(tmp_path, text), device) == "01"


def test_sweep_over_a_gate_of_the_file_reaches_each_use(tmp_path):
    text = (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput angle u;\ngate foo(t) a { rx(t) a; }\n'
        "qubit[2] q;\nbit[2] c;\nfoo(u) q[0];\nfoo(2*u) q[1];\nc = measure q;\n"
    )
    (tmp_path / "u.csv").write_text("u\n3.141592653589793\n")
    (made,) = ready(write(tmp_path, text), sweep=tmp_path / "u.csv")
    bound = loaded(made).assign_parameters(made.circuits[0].values)
    assert AerSimulator().run(bound, shots=20).result().get_counts() == {"01": 20}


def test_condition_on_a_gate_is_one_on_all_that_it_consists_of(tmp_path):
    text = (
        'OPENQASM 2.0;\ninclude "qelib1.inc";\ngate mine a, b { x a; x b; }\nqreg q[2];\n'
        "creg c[2];\nif (c == 1) mine q[0], q[1];\nmeasure q -> c;\n"
    )
    assert outcome(write(tmp_path, text), IDEAL) == "00"


def test_definitions_that_come_to_too_much_are_refused(tmp_path, monkeypatch):
    from ibmqbatch.circuits import normalize

    monkeypatch.setattr(normalize, "_MOST_STEPS", 1000)
    gates = "gate g0 a { x a; x a; }\n" + "".join(
        f"gate g{n} a {{ g{n - 1} a; g{n - 1} a; }}\n" for n in range(1, 30)
    )
    text = (
        f'OPENQASM 2.0;\ninclude "qelib1.inc";\n{gates}qreg q[1];\ncreg c[1];\ng29 q[0];\n'
        "measure q -> c;\n"
    )
    assert problem(write(tmp_path, text)).code == "too_large"


@pytest.mark.parametrize("used", [True, False])
def test_variable_of_a_loop_is_no_parameter(used, tmp_path):
    angle = "pi / 4 * i" if used else "pi"
    text = (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[1] q;\nbit[1] c;\n'
        f"for int i in {{0, 1, 3}} {{ rx({angle}) q[0]; }}\nc = measure q;\n"
    )
    assert outcome(write(tmp_path, text), IDEAL) == "1"


@DEVICES
def test_angles_of_a_gate_are_taken_in_the_order_of_its_definition(device, tmp_path):
    """The importer would take them by the alphabet; `rx` is the name of a parameter, too."""
    text = (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
        "gate turn(rx, by, a) b, c { rx(by - a) b; ry(rx + a) c; }\n"
        "qubit[2] q;\nbit[2] c;\nturn(0, pi, 0) q[0], q[1];\nc = measure q;\n"
    )
    assert outcome(write(tmp_path, text), device) == "01"
