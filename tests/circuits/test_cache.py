"""What was compiled before is not compiled again, unless something about it is another."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit

from ibmqbatch import paths
from ibmqbatch.circuits import cache as cache_module
from ibmqbatch.circuits import preparer
from ibmqbatch.circuits.pipeline import Inputs, prepare
from ibmqbatch.circuits.preparer import Preparation, ReadyProgram
from tests.circuits.asking import write
from tests.circuits.devices import line, line_configuration, line_properties
from tests.support.circuits import BELL, basis_state

ASKED = Preparation(level=1, seed=1)
DEVICE = line(4)


@pytest.fixture(autouse=True)
def _home(home: Path) -> None:
    """Have a cache of the test's own."""


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the programs that were made ready by work, as they are."""
    names: list[str] = []
    real = preparer.Preparer.__call__

    def noted(self: Any, task: Any) -> Any:
        names.append(task[1].name)
        return real(self, task)

    monkeypatch.setattr(preparer.Preparer, "__call__", noted)
    return names


def ready(*files: Path, device=DEVICE, preparation=ASKED, **inputs: Any) -> list[ReadyProgram]:
    asked = Inputs(files, cached=True, **inputs)
    return list(prepare(asked, device, preparation, lambda *_: None))


def test_second_time_nothing_is_compiled_and_the_same_comes_out(tmp_path, compiled):
    files = [write(tmp_path, BELL, "a.qasm"), write(tmp_path, basis_state("101"), "b.qasm")]
    first = ready(*files)
    assert compiled == ["a", "b"]
    assert ready(*files) == first
    assert compiled == ["a", "b"]


def test_what_is_not_known_is_compiled_among_what_is(tmp_path, compiled):
    files = [write(tmp_path, basis_state(f"{n:03b}"), f"c{n}.qasm") for n in range(7)]
    known = ready(*files[::2])
    compiled.clear()
    found = ready(*files)
    assert compiled == ["c1", "c3", "c5"]
    assert found[::2] == known
    assert [program.circuits[0].name for program in found] == [f"c{n}" for n in range(7)]


def another_calibration():
    properties = line_properties(4)
    properties["gates"][0]["parameters"][0]["value"] = 0.02
    from ibmqbatch.jobset.device import device_from_wire

    return device_from_wire("line", line_configuration(4), properties)


@pytest.mark.parametrize(
    "changed",
    [
        {"device": another_calibration()},
        {"device": line(5)},
        {"device": replace(DEVICE, name="another")},
        {"preparation": replace(ASKED, level=2)},
        {"preparation": replace(ASKED, seed=2)},
        {"preparation": replace(ASKED, initial_layout=(1, 0))},
        {"preparation": replace(ASKED, measure_all=True)},
    ],
    ids=str,
)
def test_another_calibration_or_way_is_compiled_anew(changed, tmp_path, compiled):
    file = write(tmp_path, BELL)
    ready(file)
    ready(file, **changed)
    assert len(compiled) == 2


@pytest.mark.parametrize("what", ["tool", "qiskit"])
def test_another_version_compiles_anew(what, tmp_path, compiled, monkeypatch):
    file = write(tmp_path, BELL)
    ready(file)
    if what == "tool":
        monkeypatch.setattr(cache_module, "__version__", "99.0")
    else:
        monkeypatch.setattr(cache_module, "installed_versions", lambda: {"qiskit": "99.0"})
    ready(file)
    assert len(compiled) == 2


def test_another_name_metadata_or_content_is_another_entry(tmp_path, compiled):
    circuit = QuantumCircuit(1, 1, name="c", metadata={"x": 1})
    circuit.measure(0, 0)
    for changes in ({}, {"name": "d"}, {"metadata": {"x": 2}}):
        other = circuit.copy()
        for name, value in changes.items():
            setattr(other, name, value)
        ready(given=[other])
    other = circuit.copy()
    other.measure(0, 0)
    ready(given=[other])
    assert len(compiled) == 4
    ready(given=[circuit])
    assert len(compiled) == 4


def test_values_of_a_sweep_are_part_of_what_is_known(tmp_path, compiled):
    text = 'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float a;\nqubit q;\nbit c;\nrx(a) q;\n'
    file = write(tmp_path, text + "c = measure q;\n")
    first = ready(file, rows=[{"a": 0.1}, {"a": 0.2}])
    assert ready(file, rows=[{"a": 0.1}, {"a": 0.2}]) == first
    assert len(compiled) == 1
    (other,) = ready(file, rows=[{"a": 0.3}])
    assert [circuit.values for circuit in other.circuits] == [(0.3,)]
    assert len(compiled) == 2


def test_program_that_includes_a_file_is_compiled_each_time(tmp_path, compiled):
    write(tmp_path, "gate own q { x q; }\n", "own.inc")
    text = BELL.replace("qreg", 'include "own.inc";\nqreg', 1).replace("h q[0]", "own q[0]")
    file = write(tmp_path, text)
    ready(file)
    ready(file)
    assert len(compiled) == 2


def test_what_cannot_be_used_is_not_kept(tmp_path):
    file = write(tmp_path, BELL.replace("h q[0]", "nothing q[0]"))
    for _ in range(2):
        with pytest.raises(Exception, match="nothing"):
            ready(file)


def test_entry_that_was_changed_is_not_used(tmp_path, compiled):
    file = write(tmp_path, BELL)
    first = ready(file)
    with sqlite3.connect(paths.cache() / "compiled.sqlite") as db:
        db.execute("UPDATE entries SET body = (SELECT zeroblob(40))")
    db.close()
    assert ready(file) == first
    assert len(compiled) == 2


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough to be one" * 100])
def test_damaged_cache_is_as_good_as_none(content, tmp_path, compiled):
    paths.ensure_cache()
    (paths.cache() / "compiled.sqlite").write_bytes(content)
    file = write(tmp_path, BELL)
    assert ready(file) == ready(file) == ready(file)
    assert len(compiled) == (2 if content else 1)


def test_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path, compiled, monkeypatch):
    monkeypatch.setenv("IBMQBATCH_HOME", "/proc/nowhere")
    file = write(tmp_path, BELL)
    assert ready(file) == ready(file)
    assert len(compiled) == 2


def test_oldest_entries_go_where_there_are_too_many(tmp_path, compiled, monkeypatch):
    monkeypatch.setattr(cache_module, "_MOST_BYTES", 2000)
    files = [write(tmp_path, basis_state(f"{n:03b}"), f"c{n}.qasm") for n in range(8)]
    for file in files:
        ready(file)
    with sqlite3.connect(paths.cache() / "compiled.sqlite") as db:
        assert db.execute("SELECT sum(size) FROM entries").fetchone()[0] <= 2000
    db.close()
    compiled.clear()
    ready(files[-1])
    assert compiled == []
    ready(files[0])
    assert compiled == ["c0"]


def test_nothing_is_kept_where_it_is_not_asked_for(tmp_path, compiled):
    file = write(tmp_path, BELL)
    for _ in range(2):
        list(prepare(Inputs((file,)), DEVICE, ASKED, lambda *_: None))
    assert len(compiled) == 2
    assert not paths.cache().exists()
