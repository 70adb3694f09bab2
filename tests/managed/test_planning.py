"""What a circuit has and its run cannot is warned of once, or kept: nothing is dropped silently."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from qiskit import transpile

from ibmqbatch import IBMQJobManager
from ibmqbatch.managed.exceptions import IBMQJobManagerInvalidStateError
from tests.circuits.pulses import SAMPLES
from tests.managed.support import BACKEND, bell


def test_metadata_of_no_form_are_warned_of_and_kept_as_texts(manager):
    circuits = [bell(f"c{number}") for number in range(20)]
    for circuit in circuits:
        circuit.metadata = {"amplitude": 1 + 2j, "when": frozenset({"a"}), "what": range}
    with pytest.warns(UserWarning) as caught:
        job_set = manager.run(circuits, BACKEND, shots=2)
    # However many they are, the first ones are told of.
    *told, more = [str(warning.message) for warning in caught]
    assert len(told) == 3
    assert "Circuit 0 (experiment 0, 'c0') has metadata that JSON has no form for" in told[0]
    assert "(complex, type)" in told[0]
    assert more == "The same is true of 17 more circuits."
    metadata = job_set.results().combine_results().results[19].header.metadata
    assert metadata == {"amplitude": [1.0, 2.0], "when": ["a"], "what": "<class 'range'>"}


def test_metadata_of_numpy_and_of_python_alone_are_no_matter(manager):
    circuit = bell()
    given = {"n": np.int64(3), "x": np.array([0.5, 1.0]), "t": (1, None), "deep": {"ok": np.True_}}
    circuit.metadata = given
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        job_set = manager.run(circuit, BACKEND, shots=2)
    metadata = job_set.results().combine_results().results[0].header.metadata
    assert metadata == {"n": 3, "x": [0.5, 1.0], "t": [1, None], "deep": {"ok": True}}


def test_pulses_of_a_circuit_are_refused_before_anything_is_sent(manager, proxy, tmp_path):
    path = tmp_path / "quiet.qpy"
    path.write_bytes(SAMPLES)
    with pytest.raises(IBMQJobManagerInvalidStateError, match="has pulses of its own"):
        manager.run([bell(), path], "fake_manila")
    assert proxy.submissions == 0
    assert IBMQJobManager().job_sets(all=True) == []


def test_the_layout_of_a_compiled_circuit_is_kept(provider):
    backend = provider.get_backend("fake_manila")
    compiled = transpile(bell(), backend, initial_layout=[3, 2])
    (given,) = backend.run(compiled, shots=2).circuits()
    assert given.layout is not None
    places = given.layout.initial_layout.get_physical_bits()
    wanted = compiled.layout.initial_layout.get_physical_bits()
    assert {place: str(bit) for place, bit in places.items()} == {
        place: str(bit) for place, bit in wanted.items()
    }
