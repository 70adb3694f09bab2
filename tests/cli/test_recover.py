"""`recover --job`: sets made of jobs that another program has sent, in every form that there is."""

from __future__ import annotations

import base64
import io
import json
import math
import zlib

import numpy as np
import pytest
from qiskit import QuantumCircuit

from ibmqbatch.manifest.manifest import Manifest
from tests.cli.foreign import FLIP, TURN, finished, recover
from tests.cli.support import document
from tests.local.support import encode, slow
from tests.support.commands import Cli

pytestmark = pytest.mark.usefixtures("no_waits")

TEXT = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nx q[1];\nc = measure q;\n'


def ndarray(values: object) -> dict[str, str]:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(values, dtype=float))
    packed = base64.b64encode(zlib.compress(buffer.getvalue())).decode()
    return {"__type__": "ndarray", "__value__": packed}


# A circuit that nobody here can read.
NEWER = {
    "__type__": "QuantumCircuit",
    "__value__": base64.b64encode(zlib.compress(b"QISKIT\xc8" + bytes(50))).decode(),
}
PI = math.pi
# Pubs, and the counts that each gives in a job whose shots are 5.
PUBS = {
    "text alone": (TEXT, [{"10": 5}]),
    "text": ([TEXT], [{"10": 5}]),
    "circuit alone": (FLIP, [{"01": 5}]),
    "circuit": ([FLIP], [{"01": 5}]),
    "no values": ([FLIP, None], [{"01": 5}]),
    "empty values": ([FLIP, []], [{"01": 5}]),
    "no values, as an array": ([FLIP, ndarray(np.zeros(0))], [{"01": 5}]),
    "runs without values": ([FLIP, ndarray(np.zeros((2, 0)))], [{"01": 5}] * 2),
    "own shots": ([FLIP, None, 3], [{"01": 3}]),
    "values": ([TURN, [PI, 0]], [{"01": 5}]),
    "rows": ([TURN, [[PI, 0], [0, PI]]], [{"01": 5}, {"10": 5}]),
    "rows of their own shots": ([TURN, [[PI, 0], [0, PI]], 2], [{"01": 2}, {"10": 2}]),
    "array": ([TURN, ndarray([PI, PI])], [{"11": 5}]),
    "array of rows": ([TURN, ndarray([[PI, 0], [0, 0]])], [{"01": 5}, {"00": 5}]),
    "array of a shape": (
        [TURN, ndarray([[[0, 0], [PI, 0]], [[0, PI], [PI, PI]]])],
        [{"00": 5}, {"01": 5}, {"10": 5}, {"11": 5}],
    ),
    "array as a list": (
        [TURN, {"__type__": "ndarray", "__value__": [[0, PI]]}],
        [{"10": 5}],
    ),
    "names": ([TURN, {"b": PI, "a": 0}], [{"10": 5}]),
    "names of rows": ([TURN, {"a": [0, PI], "b": PI}], [{"10": 5}, {"11": 5}]),
    "names of arrays": (
        [TURN, {"b": ndarray([0, PI]), "a": ndarray([PI, PI])}],
        [{"01": 5}, {"11": 5}],
    ),
}


@pytest.fixture(scope="module", params=[True, False], ids=["typed", "plain"])
def every_form(request, shared, straight):
    """Recover one job of all forms of pubs; return its id, its results by pub, and the set's id."""
    params = {"shots": 5, "support_qiskit": request.param}
    job = finished(straight, *[pub for pub, _ in PUBS.values()], params=params)
    run, _ = shared
    job_set = recover(run, job)
    found = iter(run.results(job_set))
    results = {what: [next(found) for _ in counts] for what, (_, counts) in PUBS.items()}
    return job, results, job_set


@pytest.mark.parametrize("what", PUBS)
def test_every_form_of_a_pub_gives_its_counts(what, every_form):
    assert [result["counts"] for result in every_form[1][what]] == PUBS[what][1]


def test_values_are_kept_where_their_order_is_told(every_form, run):
    results = every_form[1]
    (path,) = (run.home / "sets").glob(f"{every_form[2]}.sqlite")
    kept = {"rows": [(PI, 0.0), (0.0, PI)], "array": [(PI, PI)], "names": [None], "text": [None]}
    with Manifest.open(path) as manifest:
        for what, values in kept.items():
            found = [manifest.program(result["index"]).values for result in results[what]]
            assert found == values


def test_circuits_are_named_by_job_pub_and_run(every_form):
    job, results, _ = every_form
    places = {what: number for number, what in enumerate(PUBS)}
    rows, alone = places["rows"], places["text"]
    assert [result["name"] for result in results["rows"]] == [f"{job}.{rows}@0", f"{job}.{rows}@1"]
    assert results["text"][0]["name"] == f"{job}.{alone}"


