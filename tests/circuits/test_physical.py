"""Programs on a device's own qubits: sent as they are, and understood as by Qiskit."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Operator

from ibmqbatch.circuits import standard_gates
from ibmqbatch.circuits.checks import Step, angles_of, steps
from ibmqbatch.circuits.cost import duration_of
from ibmqbatch.circuits.device import FLOW
from ibmqbatch.circuits.errors import BadInput
from ibmqbatch.circuits.normalize import convert_delays
from ibmqbatch.circuits.physical import PhysicalProgram, read_physical
from ibmqbatch.circuits.preparer import Preparation
from ibmqbatch.circuits.programs import Program, load_circuit
from ibmqbatch.circuits.qasm3 import load_openqasm3
from tests.circuits.asking import loaded, names, problem, ready, write
from tests.circuits.devices import heron

DEVICE = heron(6)
HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[3] c;\nbit d;\n'
ECR = "".join(standard_gates.DEFINITIONS[name] for name in ("rzx", "ecr"))
RZZ = standard_gates.DEFINITIONS["rzz"]


def read(body: str, head: str = HEAD) -> PhysicalProgram | None:
    return read_physical(head + body, "f.qasm", 0, DEVICE)


def by_qiskit(text: str):
    circuit, physical = load_openqasm3(text, Path(), "f.qasm", 0)
    assert physical
    return circuit


def in_order(circuit) -> list[Step]:
    """Return a circuit's steps; Qiskit has the qubits of control flow in any order."""
    return [(n, tuple(sorted(q)) if n == "if_else" else q) for n, q in steps(circuit)]


# Random programs of what is understood without Qiskit.

QUBITS = st.integers(0, 5)
ANGLES = st.sampled_from(
    ["0.5", "pi/2", "-π/4", "3*tau/7", "2", "1/2", "7/2", "1.5e-3", "-(pi - 1)"]
)
PAIRS = st.tuples(QUBITS, QUBITS).filter(lambda pair: pair[0] != pair[1])
LENGTHS = st.sampled_from(["100ns", "2us", "0.5µs", "0.001ms", "1e-6s", "400dt"])
BITS = st.sampled_from(["d", "c[0]", "c[1]", "c[2]", "c[1 + 1]"])
CONDITIONS = st.one_of(
    BITS,
    BITS.map("!{}".format),
    BITS.map("{} == true".format),
    BITS.map("{} != false".format),
    st.integers(0, 8).map("c == {}".format),
)
PLAIN = st.one_of(
    st.tuples(st.sampled_from(["x", "sx"]), QUBITS).map(lambda t: "{} ${};".format(*t)),
    st.tuples(st.sampled_from(["rz", "rx"]), ANGLES, QUBITS).map(
        lambda t: "{}({}) ${};".format(*t)
    ),
    PAIRS.map(lambda pair: "cz ${}, ${};".format(*pair)),
    st.tuples(ANGLES, PAIRS).map(lambda t: "rzz({}) ${}, ${};".format(t[0], *t[1])),
    st.tuples(BITS, QUBITS).map(lambda t: "{} = measure ${};".format(*t)),
    QUBITS.map("reset ${};".format),
    st.tuples(LENGTHS, st.lists(QUBITS, min_size=1, unique=True)).map(
        lambda t: "delay[{}] {};".format(t[0], ", ".join(f"${q}" for q in t[1]))
    ),
    PAIRS.map(lambda pair: "barrier ${}, ${};".format(*pair)),
)
BLOCKS = st.recursive(
    st.lists(PLAIN, min_size=1, max_size=4).map("\n".join),
    lambda inner: st.tuples(CONDITIONS, inner, st.none() | inner).map(
        lambda t: f"if ({t[0]}) {{ {t[1]} }}" + ("" if t[2] is None else f" else {{ {t[2]} }}")
    ),
    max_leaves=4,
)
PROGRAMS = st.lists(BLOCKS | PLAIN | st.just("barrier;"), min_size=1, max_size=8).map("\n".join)


@given(PROGRAMS)
def test_program_is_understood_as_by_qiskit(body):
    body = f"{RZZ}x $0;\n{body}"
    found, circuit = read(body), by_qiskit(HEAD + body)
    assert found is not None
    assert found.steps == in_order(circuit)
    assert found.registers == {register.name: register.size for register in circuit.cregs}
    assert found.angles == pytest.approx(list(angles_of(circuit, None)))


