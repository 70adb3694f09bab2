"""`submit` with options of the sampler: what is asked for is what the service is told."""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3

import pytest

from ibmqbatch.cli.submit import sampler_options
from tests.support.circuits import BELL, basis_state

OPTIONS = """
[dynamical_decoupling]
enable = false
scheduling_method = "asap"
[execution]
rep_delay = 0.0003
[experimental]
word = "ψ"
"""


@pytest.fixture(scope="module")
def folder(shared):
    """Write files to submit."""
    folder = shared[0].cwd
    (folder / "bell.qasm").write_text(BELL)
    (folder / "one.qasm").write_text(basis_state("1"))
    (folder / "zero.qasm").write_text(basis_state("0"))
    (folder / "o.toml").write_text(OPTIONS)
    (folder / "odd.toml").write_text("[resilience]\nlevel = 1\n")
    return folder


@pytest.fixture
def stored(service_folder):
    """Return a function that reads the service's own row of a job, and its params."""

    def read(job_id: str) -> tuple[dict[str, object], dict[str, object] | None]:
        uri = f"file:{service_folder / 'jobs.sqlite'}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
            database.row_factory = sqlite3.Row
            row = database.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
            body = database.execute(
                "SELECT body FROM params WHERE seq = ?", (row["seq"],)
            ).fetchone()
        return dict(row), None if body is None else json.loads(body["body"])

    return read