@pytest.mark.parametrize(
    ("params", "shots"),
    [
        ({}, 4096),
        ({"options": {"default_shots": 12}}, 12),
        ({"shots": 7, "options": {"default_shots": 12}}, 7),
    ],
)
def test_shots_are_those_that_the_service_takes(params, shots, run, straight):
    job = finished(straight, [FLIP], params=params)
    job_set = recover(run, job)
    assert run.counts(job_set) == [{"01": shots}]


def test_jobs_keep_the_order_in_which_they_are_named_each_once(run, straight):
    first, second = finished(straight, [FLIP]), finished(straight, [TEXT], [TEXT, None, 9])
    job_set = recover(run, second, first, second, name="mine")
    assert run.counts(job_set) == [{"10": 5}, {"10": 9}, {"01": 5}]
    told = run.data("status", job_set)["job_set"]
    assert [(j["id"], j["first_circuit"], j["last_circuit"]) for j in told["jobs"]] == [
        (second, 0, 1),
        (first, 2, 2),
    ]
    assert (told["name"], told["made_elsewhere"], told["state"]) == ("mine", True, "done")


def test_set_has_what_the_jobs_have_in_common(run, straight):
    odd = ["c\n\x1b[31m", "ibmq_jobset_20260101-aaaaaaa_"]
    one = finished(straight, [FLIP], tags=["a", "b", *odd])
    two = finished(straight, [FLIP], tags=[*odd, "a"], params={"options": {"experimental": {}}})
    told = run.data("status", recover(run, one, two))["job_set"]
    assert (told["tags"], told["name"]) == (["a", "c [31m"], f"recovered {one}")
    told = run.data("status", recover(run, two, one))["job_set"]
    assert told["options"] == {"experimental": {}}


def test_results_are_home_at_once_and_stay_there(run, straight, wire):
    job_set = recover(run, finished(straight, [FLIP]))
    wire.seen.clear()
    assert run.counts(job_set) == [{"01": 5}]
    assert wire.seen == []


def test_document_describes_the_set(run, straight):
    told = document(run("recover", "--job", finished(straight, [FLIP]), "--json"), "recover")
    assert told["data"]["job_set"]["counts"]["DONE"] == 1
    assert told["data"]["job_set"]["estimated_seconds"] is None


def test_failed_job_is_recovered_with_its_reason(run, straight):
    job = finished(straight, [NEWER])
    good = finished(straight, [FLIP])
    words = ("recover", "--job", job, "--job", good, "--json")
    told = document(run(*words, code=3), "recover", 3)["data"]["job_set"]
    assert (told["state"], told["jobs"][0]["code"]) == ("failed", 1603)
    (log,) = run.data("logs", told["id"])["logs"]
    assert log["id"] == job
    found = run.data("results", told["id"], code=3)
    assert [result["counts"] for result in found["results"]] == [{"01": 5}]


@pytest.fixture
def endless(straight):
    """Post a job that runs for minutes; it is cancelled in the end."""
    job = straight.submit(slow())
    yield job
    straight.call("POST", f"/jobs/{job}/cancel")


def test_unfinished_job_is_recovered_followed_and_cancelled(run, straight, endless):
    job_set = recover(run, endless)
    assert run.data("status", job_set)["job_set"]["state"] == "running"
    run("results", job_set, code=5)
    run("cancel", job_set)
    assert straight.wait(endless)["status"] == "Cancelled"
    told = run.data("status", job_set)["job_set"]
    assert (told["state"], told["closed_at"] is not None) == ("cancelled", True)


def test_cancelled_job_is_recovered_as_that(run, straight, endless):
    straight.call("POST", f"/jobs/{endless}/cancel")
    job_set = recover(run, endless, code=3)
    assert run.data("status", job_set)["job_set"]["state"] == "cancelled"


def refusal(run: Cli, *jobs: str, code: int) -> dict[str, str]:
    before = sorted((run.home / "sets").glob("*.sqlite"))
    words = [word for job in jobs for word in ("--job", job)]
    told = document(run("recover", *words, "--json", code=code), "recover", code)
    assert sorted((run.home / "sets").glob("*.sqlite")) == before
    (error,) = told["errors"]
    assert error["hint"]
    return error


def test_private_job_is_refused(run, straight):
    job = finished(straight, [FLIP], private=True)
    assert "is private" in refusal(run, job, code=2)["message"]
    # Its results have not been touched.
    assert straight.get(f"/jobs/{job}/results").status_code == 200


