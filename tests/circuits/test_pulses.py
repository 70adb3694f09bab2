"""Pulses of a circuit's own are refused, wherever the circuit comes from: no stock gate runs."""

from __future__ import annotations

import io
from typing import Any

import pytest
from qiskit import QuantumCircuit, qpy

from tests.circuits.asking import problem, ready, write
from tests.circuits.devices import line
from tests.circuits.pulses import FORMULA, SAMPLES
from tests.support.qiskits import needs_terra

LINE = line(3)


@pytest.mark.parametrize("content", [SAMPLES, FORMULA], ids=["samples", "formula"])
def test_a_file_with_pulses_is_refused(tmp_path, content):
    found = problem(write(tmp_path, content, "quiet.qpy"), device=LINE)
    assert found.code == "pulse_gates"
    assert "quiet.qpy has pulses of its own" in found.message
    assert "calibrations" in found.hint


def pulsed(shape: str) -> QuantumCircuit:
    (circuit,) = qpy.load(io.BytesIO({"samples": SAMPLES, "formula": FORMULA}[shape]))
    return circuit


@needs_terra("Qiskit 2 has no pulses.")
@pytest.mark.parametrize("shape", ["samples", "formula"])
def test_a_circuit_in_memory_with_pulses_is_refused(shape):
    found = problem(given=[pulsed(shape)])
    assert found.code == "pulse_gates"
    assert "has pulses of its own for the gate 'x'" in found.message


@needs_terra("Qiskit 2 has no pulses.")
def test_pulses_in_a_block_are_found():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    circuit.if_test((circuit.clbits[0], 1), pulsed("samples"), [0], [0])
    assert problem(given=[circuit]).code == "pulse_gates"


@needs_terra("Qiskit 2 has no pulses.")
def test_a_circuit_whose_pulses_were_taken_out_is_taken():
    circuit = pulsed("samples")
    circuit.calibrations = {}
    assert len(ready(given=[circuit])) == 1


@pytest.mark.parametrize("statement", ['defcalgrammar "openpulse";', "cal { }", "defcal x $0 { }"])
def test_a_calibration_in_openqasm_3_is_refused_as_what_it_is(tmp_path, statement):
    text = f"OPENQASM 3.0;\n{statement}\nbit[1] c;\nx $0;\nc[0] = measure $0;\n"
    found: Any = problem(write(tmp_path, text), device=LINE)
    assert found.code == "pulse_gates"
    assert "IBM retired pulses in 2025" in found.hint
