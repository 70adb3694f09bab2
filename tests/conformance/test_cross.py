"""IBM's client reads the jobs that `ibmqbatch submit` made, on the same service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.ibm import Ibm, Served
from tests.support.circuits import BELL
from tests.support.commands import Cli

pytestmark = pytest.mark.conformance

GHZ = """OPENQASM 3.0;
include "stdgates.inc";
qubit[3] q;
bit[2] first;
bit[1] second;
h q[0];
cx q[0], q[1];
cx q[0], q[2];
first[0] = measure q[0];
first[1] = measure q[1];
second[0] = measure q[2];
"""


@pytest.fixture
def ours(ibm: Ibm, served: Served, home: Path, tmp_path: Path) -> Cli:
    """Run `ibmqbatch` on the instance of IBM's client."""
    cli = Cli(home, tmp_path)
    cli.env |= {
        "IBMQBATCH_URL": f"{served.url}/api/v1",
        "IBMQBATCH_TOKEN": served.api_key,
        "IBMQBATCH_INSTANCE": ibm.instance,
        "IBMQBATCH_IAM_URL": served.url,
        "IBMQBATCH_PACE": "0",
    }
    (tmp_path / "bell.qasm").write_text(BELL)
    (tmp_path / "ghz.qasm").write_text(GHZ)
    return cli


def submitted(cli: Cli, *words: object) -> tuple[list[str], list[dict[str, Any]]]:
    """Submit and wait; return the ids of the jobs, and the results."""
    job_set = cli.submit(*words, "--seed", 3, "--wait")
    jobs = cli.data("status", job_set)["job_set"]["jobs"]
    results = cli.data("results", job_set)["results"]
    return [job["id"] for job in jobs], results


@pytest.mark.parametrize("backend", ["ideal_simulator", "fake_manila"])
def test_jobs_results_circuits_and_tags_are_read(ibm: Ibm, ours: Cli, backend: str) -> None:
    words = ("bell.qasm", "ghz.qasm", "--backend", backend, "--shots", 300, "--tag", "mine")
    (job_id,), results = submitted(ours, *words)
    found = ibm.here("read", job_id=job_id)
    assert (found["status"], found["backend"], found["primitive"]) == ("DONE", backend, "sampler")
    assert "mine" in found["tags"]
    assert ibm.here("counts", job_id=job_id) == [
        {outcome.replace(" ", ""): count for outcome, count in result["counts"].items()}
        for result in results
    ]
    pubs = ibm.here("inputs", job_id=job_id)["pubs"]
    assert [pub["operations"]["measure"] for pub in pubs] == [2, 3]
    gates = {"ideal_simulator": "h", "fake_manila": "sx"}
    assert all(gates[backend] in pub["operations"] for pub in pubs)
    assert [pub["qubits"] for pub in pubs] == ([2, 3] if backend == "ideal_simulator" else [5, 5])


def test_each_job_of_a_set_is_found_by_its_tag(ibm: Ibm, ours: Cli) -> None:
    words = ("bell.qasm", "ghz.qasm", "--backend", "ideal_simulator", "--max-circuits", 1)
    ids, results = submitted(ours, *words, "--tag", "of the set")
    assert len(ids) == len(results) == 2
    listed = ibm.here("listed", job_tags=["of the set"], descending=False)
    assert sorted(listed) == sorted(ids)
    for job_id, result in zip(ids, results, strict=True):
        (counts,) = ibm.here("counts", job_id=job_id)
        assert sum(counts.values()) == sum(result["counts"].values())


def test_circuits_on_physical_qubits_are_read_as_they_are(
    ibm: Ibm, ours: Cli, tmp_path: Path
) -> None:
    program = "bit[1] c;\nx $4;\ncx $4, $3;\nc[0] = measure $3;\n"
    header = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
    (tmp_path / "physical.qasm").write_text(header + program)
    (job_id,), results = submitted(ours, "physical.qasm", "--backend", "fake_manila")
    (pub,) = ibm.here("inputs", job_id=job_id)["pubs"]
    assert pub == {"text": header + program}
    assert ibm.here("counts", job_id=job_id) == [results[0]["counts"]]