def test_job_that_is_not_there_is_refused(run, straight):
    there = finished(straight, [FLIP])
    error = refusal(run, there, "d0000000000000000000", code=6)
    assert "has no job 'd0000000000000000000'" in error["message"]
    assert error["code"] == "no_such_job"


def test_job_of_the_service_that_is_gone_is_told_as_such(run, service):
    error = refusal(run, "5f2abc0d1e3f4a0012345678", code=6)
    assert "that IBM has shut down" in error["hint"]


def test_no_job_is_refused(run):
    assert "--job" in run("recover", code=2).err


def test_jobs_on_different_backends_are_refused(run, straight):
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    jobs = [
        finished(straight, [encode(circuit)], backend=name)
        for name in ("fake_manila", "ideal_simulator")
    ]
    assert "fake_manila, ideal_simulator" in refusal(run, *jobs, code=2)["message"]


@pytest.mark.parametrize(
    ("program", "params"),
    [
        ("executor", {"schema_version": "v2.0", "quantum_program": {"shots": 5}}),
        ("estimator", {"pubs": [[FLIP, {"ZZ": 1.0}, None, 0.1]], "version": 2}),
        ("sampler", {"pubs": [], "version": 2}),
        ("sampler", {"circuits": [FLIP]}),
    ],
)
def test_job_of_another_program_is_refused(program, params, run, wire):
    job = {
        "id": "dodd",
        "backend": "ibm_odd",
        "state": {"status": "Completed"},
        "program": {"id": program},
        "params": params,
    }
    wire.when("GET", "/jobs/dodd", status=200, body=json.dumps(job).encode(), times=9)
    assert "none of the sampler's" in refusal(run, "dodd", code=2)["message"]


@pytest.mark.parametrize(
    "pub",
    [
        {"__type__": "QuantumCircuit", "__value__": "no base64!"},
        {"__type__": "QuantumCircuit", "__value__": "AAAA"},
        {"__type__": "QuantumCircuit"},
        5,
        [],
        [None],
        [FLIP, "values"],
        [FLIP, [[1, 2], [3]]],
        [FLIP, {"a": [1, 2], "b": [1, 2, 3]}],
        [FLIP, None, 0],
        [FLIP, None, "5"],
        [FLIP, ndarray(np.zeros((0, 2)))],
    ],
    ids=range(12),
)
def test_job_that_cannot_be_understood_is_refused(pub, run, wire):
    state = {"status": "Completed"}
    job = {"id": "dodd", "backend": "b", "state": state, "params": {"pubs": [pub], "version": 2}}
    wire.when("GET", "/jobs/dodd", status=200, body=json.dumps(job).encode(), times=9)
    assert "cannot be read" in refusal(run, "dodd", code=2)["message"]


def test_jobs_of_others_are_neither_labelled_nor_run_again(run, straight, wire):
    job = finished(straight, [NEWER], tags=["theirs"])
    job_set = recover(run, job, code=3)
    assert "sent by another program" in run("retag", job_set, "--add", "x", code=2).err
    assert "sent by another program" in run("retry", job_set, code=2).err
    run("resume", job_set, code=3)
    assert straight.job(job)["tags"] == ["theirs"]
    assert {seen.method for seen in wire.seen if "/jobs" in seen.path} == {"GET"}


def test_circuit_of_a_newer_qiskit_is_told_where_it_is_to_be_shown(run, straight):
    job_set = recover(run, finished(straight, [NEWER]), code=3)
    for words in ((), ("--draw",), ("--compiled",)):
        done = run("show", job_set, "--circuit", 0, *words, "--json", code=2)
        (error,) = done.json["errors"]
        assert (error["code"], "QPY version 200" in error["message"]) == ("newer_qpy", True)


def test_text_of_a_recovered_job_is_shown_as_it_was_sent(run, straight):
    job_set = recover(run, finished(straight, [TEXT]))
    assert run("show", job_set, "--circuit", 0).out == TEXT
    assert "┤ X ├" in run("show", job_set, "--circuit", 0, "--draw").out


def test_recovered_set_can_be_taken_elsewhere(run, straight, tmp_path):
    job_set = recover(run, finished(straight, [TURN, [[PI, 0], [0, PI]]]))
    run("export", job_set, "-o", tmp_path / "x.sqlite")
    other = Cli(tmp_path / "other", tmp_path)
    other("import", tmp_path / "x.sqlite")
    assert other.counts(job_set) == [{"01": 5}, {"10": 5}]
    with Manifest.open(tmp_path / "other" / "sets" / f"{job_set}.sqlite") as manifest:
        assert manifest.job_set().made_elsewhere
