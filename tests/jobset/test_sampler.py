"""The body of a submission: what the service is told to run."""

from __future__ import annotations

import base64
import io
import json
import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.jobset.job_writer import JobWriter
from ibmqbatch.jobset.sampler import pub_size, row_size
from ibmqbatch.manifest.records import PubRecord
from tests.jobset.support import intent, record

BODIES = st.lists(st.binary(max_size=50), min_size=1, max_size=5)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ROWS = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.tuples(*[FLOATS] * width), min_size=1, max_size=20)
)


def pub(body: bytes, rows: list[tuple[float, ...]] | None = None, shots: int = 100) -> PubRecord:
    return PubRecord(
        "qpy", body, None if rows is None else tuple(rows), shots, tuple(range(len(rows or [()])))
    )


def pubs(bodies: list[bytes], shots: int = 100) -> list[PubRecord]:
    return [pub(body, shots=shots) for body in bodies]


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
    body = JobWriter(job_set, "sampler", None).body(sent, pubs(bodies, 77), tags)
    assert json.loads(body) == naive(job_set, sent, bodies, tags, {"default_shots": 3})


def test_no_tag_can_be_mistaken_for_the_place_of_the_circuits():
    body = JobWriter(record(), "sampler", None).body(intent(), pubs([b"x"]), ["\0pubs"])
    assert json.loads(body)["tags"] == ["\0pubs"]


def taken(asked: list[PubRecord], shots: int) -> int:
    """Return the bytes that circuits take in a request that would be empty without them."""
    empty = len(JobWriter(record(), "sampler", None).body(intent(shots=shots), [], []))
    return len(JobWriter(record(), "sampler", None).body(intent(shots=shots), asked, [])) - empty


@given(BODIES)
def test_size_of_circuits_is_what_they_take(bodies):
    # The last one has no comma behind it.
    assert taken(pubs(bodies), 100) == sum(pub_size(len(body)) for body in bodies) - 1


@given(BODIES, st.integers(1, 10**7))
def test_size_of_circuits_with_their_own_shots_is_no_less_than_they_take(bodies, shots):
    sizes = [pub_size(len(body), own_shots=True) for body in bodies]
    assert taken(pubs(bodies, shots), 10**8) <= sum(sizes)


@given(st.binary(max_size=50), ROWS)
def test_size_of_a_sweep_is_no_less_than_it_takes(body, rows):
    width = len(rows[0])
    size = pub_size(len(body), values=width) + (len(rows) - 1) * row_size(width)
    assert taken([pub(body, rows)], 100) <= size


def sent_pubs(asked: list[PubRecord], **changes: object) -> list[list[object]]:
    told = json.loads(JobWriter(record(), "sampler", None).body(intent(**changes), asked, []))
    return [pub[1:] for pub in told["params"]["pubs"]]


def numpy_array(value: dict[str, str]) -> np.ndarray:
    assert value["__type__"] == "ndarray"
    return np.load(io.BytesIO(zlib.decompress(base64.b64decode(value["__value__"]))))


@given(ROWS)
def test_values_of_a_sweep_go_beside_the_circuit_as_one_array(rows):
    [[values]] = sent_pubs([pub(b"x", rows)], shots=100)
    np.testing.assert_array_equal(numpy_array(values), np.array(rows, dtype=np.float64))


def test_circuit_with_shots_of_its_own_says_so():
    asked = [pub(b"x", shots=7), pub(b"y", [(1.0,)], shots=8), pub(b"z", shots=100)]
    alone, swept, as_all = sent_pubs(asked, shots=100)
    assert (alone, swept[1], as_all) == ([None, 7], 8, [])


def test_program_that_is_sent_as_text_goes_as_text():
    text = 'OPENQASM 3.0; include "stdgates.inc"; // "ψ"'
    asked = [PubRecord("openqasm3", zlib.compress(text.encode()), None, 100, (0,))]
    assert (
        json.loads(JobWriter(record(), "sampler", None).body(intent(), asked, []))["params"][
            "pubs"
        ][0][0]
        == text
    )


def test_job_says_nothing_of_what_was_not_asked_for():
    told = json.loads(JobWriter(record(), "sampler", None).body(intent(), pubs([b""]), []))
    assert not {"private", "cost", "session_id"} & set(told)


def test_job_that_is_private_limited_and_in_a_batch_says_so():
    job_set = record(private=True, max_execution_time=600)
    told = json.loads(JobWriter(job_set, "sampler", None).body(intent(), pubs([b""]), [], "abc"))
    assert (told["private"], told["cost"], told["session_id"]) == (True, 600, "abc")


def test_last_repeat_of_a_circuit_asks_for_the_shots_that_are_left():
    asked = [pub(b"x", shots=250)]
    assert [sent_pubs(asked, shots=100, repeat=r) for r in range(3)] == [[[]], [[]], [[None, 50]]]


def seeds(edges: list[int], total: int, repeat: int = 0) -> list[int]:
    """Return the seed of every circuit when the set is cut at `edges`."""
    job_set = record(options={"simulator": {"seed_simulator": 1000}}, total_circuits=total)
    found = []
    for first, end in zip([0, *edges], [*edges, total], strict=True):
        sent = intent(first_place=first, last_place=end - 1, repeat=repeat)
        told = json.loads(JobWriter(job_set, "sampler", None).body(sent, pubs([b""]), []))
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
    JobWriter(job_set, "sampler", None).body(intent(first_place=5), pubs([b""]), [])
    assert job_set.options == {"simulator": {"seed_simulator": 1}}
