"""The body of a submission: what the service is told to run."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.jobset.wire import job_body, pub_size
from ibmqbatch.manifest.records import PubRecord
from tests.jobset.test_tags import intent, record

BODIES = st.lists(st.binary(max_size=50), min_size=1, max_size=5)
VALUES = st.none() | st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3)


def pubs(bodies: list[bytes], shots: int = 100) -> list[PubRecord]:
    return [PubRecord(body, None, shots) for body in bodies]


TAGS = st.lists(st.text(max_size=10), max_size=3)


def naive(job_set, sent, bodies, tags, options) -> object:
    return {
        "program_id": "sampler",
        "backend": job_set.backend,
        "tags": tags,
        "params": {
            "version": 2,
            "shots": sent.shots,
            "support_qiskit": True,
            "options": options,
            "pubs": [
                [{"__type__": "QuantumCircuit", "__value__": base64.b64encode(body).decode()}]
                for body in bodies
            ],
        },
    }


@given(BODIES, TAGS, st.text(max_size=10))
def test_body_is_the_json_that_it_should_be(bodies, tags, backend):
    job_set, sent = record(backend=backend, options={"default_shots": 3}), intent(shots=77)
    body = job_body(job_set, sent, pubs(bodies, 77), tags)
    assert json.loads(body) == naive(job_set, sent, bodies, tags, {"default_shots": 3})


def test_no_tag_can_be_mistaken_for_the_place_of_the_circuits():
    body = job_body(record(), intent(), pubs([b"x"]), ["\0pubs"])
    assert json.loads(body)["tags"] == ["\0pubs"]


def taken(asked: list[PubRecord], shots: int) -> int:
    """Return the bytes that circuits take in a request that would be empty without them."""
    empty = len(job_body(record(), intent(shots=shots), [], []))
    return len(job_body(record(), intent(shots=shots), asked, [])) - empty


@given(BODIES, VALUES)
def test_size_of_circuits_is_what_they_take(bodies, values):
    values = None if values is None else tuple(values)
    asked = [PubRecord(body, values, 100) for body in bodies]
    # The last one has no comma behind it.
    assert taken(asked, 100) == sum(pub_size(p.body, p.values) for p in asked) - 1


@given(BODIES, VALUES, st.integers(1, 10**7))
def test_size_of_circuits_with_their_own_shots_is_no_less_than_they_take(bodies, values, shots):
    values = None if values is None else tuple(values)
    asked = [PubRecord(body, values, shots) for body in bodies]
    sizes = [pub_size(pub.body, pub.values, own_shots=True) for pub in asked]
    assert taken(asked, 10**8) <= sum(sizes)


def sent_pubs(asked: list[PubRecord], **changes: object) -> list[list[object]]:
    told = json.loads(job_body(record(), intent(**changes), asked, []))
    return [pub[1:] for pub in told["params"]["pubs"]]


def test_values_of_parameters_go_beside_the_circuit():
    assert sent_pubs([PubRecord(b"x", (0.5, -1e-9), 100)], shots=100) == [[[0.5, -1e-9]]]


def test_circuit_with_shots_of_its_own_says_so():
    asked = [PubRecord(b"x", None, 7), PubRecord(b"y", (1.0,), 8), PubRecord(b"z", None, 100)]
    assert sent_pubs(asked, shots=100) == [[None, 7], [[1.0], 8], []]


def test_last_repeat_of_a_circuit_asks_for_the_shots_that_are_left():
    asked = [PubRecord(b"x", None, 250)]
    assert [sent_pubs(asked, shots=100, repeat=r) for r in range(3)] == [[[]], [[]], [[None, 50]]]


def seeds(edges: list[int], total: int, repeat: int = 0) -> list[int]:
    """Return the seed of every circuit when the set is cut at `edges`."""
    job_set = record(options={"simulator": {"seed_simulator": 1000}}, total_circuits=total)
    found = []
    for first, end in zip([0, *edges], [*edges, total], strict=True):
        sent = intent(first_circuit=first, last_circuit=end - 1, repeat=repeat)
        told = json.loads(job_body(job_set, sent, pubs([b""]), []))
        base = told["params"]["options"]["simulator"]["seed_simulator"]
        found += [base + n for n in range(end - first)]
    return found


@given(st.lists(st.integers(1, 29), unique=True, max_size=6))
def test_seed_of_a_circuit_does_not_depend_on_the_split(edges):
    assert seeds(sorted(edges), 30) == seeds([], 30)


def test_repeats_have_seeds_of_their_own():
    assert not set(seeds([], 30)) & set(seeds([], 30, repeat=1))


def test_options_of_the_set_are_not_changed():
    job_set = record(options={"simulator": {"seed_simulator": 1}})
    job_body(job_set, intent(first_circuit=5), pubs([b""]), [])
    assert job_set.options == {"simulator": {"seed_simulator": 1}}
