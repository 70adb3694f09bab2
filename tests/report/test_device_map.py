"""The map of a device: neighbours are drawn as neighbours, and figures are those of the service."""

from __future__ import annotations

import itertools
import math

import pytest

from ibmqbatch.report.device_map import device_map
from tests.report.support import LINE

SQUARES = {
    "n_qubits": 12,
    "coupling_map": [
        [4 * row + column, 4 * row + column + step]
        for row, column, step in itertools.product(range(3), range(4), (1, 4))
        if (step == 1 and column < 3) or (step == 4 and row < 2)
    ],
}
PROPERTIES = {
    "qubits": [[{"name": "readout_error", "value": 0.01 * n}] for n in range(4)],
    "gates": [
        {"gate": "ecr", "qubits": [1, 0], "parameters": [{"name": "gate_error", "value": 0.007}]},
        {"gate": "rzz", "qubits": [0, 1], "parameters": [{"name": "gate_error", "value": 0.005}]},
    ],
}


def test_neighbours_are_nearer_than_all_others():
    found = device_map(SQUARES, None, [])
    apart = {
        pair: math.dist(*((found.qubits[q].x, found.qubits[q].y) for q in pair))
        for pair in itertools.combinations(range(12), 2)
    }
    coupled = {link.qubits for link in found.links}
    assert len(coupled) == 17
    assert max(apart[pair] for pair in coupled) < min(
        apart[pair] for pair in apart.keys() - coupled
    )


def test_the_longer_side_is_the_width():
    qubits = device_map(SQUARES, None, []).qubits
    assert max(q.x for q in qubits) > max(q.y for q in qubits)
    assert min(q.x for q in qubits) == min(q.y for q in qubits) == 0


def test_a_device_is_always_drawn_alike():
    assert device_map(SQUARES, None, []) == device_map(SQUARES, None, [])


def test_errors_are_those_of_the_calibration():
    found = device_map(LINE, PROPERTIES, [])
    assert [qubit.readout_error for qubit in found.qubits] == [0.0, 0.01, 0.02, 0.03]
    assert [(link.gate, link.error) for link in found.links] == [
        ("rzz", 0.005),
        ("", None),
        ("", None),
    ]


def test_circuits_are_counted_on_the_qubits_that_they_begin_and_end_on():
    found = device_map(LINE, None, [({"initial": [0, 1], "final": [1, 2]}, 5), ({}, 9)])
    assert [qubit.circuits for qubit in found.qubits] == [5, 5, 5, 0]


def test_parts_that_are_not_connected_are_drawn_apart():
    found = device_map({"n_qubits": 4, "coupling_map": [[0, 1], [2, 3]]}, None, [])
    spots = [(qubit.x, qubit.y) for qubit in found.qubits]
    assert math.dist(spots[0], spots[2]) > math.dist(spots[0], spots[1])


@pytest.mark.parametrize(
    "configuration", [{}, {"n_qubits": 3}, {"n_qubits": 0, "coupling_map": []}]
)
def test_what_has_no_couplings_has_no_map(configuration):
    assert device_map(configuration, None, []) is None
