"""The forms in which results are written, plain and typed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Terra and Aer warn about each other
    from qiskit import QuantumCircuit
from tests.support.service import Client

from .support import array, bell, encode, samples, seeded


@pytest.mark.parametrize(
    ("pub_shots", "params", "expected"),
    [
        (5, {"shots": 6, "options": {"default_shots": 7}}, 5),
        (None, {"shots": 6, "options": {"default_shots": 7}}, 6),
        (None, {"options": {"default_shots": 7}}, 7),
        (None, {}, 4096),
    ],
)
def test_shots_are_the_pubs_then_the_jobs_then_the_default(
    client: Client, pub_shots: int | None, params: dict[str, Any], expected: int
) -> None:
    result = client.run([bell(), None, pub_shots], params=params)
    assert len(samples(result)) == expected


def test_the_plain_form(client: Client) -> None:
    result = client.run([bell(), None, 3], [bell(), None, 2])
    assert list(result) == ["results", "metadata"]
    assert len(result["results"]) == 2
    assert result["results"][0]["metadata"] == {"circuit_metadata": {"kind": "bell"}}
    assert set(samples(result)) <= {"0x0", "0x3"}
    assert result["metadata"]["version"] == 2
    first, second = result["metadata"]["execution"]["execution_spans"]
    assert first[2] == {"0": [[3], [0, 1], [0, 3]]}
    assert second[2] == {"1": [[2], [0, 1], [0, 2]]}
    assert first[0]["date"] <= first[1]["date"] <= second[0]["date"]


def test_the_typed_form(client: Client) -> None:
    plain = client.run([bell(), None, 50], params=seeded(3))
    result = client.run([bell(), None, 50], params=seeded(3, support_qiskit=True))
    assert result["__type__"] == "PrimitiveResult"
    (pub,) = result["__value__"]["pub_results"]
    assert pub["__type__"] == "SamplerPubResult"
    assert pub["__value__"]["metadata"] == {"circuit_metadata": {"kind": "bell"}}
    data = pub["__value__"]["data"]
    assert data["__type__"] == "DataBin"
    register = data["__value__"]["fields"].pop("c")
    assert data["__value__"] == {
        "field_names": ["c"],
        "field_types": [],
        "shape": [],
        "fields": {},
    }
    assert register["__type__"] == "BitArray"
    assert register["__value__"]["num_bits"] == 2
    packed = array(register["__value__"]["array"])
    assert (packed.dtype, packed.shape) == (np.uint8, (50, 1))
    assert [hex(row[0]) for row in packed] == samples(plain)
    spans = result["__value__"]["metadata"]["execution"]["execution_spans"]
    assert spans["__type__"] == "ExecutionSpans"
    (span,) = spans["__value__"]["spans"]
    assert span["__type__"] == "DoubleSliceSpan"
    assert span["__value__"]["data_slices"] == {"0": [[50], 0, 1, 0, 50]}
    assert span["__value__"]["start"]["__type__"] == "datetime"


def test_wide_registers_are_packed_big_endian(client: Client) -> None:
    circuit = QuantumCircuit(1, 11)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.measure(0, 10)
    pub = [encode(circuit), None, 2]
    assert samples(client.run(pub)) == ["0x401", "0x401"]
    typed = client.run(pub, params={"support_qiskit": True})
    fields = typed["__value__"]["pub_results"][0]["__value__"]["data"]["__value__"]["fields"]
    assert array(fields["c"]["__value__"]["array"]).tolist() == [[4, 1], [4, 1]]
