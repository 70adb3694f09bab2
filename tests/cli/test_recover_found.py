"""`recover --tag` and `recover --all`: what the service has and this machine does not."""

from __future__ import annotations

import os
import pty
from pathlib import Path

import pytest

from tests.cli.support import document
from tests.support.commands import Cli
from tests.support.service import Client

pytestmark = pytest.mark.usefixtures("no_waits")

TEXT = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nx q[1];\nc = measure q;\n'


@pytest.fixture
def submit(here, tmp_path):
    """Return a function that has a set of some circuits run, in a job each."""

    def submit(*words: object, circuits: int = 2) -> str:
        files = [tmp_path / f"c{number}.qasm" for number in range(circuits)]
        return here.submit(*files, "--max-circuits", 1, "--shots", 5, *words, "--wait")

    return submit


def sets(machine: Cli) -> list[str]:
    return sorted(path.stem for path in (machine.home / "sets").glob("*.sqlite"))


def test_all_sets_of_the_instance_are_recovered_with_their_results(submit, here, there):
    made = [submit("--name", f"set {number}", circuits=number + 1) for number in range(3)]
    done = there("recover", "--all")
    assert done.out.split() == made
    for set_id in made:
        assert there.results(set_id) == here.results(set_id)


def test_a_line_tells_of_each_set(submit, there):
    made = submit("--name", "näme", circuits=2)
    assert (
        f"'näme' ({made}): 2 circuits in 2 jobs, done; recovered." in there("recover", "--all").err
    )


def test_sets_that_are_here_are_told_and_left_alone(submit, there, between):
    old = submit()
    there("recover", old)
    before = (there.home / "sets" / f"{old}.sqlite").read_bytes()
    new = submit()
    done = there("recover", "--all")
    assert done.out.split() == [new]
    assert f"The set {old} is here already." in done.err
    assert (there.home / "sets" / f"{old}.sqlite").read_bytes() == before


def test_nothing_to_recover_is_no_failure(submit, here, between):
    submit()
    between.seen.clear()
    done = here("recover", "--all")
    assert "no sets that are not here" in done.err
    assert between.count("GET", "/jobs") == between.listings == 1


def test_sets_are_listed_together(submit, there, between):
    for _ in range(3):
        submit()
    between.seen.clear()
    there("recover", "--all")
    assert between.listings == 1
    assert between.count("GET", "/results") == 6


@pytest.mark.slow
def test_a_set_of_1100_jobs_comes_back_as_it_was(here, there, between, tmp_path):
    rows = "".join(f"c{n % 4}.qasm,circuit {n},{n % 3 + 1},{n}\n" for n in range(1100))
    (tmp_path / "table.csv").write_text(f"path,name,shots,number\n{rows}")
    words = ("--from", tmp_path / "table.csv", "--max-circuits", 1, "--tag", "t")
    set_id = here.submit(*words, "--wait")
    between.seen.clear()
    there("recover", "--all")
    assert (between.listings, between.count("GET", "/results"), between.submissions) == (6, 1100, 0)
    assert between.count("GET", "/jobs") == 6 + 2 * 1100
    assert there.results(set_id) == here.results(set_id)
    told = [machine.data("status", set_id)["job_set"]["jobs"] for machine in (here, there)]
    keys = ("index", "first_circuit", "last_circuit", "id", "status", "attempt")
    assert [[job[key] for key in keys] for job in told[0]] == [
        [job[key] for key in keys] for job in told[1]
    ]


def test_document_of_many_sets_is_of_the_schema(submit, here, there, program):
    old = submit()
    there("recover", old)
    whole, holed = submit(), submit(circuits=3)
    gone = here.data("status", holed)["job_set"]["jobs"][2]["id"]
    program.call("DELETE", f"/jobs/{gone}")
    told = document(there("recover", "--all", "--json", code=3), "recover", 3)
    assert told["status"] == "partial"
    known, first, second = told["data"]["recovered"]
    assert (known["id"], known["new"], known["job_set"]) == (old, False, None)
    assert (first["id"], first["missing_jobs"]) == (whole, [])
    (missing,) = second["missing_jobs"]
    assert (second["id"], missing["index"], missing["first_circuit"]) == (holed, 2, 2)


def test_a_set_that_cannot_be_rebuilt_does_not_stop_the_others(submit, there, program):
    first, bad, last = submit(), submit(), submit()
    listed = program.get("/jobs", tags=f"ibmq_jobset_{bad}_").json()["jobs"]
    tags = [tag.replace(".2_c", ".3_c") for tag in listed[0]["tags"]]
    program.call("PUT", f"/jobs/{listed[0]['id']}/tags", json={"tags": tags})
    told = document(there("recover", "--all", "--json", code=3), "recover", 3)
    assert sets(there) == [first, last]
    (error,) = told["errors"]
    assert bad in error["message"]


