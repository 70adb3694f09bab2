"""What the circuits of a job tell of their set while they are on the service."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace

import pytest
from qiskit import QuantumCircuit

from ibmqbatch.circuits.measured import measured_circuits
from ibmqbatch.circuits.observables import as_observables
from ibmqbatch.circuits.qpy import encode_qpy, load_qpy, read_header
from ibmqbatch.jobset.notes import MEASURED, noted, run_config_in, without_note
from ibmqbatch.manifest.records import PubRecord
from tests.jobset.support import record

ASKED = {"header": {"by": "mé"}, "memory": True, "client_version": {"ibmqbatch": "1"}}


def qpy(metadata: dict[str, object] | None = None) -> bytes:
    circuit = QuantumCircuit(2, 2, name="näme", metadata=metadata)
    circuit.measure([0, 1], [1, 0])
    return encode_qpy(circuit)


def pub(data: bytes, *, kind: str = "qpy", order: tuple[str, ...] = ()) -> PubRecord:
    return PubRecord(kind, zlib.compress(data), None, 1, (0,), order)


def sent(*pubs: PubRecord, **asked: object) -> list[bytes]:
    return [zlib.decompress(body) for body in noted(pubs, record(run_config=asked))]


@pytest.mark.parametrize("metadata", [{}, {"a": 1}, {"ü": {"b": [None, "}"]}, "c": "x" * 300}])
def test_a_circuit_is_byte_for_byte_what_it_was_once_its_note_is_read(metadata):
    data = qpy(metadata)
    (out,) = sent(pub(data), **ASKED)
    assert out != data
    back, note = without_note(out)
    assert back == data
    assert run_config_in(note) == ASKED


def test_a_circuit_with_a_note_is_one_that_qiskit_reads():
    (out,) = sent(pub(qpy({"a": 1})), **ASKED)
    (circuit,) = load_qpy(out, "it")
    assert (circuit.name, circuit.metadata["a"]) == ("näme", 1)
    assert circuit.count_ops() == {"measure": 2}
    assert read_header(out)[0] == "näme"


def test_the_first_circuit_that_can_tells_what_was_asked():
    text = b"OPENQASM 3.0;"
    found = sent(pub(text, kind="openqasm3"), pub(qpy()), pub(qpy()), **ASKED)
    assert found[0] == text
    assert [run_config_in(without_note(data)[1]) for data in found[1:]] == [ASKED, {}]


def test_what_nobody_asked_is_not_told():
    data = qpy()
    assert sent(pub(data)) == [data]
    assert sent(pub(data), lone=True, unnamed="x") == [data]


def test_each_sweep_tells_the_order_of_its_metadata():
    found = sent(pub(qpy(), order=("theta", "alpha")), pub(qpy(), order=("one",)))
    assert [without_note(data)[1] for data in found] == [{"order": ["theta", "alpha"]}, {}]


def test_what_is_too_long_stays_at_home():
    data = qpy()
    assert sent(pub(data), header={"long": "x" * 20_000}) == [data]


@pytest.mark.parametrize("note", ["5", '{"run_config": 7}', '{"run_config": {"header": []}}', "{"])
def test_notes_that_make_no_sense_tell_nothing(note):
    metadata = json.loads(json.dumps({}))
    raw = qpy(metadata)
    (out,) = sent(pub(raw), memory=True)
    spoilt = out.replace(b'{"run_config":{"memory":true}}', note.encode().ljust(30))
    assert len(spoilt) == len(out)
    assert run_config_in(without_note(spoilt)[1]) == {}


def observed(observable: str) -> PubRecord:
    (measured,) = measured_circuits("bell", as_observables(observable))
    return replace(pub(qpy({"a": 1}), order=("a", "b")), measured=measured.document())


def test_a_circuit_tells_what_it_was_measured_for():
    circuit = observed("ZZ + 2")
    back, note = without_note(*sent(circuit))
    assert back == qpy({"a": 1})
    assert note[MEASURED] == circuit.measured


def test_what_does_not_fit_leaves_the_name_of_the_circuit():
    labels = [f"{number:012b}".replace("0", "I").replace("1", "Z") for number in range(1, 2000)]
    circuit = observed(" + ".join(labels))
    _, note = without_note(*sent(circuit, **ASKED))
    assert note[MEASURED] == {"circuit": "bell"}
    assert run_config_in(note) == ASKED
