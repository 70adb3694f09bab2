"""Results that are no bits: kept, told, and written as the complex numbers that they are."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.cli.foreign import FLIP, TURN, finished, recover
from tests.cli.support import document
from tests.service.results import levels

LEVELS = {
    "kerneled": (np.arange(10) + 1j * np.arange(10)[::-1]).reshape(5, 2),
    "avg_kerneled": np.array([0.5 - 1j, 2j]),
}


@pytest.fixture(scope="module", params=LEVELS)
def level(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def job_set(shared, straight, level) -> str:
    """Recover a job of one circuit whose results are levels."""
    run, proxy = shared
    job = finished(straight, [FLIP], params={"shots": 5, "options": {}})
    proxy.when("GET", f"/{job}/results", status=200, body=levels(LEVELS[level], ()))
    return recover(run, job)


def test_document_is_one_of_the_schema_without_counts(run, job_set):
    told = document(run("results", job_set, "--json"), "results")
    (result,) = told["data"]["results"]
    assert (result["counts"], result["shots"]) == ({}, 5)


def test_memory_is_empty(run, job_set):
    told = document(run("results", job_set, "--json", "--memory"), "results")
    assert told["data"]["results"][0]["memory"] == []


@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv"])
def test_note_says_how_to_get_at_them(form, run, job_set):
    done = run("results", job_set, "--format", form)
    assert f"results {job_set} --format npz -o FILE.npz" in done.err
    assert "classified" not in done.out


def test_lines_have_no_counts(run, job_set):
    (line,) = run("results", job_set, "--format", "ndjson").out.splitlines()
    assert json.loads(line)["counts"] == {}
    assert len(run("results", job_set, "--format", "csv").out.splitlines()) == 1


@pytest.mark.parametrize("words", [(), ("--register", "c")])
def test_file_of_arrays_has_the_complex_numbers(words, run, job_set, level, tmp_path):
    file = tmp_path / "levels.npz"
    done = run("results", job_set, "--format", "npz", "-o", file, *words)
    assert "classified" not in done.err
    with np.load(file) as arrays:
        assert arrays["0/c"].dtype == np.complex128
        np.testing.assert_array_equal(arrays["0/c"], LEVELS[level])
        assert arrays["indexes"].tolist() == [0]


def test_register_that_is_not_there_is_told(run, job_set):
    assert "Its registers are: c." in run("results", job_set, "--register", "d", code=2).err


def test_bits_need_no_note(run, straight):
    job_set = recover(run, finished(straight, [FLIP]))
    assert "classified" not in run("results", job_set, "--json").err


def test_rows_of_a_sweep_are_told_apart(run, wire, straight, tmp_path):
    array = np.arange(12).reshape(3, 2, 2) * 1j
    rows = {"__type__": "ndarray", "__value__": [[0, 0]] * 3}
    job = finished(straight, [TURN, rows], params={"shots": 2})
    wire.when("GET", f"/{job}/results", status=200, body=levels(array, (3,)))
    job_set = recover(run, job)
    run("results", job_set, "--format", "npz", "-o", tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as arrays:
        assert [arrays[f"{n}/c"].tolist() for n in range(3)] == array.tolist()