def test_a_job_is_cancelled_by_either(ibm: Ibm, ours: Cli, tmp_path: Path) -> None:
    layers = "".join("h q; c[0] = measure q[0];\n" for _ in range(20))
    text = f'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[12] q;\nbit[1] c;\n{layers}'
    (tmp_path / "slow.qasm").write_text(text)
    words = ("slow.qasm", "--backend", "ideal_simulator", "--shots", 1_000_000)
    first, second = (ours.submit(*words) for _ in range(2))
    (mine,) = ours.data("status", first)["job_set"]["jobs"]
    assert ibm.here("cancel", job_id=mine["id"]) == "CANCELLED"
    (seen,) = ours.data("status", first)["job_set"]["jobs"]
    assert seen["status"] == "CANCELLED"
    (other,) = ours.data("status", second)["job_set"]["jobs"]
    ours("cancel", second)
    assert ibm.here("read", job_id=other["id"])["status"] == "CANCELLED"


@pytest.mark.parametrize("backend", ["ideal_simulator", "fake_manila"])
def test_jobs_of_ibms_client_are_read_in_either_form(ibm: Ibm, ours: Cli, backend: str) -> None:
    made = ibm.here("jobs_for_others", backend=backend)
    ids = [made["typed"], made["sweep"], made["plain"]]
    words = [word for job_id in ids for word in ("--job", job_id)]
    job_set = ours("recover", *words, "--quiet").out.strip()
    shown = ours.data("status", job_set)["job_set"]
    assert [job["id"] for job in shown["jobs"]] == ids
    assert (shown["made_elsewhere"], shown["tags"]) == (True, ["by IBM's client"])
    results = ours.data("results", job_set)["results"]
    counts = made["counts"]
    assert [result["counts"] for result in results] == [
        *counts["typed"],
        *counts["sweep"],
        *counts["typed"],  # plain: the same circuits with the same seed
    ]


def test_sweep_is_one_circuit_to_ibms_client(ibm: Ibm, ours: Cli, tmp_path: Path) -> None:
    (tmp_path / "turn.qasm").write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float theta;\nqubit[1] q;\nbit[1] c;\n'
        "ry(theta) q[0];\nc[0] = measure q[0];\n"
    )
    (tmp_path / "angles.csv").write_text("theta\n0\n1.5\n3.141592653589793\n")
    words = ("turn.qasm", "--parameters", "angles.csv", "--backend", "ideal_simulator")
    (job_id,), results = submitted(ours, *words)
    assert len(ibm.here("inputs", job_id=job_id)["pubs"]) == 1
    points = ibm.here("sweep_counts", job_id=job_id)
    assert points == [result["counts"] for result in results]


def test_batch_of_a_set_is_drained_and_closed(ibm: Ibm, ours: Cli) -> None:
    words = ("bell.qasm", "ghz.qasm", "--backend", "ideal_simulator", "--max-circuits", 1)
    ids, _ = submitted(ours, *words, "--batch")
    batches = {ibm.here("read", job_id=job_id)["session"] for job_id in ids}
    assert len(batches) == 1
    details = ibm.here("batch_details", batch=batches.pop())
    assert (details["mode"], details["accepting_jobs"], details["state"]) == (
        "batch",
        False,
        "closed",
    )


def test_randomizations_of_a_quantum_program_are_read_as_runs(ibm: Ibm, ours: Cli) -> None:
    made = ibm.here("randomized")
    job_set = ours("recover", "--job", made["id"], "--quiet").out.strip()
    found = ours.data("results", job_set)["results"]
    runs, shots, _ = made["shape"]
    assert [result["counts"] for result in found] == [{"11": shots}] * runs


@pytest.mark.parametrize("twirled", [False, True])
@pytest.mark.parametrize("backend", ["ideal_simulator", "fake_manila"])
def test_jobs_of_ibms_sampler_of_today_are_read(
    ibm: Ibm, ours: Cli, backend: str, twirled: bool
) -> None:
    made = ibm.here("sampled_for_others", backend=backend, twirled=twirled)
    job_set = ours("recover", "--job", made["id"], "--quiet").out.strip()
    assert ours.data("status", job_set)["job_set"]["program"] == "executor"
    results = ours.data("results", job_set)["results"]
    assert [result["counts"] for result in results] == made["counts"]


@pytest.mark.parametrize("words", [(), ("--twirl", "all")])
@pytest.mark.parametrize("backend", ["ideal_simulator", "fake_manila"])
def test_jobs_of_our_executor_are_read(
    ibm: Ibm, ours: Cli, backend: str, words: tuple[str, ...]
) -> None:
    words = ("bell.qasm", "ghz.qasm", "--backend", backend, "--program", "executor", *words)
    (job_id,), results = submitted(ours, *words, "--shots", 320)
    assert ibm.here("counts", job_id=job_id) == [
        {outcome.replace(" ", ""): count for outcome, count in result["counts"].items()}
        for result in results
    ]