@given(PROGRAMS)
def test_program_takes_as_long_as_by_qiskit(body):
    body = f"{RZZ}x $0;\n{body}"
    found, circuit = read(body), by_qiskit(HEAD + body)
    assert found is not None
    circuit = convert_delays(circuit, DEVICE.dt, "f")
    assert found.duration == pytest.approx(duration_of(circuit, DEVICE), abs=1e-15)


# What goes out.


def test_program_goes_out_as_its_own_text(tmp_path):
    text = HEAD + "// as it is\nsx $3;  d = measure $3;"
    (made,) = ready(write(tmp_path, text), device=DEVICE)
    assert (made.body_kind, zlib.decompress(made.body).decode()) == ("openqasm3", text)
    assert made.layout is None


@pytest.mark.parametrize(
    "definition", [RZZ, *(d for d in standard_gates._OTHER_FORMS if "rzz" in d)]
)
def test_gates_of_the_device_may_be_defined_as_is_usual(definition, tmp_path):
    text = f"{HEAD}{definition}rzz(0.5) $0, $1;\nd = measure $0;"
    (made,) = ready(write(tmp_path, text), device=DEVICE)
    assert made.body_kind == "openqasm3"


@pytest.mark.parametrize("form", [*standard_gates.DEFINITIONS, *standard_gates._OTHER_FORMS])
def test_usual_definition_is_that_of_the_gate(form):
    text = standard_gates.DEFINITIONS.get(form, form)
    name = text.split()[1].partition("(")[0]
    gate = get_standard_gate_name_mapping()["x" if name == "xslow" else name]
    angles = [0.7] * len(gate.params)
    on = ", ".join(f"${q}" for q in range(gate.num_qubits))
    call = f"{name}({angles[0]}) {on};" if angles else f"{name} {on};"
    needed = ECR if name == "ecr" and "rzx" in text else ""
    circuit = by_qiskit(HEAD + (needed or text) + call)
    circuit.remove_final_measurements()
    assert Operator(circuit).equiv(Operator(type(gate)(*angles)))


def test_gate_that_is_defined_otherwise_is_written_out(tmp_path):
    text = f"{HEAD}gate rzz(a) b, c {{ rx(a) b; }}\nrzz(0.5) $0, $1;\nd = measure $0;"
    (made,) = ready(write(tmp_path, text), device=DEVICE)
    assert [name for name, _ in steps(loaded(made))] == ["rx", "measure"]


def test_programs_of_one_file_go_out_each_as_its_own_text(tmp_path):
    parts = [f"{HEAD}x ${n};\nd = measure ${n};\n" for n in range(3)]
    made = ready(write(tmp_path, "".join(parts), "f.qasm"), device=DEVICE)
    assert [zlib.decompress(program.body).decode() for program in made] == parts
    assert names(made) == ["f.0", "f.1", "f.2"]


BEYOND = {
    "a loop": "for int i in [0:1] { x $0; }",
    "another name": "let e = c[0:1]; x $0;",
    "a modifier": "inv @ x $0;",
    "a gate of its own": "gate flip a { x a; } flip $0;",
    "a delay of all": "x $0; delay[10ns];",
    "a number to its left": "if (0 == c) { x $0; }",
    "a register in other letters": "bit[1] Ä; Ä = measure $1; x $0;",
    "a bit that is declared where it is measured": "bit e = measure $1; x $0;",
    "an annotation": "@hello\nx $0;",
    "a bit that is compared with a number": "if (c[1] == 1) { x $1; } if (c[1 + 1] != 0) { x $0; }",
}


@pytest.mark.parametrize("what", BEYOND)
def test_what_is_beyond_it_goes_out_through_qiskit(what, tmp_path):
    text = f"{HEAD}{BEYOND[what]}\nd = measure $0;"
    (made,) = ready(write(tmp_path, text), device=DEVICE)
    sent = loaded(made)
    program = Program("openqasm3", text.encode(), "c.qasm", "c.qasm", tmp_path, "c")
    expected = load_circuit(program)[0]
    assert in_order(sent) == in_order(expected)
    assert ("x", (0,)) in in_order(sent)


