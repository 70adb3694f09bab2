"""Finding files, in the order that people expect."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ibmqbatch.circuits.sources import find_sources, natural_key
from ibmqbatch.errors import Problem


@given(st.lists(st.integers(0, 10**20), unique=True))
def test_numbered_names_sort_by_number(numbers):
    names = sorted((f"c{n}.qasm" for n in numbers), key=natural_key)
    assert names == [f"c{n}.qasm" for n in sorted(numbers)]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), unique=True))
def test_every_number_in_a_name_counts(pairs):
    names = sorted((f"run{a}_c{b}" for a, b in pairs), key=natural_key)
    assert names == [f"run{a}_c{b}" for a, b in sorted(pairs)]


@given(st.lists(st.text(max_size=8)))
def test_any_names_can_be_sorted(names):
    assert sorted(sorted(names, key=natural_key)) == sorted(names)


@given(st.lists(st.text("ab01²٣é", max_size=4), unique=True))
def test_order_does_not_depend_on_where_one_starts(names):
    once = sorted(names, key=lambda name: (natural_key(name), name))
    again = sorted(names, key=lambda name: (natural_key(name), name))
    assert once == again


def found(*inputs: Path, recursive: bool = False) -> tuple[list[str], list[str]]:
    problems: list[Problem] = []
    sources = find_sources(inputs, problems, recursive=recursive)
    return [source.path.name for source in sources], [problem.code for problem in problems]


def test_folder_gives_its_circuits_in_natural_order(circuits):
    folder = circuits(c10="", c9="", c1="")
    assert found(folder) == (["c1.qasm", "c9.qasm", "c10.qasm"], [])


def test_files_keep_the_order_in_which_they_are_named(circuits):
    folder = circuits(a="", b="")
    assert found(folder / "b.qasm", folder / "a.qasm")[0] == ["b.qasm", "a.qasm"]


def test_file_that_is_named_twice_is_read_twice(circuits):
    path = circuits(a="") / "a.qasm"
    assert found(path, path)[0] == ["a.qasm", "a.qasm"]


def test_file_may_have_any_suffix_when_it_is_named(tmp_path):
    assert found(tmp_path / "circuit.txt")[0] == ["circuit.txt"]


def test_other_files_in_a_folder_are_left_out(circuits):
    folder = circuits(a="")
    (folder / "notes.txt").touch()
    (folder / "below.qasm").mkdir()
    assert found(folder)[0] == ["a.qasm"]


def test_folder_without_circuits_is_a_problem(tmp_path):
    assert found(tmp_path) == ([], ["no_circuits"])


def test_folder_gives_files_of_every_known_kind(tmp_path):
    for name in ("a.qasm", "b.qpy", "c.QASM3", "d.qasm2", "e.txt"):
        (tmp_path / name).touch()
    assert found(tmp_path)[0] == ["a.qasm", "b.qpy", "c.QASM3", "d.qasm2"]


def test_folders_below_are_taken_when_asked_for(circuits):
    folder = circuits(a="", b="")
    (folder / "aa").mkdir()
    (folder / "aa" / "z.qasm").touch()
    assert found(folder)[0] == ["a.qasm", "b.qasm"]
    assert found(folder, recursive=True)[0] == ["a.qasm", "z.qasm", "b.qasm"]


def test_links_to_folders_are_not_followed(circuits):
    folder = circuits(a="")
    (folder / "loop").symlink_to(folder)
    assert found(folder, recursive=True)[0] == ["a.qasm"]


def test_pattern_gives_what_matches_in_natural_order(circuits):
    folder = circuits(c10="", c9="", d1="")
    assert found(folder / "c*.qasm")[0] == ["c9.qasm", "c10.qasm"]


def test_pattern_that_matches_nothing_is_a_problem(tmp_path):
    assert found(tmp_path / "*.qasm") == ([], ["no_circuits"])


def test_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path):
    (tmp_path / "c[1].qasm").touch()
    (tmp_path / "c1.qasm").touch()
    assert found(tmp_path / "c[1].qasm")[0] == ["c[1].qasm"]


def test_listing_gives_signs_of_life(tmp_path):
    told: list[int] = []
    for number in range(2500):
        (tmp_path / f"{number}.qasm").touch()
    find_sources([tmp_path], [], listed=told.append)
    assert told == [1000, 2000]


def test_name_without_a_number_comes_before_those_with_one(circuits):
    assert found(circuits(bell2="", bell="", bell10=""))[0] == [
        "bell.qasm",
        "bell2.qasm",
        "bell10.qasm",
    ]


def test_pipes_in_a_folder_are_left_out(circuits):
    folder = circuits(a="")
    os.mkfifo(folder / "b.qasm")
    assert found(folder)[0] == ["a.qasm"]
