"""The main job, end to end, as scripts use it."""

from __future__ import annotations

import json

from tests.support.circuits import BELL, basis_state


def test_submit_prints_the_id_alone_when_piped(cli, circuits):
    done = cli("submit", circuits(bell=BELL))
    assert done.out.strip() == done.out[:-1]
    assert len(done.out.split()) == 1


def test_results_are_one_line_a_circuit_with_counts_that_sum_to_the_shots(cli, circuits):
    folder = circuits(a=BELL, b=BELL, c=BELL)
    set_id = cli.submit(folder, "--shots", 1000)
    lines = cli("results", set_id, "--wait", "--format", "ndjson").out.splitlines()
    records = [json.loads(line) for line in lines]
    assert [r["name"] for r in records] == ["a", "b", "c"]
    assert [sum(r["counts"].values()) for r in records] == [1000] * 3


def test_300_circuits_in_jobs_of_7_keep_their_places(cli, circuits):
    states = [f"{number:09b}" for number in range(300)]
    folder = circuits(**{f"c{n}": basis_state(bits) for n, bits in enumerate(states)})
    set_id = cli.submit(folder, "--max-circuits", 7, "--shots", 50)
    done = cli("results", set_id, "--wait", "--json").json
    assert done["data"]["job_set"]["total_jobs"] == 43
    assert [r["counts"] for r in done["data"]["results"]] == [{bits: 50} for bits in states]