def test_program_without_a_version_goes_out_through_qiskit(tmp_path):
    """Services take a text without one for no OpenQASM at all."""
    text = HEAD.partition("\n")[2] + "x $0;\nd = measure $0;"
    (made,) = ready(write(tmp_path, text), device=DEVICE)
    assert made.body_kind == "qpy"


def test_program_that_measures_nothing_is_measured_where_that_is_asked_for(tmp_path):
    path = write(tmp_path, f"{HEAD}x $0;")
    assert problem(path, device=DEVICE).code == "no_measurements"
    (made,) = ready(path, device=DEVICE, preparation=Preparation(measure_all=True))
    assert "measure" in loaded(made).count_ops()


# What the importer does not read, and services do.

PASSED = {
    "and": "if (c[0] && !d) { x $0; }",
    "or": "if (c[0] || c[1]) { x $0; }",
    "greater": "if (c > 1) { x $0; } else { x $1; }",
    "not equal": "if (c != 1) { x $0; }",
    "exclusive or": "if (c[0] ^ c[1]) { x $0; }",
    "a part of a number": 'if ((c & "010") == "010") { x $0; }',
    "a cast": "if (int(c) < 3) { x $0; }",
    "an integer": "int[8] n = 3; if (n == c) { x $0; }",
    "a count": "uint[4] n; for int i in [0:3] { x $0; if (i == 2) { n += 1; continue; } }",
    "a truth": "bool on = c[0]; while (on) { x $0; c[1] = measure $0; on = c[1] || d; }",
    "a bit": "c[1] = c[0]; if (c[1]) { x $0; }",
    "an assignment": "c[1] = 1;",
}


@pytest.mark.parametrize("what", PASSED)
def test_what_services_read_and_the_importer_does_not_goes_out_as_its_own_text(what, tmp_path):
    text = f"{HEAD}d = measure $0;\n{PASSED[what]}\n"
    device = replace(DEVICE, flow=FLOW)
    (made,) = ready(write(tmp_path, text), device=device)
    assert (made.body_kind, zlib.decompress(made.body).decode()) == ("openqasm3", text)
    found = read_physical(text, "f", 0, device)
    assert found is not None
    assert found.steps[0] == ("measure", (0,))
    assert found.steps.count(("x", (0,))) == text.count("x $0")


def test_choice_by_a_value_goes_out_as_its_own_text_and_takes_as_long_as_its_longest(tmp_path):
    text = (
        f"{HEAD}c[0] = measure $0;\nswitch (c) {{ case 1, 2 {{ x $0; x $0; }} case 3 {{ x $1; }} "
        "default { sx $2; } }\n"
    )
    device = replace(DEVICE, flow=FLOW)
    (made,) = ready(write(tmp_path, text), device=device)
    assert zlib.decompress(made.body).decode() == text
    found = read_physical(text, "f", 0, device)
    assert found is not None
    assert ("switch_case", (0, 1, 2)) in found.steps
    assert found.duration == pytest.approx(1e-6 + 64e-9)


def test_what_the_importer_does_not_read_is_refused_for_a_rehearsal_which_uses_it(tmp_path):
    path = write(tmp_path, f"{HEAD}d = measure $0;\nif (c > 1) {{ x $0; }}\n")
    found = problem(path, device=replace(DEVICE, max_active_qubits=3))
    assert found.code == "unsupported"
    assert "line 6, column 5: unhandled binary operator '>'" in found.message
    assert found.hint == "Compare with '==', in an 'if' for each value that is meant."


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("if (c > 1) { h $2; }", "'h' on qubit 2"),
        ("if (c > 1) { } else { cz $0, $3; }", "'cz' on qubits 0, 3"),
        ("switch (c) { case 1 { x $0; } }", "'switch_case' on qubit 0"),
        ("while (c > 1) { x $0; }", "'while_loop' on qubit 0"),
    ],
)
def test_what_the_device_does_not_take_is_told_of_what_goes_out_as_text(statement, what, tmp_path):
    path = write(tmp_path, f"{HEAD}d = measure $0;\n{statement}\n")
    found = problem(path, device=DEVICE)
    assert found.code == "not_in_instruction_set"
    assert what in found.message


# What to write, on qubits of no device, instead of what the importer does not read.

