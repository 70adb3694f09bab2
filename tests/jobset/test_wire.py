"""The body of a submission: what the service is told to run."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.jobset.wire import job_body, pub_size
from tests.jobset.test_tags import intent, record

BODIES = st.lists(st.binary(max_size=50), min_size=1, max_size=5)
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
    body = job_body(job_set, sent, bodies, tags)
    assert json.loads(body) == naive(job_set, sent, bodies, tags, {"default_shots": 3})


def test_no_tag_can_be_mistaken_for_the_place_of_the_circuits():
    body = job_body(record(), intent(), [b"x"], ["\0pubs"])
    assert json.loads(body)["tags"] == ["\0pubs"]


@given(BODIES, TAGS)
def test_estimate_of_the_circuits_is_no_less_than_they_take(bodies, tags):
    empty = len(job_body(record(), intent(), [], tags))
    taken = len(job_body(record(), intent(), bodies, tags)) - empty
    assert taken <= sum(map(pub_size, bodies)) <= taken + len(bodies)


def seeds(edges: list[int], total: int, repeat: int = 0) -> list[int]:
    """Return the seed of every circuit when the set is cut at `edges`."""
    job_set = record(options={"simulator": {"seed_simulator": 1000}}, total_circuits=total)
    found = []
    for first, end in zip([0, *edges], [*edges, total], strict=True):
        sent = intent(first_circuit=first, last_circuit=end - 1, repeat=repeat)
        told = json.loads(job_body(job_set, sent, [b""], []))
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
    job_body(job_set, intent(first_circuit=5), [b""], [])
    assert job_set.options == {"simulator": {"seed_simulator": 1}}
