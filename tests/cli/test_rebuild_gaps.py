"""`recover SET` where the service has less of a set than there was, or more, or does not tell."""

from __future__ import annotations

import base64
import json
import zlib

import pytest

from ibmqbatch.manifest.manifest import Manifest
from tests.cli.support import document
from tests.local.support import slow
from tests.support.commands import Cli
from tests.support.service import Client

pytestmark = pytest.mark.usefixtures("no_waits")

REPEATS = ("--backend", "fake_manila", "-O", 0, "--max-circuits", 1)
GARBAGE = zlib.compress(b"QISKIT is not what this is")


@pytest.fixture
def submit(here, tmp_path):
    """Return a function that has a set of some circuits run, in a job each."""

    def submit(*words: object, circuits: int = 4, then: tuple[str, ...] = ("--wait",)) -> str:
        files = [tmp_path / f"c{number}.qasm" for number in range(circuits)]
        words = words or ("--max-circuits", 1, "--shots", 5)
        return here.submit(*files, *words, *then)

    return submit


def of(machine: Cli, set_id: str) -> Manifest:
    return Manifest.open(machine.home / "sets" / f"{set_id}.sqlite")


def jobs(machine: Cli, set_id: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = machine.data("status", set_id)["job_set"]["jobs"]
    return found


def delete(program: Client, machine: Cli, set_id: str, *indexes: int) -> None:
    known = jobs(machine, set_id)
    for index in indexes:
        assert program.call("DELETE", f"/jobs/{known[index]['id']}").status_code == 204


def copy(program: Client, machine: Cli, set_id: str, index: int, *pubs: object) -> str:
    """Have a job of a set stand on the service once more, with the very same tags."""
    job = jobs(machine, set_id)[index]["id"]
    told = program.get(f"/jobs/{job}").json()
    return program.submit(
        *(pubs or told["params"]["pubs"]),
        backend=told["backend"],
        tags=told["tags"],
        params={"shots": told["params"]["shots"]},
    )


def spoil(machine: Cli, set_id: str, *indexes: int) -> None:
    """Have circuits be what the service cannot read."""
    with of(machine, set_id) as manifest, manifest.db.transaction():
        for index in indexes:
            manifest.db.write("UPDATE bodies SET body = ? WHERE id = ?", (GARBAGE, index + 1))


# Holes


@pytest.mark.parametrize("gone", [(0,), (1, 2), (0, 3), (0, 1, 2), (3,)])
def test_holes_are_named_and_the_rest_is_there(gone, submit, here, there, program):
    set_id = submit()
    before = here.results(set_id)
    delete(program, here, set_id, *gone)
    told = document(there("recover", set_id, "--json", code=3), "recover", 3)["data"]
    missing = told["recovered"][0]["missing_jobs"]
    assert [(job["index"], job["first_circuit"], job["last_circuit"]) for job in missing] == [
        (index, index, index) for index in gone
    ]
    found = there.data("results", set_id, code=3)
    assert found["results"] == [result for result in before if result["index"] not in gone]
    assert [job["index"] for job in found["missing"]] == list(gone)


def test_holes_are_told_with_their_circuits(submit, here, there, program):
    set_id = submit("--max-circuits", 2, "--shots", 5)
    delete(program, here, set_id, 1)
    done = there("recover", set_id, code=3)
    assert f"the service has no job 1 of the set {set_id} (circuits 2 to 3)" in done.err


def test_a_retry_sends_what_is_known_and_names_what_is_not(submit, here, there, program, between):
    set_id = submit(then=("--detach",))
    spoil(here, set_id, 1)
    here("resume", set_id, "--wait", code=3)
    delete(program, here, set_id, 2)
    there("recover", set_id, code=3)
    between.seen.clear()
    done = there("retry", set_id, "--wait", code=3)
    assert "The circuits of job 2 are not known here; the others go on." in done.err
    assert between.submissions == 1
    assert [job["attempt"] for job in jobs(there, set_id)] == [1, 2, 1, 1]
    refused = there("retry", set_id, "--job", 2, code=2)
    assert "The circuits of job 2 are not known here: the set was recovered." in refused.err
    assert between.submissions == 1


def test_circuits_of_a_hole_are_known_by_another_repeat_and_can_be_sent(
    submit, here, there, program, between
):
    set_id = submit(*REPEATS, "--shots", 100_003, circuits=2)
    before = here.results(set_id)
    with of(here, set_id) as manifest:
        circuits = manifest.circuits()
    delete(program, here, set_id, 1)
    there("recover", set_id, code=3)
    with of(there, set_id) as manifest:
        assert [(c.name, c.shots) for c in manifest.circuits()] == [
            (c.name, c.shots) for c in circuits
        ]
    (whole, part) = there.data("results", set_id, code=3)["results"]
    assert (whole, part["shots"]) == (before[0], 3)
    between.seen.clear()
    there("retry", set_id, "--wait")
    assert between.submissions == 1
    assert [result["shots"] for result in there.results(set_id)] == [100_003] * 2
    assert program.get("/jobs", tags=f"ibmq_jobset_{set_id}_").json()["count"] == 4


def test_a_last_repeat_whose_shots_nobody_tells_is_not_sent(submit, here, there, program, between):
    set_id = submit(*REPEATS, "--shots", 100_003, circuits=2)
    delete(program, here, set_id, 2, 3)
    there("recover", set_id, code=3)
    assert [r["shots"] for r in there.data("results", set_id, code=3)["results"]] == [100_000] * 2
    assert "not known here" in there("retry", set_id, code=2).err


def test_holes_across_repeats_are_put_where_they_were(submit, here, there, program):
    set_id = submit(*REPEATS, "--shots", 200_001, circuits=3)
    places = [(job["repeat"], job["first_circuit"]) for job in jobs(here, set_id)]
    delete(program, here, set_id, 2, 3, 7, 8)
    there("recover", set_id, code=3)
    assert [(job["repeat"], job["first_circuit"]) for job in jobs(there, set_id)] == places


# More than was to be


def test_a_job_that_stands_twice_is_kept_once_and_the_other_is_named(submit, here, there, program):
    set_id = submit(circuits=2)
    before = here.results(set_id)
    kept = jobs(here, set_id)[1]["id"]
    twin = copy(program, here, set_id, 1)
    program.wait(twin)
    told = document(there("recover", set_id, "--json"), "recover")["data"]["recovered"][0]
    assert (told["duplicates"], told["missing_jobs"]) == ([twin], [])
    assert jobs(there, set_id)[1]["id"] == kept
    assert there.results(set_id) == before


def test_duplicates_are_named_to_whoever_watches(submit, here, there, program):
    set_id = submit(circuits=1)
    twin = copy(program, here, set_id, 0)
    program.wait(twin)
    done = there("recover", set_id)
    assert "job 0 stands twice on the service" in done.err
    assert twin in done.err


def test_of_two_the_one_furthest_along_is_kept_and_one_that_still_runs_is_cancelled(
    submit, here, there, program
):
    set_id = submit(circuits=1)
    twin = copy(program, here, set_id, 0, slow())
    kept = jobs(here, set_id)[0]["id"]
    there("recover", set_id)
    assert program.wait(twin)["status"] == "Cancelled"
    assert jobs(there, set_id)[0]["id"] == kept
    assert there.counts(set_id) == [{"00": 5}]


def test_jobs_with_a_nonce_of_nobody_are_attempts_like_others(submit, here, there, program):
    """Two copies of a set may have sent an attempt of the same number."""
    set_id = submit(circuits=1)
    told = program.job(str(jobs(here, set_id)[0]["id"]))
    tags = [tag[:-13] + "0123456789abc" if "_a1_" in tag else tag for tag in told["tags"]]
    other = program.submit(slow(), backend=told["backend"], tags=tags)
    there("recover", set_id)
    with of(there, set_id) as manifest:
        assert sorted((r.attempt, r.id == other) for r in manifest.remotes()) == [
            (1, False),
            (2, True),
        ]
    program.call("POST", f"/jobs/{other}/cancel")


def test_attempts_come_back(submit, here, there, between):
    set_id = submit(then=("--detach",), circuits=3)
    spoil(here, set_id, 1)
    here("resume", set_id, "--wait", code=3)
    with of(here, set_id) as manifest, manifest.db.transaction():
        manifest.db.write(
            "UPDATE bodies SET body = (SELECT body FROM bodies WHERE id = 1) WHERE id = 2"
        )
    here("retry", set_id, "--wait")
    there("recover", set_id)
    told = []
    for machine in (here, there):
        with of(machine, set_id) as manifest:
            remotes = [(r.job, r.attempt, r.id, r.nonce, r.status) for r in manifest.remotes()]
            counted = [(job.attempt, job.remote.id) for job in manifest.jobs()]
            told.append((remotes, counted))
    assert told[0] == told[1]
    assert [len(of_all) for of_all in told[0]] == [4, 3]
    assert there.counts(set_id) == here.counts(set_id)


# Less than all is told


def test_of_private_jobs_the_results_are_left_until_they_are_asked_for(
    submit, there, here, between
):
    set_id = submit("--private", "--shots", 5, "--max-circuits", 2, then=())
    here("status", set_id, "--watch")
    between.seen.clear()
    there("recover", set_id)
    assert between.count("GET", "/results") == 0
    found = there.results(set_id)
    assert [(r["name"], r["shots"], r["counts"]) for r in found] == [
        (f"circuit{n}", 5, {f"{n:02b}": 5}) for n in range(4)
    ]
    assert there.data("status", set_id)["job_set"]["private"]
    assert there.results(set_id) == found


def test_private_jobs_are_not_asked_for_what_they_do_not_tell(submit, there, between):
    set_id = submit("--private", "--shots", 5, "--max-circuits", 1)
    between.seen.clear()
    there("recover", set_id)
    assert (between.listings, between.count("GET", "/jobs")) == (1, 1)


def test_private_jobs_are_not_run_again_by_who_does_not_have_them(submit, here, there, between):
    set_id = submit("--private", "--max-circuits", 1, then=("--detach",))
    spoil(here, set_id, 0)
    here("resume", set_id, "--wait", code=3)
    there("recover", set_id, code=3)
    between.seen.clear()
    assert "The circuits of job 0 are not known here" in there("retry", set_id, code=2).err
    assert between.submissions == 0


def test_a_job_that_cannot_be_understood_gives_its_results_all_the_same(
    submit, here, there, between, program
):
    set_id = submit()
    before = here.results(set_id)
    odd = str(jobs(here, set_id)[2]["id"])
    told = program.get(f"/jobs/{odd}").json()
    told["params"]["pubs"] = [{"__type__": "QuantumCircuit", "__value__": "no base64!"}]
    between.when("GET", f"/jobs/{odd}", status=200, body=json.dumps(told).encode())
    there("recover", set_id)
    found = there.results(set_id)
    assert [result["counts"] for result in found] == [result["counts"] for result in before]
    assert [result["name"] for result in found] == ["c0", "c1", "circuit2", "c3"]


def test_a_circuit_of_a_newer_qiskit_is_kept_as_it_is(submit, here, there, program):
    set_id = submit(circuits=1)
    body = base64.b64encode(zlib.compress(b"QISKIT\x11" + bytes(50))).decode()
    copied = copy(program, here, set_id, 0, [{"__type__": "QuantumCircuit", "__value__": body}])
    program.wait(copied)
    delete(program, here, set_id, 0)
    there("recover", set_id, code=3)
    with of(there, set_id) as manifest:
        assert [circuit.name for circuit in manifest.circuits()] == ["circuit0"]


# Whatever comes after


def test_a_rebuilt_set_sends_nothing_by_itself(submit, here, there, program, between):
    set_id = submit()
    delete(program, here, set_id, 1)
    there("recover", set_id, code=3)
    between.seen.clear()
    there("resume", set_id, "--wait", code=3)
    there("collect")
    there("results", set_id, "--wait", code=3)
    there("recover", set_id, code=3)
    assert between.submissions == 0


def test_what_is_still_to_be_sent_is_sent_by_the_machine_that_has_it(submit, here, there, between):
    set_id = submit(then=("--detach",))
    spent = b'{"errors": [{"code": 3211, "message": "No time is left."}]}'
    between.when("POST", "/jobs", status=409, body=spent, times=2)
    here("resume", set_id, code=8)
    there("recover", set_id, code=3)
    here("resume", set_id, "--wait")
    there("resume", set_id, "--wait", code=3)
    assert between.submissions == 4 + 2
    there("forget", set_id, "--yes")
    there("recover", set_id)
    assert there.results(set_id) == here.results(set_id)


def test_two_machines_do_not_run_the_same_job_again(submit, here, there, between):
    set_id = submit(then=("--detach",), circuits=2)
    spoil(here, set_id, 1)
    here("resume", set_id, "--wait", code=3)
    there("recover", set_id, code=3)
    there("retry", set_id, "--wait", code=3)
    between.seen.clear()
    refused = here("retry", set_id, code=9)
    assert "another copy of it has sent them" in refused.err
    assert between.submissions == 0
