"""Reading circuits: what is wrong with a file is one sentence that says where."""

from __future__ import annotations

import hashlib
import os
import zlib
from pathlib import Path

import pytest
from qiskit import qpy

from ibmqbatch.circuits.pipeline import Inputs, prepare
from ibmqbatch.circuits.preparer import Preparation
from ibmqbatch.errors import InputError
from tests.circuits.asking import IDEAL, loaded, names, problem, ready, write
from tests.circuits.devices import line
from tests.support.circuits import BELL

LINE = line(3)
UNMEASURED = BELL.replace("measure q -> c;\n", "")


def test_circuit_is_ready_for_the_wire(tmp_path):
    (program,) = ready(write(tmp_path, BELL, "bell.qasm"))
    assert (names([program]), program.position) == (["bell"], 0)
    assert program.source == str(tmp_path / "bell.qasm")


def test_program_is_kept_as_it_was_given(tmp_path):
    (program,) = ready(write(tmp_path, BELL))
    assert (program.kind, program.original) == ("openqasm2", BELL.encode())


def test_circuit_goes_out_as_qpy_of_the_newest_version_that_the_service_reads(tmp_path):
    (circuit,) = ready(write(tmp_path, BELL))
    data = zlib.decompress(circuit.body)
    assert data[:6] == b"QISKIT"
    assert data[6] == min(qpy.common.QPY_VERSION, 17)


def test_hash_is_that_of_the_circuit(tmp_path):
    (circuit,) = ready(write(tmp_path, BELL))
    assert circuit.sha256 == hashlib.sha256(zlib.decompress(circuit.body)).hexdigest()


def test_circuit_goes_out_unchanged_unless_it_is_to_be_compiled(tmp_path):
    (circuit,) = ready(write(tmp_path, BELL))
    assert dict(loaded(circuit).count_ops()) == {"h": 1, "cx": 1, "measure": 2}


def test_compiled_circuit_fits_the_device(tmp_path):
    text = BELL.replace("[2]", "[3]").replace("cx q[0], q[1]", "cx q[0], q[2]")
    (circuit,) = ready(write(tmp_path, text), device=LINE, preparation=Preparation(level=1, seed=1))
    inside = loaded(circuit)
    couples = {
        tuple(sorted(inside.find_bit(q).index for q in step.qubits))
        for step in inside.data
        if len(step.qubits) == 2
    }
    assert couples <= {(0, 1), (1, 2)}
    assert set(inside.count_ops()) <= {*LINE.basis_gates, "measure"}


def test_same_seed_compiles_the_same(tmp_path):
    path = write(tmp_path, BELL)
    one, two = (ready(path, device=LINE, preparation=Preparation(level=3, seed=1)) for _ in "12")
    assert one == two


def test_compiled_circuit_keeps_its_name(tmp_path):
    path = write(tmp_path, BELL, "bell.qasm")
    (circuit,) = ready(path, device=LINE, preparation=Preparation(level=1))
    assert names([circuit]) == ["bell"]
    assert loaded(circuit).name == "bell"


def test_several_files_come_in_order(circuits):
    assert names(ready(circuits(c10=BELL, c2=BELL))) == ["c2", "c10"]


def test_name_that_stands_twice_is_allowed(circuits):
    assert names(ready(circuits("a", c=BELL), circuits("b", c=BELL))) == ["c", "c"]


def test_gates_of_old_exporters_are_known(tmp_path):
    text = BELL.replace("h q[0];", "h q[0]; sx q[0]; rzz(0.5) q[0], q[1]; cu(1,2,3,4) q[0], q[1];")
    assert len(ready(write(tmp_path, text))) == 1


def test_mark_at_the_beginning_of_a_text_is_no_harm(tmp_path):
    assert len(ready(write(tmp_path, "\ufeff" + BELL))) == 1


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        (BELL.replace("h q[0];", "h q[0"), "syntax", "line 6, column 1"),
        (BELL.replace("h q[0];", "zap q[0];"), "unknown_name", "line 5, column 1"),
        (BELL.replace("h q[0];", "h q[7];"), "syntax", "line 5, column"),
        (BELL.replace("h q[0];", "  h r[0];"), "unknown_name", "line 5, column 5"),
        ("nonsense", "syntax", "line 1, column 1"),
    ],
)
def test_error_in_a_file_is_told_with_its_place(text, code, where, tmp_path):
    found = problem(write(tmp_path, text))
    assert found.code == code
    assert found.message.startswith(f"{tmp_path / 'c.qasm'}, {where}")


def test_unknown_gate_is_named(tmp_path):
    assert "zap" in problem(write(tmp_path, BELL.replace("h q", "zap q"))).message


@pytest.mark.parametrize("content", [b"\x00\x01\x02", b"OPENQASM\x00 2.0;", b"\xffO", b"QISKI\x80"])
def test_binary_file_is_told(content, tmp_path):
    assert problem(write(tmp_path, content)).code == "binary"


