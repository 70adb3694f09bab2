"""What a QPY file tells without being read as a whole, and with."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector

from ibmqbatch.circuits.qpy import (
    _CIRCUIT_HEADER,
    _FILE_HEADER,
    _KIND,
    encode_qpy,
    parameter_names,
    read_header,
)


@pytest.fixture
def circuit() -> QuantumCircuit:
    vector = ParameterVector("v", 11)
    circuit = QuantumCircuit(1, name="näme", metadata={"a": [1, "ü"]})
    circuit.rx(vector[10] + Parameter("b"), 0)
    circuit.rz(vector[2] + Parameter("a"), 0)
    return circuit


def test_header_gives_name_and_metadata(circuit):
    assert read_header(encode_qpy(circuit)) == ("näme", {"a": [1, "ü"]})


def test_parameters_come_in_the_circuits_own_order(circuit):
    assert parameter_names(encode_qpy(circuit)) == ["a", "b", "v[2]", "v[10]"]
    assert [parameter.name for parameter in circuit.parameters] == ["a", "b", "v[2]", "v[10]"]


@pytest.mark.parametrize(
    "data", [b"", b"QISKIT", b"QISKIT\x11" + bytes(50), b"QISKIT\x0a" + bytes(9)]
)
def test_of_what_cannot_be_read_nothing_is_told(data):
    assert read_header(data) == (None, {})
    assert parameter_names(data) is None


@pytest.mark.parametrize("metadata", ["[" * 100_000, "5", "{", '"text"'])
def test_metadata_that_make_no_sense_are_none(metadata):
    empty = encode_qpy(QuantumCircuit(1, name="c", metadata={}))
    start = _FILE_HEADER.size + _KIND.size
    fields = list(_CIRCUIT_HEADER.unpack_from(empty, start))
    fields[5] = len(metadata)
    rest = empty[start + _CIRCUIT_HEADER.size :].replace(b"{}", metadata.encode(), 1)
    name, found = read_header(empty[:start] + _CIRCUIT_HEADER.pack(*fields) + rest)
    assert (name or "c", found) == ("c", {})
