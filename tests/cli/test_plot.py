"""`plot`: one picture of a set, in a file or on the terminal."""

from __future__ import annotations

import pytest

from tests.cli.support import document
from tests.support.circuits import basis_state

FLIP = """OPENQASM 3.0;
include "stdgates.inc";
input angle theta;
input angle phi;
qubit q;
bit c;
rx(theta) q;
rz(phi) q;
c = measure q;
"""
HALF, WHOLE = 3.141592653589793, 6.283185307179586


@pytest.fixture
def sweep(cli, tmp_path):
    (tmp_path / "flip.qasm").write_text(FLIP)
    rows = [f"{theta},{phi}" for theta in (0, HALF, WHOLE) for phi in (0, 1)]
    (tmp_path / "angles.csv").write_text("\n".join(["theta,phi", *rows]))
    words = ("flip.qasm", "--parameters", "angles.csv", "--shots", 10, "--wait")
    return cli.submit(*words)


def test_a_sweep_of_two_parameters_is_a_heat_map(cli, sweep):
    lines = cli("plot", sweep, "--quantity", "1").out.splitlines()
    assert lines[0] == "share of shots with 1"
    cells = [line.split()[1] for line in lines[2:4]]
    assert all(set(row) == {"█"} for row in cells)
    assert lines[-1].split() == ["0", "░▒▓█", "1"]


def test_against_one_parameter_it_is_a_curve(cli, sweep):
    lines = cli("plot", sweep, "--quantity", "c[0]", "--against", "theta").out.splitlines()
    assert lines[0] == "probability of 1 in c[0]"
    values = [line.split()[-3] for line in lines[2:]]
    assert values == ["0.0000", "1.0000", "0.0000"] * 2


def test_counts_of_a_circuit_are_those_of_results(cli, circuits):
    done = cli.submit(circuits(a=basis_state("01")), "--shots", 5, "--wait")
    lines = cli("plot", done).out.splitlines()
    assert lines[1].split()[:2] == ["01", "5"]


def test_jobs_are_drawn_with_their_status(cli, sweep):
    lines = cli("plot", sweep, "--picture", "jobs").out.splitlines()
    assert lines[0].split()[0] == "0"
    assert lines[0].endswith("done")


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_ending_of_the_name_tells_the_form(cli, sweep, tmp_path, form):
    told = document(cli("plot", sweep, "-o", f"x.{form}", "--json"), "plot")["data"]
    assert told["written"]["bytes"] == (tmp_path / f"x.{form}").stat().st_size


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "x.jpeg"), ".png, .svg, .pdf"),
        (("--picture", "sweeps"), "'sweep'"),
        (("--against", "teta"), "'theta'"),
        (("--quantity", "2"), "parity"),
        (("--against", "theta", "--picture", "jobs"), "--against"),
        (("--circuit", "0", "--picture", "jobs"), "--circuit"),
        (("--picture", "device"), "-o"),
        (("--json",), "-o"),
    ],
)
def test_what_cannot_be_drawn_is_refused(cli, sweep, words, said):
    assert said in cli("plot", sweep, *words, code=2).err


def test_what_a_heat_map_averages_over_is_said(cli, tmp_path):
    text = FLIP.replace("input angle phi;", "input angle phi;\ninput angle chi;")
    (tmp_path / "flip.qasm").write_text(text.replace("rz(phi) q;", "rz(phi) q;\nrz(chi) q;"))
    (tmp_path / "angles.csv").write_text("theta,phi,chi\n0,0,0\n1,0,1\n1,2,0\n")
    done = cli.submit("flip.qasm", "--parameters", "angles.csv", "--shots", 10, "--wait")
    assert "mean over all values of chi" in cli("plot", done).err
    assert cli("plot", done, "--against", "theta").err == ""


def test_a_sweep_without_results_is_refused_as_such(cli, sweep):
    planned = cli.submit("flip.qasm", "--parameters", "angles.csv", "--detach")
    assert "no results" in cli("plot", planned, "--quantity", "1", code=2).err


def test_a_set_without_results_has_no_counts_to_draw(cli, circuits):
    planned = cli.submit(circuits(a=basis_state("0")), "--detach")
    assert "no counts" in cli("plot", planned, "-o", "x.png", code=2).err