INSTEAD = {
    "if (c[0] && c[1]) { x q; }": ("into the other", "if (c[0]) { if (c[1]) { x q; } }"),
    "if (c[0] || d) { x q; }": ("'else'", "if (c[0]) { x q; } else { if (d) { x q; } }"),
    "if (c > 5) { x q; }": ("'=='", "if (c == 6) { x q; } if (c == 7) { x q; }"),
    "if (c != 1) { x q; }": ("'else'", "if (c == 1) { } else { x q; }"),
    "if (c[0] ^ d) { x q; }": ("bit by bit", "if (c[0]) { if (!d) { x q; } }"),
    "if ((c & 2) == 2) { x q; }": ("bit by bit", "if (c[1] == 1) { x q; }"),
    "switch (c) { case 1 { x q; } }": ("'if (c == 1) { } else if", "if (c == 1) { x q; }"),
    "int n = 3;": ("where they are used", "if (c == 3) { x q; }"),
    "bool t = true;": ("where they are used", "x q;"),
    "d = c[0];": ("where it is used", "if (c[0]) { x q; }"),
    "if (int(c) == 1) { x q; }": ("'if (c == 1) { }'", "if (c == 1) { x q; }"),
    "float f = 0.5; rx(f) q;": ("where it is used", "rx(0.5) q;"),
    "const int n = 2; rx(n) q;": ("where it is used", "rx(2) q;"),
    "def f(qubit a) { x a; } f(q);": ("'gate'", "gate f a { x a; } f q;"),
    "for int i in c { x q; }": ("'[0:3]'", "for int i in [0:3] { x q; }"),
    "duration l = 9ns; delay[l] q;": ("'delay[100ns]'", "delay[100ns] q;"),
    "end;": ("Leave it out", ""),
    "output bit o;": ("Leave it out", ""),
}


@pytest.mark.parametrize("statement", INSTEAD)
def test_refusal_says_what_to_write_instead(statement, tmp_path):
    words, instead = INSTEAD[statement]
    head = f"{HEAD}qubit q;\nd = measure q;\n"
    found = problem(write(tmp_path, head + statement))
    assert found.code == "unsupported"
    assert "line 7" in found.message
    assert words in found.hint
    assert ready(write(tmp_path, head + instead))


# What does not go out.

