"""`compare`: two sets, and a set with what an ideal device would give."""

from __future__ import annotations

import pytest

from tests.cli.support import VALIDATOR
from tests.support.circuits import BELL, basis_state


@pytest.fixture
def folder(circuits):
    return circuits(bell=BELL, one=basis_state("01"))


def comparison(cli, *words, code=0):
    told = cli("compare", *words, "--json", code=code).json
    VALIDATOR.validate(told)
    return told["data"]["comparison"]


def test_sets_are_compared_circuit_by_circuit(cli, folder, tmp_path):
    first = cli.submit(folder, "--shots", 500, "--seed", 1, "--wait")
    second = cli.submit(folder, "--shots", 1000, "--seed", 2, "--wait")
    bell, one = comparison(cli, first, second)["circuits"]
    assert (bell["name"], bell["shots"], bell["total_variation"]["low"]) == ("bell", [500, 1000], 0)
    assert 0 < bell["total_variation"]["high"] < 0.2
    assert (one["total_variation"]["value"], one["fidelity"]) == (0, 1)
    lines = cli("compare", first, second).out.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["bell", "one"]


def test_rehearsal_is_compared_with_the_ideal(cli, folder):
    job_set = cli.submit(folder, "--backend", "fake_manila", "--shots", 2000, "--seed", 1, "--wait")
    found = comparison(cli, job_set, "--ideal")
    assert [each["name"] for each in found["circuits"]] == ["bell", "one"]
    assert all(0.8 < each["fidelity"] < 1 for each in found["circuits"])
    # The ideal is run once.
    assert comparison(cli, job_set, "--ideal") == found
    assert len(cli.data("status")["job_sets"]) == 2


def test_circuits_without_a_partner_are_counted(cli, circuits, folder):
    first = cli.submit(folder, "--shots", 10, "--wait")
    second = cli.submit(folder / "bell.qasm", "--shots", 10, "--wait")
    assert comparison(cli, first, second, code=3)["unmatched"] == [1, 0]


def test_circuits_of_different_bits_are_refused(cli, folder, tmp_path):
    (tmp_path / "bell.qasm").write_text(basis_state("101"))
    first = cli.submit(folder / "bell.qasm", "--shots", 10, "--wait")
    second = cli.submit(tmp_path / "bell.qasm", "--shots", 10, "--wait")
    assert "outcomes of different bits" in cli("compare", first, second, code=2).err


@pytest.mark.parametrize("words", [(), ("other", "--ideal")])
def test_one_other_set_is_wanted(cli, words):
    assert "compared with one other" in cli("compare", "some", *words, code=2).err


def test_values_are_compared_in_standard_errors(cli, tmp_path):
    text = BELL.replace("measure q -> c;", "")
    (tmp_path / "bell.qasm").write_text(text)
    (tmp_path / "o.json").write_text('["ZZ", "XI"]')
    words = (tmp_path / "bell.qasm", "--observables", tmp_path / "o.json", "--shots", 200, "--wait")
    first, second = (cli.submit(*words, "--seed", seed) for seed in (1, 2))
    zz, xi = comparison(cli, first, second)["values"]
    assert (zz["values"], zz["difference"], zz["sigmas"]) == ([1.0, 1.0], 0.0, None)
    assert abs(xi["sigmas"]) < 5