@pytest.mark.parametrize("content", ["", " \n\t\n"])
def test_empty_file_is_told(content, tmp_path):
    assert problem(write(tmp_path, content)).code == "empty"


def test_missing_file_is_told(tmp_path):
    found = problem(tmp_path / "none.qasm")
    assert found.code == "unreadable"
    assert "No such file" in found.message


def test_file_that_cannot_be_followed_is_told(tmp_path):
    loop = tmp_path / "loop.qasm"
    loop.symlink_to(loop)
    assert problem(loop).code == "unreadable"


@pytest.mark.parametrize("text", ["OPENQASM 2.0;", "OPENQASM 2.0;\ncreg c[2];", "// nothing\n"])
def test_circuit_without_qubits_is_told(text, tmp_path):
    assert problem(write(tmp_path, text)).code == "no_circuits"


def test_circuit_without_measurements_is_told_with_the_way_out(tmp_path):
    found = problem(write(tmp_path, UNMEASURED))
    assert found.code == "no_measurements"
    assert "measure_all=True" in found.hint


def test_measure_all_measures_what_does_not_measure(tmp_path):
    path = write(tmp_path, UNMEASURED.replace("creg c[2];\n", ""))
    (circuit,) = ready(path, preparation=Preparation(measure_all=True))
    assert loaded(circuit).count_ops()["measure"] == 2


def test_measure_all_leaves_what_measures_alone(tmp_path):
    (circuit,) = ready(write(tmp_path, BELL), preparation=Preparation(measure_all=True))
    assert loaded(circuit).count_ops()["measure"] == 2


def test_too_many_qubits_are_told_with_both_numbers(tmp_path):
    found = problem(write(tmp_path, BELL.replace("[2]", "[4]")), device=LINE)
    assert found.code == "too_many_qubits"
    assert "needs 4 qubits; line has 3" in found.message


def test_version_of_openqasm_that_is_unknown_is_refused_by_its_number(tmp_path):
    found = problem(write(tmp_path, BELL.replace("2.0", "4.1")))
    assert found.code == "unsupported"
    assert "OpenQASM 4" in found.message


@pytest.mark.parametrize("nesting", ["(", "-", "sin("])
def test_deep_nesting_is_a_problem_and_not_a_crash(nesting, tmp_path):
    closing = ")" if "(" in nesting else ""
    angle = nesting * 5000 + "1" + closing * 5000
    text = BELL.replace("h q[0];", f"rx({angle}) q[0];")
    try:
        ready(write(tmp_path, text))
    except InputError as error:
        assert error.problems[0].code == "syntax"


def test_everything_that_is_wrong_is_told_at_once(circuits):
    folder = circuits(a="", b=BELL, c="nonsense", d=UNMEASURED)
    with pytest.raises(InputError) as caught:
        ready(folder, folder / "none.qasm")
    codes = [p.code for p in caught.value.problems]
    assert codes == ["empty", "syntax", "no_measurements", "unreadable"]


def test_file_whose_name_is_no_text_is_read(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.qasm"))
    path.write_text(BELL)
    (program,) = ready(path)
    assert (names([program])[0] + program.source).encode()
    assert names([program])[0].startswith("caf")


def test_path_with_quotes_and_colons_stays_whole_in_messages(tmp_path):
    path = write(tmp_path, "nonsense", 'a:1,2: b".qasm')
    assert str(path) in problem(path).message


def test_progress_tells_how_many_files_have_been_read(circuits):
    told: list[tuple[str, int, int]] = []
    folder = circuits(a=BELL, b=BELL)
    list(prepare(Inputs((folder,)), IDEAL, Preparation(), lambda *at: told.append(at)))
    assert told == [("reading", 1, 2), ("reading", 2, 2)]


def test_circuits_are_read_a_few_at_a_time(circuits):
    folder = circuits(**{f"c{number}": BELL for number in range(120)})
    stream = prepare(Inputs((folder,)), IDEAL, Preparation(), lambda *_: None)
    next(stream)
    (folder / "c119.qasm").unlink()
    with pytest.raises(InputError):
        list(stream)


def test_wider_device_takes_the_circuit(tmp_path):
    path = write(tmp_path, BELL.replace("[2]", "[3]"))
    assert len(ready(path, device=line(3))) == 1


def test_what_makes_qiskit_give_up_is_told_like_any_other_fault(tmp_path, monkeypatch):
    """Its part in Rust raises what is no Exception, which would end the program."""
    panic = type("PanicException", (BaseException,), {})

    def give_up(*_: object) -> None:
        raise panic("should not happen")

    monkeypatch.setattr("ibmqbatch.circuits.preparer.check_statements", give_up)
    found = problem(write(tmp_path, BELL))
    assert found.code == "unsupported"
    assert "should not happen" in found.message