def jobs(run, job_set: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = run.data("status", job_set)["job_set"]["jobs"]
    return found


FLAGS = {
    "decoupling": None,
    "twirl": None,
    "rep_delay": None,
    "init_qubits": True,
    "meas_type": None,
}


@pytest.mark.parametrize(
    ("flags", "options"),
    [
        ({}, {}),
        ({"decoupling": "XY4"}, {"dynamical_decoupling": {"enable": True, "sequence_type": "XY4"}}),
        ({"twirl": "gates"}, {"twirling": {"enable_gates": True, "enable_measure": False}}),
        ({"twirl": "measure"}, {"twirling": {"enable_gates": False, "enable_measure": True}}),
        ({"twirl": "all"}, {"twirling": {"enable_gates": True, "enable_measure": True}}),
        ({"rep_delay": 0.0, "init_qubits": False}, {"execution": {"rep_delay": 0.0}}),
        ({"meas_type": "kerneled"}, {"execution": {"meas_type": "kerneled"}}),
    ],
)
def test_flags_are_options_and_unasked_ones_are_left_to_the_service(flags, options):
    if not flags.get("init_qubits", True):
        options["execution"]["init_qubits"] = False
    assert sampler_options(None, **{**FLAGS, **flags}) == options


def test_flags_have_the_last_word_over_the_file(folder):
    found = sampler_options(folder / "o.toml", **{**FLAGS, "decoupling": "XX", "rep_delay": 0.5})
    assert found == {
        "dynamical_decoupling": {
            "enable": True,
            "sequence_type": "XX",
            "scheduling_method": "asap",
        },
        "execution": {"rep_delay": 0.5},
        "experimental": {"word": "ψ"},
    }


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--twirl", "some"), "--twirl 'some' is not known"),
        (("--dynamical-decoupling", "XZ"), "sequence_type is 'XZ', not one of XX, XpXm, XY4"),
        (("--rep-delay", "-1"), "rep_delay is -1.0, not a number of seconds"),
        (("--meas-type", "raw"), "meas_type is 'raw'"),
        (("--options", "nowhere.toml"), "nowhere.toml cannot be read"),
        (("--options", "odd.toml"), "odd.toml: 'resilience' is not an option here"),
        (("--max-execution-time", "0"), "--max-execution-time 0"),
        (("--max-execution-time", "10801"), "10801 is not a time that a job may take"),
        (("--max-cost", "nan"), "--max-cost nan is not a limit"),
        (("--max-cost", "-1"), "--max-cost -1.0 is not a limit"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_before_any_request(words, what, run, wire, folder):
    words = [folder / word if word == "odd.toml" else word for word in words]
    done = run("submit", folder / "bell.qasm", *words, "--json", code=2)
    (error,) = done.json["errors"]
    assert what in error["message"]
    assert error["hint"]
    assert not wire.seen


def test_levels_cannot_be_had_from_what_is_simulated(run, folder):
    words = ("--meas-type", "kerneled", "--json")
    for backend in ("ideal_simulator", "fake_manila"):
        done = run("submit", folder / "bell.qasm", "--backend", backend, *words, code=2)
        assert "its measurements are classified" in done.json["errors"][0]["message"]


def test_what_is_asked_for_is_what_the_service_is_told(run, folder, stored):
    job_set = run.submit(
        *(folder / "bell.qasm", "--backend", "fake_manila", "--shots", 7, "--seed", 1),
        *("--options", folder / "o.toml", "--dynamical-decoupling", "XX", "--twirl", "gates"),
        *("--no-init-qubits", "--private", "--max-execution-time", 600, "--detach"),
    )
    record = run.data("status", job_set)["job_set"]
    assert (record["private"], record["max_execution_time"]) == (True, 600)
    # Of a private job the service forgets the params as soon as it ends: look at what was sent.
    run("resume", job_set)
    (job,) = jobs(run, job_set)
    row, _ = stored(job["id"])
    assert (row["private"], row["cost"], row["backend"]) == (1, 600, "fake_manila")


def test_options_arrive_as_they_were_given(run, folder, stored):
    job_set = run.submit(
        *(folder / "bell.qasm", "--backend", "fake_manila", "--shots", 7, "--seed", 1),
        *("--options", folder / "o.toml", "--dynamical-decoupling", "XX", "--twirl", "gates"),
        *("--no-init-qubits", "--wait"),
    )
    (job,) = jobs(run, job_set)
    row, params = stored(job["id"])
    assert (row["private"], row["cost"]) == (0, None)
    (seed,) = params["options"].pop("simulator").values()
    assert isinstance(seed, int)
    assert params["options"] == {
        "dynamical_decoupling": {
            "enable": True,
            "sequence_type": "XX",
            "scheduling_method": "asap",
        },
        "execution": {"rep_delay": 0.0003, "init_qubits": False},
        "experimental": {"word": "ψ"},
        "twirling": {"enable_gates": True, "enable_measure": False},
    }
    assert (params["shots"], params["version"], params["support_qiskit"]) == (7, 2, True)
    assert run.data("status", job_set)["job_set"]["options"]["experimental"] == {"word": "ψ"}


def test_results_of_a_private_set_are_read_once_and_kept(run, folder, wire):
    job_set = run.submit(folder / "one.qasm", "--shots", 5, "--private", "--wait")
    assert wire.count("GET", "/results") == 1
    for _ in range(2):
        assert run.counts(job_set) == [{"1": 5}]
    assert wire.count("GET", "/results") == 1
    assert run.data("status", job_set)["job_set"]["private"]


SWEEP = (
    'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput angle a;\nqubit q;\nbit c;\n'
    "rx(a) q;\nc = measure q;\n"
)
TURNS = [0, 1, 1, 0, 1]
EXPECTED = [str(turn) for turn in TURNS]


@pytest.fixture(scope="module")
def sweep(folder):
    (folder / "sweep.qasm").write_text(SWEEP)
    (folder / "p.csv").write_text("a\n" + "".join(f"{turn * math.pi!r}\n" for turn in TURNS))
    return (folder / "sweep.qasm", "--parameters", folder / "p.csv")


def rows(params) -> list[list[int]]:
    """Return the length of each pub's array, and of its rows."""
    from ibmqbatch.service.results import decode_array

    return [list(decode_array(pub[1]).shape) for pub in params["pubs"]]


def test_sweep_is_one_pub_with_a_row_for_each_run(run, sweep, stored):
    job_set = run.submit(*sweep, "--shots", 3, "--wait")
    assert run.counts(job_set) == [{turn: 3} for turn in EXPECTED]
    (job,) = jobs(run, job_set)
    assert rows(stored(job["id"])[1]) == [[5, 1]]


def test_sweep_goes_on_in_the_next_job(run, sweep, stored):
    job_set = run.submit(*sweep, "--shots", 3, "--max-circuits", 2, "--wait")
    assert run.counts(job_set) == [{turn: 3} for turn in EXPECTED]
    found = [rows(stored(job["id"])[1]) for job in jobs(run, job_set)]
    assert found == [[[2, 1]], [[2, 1]], [[1, 1]]]


def test_sweep_of_several_programs_is_one_pub_each(run, sweep, folder, stored):
    job_set = run.submit(sweep[0], *sweep, "--shots", 3, "--max-circuits", 7, "--wait")
    assert run.counts(job_set) == [{turn: 3} for turn in EXPECTED * 2]
    found = [rows(stored(job["id"])[1]) for job in jobs(run, job_set)]
    assert found == [[[5, 1], [2, 1]], [[3, 1]]]


def test_sweep_in_repeats_has_its_shots_in_the_right_rows(run, sweep, stored):
    """A device takes 100 000 shots at a time; each repeat is a job of the whole sweep."""
    words = ("--backend", "fake_manila", "--shots", 100_002, "--initial-layout", "0", "-O", 1)
    job_set = run.submit(*sweep, *words, "--max-circuits", 3, "--wait")
    results = run.results(job_set)
    assert [sum(result["counts"].values()) for result in results] == [100_002] * 5
    assert [max(r["counts"], key=r["counts"].get) for r in results] == EXPECTED
    found = [(job["repeat"], stored(job["id"])[1]["pubs"][0][2:]) for job in jobs(run, job_set)]
    assert found == [(0, []), (0, []), (1, [2]), (1, [2])]


def test_plain_circuits_beside_one_another_stay_pubs_of_their_own(run, folder, stored):
    job_set = run.submit(*[folder / "one.qasm"] * 2, folder / "zero.qasm", "--shots", 2, "--wait")
    assert run.counts(job_set) == [{"1": 2}, {"1": 2}, {"0": 2}]
    (job,) = jobs(run, job_set)
    assert [len(pub) for pub in stored(job["id"])[1]["pubs"]] == [1, 1, 1]