def test_a_set_that_the_service_does_not_show_does_not_stop_the_others(
    submit, here, there, between
):
    first, bad, last = submit(), submit(), submit()
    hidden = here.data("status", bad)["job_set"]["jobs"][0]["id"]
    told = b'{"errors": [{"code": 1200, "message": "It is somebody else\'s."}]}'
    between.when("GET", f"/jobs/{hidden}", status=403, body=told, times=9)
    told = document(there("recover", "--all", "--json", code=3), "recover", 3)
    assert sets(there) == [first, last]
    (error,) = told["errors"]
    assert error["message"].startswith(f"The set {bad} cannot be recovered. ")


def test_a_service_that_goes_away_ends_it_and_what_is_here_stays(submit, there, between):
    made = [submit() for _ in range(3)]
    left = [2 * 2 + 1]  # two parameters and two results of the first set, and one of the next

    between.when("GET", "/jobs/", before=lambda _: left.append(left.pop() - 1), times=5)
    between.when("GET", "/jobs/", drop="before", times=1000)
    done = there("recover", "--all", code=75)
    assert sets(there) == made[:1]
    assert done.err.count("error: ") == 1
    between.rules.clear()
    assert there("recover", "--all").out.split() == made[1:]


def test_a_tag_finds_its_sets_and_no_others(submit, there):
    first, _, last = submit("--tag", "a b"), submit("--tag", "other"), submit("--tag", "a b")
    assert there("recover", "--tag", "a b").out.split() == [first, last]
    assert sets(there) == [first, last]


def test_a_set_whose_tags_are_changed_half_way_is_found_as_a_whole(submit, there, program):
    made = submit("--tag", "a")
    listed = program.get("/jobs", tags="a").json()["jobs"]
    tags = [tag for tag in listed[1]["tags"] if tag != "a"]
    program.call("PUT", f"/jobs/{listed[1]['id']}/tags", json={"tags": tags})
    assert there("recover", "--tag", "a").out.split() == [made]
    assert len(there.results(made)) == 2


def test_an_unknown_tag_is_told(submit, there):
    submit("--tag", "a")
    told = document(there("recover", "--tag", "b", "--json", code=6), "recover", 6)
    assert "no jobs with the tag 'b'" in told["errors"][0]["message"]


def theirs(program: Client, *tags: str, **fields: object) -> str:
    job = program.submit([TEXT], params={"shots": 5}, tags=list(tags), **fields)
    program.wait(job)
    return job


def test_jobs_of_others_under_a_tag_become_a_set_in_the_order_of_their_making(there, program):
    jobs = [theirs(program, "t", "u") for _ in range(3)]
    theirs(program, "u")
    (made,) = there("recover", "--tag", "t").out.split()
    told = there.data("status", made)["job_set"]
    assert [job["id"] for job in told["jobs"]] == jobs
    assert (told["name"], told["tags"], told["made_elsewhere"]) == ("tagged t", ["t", "u"], True)
    assert there.counts(made) == [{"10": 5}] * 3


def test_jobs_of_others_are_recovered_once(there, program):
    theirs(program, "t")
    (made,) = there("recover", "--tag", "t").out.split()
    done = there("recover", "--tag", "t")
    assert (done.out, sets(there)) == ("", [made])
    assert f"The set {made} is here already." in done.err


def test_jobs_of_others_are_no_part_of_all(submit, there, program):
    theirs(program, "t")
    made = submit()
    there("recover", "--all")
    assert sets(there) == [made]


def test_a_job_of_others_that_cannot_be_used_is_named(there, program):
    good, bad = theirs(program, "t"), theirs(program, "t", private=True)
    told = document(there("recover", "--tag", "t", "--json", code=3), "recover", 3)
    (error,) = told["errors"]
    assert f"Job {bad} is private" in error["message"]
    (made,) = told["data"]["recovered"]
    assert [job["id"] for job in there.data("status", made["id"])["job_set"]["jobs"]] == [good]


def test_where_no_job_can_be_used_nothing_is_made(there, program):
    theirs(program, "t", private=True)
    there("recover", "--tag", "t", code=1)
    assert sets(there) == []


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--all", "--tag", "a"), "not clear what to recover"),
        (("--all", "--job", "j"), "not clear what to recover"),
        (("20261121-d4pkn6p", "--all"), "not clear what to recover"),
        (("--all", "--name", "n"), "Sets have names already"),
        (("--tag", "ibmq_jobset_x"), "reserved"),
        (("--tag", " "), "A tag is empty"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_request(words, what, there, between):
    told = document(there("recover", *words, "--json", code=2), "recover", 2)
    assert what in told["errors"][0]["message"]
    assert not between.seen


def test_bars_are_drawn_on_a_terminal(submit, there):
    for _ in range(2):
        submit()
    leader, follower = pty.openpty()
    env = {**there.env, "TERM": "xterm-256color", "COLUMNS": "100"}
    with Path(os.devnull).open("r+") as nothing:
        streams = (nothing.fileno(), nothing.fileno(), follower)
        process = there.start("recover", "--all", env=env, streams=streams)
    os.close(follower)
    drawn = b""
    while True:
        try:
            drawn += os.read(leader, 65536)
        except OSError:
            break
    os.close(leader)
    assert process.wait(60) == 0
    for words in (b"Listing", b"Recovering", b"Rebuilding", b"2/2 sets"):
        assert words in drawn
