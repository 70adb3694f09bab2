"""Includes: found beside the file, never outside of its folder, in both versions of OpenQASM."""

from __future__ import annotations

import pytest

from ibmqbatch.circuits.preparer import Preparation
from tests.circuits.asking import loaded, problem, ready, write
from tests.circuits.devices import line

HEADS = {
    2: 'OPENQASM 2.0;\ninclude "qelib1.inc";\n',
    3: 'OPENQASM 3.0;\ninclude "stdgates.inc";\n',
}
BODIES = {
    2: "qreg q[2];\ncreg c[2];\n{use}\nmeasure q -> c;\n",
    3: "qubit[2] q;\nbit[2] c;\n{use}\nc = measure q;\n",
}
PAIR = "gate pair a, b { h a; cx a, b; }\n"

both = pytest.mark.parametrize("version", [2, 3])


def program(version: int, include: str, use: str = "pair q[0], q[1];") -> str:
    return HEADS[version] + include + "\n" + BODIES[version].format(use=use)


@both
def test_included_file_is_found_beside_the_file(version, tmp_path):
    write(tmp_path, PAIR, "pair.inc")
    (made,) = ready(write(tmp_path, program(version, 'include "pair.inc";')))
    assert {"h", "cx"} <= set(loaded(made).count_ops())


@both
def test_included_file_may_be_in_a_folder_below(version, tmp_path):
    write(tmp_path, PAIR, "below/pair.inc")
    assert ready(write(tmp_path, program(version, 'include "below/pair.inc";')))


@both
def test_included_file_may_include_another(version, tmp_path):
    write(tmp_path, 'include "pair.inc";\n', "more.inc")
    write(tmp_path, PAIR, "pair.inc")
    assert ready(write(tmp_path, program(version, 'include "more.inc";')))


@both
def test_include_need_not_begin_its_line(version, tmp_path):
    write(tmp_path, PAIR, "pair.inc")
    head = HEADS[version].replace("\n", " ")
    text = head + 'include "pair.inc"; ' + BODIES[version].format(use="pair q[0], q[1];")
    assert ready(write(tmp_path, text))


@both
@pytest.mark.parametrize(
    "include",
    [
        'include "../secret.inc";',
        'include "below/../../secret.inc";',
        'include "{outside}/secret.inc";',
        'include "link.inc";',
        'include "linked/secret.inc";',
        'include "pair.inc"; include "../secret.inc";',
        'include "outward.inc";',
        '/* a comment */ include "../secret.inc";',
    ],
)
def test_include_that_leads_out_of_the_folder_is_refused(version, include, tmp_path):
    folder = tmp_path / "folder"
    write(tmp_path, "gate secret a { }\n", "secret.inc")
    write(folder, PAIR, "pair.inc")
    write(folder, 'gate inner a { } include "../secret.inc";\n', "outward.inc")
    (folder / "below").mkdir()
    (folder / "link.inc").symlink_to(tmp_path / "secret.inc")
    (folder / "linked").symlink_to(tmp_path)
    text = program(version, include.format(outside=tmp_path), "")
    found = problem(write(folder, text))
    assert found.code == "bad_include"
    assert "leads out of its folder" in found.message


@both
def test_include_in_a_comment_is_none(version, tmp_path):
    text = program(version, '// include "../secret.inc";', "")
    assert ready(write(tmp_path, text))


@both
def test_missing_include_is_told(version, tmp_path):
    found = problem(write(tmp_path, program(version, 'include "none.inc";')))
    assert found.code == "bad_include"
    assert "none.inc" in found.message


@both
@pytest.mark.parametrize("content", [b"\xff\xfe", b"gate \x00"])
def test_include_that_is_no_text_is_told(version, content, tmp_path):
    write(tmp_path, content, "binary.inc")
    assert (
        "binary.inc" in problem(write(tmp_path, program(version, 'include "binary.inc";'))).message
    )


@both
@pytest.mark.parametrize("name", ["", ".", "below"])
def test_folder_cannot_be_included(version, name, tmp_path):
    (tmp_path / "below").mkdir()
    found = problem(write(tmp_path, program(version, f'include "{name}";')))
    # To OpenQASM 3 no name at all is no string.
    assert found.code == ("bad_include" if name or version == 2 else "syntax")


@both
def test_file_that_includes_itself_is_told(version, tmp_path):
    write(tmp_path, 'include "loop.inc";\n', "loop.inc")
    found = problem(write(tmp_path, program(version, 'include "loop.inc";')))
    assert (found.code, "loop.inc" in found.message) == ("bad_include", True)


@both
def test_files_that_include_one_another_are_told(version, tmp_path):
    write(tmp_path, 'include "two.inc";\n', "one.inc")
    write(tmp_path, '// a line\ninclude "one.inc";\n', "two.inc")
    found = problem(write(tmp_path, program(version, 'include "one.inc";')))
    assert found.code == "bad_include"


@both
def test_error_in_an_included_file_is_told_with_its_place_there(version, tmp_path):
    write(tmp_path, PAIR + "\ngate bad a { zap a; }\n", "pair.inc")
    found = problem(write(tmp_path, program(version, 'include "pair.inc";')))
    assert "pair.inc, line 3, column" in found.message
    assert "zap" in found.message


@both
def test_error_after_an_include_is_told_with_its_place_in_the_file(version, tmp_path):
    write(tmp_path, PAIR + "\n" * 10, "pair.inc")
    found = problem(write(tmp_path, program(version, 'include "pair.inc";', "zap q[0];")))
    assert "c.qasm, line 6, column 1" in found.message


def test_standard_file_of_openqasm_3_is_none_of_openqasm_2(tmp_path):
    (tmp_path / "folder").mkdir()
    write(tmp_path, "gate secret a { }\n", "secret.inc")
    (tmp_path / "folder" / "stdgates.inc").symlink_to(tmp_path / "secret.inc")
    found = problem(write(tmp_path / "folder", program(2, 'include "stdgates.inc";', "")))
    assert found.code == "bad_include"


@pytest.mark.parametrize("name", ["//etc/hostname", "..//secret.inc", "../secret.inc"])
def test_quotes_of_either_kind_keep_includes_inside(name, tmp_path):
    write(tmp_path, "gate secret a { x a; }\n", "secret.inc")
    write(tmp_path, PAIR, "in/pair.inc")
    text = f'OPENQASM 3.0;\ninclude "stdgates.inc";\ninclude "pair.inc";\ninclude \'{name}\';\n'
    found = problem(write(tmp_path, text + "qubit[2] q;\n", "in/c.qasm"))
    assert found.code == "bad_include"


def test_physical_qubits_of_an_included_file_stay_where_they_are(tmp_path):
    write(tmp_path, "x $2;\nc[0] = measure $2;\n", "phys.inc")
    text = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[1] c;\ninclude "phys.inc";\n'
    (made,) = ready(write(tmp_path, text), device=line(4), preparation=Preparation(seed=1))
    circuit = loaded(made)
    assert {circuit.find_bit(step.qubits[0]).index for step in circuit.data} == {2}
