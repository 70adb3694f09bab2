"""Programs: what a file holds, told apart by its first bytes, each with its place and its name."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Instruction

from ibmqbatch.circuits.checks import check_numbers
from ibmqbatch.circuits.errors import BadInput
from ibmqbatch.circuits.normalize import convert_delays
from ibmqbatch.circuits.preparer import Preparation
from ibmqbatch.circuits.programs import read_programs
from ibmqbatch.circuits.qasm_text import masked, split_programs
from ibmqbatch.circuits.qpy import encode_qpy, may_hold_infinity
from ibmqbatch.circuits.sources import STDIN, Source
from tests.circuits.asking import IDEAL, dump, loaded, names, problem, ready, write
from tests.circuits.devices import line
from tests.circuits.random_circuits import counts
from tests.support.circuits import BELL
from tests.support.qiskits import needs_qiskit2, needs_terra

THREE = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nx q[1];\nc = measure q;\n'


def flip(name: str | None = None, metadata: dict[str, object] | None = None) -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1, name=name, metadata=metadata)
    circuit.x(0)
    circuit.measure(0, 0)
    return circuit


def test_programs_of_one_file_are_numbered(tmp_path):
    made = ready(write(tmp_path, BELL + THREE + BELL, "mixed.qasm"))
    assert names(made) == ["mixed.0", "mixed.1", "mixed.2"]
    assert [program.kind for program in made] == ["openqasm2", "openqasm3", "openqasm2"]
    assert [program.position for program in made] == [0, 1, 2]


@pytest.mark.parametrize(
    "comment",
    ["// OPENQASM 2.0;\n", "/*\nOPENQASM 3.0;\n*/\n", "/* one\nOPENQASM 2.0;\n", "//\n/*\n*/\n"],
)
@pytest.mark.parametrize("text", [BELL, THREE])
def test_word_in_a_comment_begins_no_program(comment, text, tmp_path):
    end = "*/\n" if comment.startswith("/* one") else ""
    assert len(ready(write(tmp_path, comment + end + text))) == 1
    assert len(ready(write(tmp_path, text + comment + end))) == 1
    assert len(ready(write(tmp_path, text + comment + end + text))) == 2


@given(st.lists(st.sampled_from(["OPENQASM 2.0;", "//", "/*", "*/", "\n", '"', " ", "x"])))
def test_split_loses_nothing_and_counts_lines(parts):
    text = "".join(parts)
    programs = split_programs(text)
    assert "".join(program for program, _ in programs) == text
    for program, line_number in programs:
        assert text.split("\n", line_number)[-1].lstrip(" ").startswith(program.lstrip(" "))


@given(st.text('/*"\n ab'))
def test_masking_moves_nothing(text):
    found = masked(text)
    assert [len(part) for part in found.split("\n")] == [len(part) for part in text.split("\n")]
    assert masked(found) == found


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("bad", "column"),
    [
        (BELL.replace("h q[0];", "zap q[0];"), 1),
        (THREE.replace("x q[1];", "  zap q[1];"), 3),
        (THREE.replace("x q[1];", "x q[1]];"), 7),
    ],
)
def test_error_in_a_later_program_is_told_with_its_line_in_the_file(bad, column, end, tmp_path):
    text = ("// first\n" + THREE + BELL + bad).replace("\n", end)
    found = problem(write(tmp_path, text))
    lines = 1 + THREE.count("\n") + BELL.count("\n")
    assert f"c.qasm, line {lines + 5}, column {column}" in found.message


def test_statement_that_is_not_taken_is_quoted(tmp_path):
    # What other programs take for the end of a line is none.
    found = problem(write(tmp_path, THREE.replace("x q", "// \x0c \u2028\nzap q")))
    assert "line 6" in found.message
    assert "zap q[1];" in found.message


def test_text_beyond_ascii_in_comments_is_no_harm(tmp_path):
    for text in (BELL, THREE):
        assert ready(write(tmp_path, "// größe 量子\n" + text))


def test_input_becomes_a_parameter(tmp_path):
    text = THREE.replace("qubit", "input angle size;\nqubit").replace("x q[1]", "rx(size) q[1]")
    assert problem(write(tmp_path, text)).code == "unbound_parameters"


def test_branches_are_read(tmp_path):
    text = THREE + "if (c[0]) { x q[0]; } else { h q[0]; }\n"
    (made,) = ready(write(tmp_path, text))
    assert loaded(made).count_ops()["if_else"] == 1


def test_physical_qubits_stay_where_they_are(tmp_path):
    text = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit c;\nsx $2;\ncx $1, $2;\nc = measure $2;\n'
    (made,) = ready(write(tmp_path, text), device=line(5))
    assert (made.body_kind, zlib.decompress(made.body).decode()) == ("openqasm3", text)
    assert made.layout is None


def test_physical_qubits_with_parameters_stay_where_they_are(tmp_path):
    text = (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float a;\nbit c;\nrz(a) $2;\ncx $1, $2;\n'
        "c = measure $2;\n"
    )
    sweep = write(tmp_path, "a\n1\n", "a.csv")
    (made,) = ready(write(tmp_path, text), device=line(5), sweep=sweep)
    inside = loaded(made)
    steps = [
        (step.operation.name, [inside.find_bit(qubit).index for qubit in step.qubits])
        for step in inside.data
    ]
    assert steps == [("rz", [2]), ("cx", [1, 2]), ("measure", [2])]
    assert made.layout is None


@pytest.mark.parametrize(
    ("step", "gate", "where"),
    [("h $1;", "h", "qubit 1"), ("cx $2, $1;", "cx", "qubits 2, 1"), ("x $3;", "x", "qubit 3")],
)
def test_physical_qubits_are_held_to_the_instruction_set(step, gate, where, tmp_path):
    text = f'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit c;\n{step}\nc = measure $1;\n'
    good = write(tmp_path, text.replace(step, ""), "a.qasm")
    found = problem(good, write(tmp_path, text, "b.qasm"), device=line(5, faulty=[3]))
    assert found.code == "not_in_instruction_set"
    assert "Circuit 1 (" in found.message
    assert f"'{gate}' on {where}." in found.message


def test_dollar_in_a_comment_is_no_physical_qubit(tmp_path):
    (made,) = ready(write(tmp_path, "// $1\n" + THREE), device=line(5))
    assert made.layout is not None


@pytest.mark.parametrize("content", [BELL.encode(), THREE.encode(), dump(flip("one"), flip("two"))])
def test_standard_input_is_told_apart_by_its_first_bytes(content):
    made = ready(STDIN, stdin=content)
    assert names(made) == (["one", "two"] if content.startswith(b"QISKIT") else ["stdin"])


def test_empty_standard_input_is_told():
    assert problem(STDIN, stdin=b"").message == "Standard input is empty."


def test_kind_is_told_by_the_content_and_not_by_the_name(tmp_path):
    path = write(tmp_path, dump(flip("one")), "c.qasm")
    assert names(ready(path)) == ["one"]


def test_names_and_metadata_of_qpy_are_kept(tmp_path):
    metadata = {"angle": 0.5, "tags": ["a", {"b": None}]}
    made = ready(write(tmp_path, dump(flip("one", metadata), flip("one"), flip()), "f.qpy"))
    assert names(made) == ["one", "one", "f.2"]
    assert [dict(program.circuits[0].metadata) for program in made] == [metadata, {}, {}]


@pytest.mark.parametrize("name", ["7", "2026-11-21", "1-2", "circuit-a", "größe 量子", "a\u3000b"])
def test_name_that_somebody_gave_is_kept(name, tmp_path):
    assert names(ready(write(tmp_path, dump(flip(name)), "f.qpy"))) == [name]


@pytest.mark.parametrize("name", ["circuit-7", "circuit-12-3456"])
def test_name_that_qiskit_made_up_is_not_kept(name, tmp_path):
    assert names(ready(write(tmp_path, dump(flip(name)), "f.qpy"))) == ["f"]


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31m", "a\x00", "a\u2028b", "a\x85", "", " "])
def test_name_with_control_characters_is_refused(name, tmp_path):
    found = problem(write(tmp_path, dump(flip(name)), "f.qpy"))
    assert found.code == "bad_name"
    assert found.message.isprintable()


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31m", "a\x7f"])
def test_file_name_with_control_characters_is_refused(name, tmp_path):
    found = problem(write(tmp_path, BELL, f"{name}.qasm"))
    assert found.code == "bad_name"
    assert found.message.isprintable()


def test_file_name_in_any_script_is_fine(tmp_path):
    assert names(ready(write(tmp_path, BELL, "größe\u3000量子 😀.qasm"))) == ["größe\u3000量子 😀"]


@pytest.mark.parametrize(("value", "kept"), [(float("nan"), "nan"), ("\ud800", "\\ud800")])
def test_metadata_that_json_cannot_hold_is_kept_as_text(value, kept, tmp_path):
    (made,) = ready(write(tmp_path, dump(flip("a", {"x": value}))))
    assert made.circuits[0].metadata == {"x": kept}


@pytest.mark.parametrize(
    ("version", "way_out"),
    [
        pytest.param(11, "Qiskit 1.0 and newer", marks=needs_terra("Qiskit 2 reads it.")),
        pytest.param(17, "Qiskit 2.3 and newer", marks=needs_terra("Qiskit 2 reads it.")),
        (255, "the newest Qiskit"),
    ],
)
def test_newer_qpy_is_refused_with_the_version_that_reads_it(version, way_out, tmp_path):
    data = bytearray(dump(flip("a")))
    data[6] = version
    found = problem(write(tmp_path, bytes(data)))
    assert found.code == "newer_qpy"
    assert f"version {version}" in found.message
    assert way_out in found.hint
    assert "OpenQASM 3" in found.hint


@needs_qiskit2("Terra writes one version of QPY.")
def test_qpy_is_read_in_every_version_that_qiskit_writes(tmp_path):
    from qiskit import qpy

    for version in range(qpy.QPY_COMPATIBILITY_VERSION, qpy.QPY_VERSION + 1):
        buffer = io.BytesIO()
        qpy.dump(flip("a", {"x": 1}), buffer, version=version)
        (made,) = ready(write(tmp_path, buffer.getvalue()))
        assert (made.circuits[0].name, dict(made.circuits[0].metadata)) == ("a", {"x": 1})
        assert counts([loaded(made)]) == counts([flip("a")])


def test_qpy_that_is_cut_short_anywhere_is_told(tmp_path):
    circuit = flip("one", {"x": 1})
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(0)
    data = dump(circuit, flip("two"))
    path = tmp_path / "f.qpy"
    codes = set()
    for end in range(6, len(data)):
        path.write_bytes(data[:end])
        codes.add(problem(path).code)
    assert codes == {"damaged_qpy"}


def test_qpy_of_no_circuits_is_told(tmp_path):
    data = bytearray(dump(flip("a")))
    end = data.index(b"a", 20)
    found = problem(write(tmp_path, bytes(data[:end])))
    assert found.code == "damaged_qpy"


def test_program_is_numbered_where_the_problem_is(tmp_path):
    unmeasured = QuantumCircuit(1, name="bad")
    found = problem(write(tmp_path, dump(flip("a"), unmeasured), "f.qpy"))
    assert "f.qpy, program 1 measures nothing" in found.message


def test_name_that_no_file_can_have_is_told():
    assert problem(Path("a\0b.qasm")).code == "unreadable"


def test_shots_and_metadata_of_a_source_go_with_each_program(tmp_path):
    path = write(tmp_path, BELL + BELL)
    found = list(read_programs(Source(path, "n", 7, {"k": "v"})))
    assert [(p.name, p.shots, p.metadata) for p in found] == [
        ("n.0", 7, {"k": "v"}),
        ("n.1", 7, {"k": "v"}),
    ]


@pytest.mark.parametrize(
    "text",
    [
        BELL.replace("qreg q[2]", "qreg q[ 999999999 ]"),
        BELL.replace("creg c[2]", "creg c[999999999]"),
        THREE.replace("qubit[2]", "qubit[999999999]"),
        THREE.replace("q[1]", "$999999999"),
    ],
    ids=range(4),
)
def test_more_bits_than_any_computer_has_are_told(text, tmp_path):
    assert problem(write(tmp_path, text)).code == "too_many_qubits"


def test_long_numbers_elsewhere_are_no_sizes(tmp_path):
    assert ready(write(tmp_path, THREE.replace("x q", "delay[1000000dt] q[0];\nx q")))
    assert ready(write(tmp_path, BELL.replace("h q", "rx(1234567890.1234567) q[0];\nh q")))


@pytest.mark.parametrize(
    "text",
    [
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[1] c;\nrz(1e400) $0;\nc[0] = measure $0;\n',
        (
            'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[1] q;\nbit[1] c;\nrz(1e400) q[0];\n'
            "c[0] = measure q[0];\n"
        ),
        (
            'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\nrz(1e400) q[0];\n'
            "measure q -> c;\n"
        ),
        (
            'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\n'
            "if (c == 0) rz(1e400) q[0];\nmeasure q -> c;\n"
        ),
    ],
    ids=["physical", "openqasm3", "openqasm2", "openqasm2, in a block"],
)
@pytest.mark.parametrize("device", [line(3), IDEAL], ids=["device", "simulator"])
def test_angle_beyond_all_numbers_is_refused(text, device, tmp_path):
    assert problem(write(tmp_path, text), device=device).code in {"bad_number", "syntax"}


@pytest.mark.parametrize("number", [complex("inf"), complex(1, float("nan")), float("-inf")])
def test_number_beyond_all_is_found_in_what_is_sent_to_a_simulator(number):
    circuit = QuantumCircuit(1, 1)
    circuit.append(Instruction("odd", 1, 0, [number]), [0])
    circuit.measure(0, 0)
    assert may_hold_infinity(encode_qpy(circuit))
    with pytest.raises(BadInput, match="where a number belongs"):
        check_numbers(circuit, "a circuit")


def test_delay_without_end_is_refused_by_a_simulator():
    circuit = QuantumCircuit(1, 1)
    circuit.delay(float("inf"), 0, unit="s")
    circuit.measure(0, 0)
    with pytest.raises(BadInput, match="a delay whose length is no number"):
        convert_delays(circuit, None, "a circuit")


def test_program_that_stays_as_it_is_says_so_where_compiling_was_asked_for(tmp_path):
    text = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[1] c;\nsx $0;\nc[0] = measure $0;\n'
    (made,) = ready(write(tmp_path, text), device=line(3), preparation=Preparation(level=3))
    assert "not compiled" in made.notes[0]


@pytest.mark.parametrize(
    ("condition", "taken"),
    [
        ("c[1] == 1", True),
        ("c[1] == 0", False),
        ("c[1] != 0", True),
        ("c[1] != 1", False),
        ("d == 1", True),
        ("d == 0", False),
        ("c == 2", True),
        ("c == 1", False),
    ],
)
def test_bits_are_compared_with_numbers_as_people_write_it(condition, taken, tmp_path):
    text = (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit[2] c;\nbit d;\nbit e;\n'
        "x q[1];\nc = measure q[0:1];\nd = measure q[1];\n"
        f"if ({condition}) {{ x q[2]; }}\ne = measure q[2];\n"
    )
    (made,) = ready(write(tmp_path, text))
    assert counts([loaded(made)]) == [{f"{int(taken)} 1 10": 500}]


def test_gate_that_older_exporters_write_without_a_definition_is_known(tmp_path):
    flips = "".join(f"x q[{n}];\n" for n in range(3))
    twice = 2 * "c3sx q[0],q[1],q[2],q[3];\n"
    head = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[4];\ncreg c[4];\n'
    (made,) = ready(write(tmp_path, f"{head}{flips}{twice}measure q -> c;\n"))
    assert counts([loaded(made)]) == [{"1111": 500}]


def test_bits_that_are_declared_alone_are_registers_inside_of_branches_too(tmp_path):
    text = (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit a;\nbit[2] c;\nbit b;\n'
        "x q[0];\nb = measure q[0];\nif (!a) { if (b == 1) { x q[1]; a = measure q[1]; } }\n"
        "c = measure q;\n"
    )
    (made,) = ready(write(tmp_path, text))
    circuit = loaded(made)
    assert [register.name for register in circuit.cregs] == ["a", "c", "b"]
    (branch,) = circuit.get_instructions("if_else")
    (inner,) = branch.operation.blocks[0].get_instructions("if_else")
    (block,) = inner.operation.blocks
    assert block.get_instructions("measure")[0].clbits == (circuit.cregs[0][0],)
    assert inner.operation.condition == (circuit.cregs[2][0], True)


@pytest.mark.parametrize(
    "statement",
    ["h q[j];", "x q[j + 1];", "x q[{j, 2}];", "c[j] = measure q[0];", "if (c[j]) { x q[0]; }"],
)
def test_variable_of_a_loop_is_no_index(statement, tmp_path):
    head = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[4] q;\nbit[4] c;\n'
    found = problem(
        write(tmp_path, f"{head}for int j in [0:3] {{ {statement} }}\nc = measure q;\n")
    )
    assert found.code == "unsupported"
    assert "line 5" in found.message
    assert "'j', the variable of a loop, is an index" in found.message
    assert "Write the loop out" in found.hint


@pytest.mark.parametrize("statement", ["a[0] = measure q;", "if (a[0]) { x q; }"])
def test_single_bits_have_no_numbers(statement, tmp_path):
    text = (
        f'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit q;\nbit a;\na = measure q;\n{statement}\n'
    )
    found = problem(write(tmp_path, text))
    assert found.code == "unsupported"
    assert "line 6" in found.message
    assert "'a' is a single bit" in found.message
