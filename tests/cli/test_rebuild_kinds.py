"""What comes back of sets of every kind, rebuilt from the service on a machine that never saw them.

Held against the machine that made them: its circuits, its jobs, its results, and what it would send
once more.
"""

from __future__ import annotations

import math

import pytest

from ibmqbatch.jobset.job_writer import JobWriter
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.submissions import Intent
from tests.cli.support import apart
from tests.support.circuits import BELL, basis_state
from tests.support.commands import Cli

SWEEP = (
    'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput angle theta;\ninput angle fixed;\nqubit[2] q;\n'
    "bit[2] c;\nrx(theta) q[0];\nrx(fixed) q[1];\nc = measure q;\n"
)
PHYSICAL = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[1] c;\nx $3;\nc[0] = measure $3;\n'
OPTIONS = '[execution]\nrep_delay = 0.0003\n[experimental]\nword = "ψ"\n'
DEVICE = ("--backend", "fake_manila", "-O", 0)
FILES = (".qasm", ".csv", ".toml")
WITHOUT_NAMES = {"own qubits"}  # a text has no name in it

# For each kind of set: what is given to `submit`.
KINDS = {
    "a job": ("c0.qasm",),
    "eleven circuits": (*(f"c{n}.qasm" for n in range(11)), "--max-circuits", 2),
    "labels": ("c1.qasm", "--name", "näme_ 1", "--tag", "a_b", "--tag", "ü"),
    "a table": ("--from", "table.csv", *DEVICE, "--max-circuits", 2),
    "a table with shots of several repeats": ("--from", "many.csv", *DEVICE),
    "a sweep": ("s.qasm", "--parameters", "p.csv", "--max-circuits", 3),
    "two sweeps": ("s.qasm", "s.qasm", "--parameters", "p.csv", "--max-circuits", 4),
    "a sweep on a device": ("s.qasm", "--parameters", "p.csv", *DEVICE, "--max-circuits", 4),
    "a sweep in repeats": (
        *("s.qasm", "--parameters", "p.csv", *DEVICE, "--max-circuits", 4),
        *("--shots", 100_001),
    ),
    "three repeats": ("c0.qasm", "c1.qasm", *DEVICE, "--max-circuits", 1, "--shots", 200_003),
    "own qubits": ("own.qasm", "own.qasm", *DEVICE, "--max-circuits", 1),
    "options": ("c0.qasm", "c1.qasm", *DEVICE, "--options", "o.toml", "--max-execution-time", 60),
    "a batch": ("c0.qasm", "--batch"),
}


@pytest.fixture(scope="module")
def machines(service_folder, tmp_path_factory):
    """Two data folders of one account, and the folder with the files."""
    folder = tmp_path_factory.mktemp("kinds")
    for number in range(11):
        (folder / f"c{number}.qasm").write_text(basis_state(f"{number:04b}"))
    (folder / "bell.qasm").write_text(BELL)
    (folder / "own.qasm").write_text(PHYSICAL)
    (folder / "s.qasm").write_text(SWEEP)
    rows = "".join(f"{math.pi * (n % 2)!r},{math.pi!r}\n" for n in range(7))
    (folder / "p.csv").write_text(f"theta,fixed\n{rows}")
    (folder / "table.csv").write_text(
        "path,name,shots,label\nc1.qasm,x,10,ö\nc2.qasm,x,20,b\nc3.qasm,z,,c\nbell.qasm,,7,d\n"
    )
    (folder / "many.csv").write_text(
        "path,shots\nc1.qasm,100001\nc2.qasm,20\nc3.qasm,250000\nc4.qasm,200000\nc5.qasm,3\n"
    )
    (folder / "o.toml").write_text(OPTIONS)
    with apart(service_folder, folder) as (here, there, proxy, _):
        yield here, there, proxy, folder


@pytest.fixture(scope="module")
def set_of(machines):
    """Return a function that submits a set of a kind, and recovers it elsewhere: once each."""
    here, there, _, folder = machines
    made: dict[str, str] = {}

    def make(kind: str) -> str:
        if kind not in made:
            words = [folder / word if str(word).endswith(FILES) else word for word in KINDS[kind]]
            made[kind] = here.submit(*words, "--seed", 5, "--wait")
            there("recover", made[kind])
        return made[kind]

    return make


def of(machine: Cli, set_id: str) -> Manifest:
    return Manifest.open(machine.home / "sets" / f"{set_id}.sqlite")


@pytest.mark.parametrize("kind", KINDS)
def test_circuits_come_back_in_order_with_names_metadata_and_shots(kind, machines, set_of):
    set_id = set_of(kind)
    told = []
    for machine in machines[:2]:
        with of(machine, set_id) as manifest:
            names = [kind in WITHOUT_NAMES or circuit.name for circuit in manifest.circuits()]
            rest = [(c.index, c.metadata, c.shots) for c in manifest.circuits()]
            told.append((names, rest))
    assert told[0] == told[1]


@pytest.mark.parametrize("kind", KINDS)
def test_jobs_and_labels_come_back(kind, machines, set_of):
    set_id = set_of(kind)
    told = []
    for machine in machines[:2]:
        item = machine.data("status", set_id)["job_set"]
        for key in ("created_at", "closed_at", "disk_bytes", "seed", "estimated_seconds", "shots"):
            del item[key]
        del item["progress"]["elapsed_seconds"]
        for job in item["jobs"]:
            del job["submitted_at"], job["finished_at"]
        told.append(item)
    assert told[0] == told[1]


@pytest.mark.parametrize("kind", KINDS)
def test_results_come_back(kind, machines, set_of):
    set_id = set_of(kind)
    here, there = (machine.results(set_id) for machine in machines[:2])
    for result in [*here, *there]:
        result["name"] = kind in WITHOUT_NAMES or result["name"]
    assert here == there
    assert here


@pytest.mark.parametrize("kind", ["a sweep", "two sweeps", "a sweep on a device", "a table"])
def test_columns_of_parameters_come_back_in_their_order(kind, machines, set_of):
    set_id = set_of(kind)
    here, there = (machine("results", set_id, "--format", "csv").out for machine in machines[:2])
    assert here == there
    assert "theta,fixed" in here or kind == "a table"


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_would_be_sent_again_as_it_was(kind, machines, set_of):
    set_id = set_of(kind)
    told = []
    for machine in machines[:2]:
        with of(machine, set_id) as manifest:
            record = manifest.job_set()
            told.append(
                [
                    JobWriter(record, "sampler", None).body(
                        intent, manifest.pubs(job.first_place, job.last_place), []
                    )
                    for job in manifest.jobs()
                    for intent in [
                        Intent(
                            job.index,
                            2,
                            "n",
                            job.first_place,
                            job.last_place,
                            job.repeat,
                            job.shots,
                        )
                    ]
                ]
            )
    assert told[0] == told[1]
