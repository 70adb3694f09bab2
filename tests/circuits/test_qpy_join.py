"""QPY files of one circuit, made one file and taken apart again."""

import io
import struct

import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter

from ibmqbatch.circuits._qiskit import is_terra
from ibmqbatch.circuits.qpy import encode_qpy, join_qpy, split_qpy

VERSIONS = [10] if is_terra() else list(range(13, 18))


def circuits() -> list[QuantumCircuit]:
    bell = QuantumCircuit(2, 2, name="bell", metadata={"n": 1})
    bell.h(0)
    bell.cx(0, 1)
    bell.measure([0, 1], [0, 1])
    turn = QuantumCircuit(1, 1, name="turn")
    turn.rx(2 * Parameter("a") + Parameter("b"), 0)
    turn.measure(0, 0)
    return [bell, turn, bell.copy("again")]


def written(circuit: QuantumCircuit, version: int) -> bytes:
    buffer = io.BytesIO()
    if is_terra():
        qpy.dump(circuit, buffer)
    else:
        qpy.dump(circuit, buffer, version=version)
    return buffer.getvalue()


@pytest.mark.parametrize("version", VERSIONS)
def test_qiskit_reads_the_circuits_of_a_joined_file(version: int) -> None:
    joined = join_qpy([written(circuit, version) for circuit in circuits()])
    assert joined[6] == version
    found = qpy.load(io.BytesIO(joined))
    assert [circuit.name for circuit in found] == ["bell", "turn", "again"]
    for circuit, expected in zip(found, circuits(), strict=True):
        # The parameters of two circuits are different ones, of the same names.
        rows = [0.1, 0.2][: circuit.num_parameters]
        assert circuit.assign_parameters(rows) == expected.assign_parameters(rows)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_joined_file_is_taken_apart_into_its_circuits(version: int) -> None:
    files = [written(circuit, version) for circuit in circuits()]
    apart = split_qpy(join_qpy(files))
    names = [qpy.load(io.BytesIO(data))[0].name for data in apart]
    assert names == ["bell", "turn", "again"]
    # Older ones do not tell where a circuit begins: Qiskit reads and writes them again.
    assert apart == files or version < 16


def test_a_file_of_one_circuit_stays_as_it_is() -> None:
    data = encode_qpy(circuits()[0])
    assert split_qpy(data) == [data]
    assert join_qpy([data]) == data


def test_files_of_different_versions_are_not_joined() -> None:
    data = bytearray(encode_qpy(circuits()[0]))
    data[6] += 1
    with pytest.raises(ValueError, match="different kinds"):
        join_qpy([encode_qpy(circuits()[0]), bytes(data)])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"QISKIT",
        b"OPENQASM 3.0; qubit q; bit c;",
        struct.pack("!6sBBBBQcc", b"QISKIT", 17, 2, 3, 0, 2**60, b"p", b"q"),
        struct.pack("!6sBBBBQccQQ", b"QISKIT", 17, 2, 3, 0, 2, b"p", b"q", 37, 36) + b"?" * 9,
    ],
)
def test_what_is_no_whole_file_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="QPY"):
        split_qpy(data)
