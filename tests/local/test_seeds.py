"""A seed gives the same counts again, however circuits are split into pubs and jobs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

from tests.support.service import Client

from .support import bell, encode, samples, seeded

ROWS = [[0.3, 1000], [1.1, 2000], [1.6, 0], [2.0, 64], [2.9, 1000], [0.3, 1000]]


def rotations() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    a, b = Parameter("a"), Parameter("b")
    for qubit in (0, 1):
        circuit.sx(qubit)
        circuit.rz(a + b / 1000, qubit)
        circuit.sx(qubit)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def dynamic() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.sx(0)
    circuit.rz(Parameter("a"), 0)
    circuit.sx(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.sx(1)
    circuit.rz(Parameter("b"), 1)
    circuit.measure(1, 1)
    return circuit


def waits() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.rz(Parameter("a"), 0)
    circuit.delay(160 * Parameter("b"), 0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


kinds = pytest.mark.parametrize(
    ("backend", "build"),
    [
        ("ideal_simulator", rotations),
        ("ideal_simulator", dynamic),
        ("fake_manila", rotations),
        ("fake_manila", dynamic),
        ("fake_manila", waits),
    ],
)


@kinds
def test_a_sweep_counts_as_its_points_do(
    client: Client, backend: str, build: Callable[[], QuantumCircuit]
) -> None:
    source = encode(build())
    whole = client.run([source, ROWS, 80], params=seeded(21), backend=backend)
    points = [[source, row, 80] for row in ROWS]
    apart = client.run(*points, params=seeded(21), backend=backend)
    assert samples(whole) == [samples(apart, index) for index in range(len(ROWS))]
    assert samples(whole)[0] != samples(whole)[5]


@kinds
def test_a_sweep_counts_the_same_however_it_is_split(
    client: Client, backend: str, build: Callable[[], QuantumCircuit]
) -> None:
    source = encode(build())
    whole = samples(client.run([source, ROWS, 50], params=seeded(8), backend=backend))
    first = client.run(
        [source, ROWS[:1], 50], [source, ROWS[1:4], 50], params=seeded(8), backend=backend
    )
    rest = client.run([source, ROWS[4:], 50], params=seeded(8 + 4), backend=backend)
    assert whole == [*samples(first, 0), *samples(first, 1), *samples(rest)]


@kinds
def test_a_sweep_of_two_axes_counts_row_by_row(
    client: Client, backend: str, build: Callable[[], QuantumCircuit]
) -> None:
    source = encode(build())
    table = [ROWS[:3], ROWS[3:]]
    flat = samples(client.run([source, ROWS, 30], params=seeded(5), backend=backend))
    nested = samples(client.run([source, table, 30], params=seeded(5), backend=backend))
    assert nested == [flat[:3], flat[3:]]


def test_pubs_behind_a_sweep_come_after_its_points(client: Client) -> None:
    source = encode(rotations())
    last: Any = [source, ROWS[0], 60]
    behind = client.run([source, ROWS, 60], last, params=seeded(100))
    alone = client.run(last, params=seeded(100 + len(ROWS)))
    assert samples(behind, 1) == samples(alone)


def test_equal_circuits_of_one_job_differ_and_the_seed_repeats_them(client: Client) -> None:
    pubs = [[bell(), None, 200]] * 2
    first, again = (client.run(*pubs, params=seeded(7)) for _ in range(2))
    assert samples(first, 0) == samples(again, 0)
    assert samples(first, 1) == samples(again, 1)
    assert samples(first, 0) != samples(first, 1)


def test_a_pub_depends_on_seed_plus_index_alone(client: Client) -> None:
    pub = [bell(), None, 200]
    job = client.run(pub, pub, pub, params=seeded(40))
    for index in range(3):
        assert samples(job, index) == samples(client.run(pub, params=seeded(40 + index)))


def test_a_pub_counts_the_same_far_down_a_long_job(client: Client) -> None:
    pub = [bell(), None, 60]
    job = client.run(*40 * [pub], params=seeded(40))
    alone = client.run(pub, params=seeded(40 + 35))
    assert samples(job, 35) == samples(alone)


def test_without_a_seed_the_pubs_of_a_job_differ(client: Client) -> None:
    job = client.run(*2 * [[bell(), None, 200]])
    assert samples(job, 0) != samples(job, 1)


def test_without_a_seed_every_run_is_new(client: Client) -> None:
    pub = [bell(), None, 200]
    assert samples(client.run(pub)) != samples(client.run(pub))