REFUSED = {
    "an angle too many": "rz(1, 2) $0;",
    "no angle": "rz $0;",
    "a qubit too many": "x $0, $1;",
    "a qubit twice": "cz $0, $0;",
    "a bit that is not there": "c[3] = measure $0;",
    "a register that is not there": "e = measure $0;",
    "a bit of a single bit": "d[0] = measure $0;",
    "a condition on nothing": "if (e) { x $0; }",
    "a condition on a bit that is not there": "if (c[3]) { x $0; }",
    "a condition that no register is": "if (c) { x $0; }",
    "a condition on a part of a register": "if (c[0:1] == 0) { x $0; }",
    "a result that is left": "measure $0;",
    "a name that stands twice": "bit d;",
    "a name of a gate": "bit x;",
    "a name of a number": "bit pi;",
    "half a bit": "bit[2.5] e;",
    "a gate before its definition": f"rzz(0.1) $0, $1; {RZZ}",
    "a gate without a definition": "rzz(0.1) $0, $1;",
    "a definition of what is there": "gate sx a { x a; }",
    "a standard file twice": 'include "stdgates.inc";',
    "half a step": "delay[7.5dt] $0;",
    "a negative delay": "delay[-5ns] $0;",
    "an angle that is none": "rz(1/0) $0;",
    "a qubit too high": "barrier $9;",
    "a declaration in a block": "if (d) { bit e; x $0; }",
    "an end": "end;",
    "a version of qubits": "qubit q; x q;",
    "a comparison with a bit that is not there": "if (c[0] && c[3]) { x $0; }",
    "a variable that is not there": "if (n > 1) { x $0; }",
    "a variable of a loop that has ended": "for int i in [0:1] { x $0; } if (i > 0) { x $0; }",
    "a number of another kind": "if (c[0] && c[1]) { x $0; } float f = 0.5;",
    "something beyond on qubits of no device": "qubit[2] q; if (c > 1) { x q[0]; }",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_qiskit_refuses_is_refused(what, tmp_path):
    text = f"{HEAD}d = measure $0;\n{REFUSED[what]}\n"
    assert read_physical(text, "f", 0, DEVICE) is None
    assert problem(write(tmp_path, text), device=DEVICE).message


def test_gates_without_the_standard_file_are_refused(tmp_path):
    text = "OPENQASM 3.0;\nbit d;\nx $0;\nd = measure $0;"
    assert problem(write(tmp_path, text), device=DEVICE).code == "unknown_name"


def test_program_that_is_nested_too_deeply_is_told(tmp_path):
    text = f"{HEAD}rz({'-' * 2_000}1) $0;\nd = measure $0;"
    found = problem(write(tmp_path, text), device=DEVICE)
    assert "nested too deeply" in found.message


ISA = {
    "h $2;": "'h' on qubit 2",
    "cz $1, $0;": "'cz' on qubits 1, 0",
    "if (d) { cz $0, $2; }": "'cz' on qubits 0, 2",
    "x $4;": "'x' on qubit 4",
    "d = measure $4;": "'measure' on qubit 4",
}


@pytest.mark.parametrize("statement", ISA)
def test_what_the_device_does_not_take_is_told_with_the_circuits_index(statement, tmp_path):
    good = write(tmp_path, f"{HEAD}x $0;\nd = measure $0;", "a.qasm")
    bad = write(tmp_path, f"{HEAD}d = measure $0;\n{statement}", "b.qasm")
    found = problem(good, bad, device=heron(6, faulty=[4]))
    assert found.code == "not_in_instruction_set"
    assert found.message.startswith("Circuit 1 (")
    assert ISA[statement] in found.message


@pytest.mark.parametrize("angle", ["-0.1", "pi", "2*pi", "1.571"])
def test_angle_of_rzz_that_no_device_has_is_told(angle, tmp_path):
    text = f"{HEAD}{RZZ}if (d) {{ rzz({angle}) $0, $1; }}\nd = measure $0;"
    found = problem(write(tmp_path, text), device=DEVICE)
    assert found.code == "not_in_instruction_set"
    assert "rzz" in found.message
    assert "Circuit 0" in found.message


def test_register_that_results_cannot_have_is_told(tmp_path):
    text = f"{HEAD}bit[0] none;\nd = measure $0;"
    assert problem(write(tmp_path, text), device=DEVICE).code == "bad_register"


def test_more_active_qubits_than_can_be_are_told(tmp_path):
    small = replace(DEVICE, max_active_qubits=2)
    text = f"{HEAD}barrier $0, $1, $2, $3;\nx $0;\ncz $1, $2;\nd = measure $0;"
    assert problem(write(tmp_path, text), device=small).code == "over_budget"


def test_control_flow_that_the_device_lacks_is_told(tmp_path):
    plain = type(DEVICE)(
        **{f: getattr(DEVICE, f) for f in DEVICE.__slots__} | {"flow": frozenset()}
    )
    text = f"{HEAD}d = measure $0;\nif (d) {{ x $1; }}"
    assert "'if_else' on qubit 1" in problem(write(tmp_path, text), device=plain).message


def test_options_that_cannot_be_combined_with_it_are_told(tmp_path):
    path = write(tmp_path, f"{HEAD}{RZZ}rzz(1) $0, $1;\nd = measure $0;")
    twirled = Preparation(twirled=True)
    assert problem(path, device=DEVICE, preparation=twirled).code == "incompatible_options"


def test_syntax_errors_have_line_and_column_in_their_file(tmp_path):
    good, bad = f"{HEAD}x $0;\nd = measure $0;\n", f"{HEAD}  x $0\nd = measure $0;\n"
    found = problem(write(tmp_path, good + bad), device=DEVICE)
    assert found.code == "syntax"
    assert "line 12, column 1: 'd' is not expected here" in found.message


def test_error_of_syntax_is_raised_and_not_passed_on():
    with pytest.raises(BadInput):
        read("x $0")


def test_layout_cannot_move_it(tmp_path):
    path = write(tmp_path, f"{HEAD}x $0;\nd = measure $0;")
    asked = Preparation(initial_layout=(1,))
    assert problem(path, device=DEVICE, preparation=asked).code == "bad_layout"
