"""`recover SET`: a set is rebuilt from the service alone, on a machine that never saw it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ibmqbatch.manifest.manifest import Manifest
from tests.cli.support import document
from tests.support.circuits import BELL, basis_state
from tests.support.commands import Cli


@pytest.fixture
def elsewhere(cli, tmp_path) -> Cli:
    """Another machine: the same service, an empty data folder."""
    other = Cli(tmp_path / "elsewhere", cli.cwd)
    other.home.mkdir()
    shutil.copytree(cli.home / "local", other.home / "local")
    return other


def manifest_of(machine: Cli, set_id: str) -> Manifest:
    return Manifest.open(machine.home / "sets" / f"{set_id}.sqlite")


def told(machine: Cli, set_id: str) -> dict[str, object]:
    job_set = machine.data("status", set_id)["job_set"]
    left_out = ("created_at", "closed_at", "disk_bytes", "seed", "options", "estimated_seconds")
    job_set["progress"].pop("elapsed_seconds")
    for job in job_set["jobs"]:
        job.pop("submitted_at")
        job.pop("finished_at")
    return {key: value for key, value in job_set.items() if key not in left_out}


@pytest.mark.parametrize("count", [1, 11, 23])
def test_a_set_comes_back_as_it_was(count, cli, circuits, elsewhere):
    made = {f"c{n}": basis_state(f"{n:05b}") for n in range(count)}
    words = ("--max-circuits", 2, "--shots", 7, "--name", "näme_1", "--tag", "a", "--tag", "b")
    set_id = cli.submit(circuits(**made), *words, "--wait")
    done = elsewhere("recover", set_id)
    assert done.out.strip() == set_id
    assert told(elsewhere, set_id) == told(cli, set_id)
    assert elsewhere.results(set_id) == cli.results(set_id)


def test_rows_of_a_sweep_keep_their_names_and_values(cli, tmp_path, elsewhere):
    (tmp_path / "ry.qasm").write_text(
        'OPENQASM 3.0; include "stdgates.inc"; input float theta; qubit[1] q; bit[1] c; '
        "ry(theta) q[0]; c[0] = measure q[0];"
    )
    (tmp_path / "p.csv").write_text("theta\n0\n3.141592653589793\n")
    words = (tmp_path / "ry.qasm", "--parameters", tmp_path / "p.csv", "--shots", 5)
    set_id = cli.submit(*words, "--wait")
    elsewhere("recover", set_id)
    found = elsewhere.results(set_id)
    assert [(r["name"], r["counts"]) for r in found] == [("ry@0", {"0": 5}), ("ry@1", {"1": 5})]
    with manifest_of(elsewhere, set_id) as manifest:
        (pub,) = manifest.pubs(0, 1)
        assert pub.rows == ((0.0,), (3.141592653589793,))


def test_a_job_that_is_gone_is_a_hole_and_the_rest_is_usable(cli, circuits, elsewhere, straight):
    made = {f"c{n}": basis_state(f"{n:02b}") for n in range(4)}
    set_id = cli.submit(circuits(**made), "--max-circuits", 1, "--wait")
    with manifest_of(cli, set_id) as manifest:
        gone = manifest.jobs()[2].remote.id
    straight.call("DELETE", f"/jobs/{gone}").raise_for_status()
    done = elsewhere("recover", set_id, code=3)
    assert "no job 2 of the set" in done.err
    shown = elsewhere.data("results", set_id, code=3)
    assert [r["index"] for r in shown["results"]] == [0, 1, 3]
    (missing,) = shown["missing"]
    assert "the service has no job of these circuits" in missing["reason"]
    refused = elsewhere("retry", set_id, code=2)
    assert "not known here" in refused.err


def test_the_last_jobs_missing_are_noticed(cli, circuits, elsewhere, straight):
    made = {f"c{n}": basis_state(f"{n:02b}") for n in range(4)}
    set_id = cli.submit(circuits(**made), "--max-circuits", 1, "--wait")
    with manifest_of(cli, set_id) as manifest:
        for job in manifest.jobs()[2:]:
            straight.call("DELETE", f"/jobs/{job.remote.id}").raise_for_status()
    assert "no jobs 2, 3 of the set" in elsewhere("recover", set_id, code=3).err
    assert [job["status"] for job in told(elsewhere, set_id)["jobs"]] == [
        "DONE",
        "DONE",
        "ERROR",
        "ERROR",
    ]


def test_a_recovered_set_can_be_retagged_and_retried(cli, circuits, elsewhere, straight):
    set_id = cli.submit(circuits(a=BELL, b=BELL), "--max-circuits", 1, "--tag", "x", "--wait")
    elsewhere("recover", set_id)
    elsewhere("retag", set_id, "--add", "found")
    with manifest_of(elsewhere, set_id) as manifest:
        job = manifest.jobs()[0]
    tags = straight.job(job.remote.id)["tags"]
    assert {"x", "found"} < set(tags)
    assert any(tag.startswith(f"ibmq_jobset_{set_id}_j0.2") for tag in tags)


def test_a_set_that_is_here_is_not_made_again(cli, circuits):
    set_id = cli.submit(circuits(a=BELL), "--wait")
    before = (cli.home / "sets" / f"{set_id}.sqlite").read_bytes()
    done = cli("recover", set_id)
    assert "is here" in done.err
    assert (cli.home / "sets" / f"{set_id}.sqlite").read_bytes() == before


def test_an_unknown_set_is_named(elsewhere):
    told = document(elsewhere("recover", "20200101-0000000", "--json", code=6), "recover", 6)
    assert told["errors"][0]["code"] == "no_such_set"
    assert elsewhere("recover", "no-id", code=6).err


def test_a_lost_folder_is_no_loss(cli, circuits):
    set_id = cli.submit(circuits(a=BELL), "--seed", 3, "--wait")
    before = cli.results(set_id)
    shutil.rmtree(cli.home / "sets")
    cli("recover", set_id)
    assert cli.results(set_id) == before


def test_repeats_of_shots_come_back(cli, circuits, elsewhere):
    names = circuits(a=basis_state("1"), b=basis_state("0"))
    set_id = cli.submit(names, "--backend", "fake_manila", "--shots", 250_000, "--wait")
    assert len(told(cli, set_id)["jobs"]) == 3
    elsewhere("recover", set_id)
    assert [r["shots"] for r in elsewhere.results(set_id)] == [250_000, 250_000]
    assert elsewhere.results(set_id) == cli.results(set_id)


def test_bodies_are_the_ones_that_were_sent(cli, circuits, elsewhere):
    set_id = cli.submit(circuits(a=BELL), "--backend", "fake_manila", "--wait")
    elsewhere("recover", set_id)
    with manifest_of(cli, set_id) as ours, manifest_of(elsewhere, set_id) as theirs:
        assert ours.program(0).sha256 == theirs.program(0).sha256


def paths(machine: Cli) -> list[Path]:
    return sorted(machine.home.glob("sets/*"))


def test_nothing_is_left_of_a_recovery_that_failed(elsewhere):
    elsewhere("recover", "20200101-0000000", code=6)
    assert not [path for path in paths(elsewhere) if path.suffix in {".sqlite", ".draft"}]
